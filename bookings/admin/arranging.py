"""Booking for a client, and meeting at another time: rules that are broken are told first, and asked about."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings import arranging
from bookings.actions import Client
from bookings.actions.absence import on_the_wall
from bookings.admin.moment import Obstacle, by_rules, obstacles
from bookings.admin.time_off import WallField
from bookings.availability import Objection, Reason
from bookings.errors import BookingError, CalendarSilent, SlotTaken
from bookings.models import Booking, Consultant
from bookings.models.booking import OPEN, Status
from bookings.models.consultant import A_DAY, MeetingType
from leads.addresses import validate_address
from leads.clocks import validate_zone
from leads.models import Lead
from leads.text import many_lines, single_line


class Asking(forms.Form):
    """`confirmed`: what speaks against it is known."""

    confirmed = forms.BooleanField(label=gettext_lazy("Yes, do it anyway."), required=False, widget=UnfoldBooleanWidget)
    against: str = ""  # what speaks against it
    obstacles: list[Obstacle] = []

    def tell(self, consultant: Consultant, start: datetime, length: timedelta, objection: Objection) -> None:
        calendar = by_rules(consultant, start, length)
        self.obstacles = obstacles(consultant, calendar, start, objection)
        if objection.reason == Reason.BOOKED:
            self.add_error("starts_at", str(objection.reason.label))
        else:
            self.against = str(objection.reason.label)

    def attempt(self, do: Callable[[bool], Any], consultant: Consultant, start: datetime, length: timedelta) -> Any:
        """What `do(lenient)` returns; None where that was not possible, or something speaks against it."""
        try:
            return do(self.cleaned_data["confirmed"]) or True
        except SlotTaken as error:
            self.tell(consultant, start, length, error.objection)
        except CalendarSilent as error:
            self.against = str(error)
        return None

    def shown(self) -> "Asking":
        if not self.against:
            del self.fields["confirmed"]
        return self


def text(label: Any, length: int, *, required: bool = False, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=length, required=required, widget=UnfoldAdminTextInputWidget, **options
    )


class BookForm(Asking):
    consultant: "forms.ModelChoiceField[Consultant]" = forms.ModelChoiceField(
        Consultant.objects.active(), label=gettext_lazy("Consultant"), widget=UnfoldAdminSelectWidget
    )
    starts_at = WallField(label=gettext_lazy("Starts at"), help_text=gettext_lazy("By the clock of the consultant."))
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=1, max_value=A_DAY, widget=UnfoldAdminIntegerFieldWidget
    )
    meeting_type = forms.ChoiceField(
        label=gettext_lazy("Way to meet"), choices=MeetingType.choices, widget=UnfoldAdminSelectWidget
    )
    name = text(gettext_lazy("Name"), 200, required=True)
    email = text(gettext_lazy("E-mail address"), 254, required=True, validators=[validate_address])
    company = text(gettext_lazy("Company"), 200)
    phone = text(gettext_lazy("Phone"), 50)
    message = forms.CharField(
        label=gettext_lazy("Message"), max_length=5000, required=False, widget=UnfoldAdminTextareaWidget
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the letters"), choices=Lead.Language.choices, widget=UnfoldAdminSelectWidget
    )
    zone = text(
        gettext_lazy("The client's time zone"),
        64,
        validators=[validate_zone],
        help_text=gettext_lazy("Such as Europe/Berlin. Empty: the consultant's."),
    )
    field_order = ["confirmed"]

    def client(self) -> Client:
        told = self.cleaned_data
        return Client(
            name=single_line(told["name"]),
            email=single_line(told["email"]),
            company=single_line(told["company"]),
            phone=single_line(told["phone"]),
            message=many_lines(told["message"]),
            meeting_type=told["meeting_type"],
            language=told["language"],
            zone=told["zone"] or told["consultant"].zone,
        )

    def book(self) -> Booking | None:
        """None where something keeps it, which the form tells then."""
        told = self.cleaned_data
        consultant, length = told["consultant"], timedelta(minutes=told["minutes"])
        start = on_the_wall(consultant, told["starts_at"], told["starts_at"]).start

        def arrange(lenient: bool) -> Booking:
            return arranging.arrange(consultant, start, told["minutes"], self.client(), lenient=lenient)

        try:
            made: Booking | None = self.attempt(arrange, consultant, start, length)
        except BookingError as error:  # not offered
            self.add_error(None, offered_are(consultant, error))
            return None
        return made


class MoveForm(Asking):
    starts_at = WallField(label=gettext_lazy("Starts at"), help_text=gettext_lazy("By the clock of the consultant."))
    field_order = ["confirmed"]

    def move(self, booking: Booking) -> bool:
        typed = self.cleaned_data["starts_at"]
        start = on_the_wall(booking.consultant, typed, typed).start

        def rearrange(lenient: bool) -> None:
            arranging.rearrange(booking, start, lenient=lenient)

        return bool(self.attempt(rearrange, booking.consultant, start, booking.length))


def offered_are(consultant: Consultant, error: BookingError) -> str:
    """What the consultant does offer."""
    types = dict(MeetingType.choices)
    offered = [
        _("%(minutes)s minutes") % {"minutes": ", ".join(map(str, consultant.minutes))},
        *(str(types.get(each, each)) for each in consultant.meeting_types),
    ]
    return f"{error} {consultant}: {'; '.join(offered)}."


class ArrangeMixin:
    """For the booking's admin: two pages with a form."""

    admin_site: Any
    opts: Any
    media: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.move)
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("<int:pk>/move/", view, name="bookings_booking_move"), *urls]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """GET asks who and when, POST books; what speaks against it is told first."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        form = BookForm(request.POST or None, initial=chosen(request))
        made = form.book() if form.is_valid() else None
        if made is None:
            return self.ask(request, _("Book for a client"), form)
        self.log_addition(request, made, [{"added": {}}])  # type: ignore[attr-defined]
        done = _("%(booking)s is booked.") if made.status == Status.CONFIRMED else _("%(booking)s is to be confirmed.")
        messages.success(request, done % {"booking": made})
        return redirect("admin:bookings_booking_change", made.pk)

    def move(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_arrange_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        booking = get_object_or_404(Booking.objects.select_related("consultant"), pk=pk, status__in=OPEN)
        wall = booking.starts_at.astimezone(booking.consultant.zone_info).replace(tzinfo=None)
        form = MoveForm(request.POST or None, initial={"starts_at": wall})
        try:
            moved = form.is_valid() and form.move(booking)
        except BookingError as error:  # it was cancelled meanwhile
            messages.error(request, str(error))
            return redirect("admin:bookings_booking_change", pk)
        if not moved:
            return self.ask(request, _("Move"), form, booking)
        self.log_change(request, booking, [{"changed": {"fields": ["starts_at"]}}])  # type: ignore[attr-defined]
        messages.success(request, _("%(booking)s is moved.") % {"booking": booking})
        return redirect("admin:bookings_booking_change", pk)

    def ask(self, request: HttpRequest, title: str, form: Asking, booking: Booking | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(booking) if booking else "",
            "opts": self.opts,
            "media": self.media + form.media,
            "booking": booking,
            "form": form.shown(),
        }
        return render(request, "admin/bookings/booking/arrange.html", context)


def default_language() -> str:
    """This site's own, where letters are written in it."""
    return settings.LANGUAGE_CODE if settings.LANGUAGE_CODE in Lead.Language.values else str(Lead.Language.values[0])


def chosen(request: HttpRequest) -> dict[str, Any]:
    """What the calendar page was clicked at."""
    asked = request.GET
    number = asked.get("consultant", "")
    found = Consultant.objects.active().filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    initial: dict[str, Any] = {
        "minutes": asked.get("minutes"),
        "language": default_language(),
        "meeting_type": MeetingType.VIDEO,
    }
    if found is None:
        return initial
    initial |= {"consultant": found, "minutes": initial["minutes"] or min(found.minutes)}
    try:
        start = datetime.fromisoformat(asked.get("start", ""))
    except ValueError:
        return initial
    return {**initial, "starts_at": start.astimezone(found.zone_info).replace(tzinfo=None)}
