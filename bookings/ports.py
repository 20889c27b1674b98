"""What we ask the outside while a visitor waits. Which class answers is named by the setting `BOOKINGS_CALENDAR`."""

from enum import StrEnum
from typing import Protocol, cast

from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Consultant
from bookings.spans import Span


class Answer(StrEnum):
    """Of a consultant's calendars, about one stretch of time."""

    FREE = "free"
    BUSY = "busy"
    UNKNOWN = "unknown"  # nobody answered, or not for all of them: never the same as free


class OnUnknown(models.TextChoices):
    """What becomes of a booking whose time nobody could check."""

    ACCEPT = "accept", _("Accept it, and check it as soon as the calendar answers")
    PENDING = "pending", _("Take it as a request, which somebody confirms")
    REFUSE = "refuse", _("Refuse it")


class Calendars(Protocol):
    @property
    def on_unknown(self) -> OnUnknown:
        """Asks our own settings only."""

    def ask(self, consultant: Consultant, span: Span, *, without: Booking | None = None) -> Answer:
        """Whether the consultant's calendars are free then; the entry of `without` does not count.

        Called outside of transactions; answers within three seconds, and raises nothing. FREE where there are no
        calendars to look into.
        """

    def makes_links(self, consultant: Consultant) -> bool:
        """Whether a video meeting gets its link there within minutes, which letters wait for. Asks our rows only."""


class NoCalendars:
    """While nobody keeps calendars, our own bookings are all that there is to look at."""

    on_unknown = OnUnknown.ACCEPT

    def ask(self, consultant: Consultant, span: Span, *, without: Booking | None = None) -> Answer:
        return Answer.FREE

    def makes_links(self, consultant: Consultant) -> bool:
        return False


def calendars() -> Calendars:
    chosen = import_string(getattr(settings, "BOOKINGS_CALENDAR", "bookings.ports.NoCalendars"))
    return cast(Calendars, chosen())
