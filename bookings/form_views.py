"""The form for a time that is held, and what is told afterwards.

The token in the address is all the proof there is that the time is kept for this visitor; `leads.letter_views` tells
why such pages tell their address nobody, and go without a CSRF check.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from bookings import addresses, links, views
from bookings.arranging import arrange
from bookings.errors import BookingError, CalendarSilent
from bookings.forms import BookingForm
from bookings.links import Choice
from bookings.models import Booking, Consultant
from bookings.models.booking import Status
from bookings.offers import Offer, Offers
from leads import throttle, utm
from leads.embedding import show_page
from leads.letter_views import behind_link, opened

POSTS, WINDOW = 10, 600
OTHERS = 6  # times that are offered instead of one that is gone
SILENCE = 120  # seconds after which it is worth trying again


@dataclass(frozen=True)
class Held:
    """The time that the form is for. `row` may never have been saved: it is gone soon after its time is over."""

    choice: Choice
    consultant: Consultant
    row: Booking

    @property
    def end(self) -> datetime:
        return self.choice.start + timedelta(minutes=self.choice.minutes)

    @property
    def seconds_left(self) -> int:
        until = self.row.held_until
        return max(0, int((until - timezone.now()).total_seconds())) if until else 0


@behind_link
def form(request: HttpRequest, token: str, *, embedded: bool = False) -> HttpResponse:
    held = held_of(opened(links.chosen, token))
    if held.row.lead_id:  # it was sent before
        return to_booked(request, held.row, embedded=embedded)
    if request.method == "POST":
        return take(request, held, embedded=embedded)
    initial = {"zone": views.zone_of(request, held.consultant), "referrer": request.GET.get("from", "")}
    return show(request, held, form_of(request, held, initial=initial), embedded=embedded)


@behind_link
def booked(request: HttpRequest, token: str, *, embedded: bool = False) -> HttpResponse:
    """What our database knows of it by now."""
    booking = opened(links.opened, token)
    context: dict[str, object] = {"booking": booking, "zone": booking.zone or booking.consultant.zone, "token": token}
    return show_page(request, "bookings/booked", context, embedded=embedded)


def held_of(choice: Choice) -> Held:
    """Of whoever is not active any more, too: what was typed comes back, with the reason."""
    consultant = get_object_or_404(Consultant, slug=choice.slug)
    gone = Booking(uuid=choice.held, consultant=consultant, status=Status.HELD)
    return Held(choice, consultant, choice.hold(consultant) or gone)


def form_of(request: HttpRequest, held: Held, *, initial: dict[str, str] | None = None) -> BookingForm:
    return BookingForm(
        None if initial is not None else request.POST,
        initial=initial,
        consultant=held.consultant,
        zone_is_chosen=bool(addresses.chosen_zone(request)),
    )


def take(request: HttpRequest, held: Held, *, embedded: bool) -> HttpResponse:
    """What was typed becomes a booking, or comes back with what is wrong with it."""
    if wait := throttle.seconds_to_wait("booking", throttle.visitor(request), limit=POSTS, window=WINDOW):
        return later(show(request, held, form_of(request, held), status=429, embedded=embedded), wait)
    typed = form_of(request, held)
    if typed.is_robot:
        return redirect(addresses.of(request, "list", embedded=embedded))
    if "instead" in request.POST:
        return hold_instead(request, held, embedded=embedded)
    if not typed.is_valid():
        return show(request, held, typed, status=HTTPStatus.UNPROCESSABLE_ENTITY, embedded=embedded)
    return book(request, held, typed, embedded=embedded)


def book(request: HttpRequest, held: Held, typed: BookingForm, *, embedded: bool) -> HttpResponse:
    consultant, choice = held.consultant, held.choice
    client = typed.of_page(consultant.slug, utm=utm.last_touch(request), first_utm=utm.first_touch(request))
    try:
        booking = arrange(consultant, choice.start, choice.minutes, client, held=held.row)
    except CalendarSilent as silence:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return later(show(request, held, typed, status=status, refusal=str(silence), embedded=embedded), SILENCE)
    except BookingError as refusal:
        again = held_of(choice)
        if again.row.lead_id:  # by the same form, a moment ago
            return to_booked(request, again.row, embedded=embedded)
        status = HTTPStatus.CONFLICT
        return show(request, again, typed, status=status, refusal=str(refusal), embedded=embedded)
    return to_booked(request, booking, embedded=embedded)


def hold_instead(request: HttpRequest, held: Held, *, embedded: bool) -> HttpResponse:
    """Another time for what was typed already. The page that comes is that of the new time."""
    initial = {name: str(value) for name, value in request.POST.items() if name != "instead"}
    wish = views.Wish(
        slug=views.ANYBODY if held.choice.anybody else held.consultant.slug,
        consultants=asked(held, views.moment_or_none(request.POST["instead"])),
        minutes=held.choice.minutes,
        held=held.row if held.row.pk else None,
    )
    busy = throttle.seconds_to_wait("hold", throttle.visitor(request), limit=views.HOLDS, window=views.WINDOW)
    try:
        if busy:
            raise BookingError
        row = views.keep(wish, request.POST["instead"])
    except BookingError:
        again = held_of(held.choice)
        typed = form_of(request, again, initial=initial)
        return show(request, again, typed, status=HTTPStatus.CONFLICT, is_gone=True, embedded=embedded)
    token = links.token_of_hold(row, anybody=held.choice.anybody)
    new = Held(links.chosen(token), row.consultant, row)
    address = addresses.of(request, "form", token, embedded=embedded)
    return show(request, new, form_of(request, new, initial=initial), address=address, embedded=embedded)


def to_booked(request: HttpRequest, booking: Booking, *, embedded: bool) -> HttpResponse:
    response = redirect(addresses.of(request, "booked", links.token_of(booking), embedded=embedded))
    response.delete_cookie(views.COOKIE)
    return response


def asked(held: Held, start: datetime | None = None) -> list[Consultant]:
    """Who may be met instead, at that time: whose calendar was busy a moment ago still is, whatever our copy says."""
    if not held.choice.anybody:
        return [] if start == held.choice.start else [held.consultant]
    everybody = Consultant.objects.active()
    return list(everybody.exclude(pk=held.consultant.pk) if start == held.choice.start else everybody)


def others(held: Held) -> list[Offer]:
    """Times near the one that is gone, of whoever was asked for."""
    minutes, gone = held.choice.minutes, held.choice.start
    able = [each for each in asked(held) if minutes in each.minutes]
    near = Offers(able, timedelta(minutes=minutes), timezone.now()).near(gone, OTHERS + 1)
    return [offer for offer in near if offer.start != gone or set(offer.consultants) - {held.consultant}][:OTHERS]


def later(response: HttpResponse, wait: int) -> HttpResponse:
    response["Retry-After"] = str(wait)
    return response


def show(
    request: HttpRequest,
    held: Held,
    typed: BookingForm,
    *,
    embedded: bool,
    status: int = HTTPStatus.OK,
    refusal: str = "",
    is_gone: bool = False,
    address: str = "",
) -> HttpResponse:
    """`address`: of the form, where that is another page's."""
    is_gone = is_gone or status == HTTPStatus.CONFLICT
    zone = views.zone_of(request, held.consultant)
    token = links.token_of_hold(held.row, anybody=held.choice.anybody) if held.row.pk else ""
    context: dict[str, object] = {
        "held": held,
        "consultant": held.consultant,
        "form": typed,
        "zone": zone,
        "refusal": refusal,
        "is_busy": status == HTTPStatus.TOO_MANY_REQUESTS,
        "is_gone": is_gone,
        "others": others(held) if is_gone else [],
        "address": address,
        "slug": views.ANYBODY if held.choice.anybody else held.consultant.slug,
        "hold_token": token,
    }
    return show_page(request, "bookings/form", context, embedded=embedded, status=status)
