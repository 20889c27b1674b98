"""The pages behind the links with which people confirm their consent, and withdraw it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation

from leads import links
from leads.actions import confirm_consent, forget, update_details, withdraw_consent
from leads.consents import MARKETING_TEXTS, marketing_text
from leads.models import Consent, Lead
from tests.factories import ConsentFactory, LeadFactory, TouchpointFactory, WhitepaperFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def consent() -> Consent:
    given: Consent = ConsentFactory(lead=LeadFactory(language="en"))
    return given


def to_confirm(consent: Consent) -> str:
    return urlsplit(links.confirm(consent)).path


def to_unsubscribe(consent: Consent) -> str:
    return urlsplit(links.unsubscribe(consent.lead)).path


def to_download(consent: Consent) -> str:
    return urlsplit(links.download(TouchpointFactory(lead=consent.lead, whitepaper=WhitepaperFactory()))).path


def rows() -> list[dict[str, Any]]:
    return [*Lead.objects.values(), *Consent.objects.values()]


@pytest.mark.parametrize("path_of", [to_confirm, to_unsubscribe])
@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client: Client, consent: Consent, path_of: Callable[..., str], method: str) -> None:
    before = rows()

    assert getattr(client, method)(path_of(consent)).status_code == 200

    assert rows() == before


def test_confirm_page_shows_the_words_that_were_agreed_to(
    client: Client, consent: Consent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MARKETING_TEXTS, "older", "The older words of %(company)s.")
    Consent.objects.update(text_version="older")

    page = client.get(to_confirm(consent)).content.decode()

    assert "<blockquote>The older words of Magnetiq.</blockquote>" in page


def test_confirm_page_shows_todays_words_where_none_are_known(client: Client, consent: Consent) -> None:
    Consent.objects.update(text_version="")

    assert marketing_text() in client.get(to_confirm(consent)).content.decode()


def test_button_confirms_and_pressing_it_again_is_fine(client: Client, consent: Consent) -> None:
    for _ in range(2):
        response = client.post(to_confirm(consent))
        assert (response.status_code, "Thank you" in response.content.decode()) == (200, True)

    assert Consent.objects.get().holds
    assert Lead.objects.get().marketing_consent


def test_confirmed_consent_shows_as_confirmed_for_ever(client: Client, consent: Consent) -> None:
    path = to_confirm(consent)
    confirm_consent(consent)

    with time_machine.travel(timezone.now() + links.CONFIRM_AGE * 2):
        response = client.get(path)

    assert (response.status_code, "<button" in response.content.decode()) == (200, False)


def test_expired_link_confirms_nothing(client: Client, consent: Consent) -> None:
    path = to_confirm(consent)

    with time_machine.travel(timezone.now() + links.CONFIRM_AGE + timedelta(minutes=1)):
        responses = [client.get(path), client.post(path)]

    assert [response.status_code for response in responses] == [410, 410]
    assert not Consent.objects.get().holds


def test_withdrawn_consent_says_so_and_stays_withdrawn(client: Client, consent: Consent) -> None:
    withdraw_consent(consent.lead)

    for response in (client.get(to_confirm(consent)), client.post(to_confirm(consent))):
        assert (response.status_code, "withdrawn" in response.content.decode()) == (410, True)
    assert not Lead.objects.get().marketing_consent


@pytest.mark.parametrize("path_of", [to_confirm, to_unsubscribe])
def test_links_of_somebody_forgotten_are_gone(client: Client, consent: Consent, path_of: Callable[..., str]) -> None:
    path = path_of(consent)
    forget([consent.lead])
    before = rows()

    assert [client.get(path).status_code, client.post(path).status_code] == [410, 410]
    assert rows() == before


def test_address_that_was_corrected_confirms_nothing(client: Client, consent: Consent) -> None:
    path = to_confirm(consent)
    update_details(consent.lead, details={"email": "new@client.example"})

    assert client.post(path).status_code == 410
    assert not Lead.objects.get().marketing_consent


def test_button_unsubscribes_and_pressing_it_again_is_fine(client: Client, consent: Consent) -> None:
    confirm_consent(consent)

    for _ in range(2):
        response = client.post(to_unsubscribe(consent))
        assert (response.status_code, "You are unsubscribed" in response.content.decode()) == (200, True)

    assert not Lead.objects.get().marketing_consent
    assert not Consent.objects.get().holds


def test_mail_programs_unsubscribe_with_one_click(consent: Consent) -> None:
    """RFC 8058: a POST without cookies, whose answer must be no redirect."""
    confirm_consent(consent)
    server = Client(enforce_csrf_checks=True)

    response = server.post(
        to_unsubscribe(consent), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )

    assert (response.status_code, dict(server.cookies)) == (200, {})
    assert not Lead.objects.get().marketing_consent


def test_one_mail_server_may_unsubscribe_any_number_of_people(client: Client) -> None:
    consents = ConsentFactory.create_batch(15)

    assert {client.post(to_unsubscribe(consent)).status_code for consent in consents} == {200}


def test_too_many_confirmations_from_one_connection_wait(client: Client, consent: Consent) -> None:
    for other in ConsentFactory.create_batch(10):
        assert client.post(to_confirm(other)).status_code == 200

    response = client.post(to_confirm(consent))

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 600
    assert not Consent.objects.get(pk=consent.pk).holds


@pytest.mark.parametrize("page", ["consent", "unsubscribe"])
@pytest.mark.parametrize("forged", ["1.2.3", "a.b", "1"])
def test_forged_links_are_not_found(client: Client, page: str, forged: str) -> None:
    path = f"/en/whitepapers/{page}/{forged}/"

    assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]


@pytest.mark.parametrize("path_of", [to_confirm, to_unsubscribe, to_download])
def test_pages_are_for_nobody_else(client: Client, consent: Consent, path_of: Callable[..., str]) -> None:
    for response in (client.get(path_of(consent)), client.post(path_of(consent))):
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
        assert consent.lead.email not in response.content.decode()


@pytest.mark.parametrize("path_of", [to_confirm, to_unsubscribe, to_download])
@pytest.mark.parametrize("language", ["en", "de"])
def test_pages_are_in_the_language_of_the_lead(
    client: Client, consent: Consent, path_of: Callable[..., str], language: str
) -> None:
    consent.lead.language = language

    assert f'<html lang="{language}">' in client.get(path_of(consent)).content.decode()


@pytest.mark.parametrize("path_of", [to_confirm, to_unsubscribe, to_download])
def test_pages_need_no_script_and_no_inline_style(
    client: Client, consent: Consent, path_of: Callable[..., str]
) -> None:
    page = client.get(path_of(consent)).content.decode()

    assert not any(word in page for word in ("<script", "<style", " style="))
