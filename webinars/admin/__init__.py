"""Operators' pages of webinars. Saving is an action like any other."""

from . import catalogue, registrations, sessions

__all__ = ["catalogue", "registrations", "sessions"]
