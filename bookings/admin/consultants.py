"""Who can be booked, and when they work. Days and times on a page are by the clock of its consultant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin
from unfold.admin import ModelAdmin, TabularInline
from unfold.views import ChangeList
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from bookings.actions import in_turn
from bookings.admin.clocks import on_clock
from bookings.admin.time_off import warn
from bookings.models import Consultant, TimeOff, WorkingHours
from bookings.models.consultant import A_DAY, MeetingType
from bookings.offers import Offers
from leads.clocks import default_zone, validate_zone
from leads.text import many_lines
from leads.wall_clock import clock, rendered
from leads.zones import zone_or_nothing

SHORTEST, DIGITS = 5, 4  # minutes


class LinesField(forms.CharField):
    """Several texts, one a line; each once."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (line.strip() for line in many_lines(value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


class MinutesField(forms.CharField):
    """Lengths such as "30, 60", the shortest first."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        parts = [part for part in (value or "").replace(",", " ").split() if part]
        if not all(part.isdecimal() and len(part) <= DIGITS and SHORTEST <= int(part) <= A_DAY for part in parts):
            raise forms.ValidationError(_("Please enter minutes, such as 30, 60."), code="invalid")
        return sorted({int(part) for part in parts})

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(list(initial or []) != self.to_python(data))
        except forms.ValidationError:
            return True


class ConsultantForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    minutes = MinutesField(label=_("Lengths in minutes"), help_text=_("Such as 30, 60: clients choose one."))
    busy_calendars = LinesField(
        label=_("Calendars to look into"),
        required=False,
        help_text=_(
            "One a line, as Google names them: mostly an e-mail address. Whoever is busy in one cannot be booked."
        ),
    )
    meeting_types = forms.MultipleChoiceField(
        label=_("Ways to meet"), choices=MeetingType.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def clean_zone(self) -> str:
        """Here and not by the model only: a page that shows the consultant anew reads their clock."""
        validate_zone(self.cleaned_data["zone"])
        return str(self.cleaned_data["zone"])


class Hours(TabularInline):  # type: ignore[misc]
    model = WorkingHours
    fields = ["weekday", "start", "end"]
    extra = 0


class ComingTimeOff(TabularInline):  # type: ignore[misc]
    model = TimeOff
    fields = ["starts_at", "ends_at", "note"]
    extra = 0
    verbose_name_plural = _("time off, now and later")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        rows: QuerySet[TimeOff] = super().get_queryset(request)
        return rows.filter(ends_at__gt=timezone.now())


class ConsultantList(ChangeList):  # type: ignore[misc]
    """Whoever is listed carries `next_free` and `last_booked_at`: found out for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: Any = self.result_list  # type: ignore[has-type]
        self.result_list = with_times(list(rows))


def with_times(consultants: list[Any]) -> list[Any]:
    firsts = {each.pk: span.start for each, span in Offers(consultants, None, timezone.now()).firsts()}
    for each in consultants:
        each.next_free = firsts.get(each.pk) if each.active else None
    booked = {each.pk: each for each in in_turn(consultants)}
    for each in consultants:
        each.last_booked_at = getattr(booked[each.pk], "last_booked_at")  # noqa: B009 - annotated
    return consultants


@admin.register(Consultant)
class ConsultantAdmin(ModelAdmin, TranslationAdmin):  # type: ignore[misc,type-arg]
    form = ConsultantForm
    inlines = [Hours, ComingTimeOff]
    list_display = ["name", "title", "active", "zone", "next_free", "last_booked"]
    list_filter = ["active"]
    search_fields = ["name", "title", "email", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", ("email", "language"), "zone", "photo", "active"]}),
        (_("English"), {"fields": ["title_en", "biography_en"], "classes": ["tab"]}),
        (_("German"), {"fields": ["title_de", "biography_de"], "classes": ["tab"]}),
        (_("Meetings"), {"fields": ["minutes", "meeting_types", "place", "step_minutes"]}),
        (
            _("Limits"),
            {
                "fields": [
                    ("before_minutes", "after_minutes"),
                    ("notice_hours", "horizon_days", "change_hours"),
                    ("per_day", "per_week"),
                    "holidays",
                ]
            },
        ),
        (_("Calendars"), {"fields": ["busy_calendars", "calendar"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Consultant | None = None) -> list[str]:
        """Websites link to a slug, and accounts at Google are known by it: it stays what it was."""
        return [*super().get_readonly_fields(request, obj), *(["slug"] if obj else [])]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Consultant | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else dict(super().get_prepopulated_fields(request, obj))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConsultantList]:
        return ConsultantList

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        with clock(self.zone_of(request, object_id)):
            return rendered(super().changeform_view(request, object_id, form_url, extra_context))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is TimeOff:
            warn(request, [*formset.new_objects, *(row for row, _fields in formset.changed_objects)])

    def zone_of(self, request: HttpRequest, object_id: str | None) -> str:
        """As it is typed, otherwise the consultant's."""
        consultant = self.get_object(request, object_id) if object_id else None
        return zone_or_nothing(request.POST.get("zone", "")) or (consultant.zone if consultant else default_zone())

    @admin.display(description=_("next free time"))
    def next_free(self, consultant: Any) -> str:
        start: datetime | None = consultant.next_free
        return on_clock(start, consultant.zone_info) if start else "–"

    @admin.display(description=_("last booked on"))
    def last_booked(self, consultant: Any) -> str:
        """Who minds nobody in particular gets whoever is free and was booked least recently."""
        made: datetime | None = consultant.last_booked_at
        return on_clock(made, consultant.zone_info) if made else "–"
