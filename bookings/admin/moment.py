"""Why not then? What keeps one moment of one consultant from being offered, in words, with the way to each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings import rules
from bookings.admin.clocks import on_clock, stretch
from bookings.agenda import holiday_on
from bookings.availability import Calendar, Objection, Reason, monday
from bookings.models import Booking, Consultant, TimeOff
from bookings.rules import active, busy_of
from leads.clocks import DAY


@dataclass(frozen=True)
class Obstacle:
    """`url` is where it stands."""

    text: str
    url: str


@dataclass(frozen=True)
class Verdict:
    """Of one moment. None objects where it is offered; `can_be_booked`: an operator may book it anyway."""

    objection: Objection | None
    obstacles: list[Obstacle]
    next_free: datetime | None

    @property
    def can_be_booked(self) -> bool:
        return self.objection is None or self.objection.reason != Reason.BOOKED


def verdict(consultant: Consultant, start: datetime, length: timedelta) -> Verdict:
    calendar = by_rules(consultant, start, length)
    objection = calendar.why_not(start)
    later = next(calendar.slots(max(start, calendar.now), calendar.latest), None) if objection else None
    found = obstacles(consultant, calendar, start, objection) if objection else []
    return Verdict(objection, found, later.start if later else None)


def by_rules(consultant: Consultant, start: datetime, length: timedelta) -> Calendar:
    """What our rules say around that moment, and after it."""
    now = timezone.now()
    end = max(start, now) + timedelta(days=consultant.horizon_days)
    return rules.calendars([consultant], length, now, start=start, end=end)[consultant.pk]


def obstacles(consultant: Consultant, calendar: Calendar, start: datetime, objection: Objection) -> list[Obstacle]:
    """What is in the way, as `objection` says; the reader needs no clock but the consultant's."""
    end, day = start + calendar.length, start.astimezone(consultant.zone_info).date()
    around = start - consultant.before, end + consultant.after
    match objection.reason:
        case Reason.BOOKED:
            return bookings_in(consultant, around)
        case Reason.DAY_FULL:
            return bookings_on(consultant, day, 1)
        case Reason.WEEK_FULL:
            return bookings_on(consultant, monday(day), 7)
        case Reason.TIME_OFF:
            rows = TimeOff.objects.filter(consultant=consultant, starts_at__lt=end, ends_at__gt=start)
            return [time_off(consultant, row) for row in rows]
        case Reason.BUSY:
            return [
                about(
                    consultant, f"{row.calendar.calendar}: {stretch(row.starts_at, row.ends_at, consultant.zone_info)}"
                )
                for row in busy_of([consultant], around)
            ]
        case _:
            return [about(consultant, text) for text in rule(consultant, calendar, start, objection)]


def rule(consultant: Consultant, calendar: Calendar, start: datetime, objection: Objection) -> Iterator[str]:
    """What the consultant's page says about it."""
    day = start.astimezone(consultant.zone_info).date()
    match objection.reason:
        case Reason.TOO_SOON:
            yield _("Bookable from %(moment)s on.") % {"moment": moment(consultant, calendar.earliest)}
        case Reason.TOO_FAR:
            yield _("Bookable until %(moment)s.") % {"moment": moment(consultant, calendar.latest)}
        case Reason.HOLIDAY:
            yield f"{date_format(day, 'DATE_FORMAT')}: {holiday_on(consultant, day)}"
        case Reason.NOT_WORKING if not consultant.active:
            yield _("%(name)s cannot be booked: they are not active.") % {"name": consultant.name}
        case Reason.NOT_WORKING:
            spans = [
                [each.astimezone(consultant.zone_info) for each in (s.start, s.end)] for s in calendar.working(day)
            ]
            hours = ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in spans)
            yield f"{WEEKDAYS[day.weekday()]}: {hours or _('no working hours')}"
        case Reason.BETWEEN:
            yield _("Meetings begin every %(n)s minutes, counted from when work begins.") % {
                "n": consultant.step_minutes
            }


def bookings_on(consultant: Consultant, first: date, days: int) -> list[Obstacle]:
    zone = consultant.zone_info
    start, end = (datetime(each.year, each.month, each.day, tzinfo=zone) for each in (first, first + days * DAY))
    return [booking(row) for row in counted(consultant, (start, end)) if start <= row.starts_at < end]


def bookings_in(consultant: Consultant, around: tuple[datetime, datetime]) -> list[Obstacle]:
    return [booking(row) for row in counted(consultant, around)]


def counted(consultant: Consultant, around: tuple[datetime, datetime]) -> list[Booking]:
    return sorted(active([consultant], timezone.now(), around, None), key=lambda row: row.starts_at)


def booking(row: Booking) -> Obstacle:
    """One that is only held has no page."""
    told = f"{stretch(row.starts_at, row.ends_at, row.consultant.zone_info)}, {row.get_status_display()}"
    if row.reference is None:
        return Obstacle(told, "")
    url = reverse("admin:bookings_booking_change", args=[row.pk])
    return Obstacle(f"{row.reference}: {told}, {row.name}", url)


def time_off(consultant: Consultant, row: TimeOff) -> Obstacle:
    text = stretch(row.starts_at, row.ends_at, consultant.zone_info)
    return Obstacle(
        f"{text}: {row.note}" if row.note else text, reverse("admin:bookings_timeoff_change", args=[row.pk])
    )


def about(consultant: Consultant, text: str) -> Obstacle:
    return Obstacle(text, reverse("admin:bookings_consultant_change", args=[consultant.pk]))


def moment(consultant: Consultant, when: datetime) -> str:
    return f"{on_clock(when, consultant.zone_info)} ({consultant.zone})"
