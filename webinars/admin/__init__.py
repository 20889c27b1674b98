"""Operators' pages of webinars. Saving is an action like any other."""

from . import catalogue, payments, registrations, sessions

__all__ = ["catalogue", "payments", "registrations", "sessions"]
