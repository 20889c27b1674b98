"""A week of free times on the visitor's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.availability import monday
from bookings.offers import Offer, Offers
from leads.clocks import DAY


@dataclass(frozen=True, slots=True)
class Slot:
    """One time that can be chosen: `value` is what the form sends, `clock` what is seen, `spoken` what is read."""

    value: str
    clock: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    slots: list[Slot]


@dataclass(frozen=True, slots=True)
class Picker:
    """`first` is the next free time at all, `next_week` the Monday of the first later week that has one."""

    zone: str
    week: str
    days: list[Day]
    first: Slot | None
    earlier: date | None
    later: date | None
    next_week: date | None


def of(query: Mapping[str, str], offers: Offers, zone: str) -> Picker:
    """The week that the address asks for; without one, that of the next free time."""
    clock = ZoneInfo(zone)
    first = offers.first()
    this = monday(offers.now.astimezone(clock).date())
    last = monday(offers.end.astimezone(clock).date())
    week = min(max(asked(query.get("week", "")) or start_of(first, clock) or this, this), last)
    days = days_of(offers.between(midnight(week, clock), midnight(week + 7 * DAY, clock)), clock)
    following = offers.first(midnight(week + 7 * DAY, clock))
    return Picker(
        zone=zone,
        week=in_words(week),
        days=days,
        first=slot(first.start, clock) if first else None,
        earlier=week - 7 * DAY if week > this else None,
        later=week + 7 * DAY if following else None,
        next_week=start_of(following, clock) if not days else None,
    )


def asked(text: str) -> date | None:
    """The Monday of that day's week."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return monday(day) if day.year > 1 else None


def start_of(offer: Offer | None, zone: ZoneInfo) -> date | None:
    return monday(offer.start.astimezone(zone).date()) if offer else None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def in_words(week: date) -> str:
    first, last = (date_format(day, "DATE_FORMAT") for day in (week, week + 6 * DAY))
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def days_of(offers: list[Offer], zone: ZoneInfo) -> list[Day]:
    found: dict[date, list[Slot]] = {}
    for offer in offers:
        found.setdefault(offer.start.astimezone(zone).date(), []).append(slot(offer.start, zone))
    return [Day(day_name(day), slots) for day, slots in found.items()]


def slot(start: datetime, zone: ZoneInfo) -> Slot:
    local = start.astimezone(zone)
    spoken = f"{day_name(local.date())}, {clock_face(local)} {zone.key}"
    return Slot(start.astimezone(UTC).isoformat(), clock_face(local), spoken)


def day_name(day: date) -> str:
    return f"{date_format(day, 'l')}, {date_format(day, 'DATE_FORMAT')}"


def clock_face(local: datetime) -> str:
    """ "02:30"; an hour that comes twice says which of the two it is: "02:30 CEST"."""
    shown = date_format(local, "H:i")
    told_twice = local.utcoffset() != local.replace(fold=not local.fold).utcoffset()
    return f"{shown} {local.tzname()}" if told_twice else shown
