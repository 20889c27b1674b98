"""Jobs over the API; Odoo's against its stand-in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations import errors, runs
from integrations.models import Connection, Delivery, ExternalRecord, Heartbeat, Integration, IntegrationLog
from integrations.odoo.sandbox import OdooSandbox
from tests.factories import LeadFactory
from tests.integrations.odoo.people import crowd

from .conftest import INTEGRATIONS, Call, a_token, caller, data, error

GREET = f"{INTEGRATIONS}/postbox/post-greetings"
SYNC = f"{INTEGRATIONS}/odoo/sync-leads"


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """One that does each run as soon as it is announced."""
    Heartbeat.beat(*Heartbeat.QUEUES)
    monkeypatch.setattr("integrations.api.runs.LOOK_EVERY", 0.0)
    monkeypatch.setattr("integrations.api.jobs.wait_for", sweep)


def sweep(run: Any) -> None:
    runs.sweep("bulk")
    run.refresh_from_db()


def test_sync_brings_leads_to_odoo_and_tells_what_became_of_them(
    call: Call,
    odoo: Integration,
    peer: OdooSandbox,
    worker: None,
) -> None:
    crowd(3)
    Delivery.objects.all().delete()

    result = data(call("POST", SYNC))

    counted = {name: result[name] for name in ("promised", "processed", "successful", "failed", "waiting", "errors")}
    assert counted == {"promised": 3, "processed": 3, "successful": 3, "failed": 0, "waiting": 0, "errors": {}}
    assert ExternalRecord.objects.count() == 3
    assert data(call("GET", f"/api/v1/admin/runs/{result['run']}"))["state"] == "done"


def test_odoo_is_tested_over_the_api(call: Call, odoo: Integration) -> None:
    report = data(call("POST", f"{INTEGRATIONS}/odoo/test"))

    assert report["ok"]
    assert "Odoo" in str(report["facts"])


def test_without_worker_the_run_waits_for_one(call: Call, connection: Connection, ada: User) -> None:
    LeadFactory()

    accepted = data(call("POST", GREET, {"limit": 1}), 202)

    assert "No worker" in accepted["note"]
    assert not Delivery.objects.exists()
    runs.sweep("bulk")
    run = data(call("GET", f"/api/v1/admin/runs/{accepted['id']}"))
    assert (run["state"], run["result"]["successful"]) == ("done", 1)
    done = IntegrationLog.objects.get(operation="post_greetings")
    assert (done.trigger, done.actor) == ("api", ada)


def test_dry_run_changes_nothing(call: Call, connection: Connection, worker: None) -> None:
    LeadFactory()

    result = data(call("POST", GREET, {"dry_run": True}))

    assert result["counts"] == {"would post": 1}
    assert not Delivery.objects.exists()


def test_dry_run_names_people_only_to_who_may_see_them(
    odoo: Integration,
    worker: None,
    ada: User,
    bob: Callable[..., User],
) -> None:
    crowd(1)
    operator = caller(a_token(bob("operate_integration", "view_run"))[1])

    seen = data(caller(a_token(ada)[1])("POST", SYNC, {"dry_run": True}))
    hidden = operator("POST", SYNC, {"dry_run": True})
    run = operator("GET", f"/api/v1/admin/runs/{data(hidden)['run']}")

    assert seen["changes"][0]["email"] == "person0@crowd.example"
    assert data(hidden)["counts"] == {"new": 1}
    assert "crowd.example" not in hidden.content.decode() + run.content.decode()


def test_job_that_fails_there_is_a_bad_gateway(
    call: Call, connection: Connection, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise errors.Unavailable("They are down.")

    monkeypatch.setattr("integrations.jobs.perform", fail)

    failed = error(call("POST", GREET), 502)

    assert failed["message"] == "They are down."
    assert failed["run"]


def test_job_with_incomplete_settings_is_a_conflict(call: Call, registered: Integration) -> None:
    assert set(error(call("POST", GREET), 409)["fields"]) == {"url", "token"}


@pytest.mark.parametrize("path", ["odoo/post-greetings", "postbox/sync-leads", "postbox/post_greetings"])
def test_unknown_job_is_not_found(call: Call, connection: Connection, path: str) -> None:
    assert error(call("POST", f"{INTEGRATIONS}/{path}"), 404)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"limit": 0}, "limit"), ({"limit": "5"}, "limit"), ({"dry_run": 1}, "dry_run"), ({"session": "x"}, "session")],
)
def test_option_that_the_job_cannot_take_is_refused(
    call: Call, connection: Connection, options: dict[str, Any], field: str
) -> None:
    assert list(error(call("POST", GREET, options), 422)["fields"]) == [field]
