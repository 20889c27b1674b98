"""Bookings' pages, with what only this app knows: verbs, and where everything about a booking stands."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import actions
from bookings.actions.outside import moment
from bookings.admin.bookings import BookingAdmin
from bookings.admin.clocks import stretch
from bookings.errors import BookingError
from bookings.models import Booking, Consultant
from bookings.models.booking import OPEN, Problem, Status
from integrations import registry
from integrations.models import Connection

from .base import Button, Run, Verb, WithVerbs, note
from .timeline import TimelineMixin

Act = Callable[[Booking], object]
OUTSIDE = {Problem.MOVED_OUTSIDE, Problem.DELETED_OUTSIDE, Problem.DECLINED}  # somebody did something in the calendar


def doing(act: Act, done: Promise) -> Run:
    """The action about each row, each by itself."""

    def run(request: HttpRequest, rows: QuerySet[Any]) -> None:
        for row in rows.select_related("consultant"):
            try:
                act(row)
            except BookingError as error:
                messages.error(request, f"{row}: {error}")
            else:
                note(request, [row])
                messages.success(request, done % {"name": row})

    return run


def began(booking: Booking) -> bool:
    return booking.starts_at <= timezone.now()


VERBS = (
    Verb(
        "confirm",
        gettext_lazy("Confirm"),
        "check",
        doing(actions.confirm, gettext_lazy("%(name)s is confirmed.")),
        permission="arrange",
        applies=lambda booking: booking.status == Status.PENDING,
        variant="primary",
    ),
    Verb(
        "complete",
        gettext_lazy("Took place"),
        "task_alt",
        doing(actions.complete, gettext_lazy("%(name)s took place.")),
        permission="arrange",
        applies=lambda booking: booking.status in {Status.CONFIRMED, Status.NO_SHOW} and began(booking),
    ),
    Verb(
        "no_show",
        gettext_lazy("Did not come"),
        "person_off",
        doing(actions.mark_no_show, gettext_lazy("%(name)s: noted that the client did not come.")),
        permission="arrange",
        applies=lambda booking: booking.status in {Status.CONFIRMED, Status.COMPLETED} and began(booking),
    ),
    Verb(
        "cancel",
        gettext_lazy("Cancel booking"),
        "event_busy",
        doing(actions.cancel, gettext_lazy("%(name)s is cancelled.")),
        permission="arrange",
        applies=lambda booking: booking.status in OPEN,
        variant="danger",
        question=gettext_lazy(
            "Client and consultant get a letter, and the time is free again. This cannot be undone. Cancel it?"
        ),
    ),
)
PROBLEM_VERBS = (
    Verb(
        "take_over",
        gettext_lazy("Take over"),
        "south_west",
        doing(actions.take_over, gettext_lazy("%(name)s: what was done in the calendar counts.")),
        permission="arrange",
        applies=lambda booking: booking.problem in OUTSIDE,
        variant="primary",
    ),
    Verb(
        "put_back",
        gettext_lazy("Put back"),
        "undo",
        doing(actions.put_back, gettext_lazy("%(name)s stays as it was agreed; the calendar is put right.")),
        permission="arrange",
        applies=lambda booking: booking.problem in OUTSIDE and booking.status in OPEN,
    ),
    Verb(
        "settle",
        gettext_lazy("Settled"),
        "done_all",
        doing(actions.settle_problem, gettext_lazy("%(name)s is settled.")),
        permission="arrange",
        applies=lambda booking: bool(booking.problem) or (booking.unchecked and booking.status in OPEN),
    ),
)

admin.site.unregister(Booking)


@admin.register(Booking)
class BookingInStepAdmin(TimelineMixin, WithVerbs, BookingAdmin):
    verbs = (*VERBS, *PROBLEM_VERBS)
    list_before_template = "admin/integrations/buttons_bar.html"
    change_form_outer_before_template = "admin/integrations/bookings/trouble.html"
    change_form_outer_after_template = "admin/integrations/lead.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        url = reverse("admin:bookings_booking_calendar")
        buttons = [Button(_("Calendar"), "calendar_month", url, is_link=True)]
        return super().changelist_view(request, {"buttons": buttons, **(extra_context or {})})

    def ways_to_connect(self, request: HttpRequest, consultants: list[Consultant]) -> dict[int, str]:
        """To where somebody signs in for the consultant's own account, else for that of all."""
        if not (consultants and self.has_configure_permission(request)):
            return {}
        signed_in_for = [slug for slug, service in registry.services().items() if service.sign_in]
        owners = ["", *(each.slug for each in consultants)]
        rows = Connection.objects.in_use().filter(integration__slug__in=signed_in_for, integration__enabled=True)
        urls = {
            row.owner: reverse("admin:integrations_integration_account_connect", args=[row.integration_id, row.pk])
            for row in rows.filter(owner__in=owners)
        }
        return {each.pk: urls.get(each.slug) or urls.get("", "") for each in consultants}

    def buttons(self, request: HttpRequest, row: Booking | None) -> list[Button]:
        if row is None:
            return []
        pressed = {verb.name for verb in PROBLEM_VERBS}
        shown = [
            button
            for verb in self.verbs
            if verb.name not in pressed and self.may(request, verb) and verb.applies(row)
            for button in self.buttons_of(verb, row)
        ]
        if self.has_arrange_permission(request) and row.status in OPEN:
            url = reverse("admin:bookings_booking_move", args=[row.pk])
            shown.append(Button(_("Move"), "edit_calendar", url, is_link=True))
        day = row.starts_at.astimezone(row.consultant.zone_info).date()
        calendar = f"{reverse('admin:bookings_booking_calendar')}?day={day}"
        return [*shown, Button(_("Calendar"), "calendar_month", calendar, is_link=True)]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if booking := context["original"]:
            context["trouble"] = trouble(booking)
            context["answers"] = [
                button
                for verb in PROBLEM_VERBS
                if self.may(request, verb) and verb.applies(booking)
                for button in self.buttons_of(verb, booking)
            ]
        return super().render_change_form(request, context, *args, **kwargs)


def trouble(booking: Booking) -> dict[str, str] | None:
    """What somebody must decide, in words: what it is, and where in the calendar."""
    if booking.problem:
        return {"said": booking.get_problem_display(), "where": where(booking), "colour": "danger"}
    if booking.unchecked and booking.status in OPEN:
        said = _("The calendar could not be asked. It is looked at again as soon as it answers.")
        return {"said": said, "where": "", "colour": "warning"}
    return None


def where(booking: Booking) -> str:
    """By the consultant's clock."""
    details = booking.problem_details
    start, end = (moment(details.get(name)) for name in ("starts_at", "ends_at"))
    span = f"{stretch(start, end, booking.consultant.zone_info)} ({booking.consultant.zone})" if start and end else ""
    return ": ".join(filter(None, [details.get("calendar", ""), span]))
