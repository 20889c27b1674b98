"""The page behind the link in a registration's letters.

Looking changes nothing, only buttons do; the reasons, and those for going without a CSRF check, are told in
`leads.letter_views`.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from leads import throttle, zones
from leads.ics import CALENDAR
from leads.letter_views import behind_link, opened
from webinars import actions, links, standing, wording
from webinars.calendar import calendar, own
from webinars.errors import WebinarError
from webinars.forms import TOLD, DetailsForm
from webinars.models import Registration
from webinars.models.registration import Status
from webinars.ports import payments
from webinars.refunding import refund_due

POSTS, WINDOW = 30, 600
MAY_CHANGE = frozenset({Status.PENDING_PAYMENT, Status.CONFIRMED, Status.WAITLISTED, Status.OFFERED})


@behind_link
def registration(request: HttpRequest, token: str) -> HttpResponse:
    """See it, correct it, cancel it, take or leave a seat that is offered, or go on to pay it."""
    found = opened(links.opened, token)
    if found.is_forgotten:
        return show(request, found, "forgotten", status=HTTPStatus.GONE)
    if request.method != "POST" or is_over(found):
        return show(request, found)
    if wait := throttle.seconds_to_wait("registration", throttle.visitor(request), limit=POSTS, window=WINDOW):
        response = show(request, found, "busy", status=HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(wait)
        return response
    try:
        return BUTTONS.get(request.POST.get("button", ""), change)(request, found)
    except WebinarError as refusal:
        found.refresh_from_db()
        return show(request, found, refusal=refusal, status=HTTPStatus.CONFLICT)


@behind_link
def as_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Known to calendars by the same name as the entry in our letters, so that it stays one."""
    found = opened(links.opened, token)
    if found.is_forgotten:
        raise Http404
    session = found.session
    location = session.meeting_url if found.status == Status.CONFIRMED else ""
    entry = own(found, url=links.manage(found), location=location)
    response = HttpResponse(calendar([entry]), content_type=CALENDAR)
    response["Content-Disposition"] = f'attachment; filename="{session.slug}.ics"'
    return response


def is_over(found: Registration) -> bool:
    return found.session.ends_at <= timezone.now()


def change(request: HttpRequest, found: Registration) -> HttpResponse:
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return show(request, found, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    actions.update_registration(found, form.details())
    return back(request, "changed")


def cancel(request: HttpRequest, found: Registration) -> HttpResponse:
    """Pages stay open for days, and rules go by days: nobody gets less back than the page says that they look at."""
    actions.cancel(found, promised=amount(request.POST.get("due", "")))
    return back(request, "")


def decline(request: HttpRequest, found: Registration) -> HttpResponse:
    actions.decline_offer(found)
    return back(request, "")


def accept(request: HttpRequest, found: Registration) -> HttpResponse:
    actions.accept_offer(found)
    return pay(request, found) if found.status == Status.PENDING_PAYMENT else back(request, "")


def pay(request: HttpRequest, found: Registration) -> HttpResponse:
    if found.status != Status.PENDING_PAYMENT:  # paid meanwhile, or too late: the page says which
        return back(request, "")
    payments().check()
    return redirect("webinars:pay", links.token_of(found))


BUTTONS: dict[str, Callable[[HttpRequest, Registration], HttpResponse]] = {
    "cancel": cancel,
    "accept": accept,
    "decline": decline,
    "pay": pay,
}


def back(request: HttpRequest, done: str) -> HttpResponse:
    """To the page, which shows the state as it is now; reloading it does nothing twice."""
    return redirect(f"{request.path}?done={done}" if done else request.path)


def show(
    request: HttpRequest,
    found: Registration,
    state: str = "",
    *,
    status: int = HTTPStatus.OK,
    refusal: WebinarError | None = None,
    form: DetailsForm | None = None,
) -> HttpResponse:
    stands = standing.of(found)
    due = refund_due(found, stands.now) if stands.paid else Decimal(0)
    context: dict[str, Any] = {
        "registration": found,
        "session": found.session,
        "state": state or found.status,
        "form": form or DetailsForm(initial={name: getattr(found, name) for name in TOLD}),
        "may_change": found.status in MAY_CHANGE and not is_over(found),
        "is_over": is_over(found),
        "refusal": refusal,
        "changed": request.GET.get("done") == "changed",
        "calendar": f"{request.path}calendar.ics",
        "visitor_zone": found.zone or zones.of_visitor(request),
        "stands": stands,
        "due": f"{due:f}",
        "refund_due": wording.money(due, stands.paid[-1].currency) if due else "",
    }
    return render(request, "webinars/registration.html", context, status=status)


def amount(text: str) -> Decimal:
    """0 for what is none."""
    return Decimal(text) if re.fullmatch(r"\d{1,8}(\.\d{1,3})?", text, re.ASCII) else Decimal(0)
