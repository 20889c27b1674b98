"""The operators' pages. A new integration needs none of its own: one page is built from what its service declares.

One that has more to show than that registers it in a module `admin` beside its service.
"""

from integrations.registry import import_beside

from . import (
    bookings,
    deliveries,
    drifts,
    erasures,
    incidents,
    integrations,
    leads,
    payments,
    records,
    runs,
    schedules,
    tokens,
    webinars,
)

__all__ = [
    "bookings",
    "deliveries",
    "drifts",
    "erasures",
    "incidents",
    "integrations",
    "leads",
    "payments",
    "records",
    "runs",
    "schedules",
    "tokens",
    "webinars",
]

import_beside("admin")
