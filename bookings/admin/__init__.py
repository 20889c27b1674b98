"""Operators' pages of bookings. What becomes of one is an action like any other."""

from . import bookings, consultants, reminders, time_off

__all__ = ["bookings", "consultants", "reminders", "time_off"]
