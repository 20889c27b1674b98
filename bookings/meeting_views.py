"""The page behind the link in a booking's letters.

Looking changes nothing, only buttons do; the reasons, and those for going without a CSRF check, are told in
`leads.letter_views`.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from bookings import actions, addresses, calendar, links, picker, views
from bookings.actions.changing import must_be_in_time
from bookings.arranging import rearrange
from bookings.errors import BookingError, SlotTaken
from bookings.forms import TOLD, DetailsForm
from bookings.models import Booking
from bookings.models.booking import OPEN
from bookings.offers import Offers
from leads import throttle, zones
from leads.ics import CALENDAR
from leads.letter_views import behind_link, opened

POSTS, WINDOW = 30, 600
DONE = ("changed", "moved")


@behind_link
def meeting(request: HttpRequest, token: str) -> HttpResponse:
    """See it, correct it, cancel it."""
    found = opened(links.opened, token)
    if found.is_forgotten:
        return show(request, found, "forgotten", status=HTTPStatus.GONE)
    if request.method != "POST":
        return show(request, found)
    if wait := seconds_to_wait(request):
        return later(show(request, found, "busy", status=HTTPStatus.TOO_MANY_REQUESTS), wait)
    try:
        return BUTTONS.get(request.POST.get("button", ""), change)(request, found)
    except BookingError as refusal:
        found.refresh_from_db()
        return show(request, found, refusal=refusal, status=HTTPStatus.CONFLICT)


@behind_link
def move(request: HttpRequest, token: str) -> HttpResponse:
    """Choose another time, of the same consultant and for as long as before."""
    found = opened(links.opened, token)
    if not may_change(found):
        return redirect("bookings:meeting", token)
    if request.method != "POST":
        return show_times(request, found)
    if wait := seconds_to_wait(request):
        return later(show_times(request, found, status=HTTPStatus.TOO_MANY_REQUESTS, problem="busy"), wait)
    start = views.moment_or_none(request.POST.get("start", ""))
    try:
        must_be_in_time(found)
        if start is None:
            return show_times(request, found, status=HTTPStatus.CONFLICT, problem="taken")
        rearrange(found, start)
    except SlotTaken:
        found.refresh_from_db()
        return show_times(request, found, status=HTTPStatus.CONFLICT, problem="taken")
    except BookingError as refusal:
        found.refresh_from_db()
        return show(request, found, refusal=refusal, status=HTTPStatus.CONFLICT)
    return redirect(f"{reverse('bookings:meeting', args=[token])}?done=moved")


@behind_link
def as_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Known to calendars by the same name as the entry in our letters, so that it stays one."""
    found = opened(links.opened, token)
    if found.is_forgotten:
        raise Http404
    response = HttpResponse(calendar.ics(found, url=links.manage(found)), content_type=CALENDAR)
    response["Content-Disposition"] = f'attachment; filename="{found.reference}.ics"'
    return response


def change(request: HttpRequest, found: Booking) -> HttpResponse:
    form = DetailsForm(request.POST, way=found.meeting_type)
    if not form.is_valid():
        return show(request, found, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    actions.change_details(found, form.details())
    return redirect(f"{request.path}?done=changed")


def cancel(request: HttpRequest, found: Booking) -> HttpResponse:
    must_be_in_time(found)
    actions.cancel(found)
    return redirect(request.path)


BUTTONS: dict[str, Callable[[HttpRequest, Booking], HttpResponse]] = {"cancel": cancel}


def is_open(found: Booking) -> bool:
    """Somebody means to come, and it has not begun."""
    return found.status in OPEN and timezone.now() < found.starts_at and not found.is_forgotten


def may_change(found: Booking) -> bool:
    return is_open(found) and timezone.now() <= found.changeable_until


def seconds_to_wait(request: HttpRequest) -> int:
    return throttle.seconds_to_wait("meeting", throttle.visitor(request), limit=POSTS, window=WINDOW)


def later(response: HttpResponse, wait: int) -> HttpResponse:
    response["Retry-After"] = str(wait)
    return response


def zone_of(request: HttpRequest, found: Booking) -> str:
    """What was asked for just now, or when it was booked."""
    return addresses.chosen_zone(request) or found.zone or zones.of_visitor(request) or found.consultant.zone


def show(
    request: HttpRequest,
    found: Booking,
    state: str = "",
    *,
    status: int = HTTPStatus.OK,
    refusal: BookingError | None = None,
    form: DetailsForm | None = None,
) -> HttpResponse:
    done = request.GET.get("done", "")
    context: dict[str, Any] = {
        "booking": found,
        "consultant": found.consultant,
        "state": state or found.status,
        "form": form or DetailsForm(initial={name: getattr(found, name) for name in TOLD}, way=found.meeting_type),
        "is_open": is_open(found),
        "may_change": may_change(found),
        "refusal": refusal,
        "done": done if done in DONE and request.method != "POST" else "",
        "zone": zone_of(request, found),
        "links": {name: reverse(f"bookings:{name}", args=[links.token_of(found)]) for name in ("move", "calendar")},
    }
    return render(request, "bookings/meeting.html", context, status=status)


def show_times(request: HttpRequest, found: Booking, *, status: int = HTTPStatus.OK, problem: str = "") -> HttpResponse:
    offers = Offers([found.consultant], found.length, timezone.now(), without=found)
    zone = zone_of(request, found)
    context = {
        "booking": found,
        "consultant": found.consultant,
        "picker": picker.of(request.GET, offers, zone),
        "zone": zone,
        "zones": zones.choices(),
        "problem": problem,
        "age": views.age_of([found.consultant]),
        "meeting": reverse("bookings:meeting", args=[links.token_of(found)]),
    }
    return render(request, "bookings/move.html", context, status=status)
