"""Sales changed what we had sent: somebody here says which is right, and so it is, until either changes again."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from integrations import conflicts, outbox
from integrations.book import Book
from integrations.conflicts import Answer
from integrations.models import Connection, Delivery, ExternalRecord, Integration
from integrations.needs import needs_you
from integrations.odoo.sandbox import OdooSandbox
from integrations.odoo.service import OdooService
from integrations.situation import Situation
from leads import actions
from leads.models import Lead

from .people import captured


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


@pytest.fixture
def ann(odoo: Integration, peer: OdooSandbox) -> Lead:
    """A lead whose phone number sales has changed, and so have we."""
    lead = captured(phone="+49 30 1", company="ACME")
    outbox.drain()
    peer.write("crm.lead", 1, {"phone": "+49 30 999"})
    actions.update_details(lead, details={"phone": "+49 30 2"})
    outbox.drain()
    return lead


def record() -> ExternalRecord:
    return ExternalRecord.objects.get()


def phone(peer: OdooSandbox) -> object:
    (lead,) = peer.records("crm.lead")
    return lead["phone"]


def needed() -> list[str]:
    ada, _created = User.objects.get_or_create(username="ada", is_superuser=True)
    return [need.text for need in needs_you(ada, Situation()) if need.kind == "conflicts"]


def push(lead: Lead) -> None:
    outbox.keep_in_sync(OdooService.push_leads, [lead])
    outbox.drain()


def test_difference_needs_somebody(ann: Lead) -> None:
    (need,) = needed()

    assert need.startswith("Odoo ERP: One record (crm.lead) was changed there")


class TestWriteOurs:
    def test_puts_our_value_there(self, ann: Lead, peer: OdooSandbox) -> None:
        assert conflicts.answer(record(), Answer.OURS) == ["phone"]

        outbox.drain()

        assert phone(peer) == "+49 30 2"
        assert (record().kept, needed()) == ({}, [])

    def test_puts_there_what_is_ours_by_then(self, ann: Lead, peer: OdooSandbox) -> None:
        conflicts.answer(record(), Answer.OURS)

        actions.update_details(ann, details={"phone": "+49 30 3"})
        outbox.drain()

        assert phone(peer) == "+49 30 3"

    def test_also_where_we_have_nothing_new(self, odoo: Integration, peer: OdooSandbox) -> None:
        lead = captured(phone="+49 30 1")
        outbox.drain()
        peer.write("crm.lead", 1, {"phone": "+49 30 999"})
        push(lead)

        conflicts.answer(record(), Answer.OURS)
        outbox.drain()

        assert phone(peer) == "+49 30 1"

    def test_touches_nothing_else(self, ann: Lead, peer: OdooSandbox) -> None:
        peer.write("crm.lead", 1, {"partner_name": "ACME Holding"})
        push(ann)

        conflicts.answer(record(), Answer.OURS, fields=["phone"])
        outbox.drain()

        assert record().kept == {"partner_name": {"ours": "ACME", "theirs": "ACME Holding"}}
        assert peer.records("crm.lead")[0]["partner_name"] == "ACME Holding"

    def test_asks_again_when_sales_was_quicker(self, ann: Lead, peer: OdooSandbox) -> None:
        conflicts.answer(record(), Answer.OURS)
        peer.write("crm.lead", 1, {"phone": "+49 30 777"})

        outbox.drain()

        assert phone(peer) == "+49 30 777"
        assert record().kept == {"phone": {"ours": "+49 30 2", "theirs": "+49 30 777"}}
        assert len(needed()) == 1


class TestKeepTheirs:
    def test_needs_nobody_any_more_and_stays_so(self, ann: Lead, peer: OdooSandbox) -> None:
        conflicts.answer(record(), Answer.THEIRS)
        at_once = needed()

        push(ann)

        assert (at_once, needed()) == ([], [])
        assert phone(peer) == "+49 30 999"
        assert record().kept["phone"] == {"ours": "+49 30 2", "theirs": "+49 30 999", "answer": "theirs"}

    def test_promises_nothing(self, ann: Lead) -> None:
        conflicts.answer(record(), Answer.THEIRS)

        assert not Delivery.objects.waiting().exists()

    def test_is_asked_again_when_sales_changes_it_again(self, ann: Lead, peer: OdooSandbox) -> None:
        conflicts.answer(record(), Answer.THEIRS)

        peer.write("crm.lead", 1, {"phone": "+49 30 777"})
        push(ann)

        assert len(needed()) == 1

    def test_is_asked_again_when_we_change_it_again(self, ann: Lead) -> None:
        conflicts.answer(record(), Answer.THEIRS)

        actions.update_details(ann, details={"phone": "+49 30 3"})
        outbox.drain()

        assert len(needed()) == 1

    def test_counts_when_it_comes_while_a_call_is_under_way(self, ann: Lead) -> None:
        """What the worker read before is not what it may write over the answer."""
        as_read = record()
        conflicts.answer(record(), Answer.THEIRS)

        Book(as_read.remote_system, as_read.remote_model).update([(ann, as_read)])

        assert record().kept["phone"]["answer"] == "theirs"


def test_field_that_is_in_no_difference_is_not_answered(ann: Lead) -> None:
    assert conflicts.answer(record(), Answer.THEIRS, fields=["website"]) == []


def test_record_in_a_system_that_we_left_cannot_be_answered(ann: Lead) -> None:
    Connection.objects.update(book="https://another.example/db")

    with pytest.raises(LookupError):
        conflicts.answer(record(), Answer.OURS)
