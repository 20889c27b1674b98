"""Who can be met, when, and who comes."""

from bookings.models.booking import Booking
from bookings.models.busy import BusyCalendar, BusyInterval
from bookings.models.consultant import Consultant, TimeOff, WorkingHours
from bookings.models.reminder import Reminded, ReminderRule

__all__ = [
    "Booking",
    "BusyCalendar",
    "BusyInterval",
    "Consultant",
    "Reminded",
    "ReminderRule",
    "TimeOff",
    "WorkingHours",
]
