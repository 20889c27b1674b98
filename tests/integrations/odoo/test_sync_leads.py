"""`sync_leads`: what Odoo may have missed, and what pushing would change."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from integrations import configuration, outbox
from integrations.models import Delivery, ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from leads import actions
from leads.models import Lead

from .conftest import states
from .people import captured, crowd


def sync(**options: Any) -> dict[str, Any]:
    answer = StringIO()
    call_command("sync_leads", json=True, stdout=answer, **options)
    found: dict[str, Any] = json.loads(answer.getvalue())
    return found


def lose_promises() -> None:
    """As if the leads had come before the integration was there."""
    Delivery.objects.all().delete()


def test_it_promises_and_delivers_what_was_never_sent(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(3)
    lose_promises()

    report = sync()

    assert report == {"promised": 3, "processed": 3, "successful": 3, "failed": 0, "waiting": 0, "errors": {}}
    assert len(peer.records("crm.lead")) == 3


def test_it_promises_what_is_out_of_step(odoo: Integration, peer: OdooSandbox) -> None:
    first, *_others = crowd(3)
    outbox.drain()
    actions.update_details(first, details={"phone": "+49 30 2"})
    lose_promises()

    assert sync()["promised"] == 1
    assert sync()["promised"] == 0


def test_it_leaves_dead_cancelled_gone_and_forgotten_leads_alone(odoo: Integration, peer: OdooSandbox) -> None:
    dead, cancelled, gone, forgotten = crowd(4)
    Delivery.objects.filter(subject_id=dead.pk).update(state="dead")
    Delivery.objects.filter(subject_id=cancelled.pk).update(state="cancelled")
    outbox.drain()
    ExternalRecord.objects.filter(subject_id=gone.pk).update(gone_at="2026-11-01T00:00Z", synced_at="2020-01-01T00:00Z")
    actions.forget([forgotten])
    outbox.drain()

    assert sync()["promised"] == 0
    assert Lead.objects.count() == 4


def test_a_limit_is_kept(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(5)
    lose_promises()

    assert sync(limit=2)["promised"] == 2


def test_a_failure_is_told_and_the_exit_code_is_1(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(2)
    lose_promises()
    peer.faults.set("refuse_batch", "No.", marker="Person 1")

    with pytest.raises(SystemExit) as ended:
        sync()

    assert ended.value.code == 1
    assert states() == {"dead": 1, "delivered": 1}


def test_a_dry_run_tells_each_field_and_marks_nothing(odoo: Integration, peer: OdooSandbox) -> None:
    changed, kept, same, gone = crowd(4, phone="+49 30 1")
    outbox.drain()
    book = list(ExternalRecord.objects.order_by("pk").values())
    ids = {record["subject_id"]: int(record["remote_id"]) for record in book}
    for lead in (changed, kept):
        actions.update_details(lead, details={"phone": "+49 30 2"})
    peer.write("crm.lead", ids[kept.pk], {"phone": "+49 30 999"})
    peer.unlink("crm.lead", ids[gone.pk])
    new = captured("new@acme.example")
    before, promises = peer.records("crm.lead"), list(Delivery.objects.order_by("pk").values())

    report = sync(dry_run=True)

    told = {change["lead"]: change for change in report["changes"]}
    assert report["counts"] == {"changed": 1, "kept": 1, "same": 1, "gone": 1, "new": 1}
    assert told[changed.pk]["fields"] == {"phone": {"before": "+49 30 1", "after": "+49 30 2"}}
    assert told[kept.pk]["kept"] == {"phone": {"ours": "+49 30 2", "theirs": "+49 30 999"}}
    assert told[gone.pk]["kind"] == "gone"
    assert told[new.pk]["fields"]["email_from"] == {"before": "", "after": "new@acme.example"}
    assert same.pk not in told
    assert peer.records("crm.lead") == before
    assert list(ExternalRecord.objects.order_by("pk").values()) == book
    assert list(Delivery.objects.order_by("pk").values()) == promises


def test_a_dry_run_of_many_takes_one_call_per_hundred_leads_at_most(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(300)
    outbox.drain()
    peer.calls.clear()

    report = sync(dry_run=True)

    assert report["counts"] == {"same": 300}
    assert len(peer.calls) <= 3
    assert {method for _model, method, _user in peer.calls} == {"read"}


def test_the_beat_job_and_the_command_call_the_same_function(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(2)
    lose_promises()

    report = configuration.service_of("odoo").sync_leads()

    assert report.promised == 2
    assert states() == {"pending": 2}
