"""The links in letters: signed, for one purpose each, without the address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.signing import BadSignature
from django.test import override_settings
from django.urls import resolve
from django.utils import timezone

from integrations.redact import redact
from leads import links
from leads.models import Lead
from tests.factories import ConsentFactory, LeadFactory, TouchpointFactory

pytestmark = pytest.mark.django_db

PURPOSES = ("download", "confirm", "unsubscribe")


def link(purpose: str, **lead: Any) -> str:
    match purpose:
        case "download":
            return links.download(TouchpointFactory(lead=LeadFactory(**lead)))
        case "confirm":
            return links.confirm(ConsentFactory(lead=LeadFactory(**lead)))
        case _:
            return links.unsubscribe(LeadFactory(**lead))


def token_of(url: str) -> str:
    token: str = resolve(urlsplit(url).path).kwargs["token"]
    return token


def opener(purpose: str) -> Callable[[str], Any]:
    function: Callable[[str], Any] = getattr(links, f"open_{purpose}")
    return function


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(("language", "path"), [("en", "/en/"), ("de", "/de/"), ("", "/en/")])
def test_link_is_absolute_and_in_the_language_of_the_lead(
    settings: Any, purpose: str, language: str, path: str
) -> None:
    settings.SITE_URL = "https://www.firm.example"

    assert link(purpose, language=language).startswith(f"https://www.firm.example{path}whitepapers/")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_link_is_short_and_tells_nothing_of_the_address(purpose: str) -> None:
    url = link(purpose, email="ada@client.example")

    assert len(token_of(url)) < 90
    assert not any(word in url for word in ("ada", "@", "client.example"))


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("other", PURPOSES)
def test_token_opens_what_it_is_for_and_nothing_else(purpose: str, other: str) -> None:
    token = token_of(link(purpose))

    if purpose == other:
        assert opener(other)(token)
    else:
        with pytest.raises(BadSignature):
            opener(other)(token)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_changed_token_opens_nothing(purpose: str) -> None:
    token = token_of(link(purpose))

    for forged in (token[:-1], "9" + token, token.replace(".", ".x", 1), "1.2.3", ""):
        with pytest.raises(BadSignature):
            opener(purpose)(forged)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_token_of_somebody_who_is_gone_opens_nothing(purpose: str) -> None:
    token = token_of(link(purpose))
    Lead.objects.all().delete()

    with pytest.raises(BadSignature):
        opener(purpose)(token)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_token_signed_with_the_previous_key_still_opens(settings: Any, purpose: str) -> None:
    token = token_of(link(purpose))

    with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        found = opener(purpose)(token)

    assert isinstance(found, Lead) or found[1] is True


@pytest.mark.parametrize(("purpose", "age"), [("download", links.DOWNLOAD_AGE), ("confirm", links.CONFIRM_AGE)])
def test_link_holds_until_it_is_too_old(purpose: str, age: timedelta) -> None:
    token = token_of(link(purpose))

    for seconds, expected in ((-60, True), (60, False)):
        with time_machine.travel(timezone.now() + age + timedelta(seconds=seconds)):
            assert opener(purpose)(token)[1] is expected


def test_unsubscribing_is_possible_for_ever_and_from_an_old_address() -> None:
    lead = LeadFactory()
    token = token_of(links.unsubscribe(lead))
    Lead.objects.update(email="new@client.example")

    with time_machine.travel(timezone.now() + timedelta(days=10_000)):
        assert links.open_unsubscribe(token) == lead


@pytest.mark.parametrize("purpose", ["download", "confirm"])
def test_link_to_a_corrected_address_is_void(purpose: str) -> None:
    token = token_of(link(purpose))
    Lead.objects.update(email="new@client.example")

    assert opener(purpose)(token)[1] is False


@pytest.mark.parametrize("purpose", PURPOSES)
def test_log_line_about_a_link_does_not_hand_it_out(purpose: str) -> None:
    path = urlsplit(link(purpose)).path

    line = redact(f"Service Unavailable: {path}")

    assert line == f"Service Unavailable: {path.replace(token_of(path), '[secret]')}"
