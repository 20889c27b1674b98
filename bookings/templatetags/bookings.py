"""How meetings are spoken of on pages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from bookings import addresses, picker
from bookings.models import Consultant
from bookings.offers import Offer

register = template.Library()


@register.simple_tag
def when(start: datetime, zone: str, end: datetime | None = None) -> SafeString:
    """On the clock of that zone, which is named: "Monday, 30 Nov 2026, 10:00–10:30 Europe/Berlin"."""
    clock = ZoneInfo(zone)
    local = start.astimezone(clock)
    until = f"–{picker.clock_face(end.astimezone(clock))}" if end else ""
    words = f"{picker.day_name(local.date())}, {picker.clock_face(local)}{until} {zone}"
    return format_html('<time datetime="{}">{}</time>', start.astimezone(UTC).isoformat(), words)


@register.simple_tag
def clock(moment: datetime, zone: str) -> str:
    """Of a moment that is today: "10:00 Europe/Berlin"."""
    return f"{picker.clock_face(moment.astimezone(ZoneInfo(zone)))} {zone}"


@register.simple_tag(takes_context=True)
def address(context: Context, name: str, *args: str, **query: str) -> str:
    """That page, in the frame where this one is."""
    embedded = bool(context.get("embedded"))
    return addresses.of(context["request"], name, *args, embedded=embedded, **query)


@register.filter
def in_minutes(minutes: int) -> str:
    return ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes}


@register.filter
def slot(offer: Offer, zone: str) -> picker.Slot:
    return picker.slot(offer.start, ZoneInfo(zone))


@register.filter
def initials(consultant: Consultant) -> str:
    """Of the first and the last name, where there is no photo."""
    words = [word for word in consultant.name.split() if not word.endswith(".")]  # a title is no name
    return "".join(dict.fromkeys([words[0][0], words[-1][0]])).upper() if words else ""
