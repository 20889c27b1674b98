"""Leads that Odoo has already: they belong to two."""

from datetime import timedelta

import pytest

from integrations import configuration, errors, outbox
from integrations.models import Delivery, ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from integrations.odoo.service import OdooService
from leads import actions
from leads.models import Lead

from .conftest import states
from .people import WHEN, captured, crowd


@pytest.fixture
def ann(odoo: Integration, peer: OdooSandbox) -> Lead:
    """A lead that has arrived."""
    lead = captured(phone="+49 30 1", company="ACME", website="acme.example", message="hello <there>")
    outbox.drain()
    peer.calls.clear()
    return lead


def held(peer: OdooSandbox) -> dict[str, object]:
    (lead,) = peer.records("crm.lead")
    return lead


def test_only_what_changed_is_written(ann: Lead, peer: OdooSandbox) -> None:
    peer.write("crm.lead", 1, {"function": "as sales likes it"})

    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()

    assert (held(peer)["phone"], held(peer)["function"]) == ("+49 30 2", "as sales likes it")


def test_what_sales_changed_stays_and_is_shown(ann: Lead, peer: OdooSandbox) -> None:
    peer.write("crm.lead", 1, {"phone": "+49 30 999", "partner_name": "ACME Holding"})

    actions.update_details(ann, details={"phone": "+49 30 2", "job_title": "CTO"})
    outbox.drain()

    assert (held(peer)["phone"], held(peer)["partner_name"]) == ("+49 30 999", "ACME Holding")
    assert held(peer)["function"] == "CTO"
    assert ExternalRecord.objects.get().kept == {
        "phone": {"ours": "+49 30 2", "theirs": "+49 30 999"},
        "partner_name": {"ours": "ACME", "theirs": "ACME Holding"},
    }


def test_a_difference_that_ends_is_no_longer_shown(ann: Lead, peer: OdooSandbox) -> None:
    peer.write("crm.lead", 1, {"phone": "+49 30 999"})
    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()

    peer.write("crm.lead", 1, {"phone": "+49 30 2"})
    outbox.keep_in_sync(OdooService.push_leads, [ann])
    outbox.drain()

    assert ExternalRecord.objects.get().kept == {}


def test_what_odoo_makes_of_a_text_is_no_change_by_sales(ann: Lead, peer: OdooSandbox) -> None:
    captured(
        key="again", message="and again", website="https://acme.example/about", captured_at=WHEN + timedelta(days=1)
    )

    outbox.drain()

    assert "and again" in str(held(peer)["description"])
    assert held(peer)["website"] == "https://acme.example/about"


def test_a_value_that_is_blanked_here_is_blanked_there(ann: Lead, peer: OdooSandbox) -> None:
    actions.update_details(ann, details={"phone": ""})

    outbox.drain()

    assert held(peer)["phone"] is False


def test_known_leads_take_one_read_and_one_call_per_set_of_columns(odoo: Integration, peer: OdooSandbox) -> None:
    leads = crowd(50)
    outbox.drain()
    peer.calls.clear()

    for n, lead in enumerate(leads):
        actions.update_details(lead, details={"phone": f"+49 {n}"} if n % 2 else {"job_title": f"Job {n}"})
    outbox.drain()

    assert [method for _model, method, _user in peer.calls] == ["read", "load", "load"]
    assert {row["phone"] for row in peer.records("crm.lead")} == {False, *(f"+49 {n}" for n in range(1, 50, 2))}


def test_a_deleted_lead_is_shown_as_gone_and_never_made_again(ann: Lead, peer: OdooSandbox) -> None:
    peer.unlink("crm.lead", 1)

    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()
    actions.update_details(ann, details={"phone": "+49 30 3"})
    outbox.drain()

    assert peer.records("crm.lead") == []
    assert ExternalRecord.objects.get().gone_at is not None
    assert set(Delivery.objects.values_list("state", "error_kind")) == {("delivered", "gone")}


def test_an_archived_lead_is_left_alone(ann: Lead, peer: OdooSandbox) -> None:
    peer.write("crm.lead", 1, {"active": False})

    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()

    assert held(peer)["phone"] == "+49 30 1"
    assert states() == {"delivered": 1}


def test_a_forgotten_person_is_forgotten_there_too(ann: Lead, peer: OdooSandbox) -> None:
    peer.write("crm.lead", 1, {"phone": "+49 30 999"})

    actions.forget([ann])
    outbox.drain()

    values = held(peer)
    left = [name for name in ("contact_name", "email_from", "phone", "partner_name", "website") if values[name]]
    assert left == []
    assert "hello" not in str(values)
    assert "acme" not in str(ExternalRecord.objects.get().sent).lower()


def test_a_person_forgotten_before_the_delivery_is_never_sent(odoo: Integration, peer: OdooSandbox) -> None:
    lead = captured()

    actions.forget([lead])
    outbox.drain()

    assert peer.records("crm.lead") == []
    assert states() == {"delivered": 1}


def test_a_lead_deleted_between_reading_and_writing_is_gone_not_made_again(ann: Lead, peer: OdooSandbox) -> None:
    other = captured("bob@acme.example")
    outbox.drain()
    for lead in (ann, other):
        actions.update_details(lead, details={"phone": "+49 30 2"})
    records = configuration.service_of("odoo").lead_records
    wanted, _ = records.mapped([ann, other])
    read = records.differences(wanted)
    peer.unlink("crm.lead", 1)

    outcomes = {subject: outcome for subjects, outcome in records.change(read) for subject in subjects}

    assert isinstance(outcomes[ann], errors.Gone)
    assert outcomes[other] is None
    assert [row["phone"] for row in peer.records("crm.lead")] == ["+49 30 2"]


def again() -> None:
    """The next try, without the wait for it."""
    Delivery.objects.update(due_at=WHEN)
    outbox.drain()


@pytest.mark.parametrize("retried", [True, False])
def test_a_change_whose_answer_was_lost_is_not_mistaken_for_one_by_sales(
    ann: Lead, peer: OdooSandbox, retried: bool
) -> None:
    actions.update_details(ann, details={"phone": "+49 30 2"})
    peer.faults.set("cut_after", call="load", times=1)
    outbox.drain()
    if retried:
        again()

    actions.update_details(ann, details={"phone": "+49 30 3"})
    again()

    assert held(peer)["phone"] == "+49 30 3"
    assert (ExternalRecord.objects.get().kept, ExternalRecord.objects.get().sending) == ({}, {})


def test_what_a_late_worker_wrote_is_found_out_of_step(ann: Lead, peer: OdooSandbox) -> None:
    """Its lease is lost and it settles nothing, but Odoo has its old data."""
    as_it_was = Lead.objects.get(pk=ann.pk)
    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()
    list(configuration.service_of("odoo").push_leads([as_it_was]))
    assert held(peer)["phone"] == "+49 30 1"

    configuration.service_of("odoo").sync_leads()
    outbox.drain()

    assert held(peer)["phone"] == "+49 30 2"


def test_a_person_forgotten_while_a_late_worker_sends_is_forgotten_there_too(
    odoo: Integration, peer: OdooSandbox
) -> None:
    as_it_was = captured()
    actions.forget([Lead.objects.get()])
    outbox.drain()
    list(configuration.service_of("odoo").push_leads([as_it_was]))
    assert held(peer)["email_from"] == "ann@acme.example"

    configuration.service_of("odoo").sync_leads()
    outbox.drain()

    assert "ann@" not in str([held(peer), *ExternalRecord.objects.values()])


def test_a_person_forgotten_after_a_lost_answer_is_forgotten_there_too(ann: Lead, peer: OdooSandbox) -> None:
    lead = captured("bob@acme.example")
    peer.faults.set("cut_after", call="load", times=1)
    outbox.drain()
    assert [row["email_from"] for row in peer.records("crm.lead")] == ["ann@acme.example", "bob@acme.example"]

    actions.forget([lead])
    again()

    assert "bob@" not in str([*peer.records("crm.lead"), *ExternalRecord.objects.values()])
    assert states() == {"delivered": 2}


def test_what_was_sent_of_a_forgotten_person_is_dropped_though_odoo_deleted_the_record(
    ann: Lead, peer: OdooSandbox
) -> None:
    peer.unlink("crm.lead", 1)
    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()

    actions.forget([ann])
    outbox.drain()

    record = ExternalRecord.objects.get()
    assert (record.sent, record.sending, record.kept) == ({}, {}, {})


def test_a_lead_that_sales_merged_into_another_is_left_alone(ann: Lead, peer: OdooSandbox) -> None:
    """A merge deletes the losing record and keeps what it knew in the winner."""
    winner = peer.create("crm.lead", {"name": "Ann at ACME", "phone": "+49 30 1", "email_from": "ann@acme.example"})
    peer.unlink("crm.lead", 1)

    actions.update_details(ann, details={"phone": "+49 30 2"})
    outbox.drain()

    assert [(row["id"], row["phone"]) for row in peer.records("crm.lead")] == [(winner, "+49 30 1")]
    assert ExternalRecord.objects.get().gone_at is not None
