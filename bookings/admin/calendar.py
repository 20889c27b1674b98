"""Days and weeks of all consultants, and the answer to "why not then?"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from bookings.admin.grid import Grid, drawn
from bookings.admin.moment import verdict
from bookings.agenda import at_work, days_of
from bookings.availability import monday
from bookings.freshness import Freshness, Status, freshness
from bookings.models import Consultant
from bookings.models.consultant import A_DAY
from leads.clocks import DAY
from leads.wall_clock import zone_of_reader
from leads.zones import read

WEEK, ONE_DAY = "week", "day"
BAD = {Status.STALE, Status.UNKNOWN}
OWN = "own"  # everybody by their own clock
USUAL = 30  # minutes
FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True)
class View:
    """What is looked at, as the address says; nonsense in it counts as nothing."""

    kind: str
    day: date
    minutes: int
    clock: str
    zone: str  # of whoever looks

    @classmethod
    def of(cls, request: HttpRequest, lengths: Sequence[int]) -> "View":
        asked, zone = request.GET, zone_of_reader(request)
        minutes = next((each for each in lengths if str(each) == asked.get("minutes")), min(lengths, default=USUAL))
        kind = ONE_DAY if asked.get("view") == ONE_DAY else WEEK
        return cls(
            kind, day_or_today(asked.get("day", ""), zone), minutes, OWN if asked.get("clock") == OWN else "", zone
        )

    @property
    def days(self) -> list[date]:
        if self.kind == ONE_DAY:
            return [self.day]
        first = monday(self.day)
        return [first + number * DAY for number in range(7)]

    @property
    def zone_info(self) -> ZoneInfo | None:
        return None if self.clock == OWN else ZoneInfo(self.zone)

    def url(self, **other: Any) -> str:
        """The same page with something else chosen."""
        chosen = {"view": self.kind, "day": self.day, "minutes": self.minutes, "clock": self.clock, **other}
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{reverse('admin:bookings_booking_calendar')}?{query}"

    def links(self) -> dict[str, str]:
        step = len(self.days) * DAY
        return {
            "before": self.url(day=self.day - step),
            "after": self.url(day=self.day + step),
            "today": self.url(day=timezone.now().astimezone(ZoneInfo(self.zone)).date()),
            "week": self.url(view=WEEK),
            "one_day": self.url(view=ONE_DAY),
            "mine": self.url(clock=""),
            "own": self.url(clock=OWN),
        }

    @property
    def title(self) -> str:
        first, last = (date_format(each, "DATE_FORMAT") for each in (self.days[0], self.days[-1]))
        return first if first == last else f"{first} – {last}"


def day_or_today(text: str, zone: str) -> date:
    today = timezone.now().astimezone(ZoneInfo(zone)).date()
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return today
    return found if abs((found - today).days) < 3660 else today


def age(known: Freshness, now: datetime) -> str:
    """In words."""
    ago = timesince(known.checked_at, now) if known.checked_at else ""
    match known.status:
        case Status.NONE:
            return _("no calendar of their own: our bookings are all we know")
        case Status.UNKNOWN:
            return _("calendar not read yet: what is busy in it is not shown")
        case Status.STALE:
            return _("calendar out of date: read %(ago)s ago") % {"ago": ago}
        case Status.FRESH:
            return _("calendar read %(ago)s ago") % {"ago": ago}


class MomentField(forms.CharField):
    """ISO 8601; naive where it names no zone."""

    widget = UnfoldAdminTextInputWidget({"type": "datetime-local"})

    def to_python(self, value: Any) -> Any:
        try:
            found = datetime.fromisoformat(value or "")
        except ValueError:
            found = None
        if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError(_("Please enter a day and a time."), code="invalid")
        return found


class MomentForm(forms.Form):
    """Any moment, by the clock of the consultant."""

    consultant: "forms.ModelChoiceField[Consultant]" = forms.ModelChoiceField(
        Consultant.objects.all(), label=gettext_lazy("Consultant"), widget=UnfoldAdminSelectWidget
    )
    start = MomentField(label=gettext_lazy("When"), help_text=gettext_lazy("By the clock of the consultant."))
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=1, max_value=A_DAY, widget=UnfoldAdminTextInputWidget
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if "start" in values and "consultant" in values and values["start"].tzinfo is None:
            values["start"] = values["start"].replace(tzinfo=values["consultant"].zone_info)
        return values

    def again(self) -> "MomentForm":
        """To be filled in anew, beginning with what was asked."""
        told = self.cleaned_data
        wall = told["start"].astimezone(told["consultant"].zone_info)
        return MomentForm(initial={**told, "start": wall.strftime("%Y-%m-%dT%H:%M")})


class CalendarMixin:
    """For the booking's admin."""

    admin_site: Any
    opts: Any
    media: Any

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [
            path("calendar/", guarded(require_safe(self.calendar)), name="bookings_booking_calendar"),
            path("moment/", guarded(require_safe(self.moment)), name="bookings_booking_moment"),
            *urls,
        ]

    def may_look(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and request.user.has_perm("bookings.view_consultant")):  # type: ignore[attr-defined]
            raise PermissionDenied

    def calendar(self, request: HttpRequest) -> HttpResponse:
        self.may_look(request)
        consultants = list(at_work())
        lengths = sorted({minutes for each in consultants for minutes in each.minutes})
        view = View.of(request, lengths)
        found = days_of(consultants, view.days, timedelta(minutes=view.minutes), timezone.now(), zone=view.zone_info)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Calendar"),
            "opts": self.opts,
            "view": view,
            "links": view.links(),
            "lengths": lengths,
            "grids": self.grids(view, consultants, [found[each.pk] for each in consultants]),
            "ages": self.ages(request, consultants),
            "may_book": self.has_add_permission(request),  # type: ignore[attr-defined]
        }
        return render(request, "admin/bookings/booking/calendar.html", context)

    def grids(self, view: View, consultants: list[Consultant], days: list[list[Any]]) -> list[Grid]:
        """A day has one grid with a column for each consultant, a week a grid for each with a column for each day."""
        if view.kind == ONE_DAY:
            columns = [column for of_one in days for column in of_one]
            return [drawn(view.title, None, columns, view.minutes)] if columns else []
        return [drawn(str(each), each, of_one, view.minutes) for each, of_one in zip(consultants, days, strict=True)]

    def ages(self, request: HttpRequest, consultants: list[Consultant]) -> list[dict[str, Any]]:
        """How old what we know of everybody's own calendars is; `url` is where it is mended."""
        now = timezone.now()
        known = freshness(consultants, now)
        ways = self.ways_to_connect(request, [each for each in consultants if known[each.pk].status in BAD])
        return [
            {
                "consultant": each,
                "status": known[each.pk].status,
                "text": age(known[each.pk], now),
                "url": ways.get(each.pk, ""),
            }
            for each in consultants
        ]

    def ways_to_connect(self, request: HttpRequest, consultants: list[Consultant]) -> dict[int, str]:
        """By the consultants' ids; empty for whoever may not, or where calendars are not ours to connect."""
        return {}

    def moment(self, request: HttpRequest) -> HttpResponse:
        """Of one consultant: offered or not, and why."""
        self.may_look(request)
        form = MomentForm(request.GET or None, initial={"minutes": USUAL})
        context = {
            **self.admin_site.each_context(request),
            "title": _("Why not?"),
            "opts": self.opts,
            "form": form.again() if form.is_valid() else form,
            **(self.answer(request, **form.cleaned_data) if form.is_valid() else {}),
        }
        return render(request, "admin/bookings/booking/moment.html", context)

    def answer(self, request: HttpRequest, *, consultant: Consultant, start: datetime, minutes: int) -> dict[str, Any]:
        zone, query = zone_of_reader(request), {"consultant": consultant.pk, "start": start.isoformat()}
        readings = [read(start, consultant.zone), *([read(start, zone)] if zone != consultant.zone else [])]
        return {
            "consultant": consultant,
            "readings": readings,
            "minutes": minutes,
            "verdict": verdict(consultant, start, timedelta(minutes=minutes)),
            "book_url": f"{reverse('admin:bookings_booking_add')}?{urlencode({**query, 'minutes': minutes})}",
            "off_url": f"{reverse('admin:bookings_timeoff_add')}?{urlencode(query)}",
            "back": f"{reverse('admin:bookings_booking_calendar')}?{urlencode({'day': start.date()})}",
            "may_book": self.has_add_permission(request) and consultant.active,  # type: ignore[attr-defined]
            "may_take_off": request.user.has_perm("bookings.add_timeoff"),
        }
