"""Answering what was changed there and kept: on the record's page, on the lead's, and in the list."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Connection, Delivery, ExternalRecord, IntegrationLog
from leads.models import Lead
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, a_record, act, logged, text
from tests.postbox.service import PostboxService

KEPT = {"phone": {"ours": "+49 1", "theirs": "+49 2"}, "name": {"ours": "Ann", "theirs": "Anna"}}


@pytest.fixture
def lead(db: None) -> Lead:
    return LeadFactory()


@pytest.fixture
def record(connection: Connection, lead: Lead) -> ExternalRecord:
    a_delivery(connection, lead, PostboxService.post_letters, state="delivered")
    return a_record(lead, connection.book, kept=KEPT)


def address(record: ExternalRecord, verb: str) -> str:
    return reverse(f"admin:integrations_externalrecord_{verb}", args=[record.pk])


def answers(record: ExternalRecord) -> dict[str, str]:
    record.refresh_from_db()
    return {name: values.get("answer", "") for name, values in record.kept.items()}


def lead_page(lead: Lead) -> str:
    return reverse("admin:leads_lead_change", args=[lead.pk])


def test_button_of_a_field_answers_for_it_alone_and_leads_back(
    operator: Client, record: ExternalRecord, lead: Lead
) -> None:
    sent = {"field": "phone", "next": lead_page(lead)}

    answer = operator.post(address(record, "keep_theirs"), sent)

    assert answer.headers["Location"] == lead_page(lead)
    assert answers(record) == {"phone": "theirs", "name": ""}
    assert ("kept_theirs", "admin", "ada") in logged()


def test_log_names_fields_and_no_values(operator: Client, record: ExternalRecord) -> None:
    operator.post(address(record, "write_ours"), {"field": "phone"})

    row = IntegrationLog.objects.get(operation="wrote_ours")
    assert row.metadata == {"record": str(record), "fields": ["phone"]}


def test_writing_ours_promises_it_again(operator: Client, record: ExternalRecord) -> None:
    operator.post(address(record, "write_ours"), {"field": "phone"})

    assert [row.state for row in Delivery.objects.all()] == ["pending"]


def test_answer_leads_to_no_other_site(operator: Client, record: ExternalRecord) -> None:
    answer = operator.post(address(record, "keep_theirs"), {"next": "https://elsewhere.example/"})

    assert answer.headers["Location"] == reverse("admin:integrations_externalrecord_change", args=[record.pk])


def test_action_answers_for_all_that_waits_in_what_is_ticked(operator: Client, record: ExternalRecord) -> None:
    ExternalRecord.objects.update(kept={**KEPT, "name": {**KEPT["name"], "answer": "theirs"}})

    act(operator, "integrations_externalrecord", "write_ours", [record])

    assert answers(record) == {"phone": "ours", "name": "theirs"}


def test_difference_that_ended_meanwhile_is_told(operator: Client, record: ExternalRecord) -> None:
    ExternalRecord.objects.update(kept={})

    answer = operator.post(address(record, "write_ours"), {"field": "phone"}, follow=True)

    assert "no such difference any more" in text(answer)
    assert Delivery.objects.get().state == "delivered"


@pytest.mark.parametrize("page", ["record", "lead"])
def test_fields_have_the_names_that_people_know(
    operator: Client, record: ExternalRecord, lead: Lead, page: str
) -> None:
    url = lead_page(lead) if page == "lead" else reverse("admin:integrations_externalrecord_change", args=[record.pk])

    shown = text(operator.get(url))

    assert '<th scope="row" title="phone">Phone</th>' in shown
    assert address(record, "write_ours") in shown


def test_who_may_only_look_sees_no_button_and_answers_nothing(
    staff: Callable[..., Client], record: ExternalRecord, lead: Lead
) -> None:
    auditor = staff("view_externalrecord", "view_lead")

    page = text(auditor.get(lead_page(lead)))

    assert "waits for an answer" in page
    assert address(record, "keep_theirs") not in page
    assert auditor.post(address(record, "keep_theirs"), {"field": "phone"}).status_code == 403
    assert answers(record) == {"phone": "", "name": ""}


def test_list_is_filtered_by_what_waits_for_an_answer(operator: Client, record: ExternalRecord, lead: Lead) -> None:
    answered = {"phone": {**KEPT["phone"], "answer": "theirs"}}
    other = a_record(lead, "elsewhere", kept=answered)
    a_record(lead, "without a difference")

    def listed(conflict: str) -> list[ExternalRecord]:
        url = reverse("admin:integrations_externalrecord_changelist")
        return list(operator.get(url, {"conflict": conflict}).context["cl"].result_list)

    assert listed("open") == [record]
    assert listed("answered") == [other]
