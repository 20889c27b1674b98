"""A strict stand-in for Stripe: its API, its webhooks and its Stripe.js over real sockets; fails on request.

It knows nothing of our client. It speaks API version 2026-10-28.endive, as Stripe documents it.
"""

from .books import ACCOUNT, VERSION
from .demo import PORT, settings_for, start
from .peer import (
    LIVE_PUBLISHABLE_KEY,
    LIVE_SECRET_KEY,
    PUBLISHABLE_KEY,
    SECRET_KEY,
    WEBHOOK_SECRET,
    StripeSandbox,
)

__all__ = [
    "ACCOUNT",
    "LIVE_PUBLISHABLE_KEY",
    "LIVE_SECRET_KEY",
    "PORT",
    "PUBLISHABLE_KEY",
    "SECRET_KEY",
    "VERSION",
    "WEBHOOK_SECRET",
    "StripeSandbox",
    "settings_for",
    "start",
]
