"""Operators' pages of webinars. Saving is an action like any other."""

from . import catalogue

__all__ = ["catalogue"]
