"""Planning sessions. A page reads and shows all times by the clock of its session."""

from copy import copy
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from leads.clocks import default_zone, validate_zone
from leads.models import Lead
from leads.wall_clock import clock, rendered
from leads.zones import zone_or_nothing
from webinars import actions
from webinars.actions.seats import room_in
from webinars.actions.sessions import AHEAD, EDITABLE, check
from webinars.availability import counted
from webinars.errors import CapacityBelowTaken, SessionInThePast, WebinarError
from webinars.models import ReminderRule, Session, Topic
from webinars.models.session import SessionQuerySet

from .catalogue import RulesMixin
from .cloning import CloneMixin
from .messaging import MessageMixin
from .people import PeopleMixin

# Which field a refusal is told at.
ABOUT: dict[type[WebinarError], str] = {
    CapacityBelowTaken: "capacity",
    SessionInThePast: "starts_at",
}


MOST_DIGITS = 18  # more are no number of seats, and Python reads so many only


class SessionForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    """`confirmed`: fewer seats than are taken are meant."""

    slug = forms.SlugField(
        label=gettext_lazy("Slug"),
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Part of the page's address. Empty: the topic and the day."),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"), choices=Lead.Language.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("Yes, fewer seats than are taken. Nobody loses a seat by that."),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"] or self.instance.slug)

    def clean_zone(self) -> str:
        """Here and not by the model only: a page that shows the session anew reads its clock."""
        validate_zone(self.cleaned_data["zone"])
        return str(self.cleaned_data["zone"])

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self.instance.pk:
            self.ask_about_people(values)
        return values

    def ask_about_people(self, values: dict[str, Any]) -> None:
        """What the action would refuse is told beside the field that it is about."""
        proposed = copy(self.instance)
        for name in EDITABLE & values.keys():
            setattr(proposed, name, values[name])
        try:
            check(proposed, set(self.changed_data), confirmed=values["confirmed"])
        except (CapacityBelowTaken, SessionInThePast) as error:
            self.add_error(ABOUT[type(error)], str(error))

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in EDITABLE}


class OwnReminders(RulesMixin, TabularInline):  # type: ignore[misc]
    model = ReminderRule
    fields = ["before", "active"]
    extra = 0
    verbose_name_plural = gettext_lazy("reminders of this session, besides those of all")


@admin.register(Session)
class SessionAdmin(PeopleMixin, MessageMixin, CloneMixin, ModelAdmin):  # type: ignore[misc]
    form = SessionForm
    inlines = [OwnReminders]
    list_display = ["topic", "start", "status", "seats", "waiting", "price", "currency"]
    list_display_links = ["topic", "start"]
    list_filter = ["status", ("topic", admin.RelatedOnlyFieldListFilter)]
    list_per_page = 50
    date_hierarchy = "starts_at"
    search_fields = ["topic__title", "slug", "presenter"]
    readonly_fields = ["status"]
    planned = (
        ("topic", "status"),
        "starts_at",
        "zone",
        ("duration_minutes", "presenter"),
        ("capacity", "waiting_list"),
        ("price", "currency", "vat_rate"),
        ("full_refund_days", "partial_refund_days", "partial_refund_percent"),
        "languages",
        "meeting_url",
        "registration_opens_at",
        "registration_closes_at",
        "slug",
    )

    def get_queryset(self, request: HttpRequest) -> SessionQuerySet:
        return counted(super().get_queryset(request))

    def get_fieldsets(self, request: HttpRequest, obj: Session | None = None) -> Any:
        asked = ("confirmed",) if obj and takes_too_many(request, obj) else ()
        told = _("All times are by the clock of the session's time zone.")
        return [(None, {"fields": [*asked, *self.planned], "description": told})]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Of a session that is over nothing is planned any more."""
        is_ahead = not isinstance(obj, Session) or obj.status in AHEAD
        return is_ahead and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What the public, and other systems, know of is cancelled."""
        unknown = not isinstance(obj, Session) or obj.status == Session.Status.DRAFT
        return unknown and super().has_delete_permission(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Of a topic that is named in the address, its usual price."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        number = str(initial.get("topic", ""))
        topic = Topic.objects.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
        usual = {"price": topic.default_price, "currency": topic.currency} if topic else {}
        return {**usual, **initial}

    # --- saving -----------------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        with clock(self.zone_of(request, object_id)):
            try:
                return rendered(super().changeform_view(request, object_id, form_url, extra_context))
            except WebinarError as error:  # it came between: the form had checked
                messages.error(request, str(error))
                return redirect(request.path)

    def zone_of(self, request: HttpRequest, object_id: str | None) -> str:
        """As it is typed, otherwise the session's."""
        session = self.get_object(request, object_id) if object_id else None
        return zone_or_nothing(request.POST.get("zone", "")) or (session.zone if session else default_zone())

    def save_model(self, request: HttpRequest, obj: Session, form: SessionForm, change: bool) -> None:
        if change:
            actions.change_session(obj, form.changes(), confirmed=form.cleaned_data["confirmed"])
        else:
            planned = {name: value for name, value in form.cleaned_data.items() if name in EDITABLE}
            obj.pk = actions.create_session(planned).pk

    # --- the list ---------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("starts at"), ordering="starts_at")
    def start(self, session: Session) -> str:
        return f"{date_format(session.local_start, 'SHORT_DATETIME_FORMAT')} {session.zone}"

    @admin.display(description=gettext_lazy("seats taken"), ordering="taken")
    def seats(self, session: Any) -> str:
        if session.capacity is None:
            return str(session.taken)
        return _("%(taken)s of %(all)s") % {"taken": session.taken, "all": session.capacity}

    @admin.display(description=gettext_lazy("waiting"), ordering="waiting")
    def waiting(self, session: Any) -> int:
        return int(session.waiting)


def takes_too_many(request: HttpRequest, session: Session) -> bool:
    """Whether fewer seats are typed than are taken."""
    typed = request.POST.get("capacity", "")
    return typed.isdecimal() and len(typed) <= MOST_DIGITS and int(typed) < room_in(session).taken
