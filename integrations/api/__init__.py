"""What operators do, over HTTP: `/api/v1/admin/`. One module per resource, each with its router.

Endpoints answer plain data and raise; `magnetiq.api` puts both into the envelope, so nothing here knows of it.
"""

from ninja import Router

from . import config, deliveries, figures, integrations, jobs, replays, runs

router = Router(tags=["admin"])
for part in (integrations, config, figures, jobs):  # jobs last: its addresses are whatever services declare
    router.add_router("/integrations", part.router)
router.add_router("/runs", runs.router)
router.add_router("/deliveries/replay", replays.router)
router.add_router("/deliveries", deliveries.router)

__all__ = ["router"]
