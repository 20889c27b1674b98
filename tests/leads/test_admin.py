"""Operators look at leads and correct them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import localize

from leads.actions import capture, confirm_consent, forget, withdraw_consent
from leads.models import Lead, Whitepaper
from leads.signals import consents_requested, leads_changed
from tests.factories import A_MOMENT, ConsentFactory, LeadFactory, TouchpointFactory, WhitepaperFactory, a_capture
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db

NO_INLINES = {
    f"{inline}-{part}": "0" for inline in ("touchpoints", "consents") for part in ("TOTAL_FORMS", "INITIAL_FORMS")
}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"))
    return client


def save(operator: Client, lead: Lead, **typed: str) -> Any:
    now = {name: getattr(lead, name) for name in ("email", "name", "status")}
    return operator.post(f"/admin/leads/lead/{lead.pk}/change/", {**now, **NO_INLINES, **typed})


def queries(operator: Client, path: str) -> int:
    """How many the page takes once caches are warm; other apps may add to the page."""
    operator.get(path)
    with CaptureQueriesContext(connection) as statements:
        assert operator.get(path).status_code == 200
    return len(statements)


def test_list_takes_the_same_queries_for_one_and_for_three(operator: Client) -> None:
    TouchpointFactory(whitepaper=WhitepaperFactory())
    for_one = queries(operator, "/admin/leads/lead/")
    TouchpointFactory.create_batch(2, whitepaper=WhitepaperFactory())

    assert queries(operator, "/admin/leads/lead/") == for_one


def test_page_takes_the_same_queries_for_one_touchpoint_and_for_three(operator: Client) -> None:
    lead = TouchpointFactory(whitepaper=WhitepaperFactory()).lead
    path = f"/admin/leads/lead/{lead.pk}/change/"
    for_one = queries(operator, path)
    TouchpointFactory.create_batch(2, lead=lead, whitepaper=WhitepaperFactory())

    assert queries(operator, path) == for_one


def test_filter_by_whitepaper_shows_each_lead_once(operator: Client) -> None:
    whitepaper = WhitepaperFactory()
    lead = LeadFactory(name="Ada")
    TouchpointFactory.create_batch(2, lead=lead, whitepaper=whitepaper)
    TouchpointFactory(whitepaper=WhitepaperFactory())

    page = operator.get("/admin/leads/lead/", {"touchpoints__whitepaper__id__exact": whitepaper.pk})

    assert page.content.decode().count("@client.example") == 1


def test_search_finds_by_address(operator: Client) -> None:
    LeadFactory(email="ada@client.example")
    LeadFactory(email="bob@client.example")

    page = operator.get("/admin/leads/lead/", {"q": "ada@"}).content.decode()

    assert ("ada@client.example" in page, "bob@client.example" in page) == (True, False)


def test_save_is_an_action(operator: Client) -> None:
    lead = LeadFactory(name="Ada")

    with listen(leads_changed) as told:
        response = save(operator, lead, name="Ada L.", status="won", email=" ADA@client.example")

    assert response.status_code == 302
    assert told == [[lead]]
    assert list(Lead.objects.values_list("name", "status", "email")) == [("Ada L.", "won", "ada@client.example")]


def test_address_of_another_lead_is_refused_with_a_reason(operator: Client) -> None:
    LeadFactory(email="bob@client.example")

    response = save(operator, LeadFactory(), email="Bob@client.example")

    assert "Another lead has this e-mail address." in response.content.decode()


def test_nobody_is_forgotten_by_choosing_a_status(operator: Client) -> None:
    lead = LeadFactory()

    save(operator, lead, status="forgotten")

    assert Lead.objects.get().status == Lead.Status.NEW


def test_forgotten_lead_can_be_seen_but_not_changed(operator: Client) -> None:
    lead = LeadFactory()
    forget([lead])

    assert operator.get(f"/admin/leads/lead/{lead.pk}/change/").status_code == 200
    assert save(operator, lead, name="Ada").status_code == 403


def test_leads_are_neither_added_nor_deleted(operator: Client) -> None:
    lead = LeadFactory()

    assert operator.get("/admin/leads/lead/add/").status_code == 403
    assert operator.post(f"/admin/leads/lead/{lead.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in operator.get("/admin/leads/lead/").content.decode()


def test_what_visitors_typed_is_shown_as_text(operator: Client) -> None:
    evil = "<script>alert(1)</script>"
    lead = capture([a_capture(name=evil, company=evil, message=evil)]).leads[0]

    for path in ("", f"{lead.pk}/change/"):
        assert "<script>alert" not in operator.get(f"/admin/leads/lead/{path}").content.decode()


def test_whitepaper_is_entered_in_both_languages(operator: Client) -> None:
    typed = {"slug": "gdpr", "title_en": "GDPR", "title_de": "DSGVO", "published": "on"}

    response = operator.post("/admin/leads/whitepaper/add/", {**typed, "file": SimpleUploadedFile("a.pdf", b"%PDF")})

    assert response.status_code == 302
    assert list(Whitepaper.objects.values_list("title_en", "title_de")) == [("GDPR", "DSGVO")]


def test_whitepaper_pages_load_nothing_from_elsewhere(operator: Client) -> None:
    page = operator.get("/admin/leads/whitepaper/add/").content.decode()

    assert '<script src="http' not in page


def test_whitepaper_with_downloads_is_not_deleted(operator: Client) -> None:
    whitepaper = WhitepaperFactory()
    TouchpointFactory(whitepaper=whitepaper)

    operator.post(f"/admin/leads/whitepaper/{whitepaper.pk}/delete/", {"post": "yes"})

    assert Whitepaper.objects.exists()


def test_lead_shows_what_was_confirmed_withdrawn_and_downloaded(operator: Client) -> None:
    touchpoint = TouchpointFactory(whitepaper=WhitepaperFactory(), downloads=7)
    ConsentFactory(lead=touchpoint.lead, confirmed_at=A_MOMENT, withdrawn_at=A_MOMENT + timedelta(days=1))

    page = operator.get(f"/admin/leads/lead/{touchpoint.lead.pk}/change/").content.decode()

    cells = re.findall(r'<td class="[^"]*field-(downloads|confirmed_at|withdrawn_at)', page)
    assert cells == ["downloads", "confirmed_at", "withdrawn_at"]
    assert localize(timezone.localtime(A_MOMENT + timedelta(days=1))) in page


@pytest.mark.parametrize("state", ["confirmed", "waiting", "withdrawn", "none"])
def test_list_is_filtered_by_consent(operator: Client, state: str) -> None:
    leads = {name: LeadFactory(name=f"lead-{name}") for name in ("confirmed", "waiting", "withdrawn", "none")}
    consents = {name: ConsentFactory(lead=leads[name]) for name in ("confirmed", "waiting", "withdrawn")}
    confirm_consent(consents["confirmed"])
    withdraw_consent(leads["withdrawn"])

    page = operator.get("/admin/leads/lead/", {"consent": state}).content.decode()

    assert set(re.findall(r"lead-(\w+)", page)) == {state}


def ask(operator: Client, *leads: Lead, **more: str) -> Any:
    chosen = {"action": "ask_for_confirmation", "_selected_action": [lead.pk for lead in leads]}
    return operator.post("/admin/leads/lead/", {**chosen, **more})


def test_asking_for_confirmation_says_first_how_many_that_is(operator: Client) -> None:
    consent = ConsentFactory()

    with listen(consents_requested) as told:
        page = ask(operator, consent.lead, LeadFactory()).content.decode()

    assert "1 of the selected leads ticked the box" in page
    assert f'name="_selected_action" value="{consent.lead.pk}"' in page
    assert told == []


def test_asking_for_confirmation_asks_the_selected_leads(operator: Client) -> None:
    consent = ConsentFactory()
    ConsentFactory()

    with listen(consents_requested) as told:
        response = ask(operator, consent.lead, LeadFactory(), confirmed="yes")

    assert response.status_code == 302
    assert told == [[consent]]


def test_asking_for_confirmation_takes_the_right_to_change_leads(client: Client) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_lead"))
    client.force_login(reader)

    with listen(consents_requested) as told:
        ask(client, ConsentFactory().lead, confirmed="yes")

    assert told == []
