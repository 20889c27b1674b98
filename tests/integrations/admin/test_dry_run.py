"""What a dry run finds: every record that would change, field by field, and nothing done."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from integrations import outbox
from integrations.models import Integration, Run
from integrations.odoo.sandbox import OdooSandbox
from integrations.service import JobReport
from leads.actions import capture, forget, update_details
from tests.factories import LeadFactory, a_capture
from tests.integrations.admin.conftest import press, run_page, text, work
from tests.integrations.odoo.conftest import connect


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


@pytest.fixture
def odoo(db: None, peer: OdooSandbox) -> Integration:
    return connect(peer)


def dry_run(client: Client, odoo: Integration) -> Any:
    """Press the button, let a worker do it, and look at the page."""
    press(client, odoo, "dry_run", job="sync_leads")
    return run_page(client, work())


def told(answer: Any) -> dict[str, list[tuple[str, str, str]]]:
    """{what becomes of a record: its lines}."""
    return {str(record.word): [line[:3] for line in record.lines] for record in answer.context["dry_run"]["records"]}


def test_each_field_is_shown_with_what_is_there_and_what_is_ours(
    operator: Client, odoo: Integration, peer: OdooSandbox
) -> None:
    lead = capture([a_capture(phone="+49 1", company="ACME")]).leads[0]
    outbox.drain()
    peer.write("crm.lead", 1, {"phone": "+49 999"})
    update_details(lead, details={"phone": "+49 2", "company": "ACME Holding"})

    answer = dry_run(operator, odoo)

    assert told(answer) == {"changed": [("partner_name", "ACME", "ACME Holding"), ("phone", "+49 999", "+49 2")]}
    assert "kept" in text(answer)
    assert peer.records("crm.lead")[0]["partner_name"] == "ACME"


def test_new_and_deleted_ones_are_told_apart(operator: Client, odoo: Integration, peer: OdooSandbox) -> None:
    capture([a_capture()])
    outbox.drain()
    peer.unlink("crm.lead", 1)
    LeadFactory(name="Grace")

    answer = told(dry_run(operator, odoo))

    assert answer.keys() == {"deleted there", "new"}
    assert ("contact_name", "", "Grace") in answer["new"]
    assert answer["deleted there"] == []


def test_long_answer_is_cut_and_says_so(operator: Client, odoo: Integration) -> None:
    LeadFactory.create_batch(JobReport.TOLD + 3)

    answer = dry_run(operator, odoo)

    run = Run.objects.get()
    assert "3 more records are not shown." in text(answer)
    assert (run.done, run.total, run.result["counts"]) == (203, 203, {"new": 203})
    assert len(run.result["changes"]) == 200


def test_odoo_that_is_down_is_told_as_a_message(operator: Client, odoo: Integration, peer: OdooSandbox) -> None:
    LeadFactory()
    peer.stop()

    assert "No connection" in text(dry_run(operator, odoo))


def test_who_may_not_see_the_book_sees_figures_only(staff: Callable[..., Client], odoo: Integration) -> None:
    capture([a_capture("ann@client.example")])

    answer = dry_run(staff("view_integration", "operate_integration", "view_run"), odoo)

    assert told(answer) == {}
    assert "1 more record is not shown" in text(answer)
    assert "ann@client.example" not in text(answer)


def test_whom_it_was_about_is_gone_at_once_when_anybody_is_forgotten(operator: Client, odoo: Integration) -> None:
    capture([a_capture("ann@client.example")])
    forgotten = capture([a_capture("bea@client.example")]).leads[0]
    dry_run(operator, odoo)

    forget([forgotten])

    shown = run_page(operator, Run.objects.get())
    assert told(shown) == {}
    assert "it names people" in text(shown)
    assert Run.objects.get().result["counts"] == {"new": 2}
