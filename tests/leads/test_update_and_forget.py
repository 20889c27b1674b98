"""Corrections and the right to be forgotten."""

import pytest
from django.db import IntegrityError, transaction

from leads.actions import Utm, capture, forget, update_details
from leads.models import Lead
from leads.signals import leads_changed, leads_forgotten
from tests.factories import LeadFactory, a_capture
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db


def test_update_changes_the_row_and_the_object_and_tells() -> None:
    lead = LeadFactory(name="Ada", phone="1")

    with listen(leads_changed) as told:
        changed = update_details(lead, details={"name": "Ada L.", "status": Lead.Status.WON})

    assert changed
    assert told == [[lead]]
    assert list(Lead.objects.values_list("name", "phone", "status")) == [("Ada L.", "1", "won")]
    assert lead.name == "Ada L."


def test_update_to_the_same_values_tells_nothing() -> None:
    lead = LeadFactory(name="Ada")

    with listen(leads_changed) as told:
        changed = update_details(lead, details={"name": "Ada"})

    assert (changed, told) == (False, [])


def test_update_leaves_alone_what_somebody_else_changed_meanwhile() -> None:
    lead = LeadFactory(name="Ada", phone="1")
    Lead.objects.update(phone="2")

    update_details(lead, details={"name": "Ada L."})

    assert list(Lead.objects.values_list("name", "phone")) == [("Ada L.", "2")]


def test_update_normalises_the_address() -> None:
    lead = LeadFactory()

    update_details(lead, details={"email": " New@Client.Example "})

    assert Lead.objects.get().email == lead.email == "new@client.example"


def test_update_of_what_is_no_detail_is_refused() -> None:
    with pytest.raises(ValueError, match="last_seen_at"):
        update_details(LeadFactory(), details={"last_seen_at": "yesterday"})


def test_database_refuses_upper_case_and_doubles() -> None:
    LeadFactory(email="ada@client.example")

    for address in ("Ada@client.example", "ada@client.example"):
        with pytest.raises(IntegrityError), transaction.atomic():
            LeadFactory(email=address)


def personal_lead() -> Lead:
    secret = Utm(*["SECRET"] * 5)
    details = dict.fromkeys(("name", "phone", "company", "website", "job_title", "message", "referrer"), "SECRET")
    given = a_capture(
        "SECRET@client.example", **details, utm=secret, first_utm=secret, marketing_consent=True, source="SECRET"
    )
    return capture([given]).leads[0]


def test_forget_leaves_nothing_personal() -> None:
    lead = personal_lead()

    forget([lead])

    rows = [*Lead.objects.values(), *lead.touchpoints.values(), *lead.consents.values()]
    assert len(rows) == 3
    assert "secret" not in str(rows).lower()
    assert (lead.status, lead.email) == (Lead.Status.FORGOTTEN, f"forgotten-{lead.uuid}@forgotten.invalid")


def test_forget_tells_once() -> None:
    leads = [LeadFactory(), LeadFactory()]

    with listen(leads_forgotten) as told:
        forget(leads)
        forget(leads)
        forget([])

    assert [{lead.pk for lead in some} for some in told] == [{lead.pk for lead in leads}]


def test_forgotten_lead_takes_no_details() -> None:
    lead = LeadFactory()
    stale = Lead.objects.get()
    forget([lead])

    assert not update_details(stale, details={"name": "Ada"})
    assert Lead.objects.get().name == ""


@pytest.mark.usefixtures("nobody_listens")
@pytest.mark.parametrize("count", [1, 30])
def test_forget_takes_the_same_few_statements_for_any_number(count: int, django_assert_num_queries: object) -> None:
    leads = LeadFactory.create_batch(count)

    with django_assert_num_queries(6):  # type: ignore[operator]
        forget(leads)
