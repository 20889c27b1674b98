"""Leads that Odoo does not have yet."""

from collections import Counter
from datetime import timedelta

import pytest

from integrations import configuration, outbox
from integrations.models import Attempt, Connection, Delivery, ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from leads import actions
from leads.actions import Utm
from leads.models import Touchpoint, Whitepaper

from .conftest import states
from .people import WHEN, captured, crowd


def told(peer: OdooSandbox) -> dict[str, object]:
    """The only lead that Odoo has."""
    (lead,) = peer.records("crm.lead")
    return lead


def text(name: str, values: dict[str, object]) -> object:
    """A relation's display name, or the value."""
    value = values[name]
    return value[1] if isinstance(value, list) else value


def test_a_lead_arrives_with_all_that_we_know(odoo: Integration, peer: OdooSandbox) -> None:
    paper = Whitepaper.objects.create(slug="roi", title_en="What it <pays>", title_de="Was es bringt")
    lead = captured(
        phone="+49 30 1234",
        company="ACME & Söhne",
        website="https://acme.example",
        job_title="CTO",
        whitepaper=paper,
        message="<b>call me</b>\nsoon",
        utm=Utm(campaign="autumn"),
    )

    outbox.drain()

    found = told(peer)
    expected = {
        "xid": f"magnetiq.lead_{lead.uuid}",
        "name": "Website Lead - Ann Example",
        "contact_name": "Ann Example",
        "email_from": "ann@acme.example",
        "phone": "+49 30 1234",
        "partner_name": "ACME & Söhne",
        "website": "https://acme.example",
        "function": "CTO",
        "description": "<p>Lead from whitepaper download: What it &lt;pays&gt; (2026-11-20 10:30)<br/>"
        "&lt;b&gt;call me&lt;/b&gt;<br/>soon</p>",
        "type": "opportunity",
        "source_id": "Website",
        "medium_id": "Whitepaper Download",
        "campaign_id": "autumn",
    }
    assert {name: text(name, found) for name in expected} == expected
    (tag,) = [tag for tag in peer.records("crm.tag") if tag["name"] == "Magnetiq Lead"]
    assert found["tag_ids"] == [tag["id"]]


@pytest.mark.parametrize(
    ("kind", "medium"),
    [
        (Touchpoint.Kind.WHITEPAPER, "Whitepaper Download"),
        (Touchpoint.Kind.WEBINAR, "Webinar"),
        (Touchpoint.Kind.CONSULTATION, "Consultation"),
        (Touchpoint.Kind.CONTACT, "Website"),
    ],
)
def test_the_first_touchpoint_decides_the_medium(
    odoo: Integration, peer: OdooSandbox, kind: Touchpoint.Kind, medium: str
) -> None:
    captured(key="later", kind=Touchpoint.Kind.WEBINAR)
    captured(key="earlier", kind=kind, captured_at=WHEN - timedelta(days=1))

    outbox.drain()

    assert text("medium_id", told(peer)) == medium


def test_a_lead_with_nothing_but_an_address_arrives(odoo: Integration, peer: OdooSandbox) -> None:
    captured("bare@acme.example", name="")

    outbox.drain()

    assert told(peer)["name"] == "Website Lead - bare@acme.example"
    assert told(peer)["phone"] is False


def test_control_characters_do_not_stop_a_batch(odoo: Integration, peer: OdooSandbox) -> None:
    captured(message="a\x01b\x0bc")

    outbox.drain()

    assert "abc" in str(told(peer)["description"])


def test_sources_and_tags_are_made_once(odoo: Integration, peer: OdooSandbox) -> None:
    for n in range(3):
        captured(f"{n}@acme.example", utm=Utm(campaign="autumn"))
        Connection.objects.update(memory={})  # as if another process came first each time
        outbox.drain()

    names = [row["name"] for model in ("utm.source", "utm.medium", "utm.campaign") for row in peer.records(model)]
    assert [name for name in names if "[" in str(name)] == []
    assert Counter(names)["Website"] == 2  # our source, and the medium that Odoo brings
    assert [row["name"] for row in peer.records("crm.tag")].count("Magnetiq Lead") == 1


def test_an_existing_source_is_used(odoo: Integration, peer: OdooSandbox) -> None:
    theirs = peer.create("utm.source", {"name": "Website"})
    captured()

    outbox.drain()

    assert told(peer)["source_id"] == [theirs, "Website"]


def test_a_hundred_new_leads_take_three_calls(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    peer.calls.clear()
    crowd(100, utm=Utm(campaign="never seen"))

    outbox.drain()

    assert len(peer.records("crm.lead")) == 101
    assert len(peer.calls) <= 3


def test_each_delivery_keeps_its_attempt_and_the_batch_one_log_row(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(5)

    outbox.drain()

    attempts = Attempt.objects.filter(outcome="delivered")
    assert attempts.count() == 5
    assert attempts.values("log").distinct().count() == 1


def test_capturing_again_changes_nothing_there(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    before = told(peer)

    captured()
    outbox.drain()

    assert told(peer) == before


def test_an_answer_lost_after_the_commit_makes_no_second_lead(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(20)
    peer.faults.set("cut_after", call="load", times=4)

    for _ in range(6):
        outbox.drain()
        Delivery.objects.update(due_at=WHEN)

    assert len(peer.records("crm.lead")) == 20
    assert states() == {"delivered": 20}


def test_a_field_that_this_odoo_lacks_is_left_out(odoo: Integration, peer: OdooSandbox) -> None:
    configuration.service_of("odoo").memory.note("fields:crm.lead", ["name", "email_from", "type"])
    captured(phone="+49 30 1")

    outbox.drain()

    assert told(peer)["phone"] is False
    assert ExternalRecord.objects.get().sent == {
        "name": "Website Lead - Ann Example",
        "email_from": "ann@acme.example",
        "type": "opportunity",
    }


def test_a_value_blanked_after_a_lost_answer_is_blanked_there(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    lead = captured("bob@acme.example", phone="+49 30 1")
    peer.faults.set("cut_after", call="load", times=1)
    outbox.drain()
    assert [row["phone"] for row in peer.records("crm.lead")] == [False, "+49 30 1"]

    actions.update_details(lead, details={"phone": ""})
    Delivery.objects.update(due_at=WHEN)
    outbox.drain()

    assert [row["phone"] for row in peer.records("crm.lead")] == [False, False]


@pytest.mark.parametrize(
    ("model", "name"),
    [("utm.source", "Website"), ("utm.medium", "Whitepaper Download"), ("crm.tag", "Magnetiq Lead")],
)
def test_a_source_or_tag_deleted_there_is_made_again(
    odoo: Integration, peer: OdooSandbox, model: str, name: str
) -> None:
    captured()
    outbox.drain()
    peer.unlink(model, [row["id"] for row in peer.records(model) if row["name"] == name])

    crowd(3)
    outbox.drain()

    assert states() == {"delivered": 4}


def test_an_archived_medium_is_used_not_made_twice(odoo: Integration, peer: OdooSandbox) -> None:
    theirs = peer.create("utm.medium", {"name": "Whitepaper Download", "active": False})
    captured()

    outbox.drain()

    assert told(peer)["medium_id"] == [theirs, "Whitepaper Download"]


def test_too_much_for_a_proxy_goes_in_smaller_batches(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    crowd(4)
    peer.faults.set("status", 413, call="load", times=2)

    outbox.drain()

    assert states() == {"delivered": 5}


@pytest.mark.parametrize("character", ["\ufffe", "\uffff"])
def test_what_xml_cannot_carry_does_not_stop_a_lead(odoo: Integration, peer: OdooSandbox, character: str) -> None:
    captured(message=f"a{character}b")

    outbox.drain()

    assert "ab" in str(told(peer)["description"])
