"""Where a lead stands elsewhere, on the lead's own pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import configuration, outbox
from integrations.email.service import EmailService
from integrations.models import Attempt, Connection, Delivery, Integration
from leads.actions import forget
from leads.models import Lead
from tests.factories import A_MOMENT, LeadFactory, TouchpointFactory, WhitepaperFactory
from tests.integrations.admin.conftest import a_delivery, a_record, queries, text
from tests.postbox.service import PostboxService

ODOO = {"url": "https://odoo.example", "database": "firm", "username": "magnetiq", "api_key": "key-of-the-odoo"}


@pytest.fixture
def odoo(db: None) -> str:
    """The name of the configured Odoo."""
    configuration.configure(Integration.objects.get(slug="odoo"), ODOO)
    return configuration.service_of("odoo").remote_system


def lead_page(lead: Lead) -> str:
    return reverse("admin:leads_lead_change", args=[lead.pk])


def found(client: Client, where: str) -> list[Lead]:
    answer: Any = client.get(reverse("admin:leads_lead_changelist"), {"odoo": where})
    return list(answer.context["cl"].result_list)


def test_deliveries_are_told_in_words(operator: Client, connection: Connection) -> None:
    lead = LeadFactory()
    refused = a_delivery(connection, lead, PostboxService.post_letters, state="dead", error_kind="rejected",
                         error="The address is wrong.", attempts=1, settled_at=A_MOMENT)  # fmt: skip
    Attempt.objects.create(delivery=refused, number=1, at=A_MOMENT, duration_ms=5, outcome="rejected")

    page = text(operator.get(lead_page(lead)))

    assert "refused: The address is wrong." in page
    assert reverse("admin:integrations_delivery_change", args=[refused.pk]) in page


def test_letters_to_the_person_are_told_with_the_rest(operator: Client, db: None) -> None:
    request = TouchpointFactory(whitepaper=WhitepaperFactory())
    outbox.once(EmailService.whitepaper_delivery, request)
    letter = Delivery.objects.get(operation="whitepaper_delivery")

    page = text(operator.get(lead_page(request.lead)))

    assert reverse("admin:integrations_delivery_change", args=[letter.pk]) in page
    assert lead_page(request.lead) in text(operator.get(reverse("admin:integrations_delivery_changelist")))


def test_record_is_linked_and_what_was_kept_is_shown(operator: Client, db: None) -> None:
    lead = LeadFactory()
    kept = {"phone": {"ours": "+49 1", "theirs": "+49 2 (direct)"}}
    a_record(lead, "https://odoo.example/firm", url="https://odoo.example/web#id=1", kept=kept)

    page = text(operator.get(lead_page(lead)))

    assert 'href="https://odoo.example/web#id=1"' in page
    assert "+49 2 (direct)" in page


def test_deleted_record_is_said_to_be_deleted(operator: Client, db: None) -> None:
    lead = LeadFactory()
    a_record(lead, "https://odoo.example/firm", gone_at=A_MOMENT)

    assert "deleted there" in text(operator.get(lead_page(lead)))


def test_link_that_a_browser_would_run_is_no_link(operator: Client, db: None) -> None:
    lead = LeadFactory()
    a_record(lead, "https://odoo.example/firm", url="javascript:alert(1)")

    assert "javascript:alert" not in text(operator.get(lead_page(lead)))


def test_page_takes_the_same_queries_for_one_delivery_and_for_three(operator: Client, connection: Connection) -> None:
    lead = LeadFactory()
    a_delivery(connection, lead, PostboxService.post_letters)
    a_record(lead, "here")
    for_one = queries(operator, lead_page(lead))
    a_delivery(connection, lead, PostboxService.post_cards)
    a_record(lead, "there")
    a_record(lead, "elsewhere")

    assert queries(operator, lead_page(lead)) == for_one


def test_filter_tells_who_is_not_in_odoo_yet(operator: Client, odoo: str) -> None:
    missing, there, gone, left = LeadFactory.create_batch(4)
    a_record(there, odoo)
    a_record(gone, odoo, gone_at=A_MOMENT)
    a_record(left, "https://an-odoo-that-we-left.example/db")
    forget([LeadFactory()])

    assert set(found(operator, "missing")) == {missing, left}
    assert found(operator, "there") == [there]
    assert found(operator, "gone") == [gone]


def test_filter_without_a_configured_odoo_finds_everybody_missing(operator: Client, db: None) -> None:
    leads = LeadFactory.create_batch(2)

    assert set(found(operator, "missing")) == set(leads)
    assert found(operator, "there") == []


@pytest.mark.parametrize(("outcome", "word"), [("won", "won"), ("lost", "lost"), ("open", "still open")])
def test_page_tells_what_became_of_the_lead_there(operator: Client, odoo: str, outcome: str, word: str) -> None:
    lead = LeadFactory()
    a_record(lead, odoo, told={"stage": "Proposition", "outcome": outcome, "salesperson": "Grace"})

    page = text(operator.get(lead_page(lead)))

    assert "Proposition · Grace" in page
    assert word in page
