"""A strict stand-in for Odoo: speaks its APIs over real sockets, refuses what Odoo refuses, fails on request.

It knows nothing of our client. What it answers was measured on Odoo Community 16.0 and 19.0.
"""

from .access import (
    CONTACTS,
    EVENTS_ADMIN,
    EVENTS_USER,
    INTERNAL,
    RIGHTS,
    SALES_ADMIN,
    SALES_ALL,
    SALES_OWN,
    SETTINGS,
)
from .demo import PORT, settings_for, start
from .peer import OdooSandbox

__all__ = [
    "CONTACTS",
    "EVENTS_ADMIN",
    "EVENTS_USER",
    "INTERNAL",
    "PORT",
    "RIGHTS",
    "SALES_ADMIN",
    "SALES_ALL",
    "SALES_OWN",
    "SETTINGS",
    "OdooSandbox",
    "settings_for",
    "start",
]
