"""Times as operators read them, on this site's clock."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format

from bookings.spans import Span


def told_span(span: Span) -> str:
    return f"{told_time(span.start)} – {told_time(span.end)}"


def told_time(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
