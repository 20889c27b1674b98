"""One moment on two clocks: its own and the visitor's."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest
from django.utils.formats import date_format

COOKIE = "zone"  # set by zone.js; says where the browser's clock stands, and nothing else


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock in that zone shows."""

    day: str
    time: str
    zone: str


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def choices() -> list[str]:
    """What people choose from: places, and UTC."""
    regions = {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
    return ["UTC", *sorted(name for name in known_zones() if name.partition("/")[0] in regions and "/" in name)]


def zone_or_nothing(name: str) -> str:
    """The name if it is that of a zone, otherwise ""."""
    return name if name in known_zones() else ""


def of_visitor(request: HttpRequest) -> str:
    """As the browser says: in the address inside a frame, which gets no cookies; "" where it does not."""
    return zone_or_nothing(request.GET.get("zone") or request.COOKIES.get(COOKIE, ""))


def query(request: HttpRequest) -> str:
    """What every address inside a frame carries along, where no cookie comes: "?zone=Europe/London"."""
    zone = of_visitor(request)
    return f"?{urlencode({'zone': zone}, safe='/')}" if zone else ""


def read(moment: datetime, zone: str) -> Reading:
    """In the language of the page."""
    local = moment.astimezone(ZoneInfo(zone))
    day = f"{date_format(local, 'l')}, {date_format(local, 'DATE_FORMAT')}"
    return Reading(day, date_format(local, "H:i"), zone)


def same_clock(moment: datetime, one: str, other: str) -> bool:
    """Whether clocks in both zones show the same at that moment."""
    return moment.astimezone(ZoneInfo(one)).utcoffset() == moment.astimezone(ZoneInfo(other)).utcoffset()
