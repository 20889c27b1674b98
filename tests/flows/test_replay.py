"""Odoo fails for an hour and kills what it gets: what died is replayed at a rate, and all arrives once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import outbox, runs
from integrations.models import Delivery, Incident, Run
from integrations.odoo.sandbox import OdooSandbox
from leads.models import Lead
from tests.integrations.odoo.conftest import connect
from tests.integrations.odoo.people import crowd
from tests.integrations.odoo.rooms import a_session, come, ours

MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)
PAGE = reverse("admin:integrations_delivery_replay_dead")


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def peer(db: None) -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        connect(peer, retry_schedule=[1], breaker_failures=3)
        yield peer


def deliver(**which: Any) -> None:
    """What waits of these, now; the rest later."""
    waiting = Delivery.objects.filter(state="pending")
    waiting.update(due_at=timezone.now() + timedelta(days=1))
    waiting.filter(**which).update(due_at=timezone.now())
    outbox.drain(integration="odoo")


def states(**which: Any) -> dict[str, int]:
    rows = Delivery.objects.filter(integration__slug="odoo", **which)
    return dict(Counter(rows.values_list("state", flat=True)))


def outage(peer: OdooSandbox, clock: time_machine.Traveller) -> None:
    """Leads arrive and nobody says so, the rest is refused; then it is away until that is noticed, and back."""
    peer.faults.set("cut_after", call="load")
    for _try in range(2):
        deliver(operation="push_leads")
    peer.faults.clear()
    peer.faults.set("refuse_batch", "Not today", marker="magnetiq")
    deliver()
    peer.faults.clear()
    peer.stop()
    crowd(1, at="late")
    for _try in range(3):
        clock.shift(timedelta(minutes=1))
        deliver()
    peer.start()
    clock.shift(timedelta(hours=1))
    deliver()


@pytest.mark.django_db
def test_what_an_outage_killed_arrives_once_as_it_is_now(operator: Client, peer: OdooSandbox) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        come(a_session(slug="early"), "early")
        crowd(1, at="early")
        deliver()  # what Odoo must know before is there
        for number in range(20):
            come(a_session(slug=f"session-{number}"), f"guest{number}")
        crowd(20)
        outage(peer, clock)
        assert states() == {"dead": 60, "delivered": 3}
        assert states(error_kind="ambiguous") == {"dead": 20}
        incident = Incident.objects.exclude(closed_at=None).get()
        Lead.objects.filter(email="person7@crowd.example").update(name="Ada Byron")

        shown = operator.get(PAGE, {"incident": incident.pk})
        found = shown.context["found"]
        assert (found.total, found.ambiguous, len(found.lines)) == (60, 20, 3)
        operator.post(PAGE, shown.context["form"].data | {"rate": "60"})
        runs.sweep("bulk")
        begun = timezone.now()
        due = (
            Delivery.objects.filter(integration__slug="odoo", state="pending")
            .order_by("due_at")
            .values_list("due_at", flat=True)
        )
        assert list(due) == [begun + timedelta(seconds=second) for second in range(60)]

        clock.shift(timedelta(seconds=29))
        outbox.drain(integration="odoo")
        assert states() == {"pending": 30, "delivered": 33}
        clock.shift(timedelta(seconds=31))
        outbox.drain(integration="odoo")
        page = operator.get(reverse("admin:integrations_run_change", args=[Run.objects.get().pk]))

    assert states() == {"delivered": 63}
    assert "It is over: nothing is dead any more." in page.content.decode()
    assert [len(ours(peer, kind)) for kind in ("crm.lead", "event.event", "event.registration")] == [22, 21, 21]
    assert "Ada Byron" in {lead["contact_name"] for lead in ours(peer, "crm.lead")}
