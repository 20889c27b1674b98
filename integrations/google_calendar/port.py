"""What the domain asks of Google while a visitor waits. Named by the setting `BOOKINGS_CALENDAR`."""

import time

import structlog
from pydantic import ValidationError

from bookings.models import Booking, Consultant
from bookings.ports import Answer, OnUnknown
from bookings.spans import Span
from integrations import errors, trigger
from integrations.models import Installation, Integration
from integrations.redact import whereabouts

from . import freebusy
from .accounts import SLUG, connection_for, is_barred
from .client import Patience
from .service import GoogleCalendarService

logger = structlog.get_logger(__name__)
LONGEST = 2.8  # seconds for all of it; three were promised


class GoogleCalendars:
    """Each method looks at the settings anew."""

    @property
    def on_unknown(self) -> OnUnknown:
        stored = Integration.objects.filter(slug=SLUG).values_list("settings", flat=True).first()
        chosen = (stored or {}).get("on_unknown")
        return OnUnknown(chosen) if chosen in OnUnknown.values else OnUnknown.ACCEPT

    def ask(self, consultant: Consultant, span: Span, *, without: Booking | None = None) -> Answer:
        """With the time that is kept empty around meetings: entries keep the same distance as bookings."""
        deadline = time.monotonic() + LONGEST
        if not consultant.calendars or not is_in_use():
            return Answer.FREE
        try:
            with trigger.triggered("visitor"):
                return asked(consultant, span.widened(consultant.before, consultant.after), without, deadline)
        except (errors.IntegrationError, ValidationError):
            return Answer.UNKNOWN
        except Exception as error:  # a bug of ours is no reason to lose a booking
            logger.error("calendar not asked", consultant=consultant.pk, exception=whereabouts(error))
            return Answer.UNKNOWN

    def makes_links(self, consultant: Consultant) -> bool:
        if not is_in_use() or Installation.is_copy():
            return False
        connection = connection_for(consultant)
        return bool(connection and not connection.must_reenter_secrets and not connection.is_blocked("push_bookings"))


def is_in_use() -> bool:
    """Whether anybody keeps calendars at Google."""
    return Integration.objects.filter(slug=SLUG, enabled=True).exists()


def asked(consultant: Consultant, span: Span, without: Booking | None, deadline: float) -> Answer:
    """Raises IntegrationError, and ValidationError where settings are missing."""
    connection = connection_for(consultant)
    if connection is None or is_barred(connection) or Installation.is_copy():
        return Answer.UNKNOWN
    service = GoogleCalendarService(connection)
    service.patience = Patience(deadline)
    found = freebusy.ask(service.client, consultant.calendars, span.start, span.end)
    ours = [without.span] if without else []  # its entry is also in the calendars of whoever is invited
    for busy in found.values():
        busy.spans = freebusy.less(busy.spans, ours)
    if any(busy.spans for busy in found.values()):
        return Answer.BUSY
    return Answer.UNKNOWN if any(busy.error for busy in found.values()) else Answer.FREE
