"""Everything dead over the API: told beforehand, delivered again at a rate, watched and stopped."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import runs
from integrations.models import Connection, Delivery, Incident
from tests.factories import A_MOMENT

from .conftest import Call, data, error
from .test_deliveries import DELIVERIES, several

REPLAY = f"{DELIVERIES}/replay"


def replayed(call: Call, **body: Any) -> int:
    """Have it done by a worker; the id of the run."""
    accepted = data(call("POST", REPLAY, body), 202)
    runs.sweep("bulk")
    return int(accepted["id"])


def test_dry_run_tells_what_would_be_sent(call: Call, connection: Connection) -> None:
    several(connection, 2, state="dead", error_kind="rejected", settled_at=A_MOMENT)
    several(connection, 1, state="dead", error_kind="ambiguous", settled_at=A_MOMENT)
    several(connection, 1, state="delivered", settled_at=A_MOMENT)

    found = data(call("POST", REPLAY, {"dry_run": True}))

    assert (found["total"], found["ambiguous"], found["sent"]) == (3, 1, 3)
    none = {"missing": 0, "expired": 0, "removed": 0, "waits": {}}
    common = {"integration": "postbox", "operation": "post_letters", **none}
    assert found["groups"] == [
        {**common, "error_kind": "ambiguous", "number": 1, "ambiguous": 1, "sent": 1},
        {**common, "error_kind": "rejected", "number": 2, "ambiguous": 0, "sent": 2},
    ]
    assert Delivery.objects.dead().count() == 3


def test_replay_is_a_run(call: Call, connection: Connection) -> None:
    chosen = several(connection, 2, state="dead", error_kind="rejected", settled_at=timezone.now())
    several(connection, 1, state="dead", error_kind="rejected", settled_at=A_MOMENT)
    since = (timezone.now() - timedelta(hours=1)).isoformat()

    run = replayed(call, kind="rejected", since=since)

    assert data(call("GET", f"/api/v1/admin/runs/{run}"))["result"] == {"replayed": 2}
    assert set(Delivery.objects.filter(state="pending")) == set(chosen)


def test_replay_is_narrowed_by_several_names(call: Call, connection: Connection) -> None:
    for kind in ("rejected", "bug", "ambiguous"):
        several(connection, 1, state="dead", error_kind=kind, settled_at=A_MOMENT)

    replayed(call, kind=["rejected", "bug"], operation="post_letters")

    assert Delivery.objects.dead().get().error_kind == "ambiguous"


def test_replay_of_an_incident_is_watched_and_stopped(call: Call, connection: Connection) -> None:
    incident = Incident.objects.create(connection=connection, summary="down", opened_at=A_MOMENT)
    several(connection, 3, state="dead", error_kind="rejected", settled_at=A_MOMENT + timedelta(minutes=1))

    run = replayed(call, incident=incident.pk, rate=1)

    told = data(call("GET", f"{REPLAY}/{run}"))
    assert (told["promised"], told["waiting"], told["in_turn"]) == (3, 3, 2)
    stopped = data(call("POST", f"{REPLAY}/{run}/stop"))
    assert (stopped["put_back"], stopped["promised"], stopped["in_turn"]) == (2, 1, 0)
    assert Delivery.objects.dead().count() == 2


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/stop")])
def test_unknown_replay_is_not_found(call: Call, db: None, method: str, path: str) -> None:
    assert error(call(method, f"{REPLAY}/999{path}"), 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"integration": "nobody"}, "integration"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "until"),
        ({"since": "2026-03-02T00:00:00"}, "since"),
        ({"state": "dead"}, "state"),
        ({"incident": 999}, "incident"),
        ({"rate": 0}, "rate"),
        ({"rate": True}, "rate"),
    ],
)
def test_replay_that_cannot_be_meant_is_refused(call: Call, db: None, body: dict[str, Any], field: str) -> None:
    assert list(error(call("POST", REPLAY, body), 422)["fields"]) == [field]
