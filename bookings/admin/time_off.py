"""Time in which nobody can book: of one consultant, or of several at once, each by their own clock."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings import actions
from bookings.actions.absence import on_the_wall
from bookings.admin.clocks import on_clock
from bookings.models import Booking, Consultant, TimeOff
from bookings.models.booking import OPEN
from bookings.spans import Span
from leads.clocks import default_zone
from leads.text import single_line
from leads.wall_clock import clock, rendered


class WallField(forms.SplitDateTimeField):
    """A time on some clock: which one, whoever asks for it says."""

    widget = UnfoldAdminSplitDateTimeWidget

    def compress(self, data_list: Any) -> datetime | None:
        with clock("UTC"):
            found = super().compress(data_list)
        return found.replace(tzinfo=None) if found else None


class TimeOffForm(forms.Form):
    """`confirmed`: that there are bookings in it is known."""

    consultants: "forms.ModelMultipleChoiceField[Consultant]" = forms.ModelMultipleChoiceField(
        Consultant.objects.all(),
        label=gettext_lazy("Consultants"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    starts_at = WallField(label=gettext_lazy("From"), help_text=gettext_lazy("By the clock of each consultant."))
    ends_at = WallField(label=gettext_lazy("To"))
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("Yes, these bookings stay as they are."), required=False, widget=UnfoldBooleanWidget
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        start, end = values.get("starts_at"), values.get("ends_at")
        if start and end and start >= end:
            self.add_error("ends_at", _("Time off must begin before it ends."))
        return values

    def spans(self) -> dict[Consultant, Span]:
        told = self.cleaned_data
        return {each: on_the_wall(each, told["starts_at"], told["ends_at"]) for each in told["consultants"]}


def meetings_in(spans: dict[Consultant, Span]) -> QuerySet[Booking]:
    """What people mean to come to, then, in time's order."""
    inside = Q()
    for consultant, span in spans.items():
        inside |= Q(consultant=consultant, starts_at__lt=span.end, ends_at__gt=span.start)
    found = Booking.objects.filter(status__in=OPEN).select_related("consultant")
    return found.filter(inside).order_by("starts_at") if spans else found.none()


def warn(request: HttpRequest, rows: Iterable[TimeOff]) -> None:
    """Of what is booked in time off that is saved already: it stays, and somebody may have to act."""
    for row in rows:
        inside = meetings_in({row.consultant: Span(row.starts_at, row.ends_at)})
        if told := ", ".join(str(booking) for booking in inside):
            messages.warning(request, _("Booked in this time off, and still so: %(bookings)s.") % {"bookings": told})


class OverFilter(admin.SimpleListFilter):
    title = gettext_lazy("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("ahead", _("now and later")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TimeOff]) -> QuerySet[TimeOff]:
        now = timezone.now()
        match self.value():
            case "ahead":
                return queryset.filter(ends_at__gt=now)
            case "over":
                return queryset.filter(ends_at__lte=now)
            case _:
                return queryset


@admin.register(TimeOff)
class TimeOffAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["consultant", "start", "end", "note"]
    list_filter = [OverFilter, ("consultant", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["consultant"]
    list_per_page = 50
    ordering = ["-starts_at"]
    search_fields = ["note", "consultant__name"]
    fields = ["consultant", "starts_at", "ends_at", "note"]

    def get_readonly_fields(self, request: HttpRequest, obj: TimeOff | None = None) -> list[str]:
        """By whose clock its times are does not change."""
        return ["consultant"]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """GET asks who and when, POST makes a row for each; bookings inside are named first."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TimeOffForm(request.POST or None, initial={"consultants": request.GET.getlist("consultant")})
        if not form.is_valid():
            return self.ask(request, form)
        spans = form.spans()
        inside = list(meetings_in(spans))
        if inside and not form.cleaned_data["confirmed"]:
            return self.ask(request, form, inside)
        actions.take_off(spans, single_line(form.cleaned_data["note"]))
        said = ngettext(
            "%(n)s consultant cannot be booked then.", "%(n)s consultants cannot be booked then.", len(spans)
        )
        messages.success(request, said % {"n": len(spans)})
        return redirect("admin:bookings_timeoff_changelist")

    def ask(self, request: HttpRequest, form: TimeOffForm, inside: list[Booking] | None = None) -> HttpResponse:
        if not inside:
            del form.fields["confirmed"]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Time off"),
            "opts": self.opts,
            "media": self.media + form.media,
            "form": form,
            "inside": inside,
        }
        return render(request, "admin/bookings/timeoff/add.html", context)

    def save_model(self, request: HttpRequest, obj: TimeOff, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        warn(request, [obj])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        with clock(row.consultant.zone if row else default_zone()):
            return rendered(super().change_view(request, object_id, form_url, extra_context))

    @admin.display(description=gettext_lazy("from"), ordering="starts_at")
    def start(self, row: TimeOff) -> str:
        return shown(row, row.starts_at)

    @admin.display(description=gettext_lazy("to"), ordering="ends_at")
    def end(self, row: TimeOff) -> str:
        return shown(row, row.ends_at)


def shown(row: TimeOff, moment: datetime) -> str:
    return f"{on_clock(moment, row.consultant.zone_info)} ({row.consultant.zone})"
