"""Whom to meet, and when. `embedded` is the same page inside a frame, see `leads.embedding`.

A page shows what our database knows: no calendar is asked before somebody books.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus

from django.conf import settings
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods, require_safe

from bookings import actions, addresses, freshness, links, photos, picker
from bookings.errors import BookingError
from bookings.freshness import Freshness
from bookings.models import Booking, Consultant
from bookings.models.booking import Status
from bookings.offers import Offers, hold_one
from leads import throttle, utm, zones
from leads.clocks import DAY
from leads.embedding import show_page
from leads.forms import REFERRER_LENGTH
from leads.text import single_line

ANYBODY = "any"  # instead of a slug: whoever is free
HOLDS, WINDOW = 10, 300  # a hold lasts as long as that
COOKIE = "hold"  # so that who chooses anew gives back what was held before
FURTHEST = 400 * DAY


@dataclass(frozen=True)
class Wish:
    """Whom and for how long, as the address says, and what is held for this visitor already."""

    slug: str
    consultants: list[Consultant]
    minutes: int
    held: Booking | None

    @cached_property
    def consultant(self) -> Consultant | None:
        """None: whoever is free."""
        return None if self.slug == ANYBODY else self.consultants[0]

    @property
    def lengths(self) -> list[int]:
        return sorted({minutes for each in self.consultants for minutes in each.minutes})

    @property
    def able(self) -> list[Consultant]:
        return [each for each in self.consultants if self.minutes in each.minutes]

    def offers(self) -> Offers:
        return Offers(self.able, timedelta(minutes=self.minutes), timezone.now(), without=self.held)


@require_safe
def consultant_list(request: HttpRequest, *, embedded: bool = False) -> HttpResponse:
    consultants = list(Consultant.objects.active())
    offers = Offers(consultants, None, timezone.now())
    firsts = {consultant.pk: span.start for consultant, span in offers.firsts()}
    context: dict[str, object] = {
        "offers": [(consultant, firsts.get(consultant.pk), zone_of(request, consultant)) for consultant in consultants],
        "next_of_all": min(firsts.values(), default=None),
        "zone": zone_of(request, None),
    }
    return show_page(request, "bookings/list", context, embedded=embedded)


@require_http_methods(["GET", "HEAD", "POST"])
def times(request: HttpRequest, slug: str, *, embedded: bool = False) -> HttpResponse:
    """The free times of one consultant, or of whoever is free; what is chosen is held while the form is filled in."""
    wish = wish_of(request, slug)
    if request.method != "POST":
        return show(request, wish, embedded=embedded)
    if wait := throttle.seconds_to_wait("hold", throttle.visitor(request), limit=HOLDS, window=WINDOW):
        response = show(request, wish, status=HTTPStatus.TOO_MANY_REQUESTS, problem="busy", embedded=embedded)
        response["Retry-After"] = str(wait)
        return response
    try:
        held = keep(wish, request.POST.get("start", ""))
    except BookingError:
        again = wish_of(request, slug)
        return show(request, again, status=HTTPStatus.CONFLICT, problem="taken", embedded=embedded)
    return to_form(request, held, anybody=slug == ANYBODY, embedded=embedded)


@require_safe
def photo(request: HttpRequest, slug: str) -> HttpResponse:
    """The address changes with the photo, so browsers may keep it."""
    consultant = get_object_or_404(Consultant.objects.active(), slug=slug)
    try:
        response = HttpResponse(photos.portrait(consultant), content_type=photos.TYPE)
    except OSError:
        raise Http404 from None
    patch_cache_control(response, public=True, max_age=photos.KEPT)
    return response


def wish_of(request: HttpRequest, slug: str) -> Wish:
    chosen = Consultant.objects.active()
    consultants = list(chosen if slug == ANYBODY else chosen.filter(slug=slug))
    if not consultants and slug != ANYBODY:
        raise Http404
    lengths = {minutes for each in consultants for minutes in each.minutes}
    asked = (request.POST or request.GET).get("minutes", "")
    minutes = next((each for each in lengths if str(each) == asked), min(lengths, default=30))
    return Wish(slug, consultants, minutes, held_by(request))


def held_by(request: HttpRequest) -> Booking | None:
    """What this visitor's browser holds: in the address, where no cookie comes."""
    token = request.POST.get("held") or request.GET.get("held") or request.COOKIES.get(COOKIE, "")
    try:
        choice = links.chosen(token)
    except BadSignature:
        return None
    return Booking.objects.filter(uuid=choice.held, status=Status.HELD).first()


def keep(wish: Wish, start: str) -> Booking:
    """Hold that time instead of the one before. Raises `BookingError`."""
    if wish.held:
        actions.release(wish.held)
    moment = moment_or_none(start)
    if moment is None or not wish.able:
        raise BookingError
    return hold_one(wish.able, moment, wish.minutes)


def moment_or_none(text: str) -> datetime | None:
    """UTC; None for what nobody can mean."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    now = timezone.now()
    if moment.tzinfo is None or not now <= moment <= now + FURTHEST:
        return None
    return moment.astimezone(UTC)


def to_form(request: HttpRequest, held: Booking, *, anybody: bool, embedded: bool) -> HttpResponse:
    token = links.token_of_hold(held, anybody=anybody)
    referrer = {"from": single_line(request.POST.get("referrer", ""))[:REFERRER_LENGTH]}
    response = redirect(addresses.of(request, "form", token, embedded=embedded, **referrer))
    if not embedded:  # a frame gets no cookies
        seconds = int(actions.HOLD.total_seconds())
        response.set_cookie(COOKIE, token, max_age=seconds, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


def age_of(consultants: Sequence[Consultant]) -> Freshness:
    """How much the times are worth that are shown."""
    return freshness.together(freshness.freshness(consultants, timezone.now()).values())


def zone_of(request: HttpRequest, consultant: Consultant | None) -> str:
    """The visitor's, or the consultant's where we do not know it."""
    return zones.of_visitor(request) or (consultant.zone if consultant else str(settings.TIME_ZONE))


def show(
    request: HttpRequest, wish: Wish, *, embedded: bool, status: int = HTTPStatus.OK, problem: str = ""
) -> HttpResponse:
    zone = zone_of(request, wish.consultant)
    context: dict[str, object] = {
        "wish": wish,
        "consultant": wish.consultant,
        "picker": picker.of(request.GET, wish.offers(), zone),
        "zones": zones.choices(),
        "problem": problem,
        "held": request.GET.get("held", ""),
        "age": age_of(wish.able),
        "referrer": request.POST.get("referrer") or utm.outside_referrer(request),
    }
    return show_page(request, "bookings/times", context, embedded=embedded, status=status)
