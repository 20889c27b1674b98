"""What people are told when something cannot be done. `str(error)` is the message, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.availability import Objection


class BookingError(Exception):
    """Nothing was changed; the message says why, in words for whoever tried."""

    message: str | Promise = ""

    def __str__(self) -> str:
        return str(self.message)


class SlotTaken(BookingError):
    """`objection` is why, for operators; the public only learns that somebody else was faster."""

    message = _("This time is not free any more. Please choose another one.")

    def __init__(self, objection: Objection) -> None:
        super().__init__(objection)
        self.objection = objection


class CalendarSilent(BookingError):
    message = _("We cannot see just now whether this time is free. Please try again in a few minutes.")


class NotOffered(BookingError):
    message = _("The consultant does not offer meetings like this.")


class TooLate(BookingError):
    message = _("It is too late to change this online. Please call us.")


class NoNewTime(BookingError):
    message = _("The calendar names no time that could be taken over.")


class ImpossibleMove(BookingError):
    """What was asked for does not lead on from the present state."""

    def __init__(self, status: str | Promise) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return _("This is not possible: the state is “%(status)s”.") % {"status": self.status}
