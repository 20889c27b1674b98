"""Odoo is away from Friday evening to Monday morning: nothing dies, nobody hammers it, and then all arrives."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations import outbox
from integrations.models import Delivery, Incident, IntegrationLog
from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.conftest import connect, connection, states
from tests.integrations.odoo.people import crowd

FRIDAY = datetime(2026, 11, 20, 17, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
SWEEP = timedelta(seconds=15)
# One probe per pause; the pauses double from 1 to 15 minutes. Five failures come before the first pause.
MOST_PROBES = 5 + 4 + (MONDAY - FRIDAY) // timedelta(minutes=15)

OUTAGES: dict[str, tuple[Callable[[OdooSandbox], None], Callable[[OdooSandbox], object]]] = {
    "refuses": (OdooSandbox.stop, OdooSandbox.start),
    "answers nothing": (lambda peer: peer.faults.set("cut_before"), lambda peer: peer.faults.clear()),
}


def work_until(moment: datetime, clock: time_machine.Traveller) -> None:
    """Beat and worker, sweeping; the time in which every sweep would find a pause is skipped."""
    while timezone.now() < moment:
        outbox.drain()
        next_at = max(timezone.now() + SWEEP, connection().paused_until or timezone.now())
        clock.move_to(min(next_at, moment))


@pytest.mark.django_db
@pytest.mark.parametrize("outage", OUTAGES)
def test_a_weekend_without_odoo_loses_nothing(outage: str) -> None:
    goes, returns = OUTAGES[outage]
    with OdooSandbox("19.0") as peer, time_machine.travel(FRIDAY, tick=False) as clock:
        connect(peer)
        goes(peer)
        crowd(300)

        work_until(MONDAY, clock)

        assert states() == {"pending": 300}
        assert 200 < IntegrationLog.objects.filter(status="error").count() <= MOST_PROBES
        assert list(Incident.objects.values_list("closed_at")) == [(None,)]
        assert max(Delivery.objects.values_list("failures", flat=True)) <= 5

        returns(peer)
        work_until(MONDAY + timedelta(minutes=16), clock)

        assert states() == {"delivered": 300}
        assert len(peer.records("crm.lead")) == 300
        assert not Incident.objects.filter(closed_at=None).exists()
