"""Who meets whom. Rows are to be looked at; what becomes of them is done by buttons and forms."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from bookings.admin.arranging import ArrangeMixin
from bookings.admin.calendar import CalendarMixin
from bookings.admin.clocks import on_clock
from bookings.models import Booking
from bookings.models.booking import OPEN, Status

COLOURS = {
    Status.CONFIRMED: "success",
    Status.PENDING: "warning",
    Status.COMPLETED: "info",
    Status.NO_SHOW: "danger",
}


class WhenFilter(admin.SimpleListFilter):
    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("ahead", _("still ahead")), ("today", _("today")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        match self.value():
            case "ahead":
                return queryset.filter(ends_at__gt=timezone.now())
            case "today":
                return queryset.filter(starts_at__date=timezone.localdate())
            case "over":
                return queryset.filter(ends_at__lte=timezone.now())
            case _:
                return queryset


class LookFilter(admin.SimpleListFilter):
    """What waits for somebody."""

    title = _("to be looked at")
    parameter_name = "look"
    CONDITIONS = {
        "troubled": ~Q(problem=""),
        "asked_for": Q(status=Status.PENDING),
        "unasked": Q(unchecked=True, problem="", status__in=OPEN),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("troubled", _("with a problem")),
            ("asked_for", _("to be confirmed")),
            ("unasked", _("calendar not checked")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        condition = self.CONDITIONS.get(self.value() or "")
        return queryset.filter(condition) if condition else queryset


@admin.register(Booking)
class BookingAdmin(CalendarMixin, ArrangeMixin, ModelAdmin):  # type: ignore[misc]
    list_display = ["reference", "start", "consultant", "name", "company", "state", "look"]
    list_filter = [
        LookFilter,
        "status",
        WhenFilter,
        ("consultant", admin.RelatedOnlyFieldListFilter),
        "problem",
        "meeting_type",
    ]
    list_select_related = ["consultant"]
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "starts_at"
    search_fields = ["reference", "name", "email", "company"]
    fieldsets = [
        (None, {"fields": ["reference", "status", "when", "consultant", "way"]}),
        (
            _("What the client told"),
            {"fields": [("name", "company"), ("email", "phone"), ("language", "theirs"), "message", "lead"]},
        ),
        (_("Calendar"), {"fields": ["checked", "answer", "meeting_url"]}),
        (_("Course"), {"fields": [("created_at", "confirmed_at", "moved_at")]}),
    ]
    readonly_fields = ["when", "theirs", "way", "checked"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """They are cancelled, and people are forgotten."""
        return False

    def has_arrange_permission(self, request: HttpRequest) -> bool:
        """Whether this user may do something to bookings: change them, though no row by hand."""
        return request.user.has_perm("bookings.change_booking")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        """What is only held, for minutes, is on the calendar page."""
        rows: QuerySet[Booking] = super().get_queryset(request)
        return rows.exclude(status=Status.HELD).select_related("consultant", "lead")

    @admin.display(description=_("starts at"), ordering="starts_at")
    def start(self, booking: Booking) -> str:
        return by_clock(booking, booking.consultant.zone)

    @admin.display(description=_("when"))
    def when(self, booking: Booking) -> str:
        return f"{by_clock(booking, booking.consultant.zone)}, {minutes(booking)}"

    @admin.display(description=_("by the client's clock"))
    def theirs(self, booking: Booking) -> str:
        return by_clock(booking, booking.zone) if booking.zone else "–"

    @admin.display(description=_("way to meet"))
    def way(self, booking: Booking) -> str:
        return booking.get_meeting_type_display()

    @display(description=_("status"), ordering="status", label=COLOURS)  # type: ignore[untyped-decorator]
    def state(self, booking: Booking) -> tuple[str, str]:
        return booking.status, booking.get_status_display()

    @display(description=_("to be looked at"), label={"problem": "danger", "unchecked": "warning"})  # type: ignore[untyped-decorator]
    def look(self, booking: Booking) -> tuple[str, Any] | None:
        if booking.problem:
            return "problem", booking.get_problem_display()
        return ("unchecked", _("calendar not checked")) if booking.unchecked else None

    @admin.display(description=_("calendar checked"), boolean=True)
    def checked(self, booking: Booking) -> bool:
        return not booking.unchecked


def by_clock(booking: Booking, zone: str) -> str:
    """Such as "Tue, 8 Dec 2026, 10:00 (Europe/Berlin)"."""
    weekday = date_format(booking.starts_at.astimezone(ZoneInfo(zone)), "D")
    return f"{weekday}, {on_clock(booking.starts_at, ZoneInfo(zone))} ({zone})"


def minutes(booking: Booking) -> str:
    return str(_("%(n)s minutes") % {"n": int(booking.length.total_seconds() // 60)})
