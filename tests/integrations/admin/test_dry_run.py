"""What a dry run answers: every record that would change, field by field, and nothing done."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from integrations import outbox
from integrations.admin.dry_run_page import RECORDS_SHOWN
from integrations.models import Integration
from integrations.odoo.sandbox import OdooSandbox
from leads.actions import capture, update_details
from tests.factories import LeadFactory, a_capture
from tests.integrations.admin.conftest import press, text
from tests.integrations.odoo.conftest import connect


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


@pytest.fixture
def odoo(db: None, peer: OdooSandbox) -> Integration:
    return connect(peer)


def told(answer: Any) -> dict[str, list[tuple[str, str, str]]]:
    """{what becomes of a record: its lines}, of the one job that ran."""
    (result,) = answer.context["results"]
    return {str(record.word): [line[:3] for line in record.lines] for record in result["records"]}


def test_each_field_is_shown_with_what_is_there_and_what_is_ours(
    operator: Client, odoo: Integration, peer: OdooSandbox
) -> None:
    lead = capture([a_capture(phone="+49 1", company="ACME")]).leads[0]
    outbox.drain()
    peer.write("crm.lead", 1, {"phone": "+49 999"})
    update_details(lead, details={"phone": "+49 2", "company": "ACME Holding"})

    answer = press(operator, odoo, "dry_run")

    assert told(answer) == {"changed": [("partner_name", "ACME", "ACME Holding"), ("phone", "+49 999", "+49 2")]}
    assert "kept" in text(answer)
    assert peer.records("crm.lead")[0]["partner_name"] == "ACME"


def test_new_and_deleted_ones_are_told_apart(operator: Client, odoo: Integration, peer: OdooSandbox) -> None:
    capture([a_capture()])
    outbox.drain()
    peer.unlink("crm.lead", 1)
    LeadFactory(name="Grace")

    answer = told(press(operator, odoo, "dry_run"))

    assert answer.keys() == {"deleted there", "new"}
    assert ("contact_name", "", "Grace") in answer["new"]
    assert answer["deleted there"] == []


def test_long_answer_is_cut_and_says_so(operator: Client, odoo: Integration) -> None:
    LeadFactory.create_batch(RECORDS_SHOWN + 3)

    assert "3 more records are not shown." in text(press(operator, odoo, "dry_run"))


def test_odoo_that_is_down_is_told_as_a_message(operator: Client, odoo: Integration, peer: OdooSandbox) -> None:
    LeadFactory()
    peer.stop()

    assert "Sync leads: No connection" in text(press(operator, odoo, "dry_run"))


def test_who_may_not_see_the_book_sees_figures_only(staff: Callable[..., Client], odoo: Integration) -> None:
    capture([a_capture("ann@client.example")])

    answer = press(staff("view_integration", "operate_integration"), odoo, "dry_run")

    assert told(answer) == {}
    assert "1 more record is not shown" in text(answer)
    assert "ann@client.example" not in text(answer)
