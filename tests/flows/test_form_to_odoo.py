"""A visitor asks for a whitepaper, and sales finds the lead in Odoo."""

import socket
import time
from collections.abc import Iterator

import pytest
from celery import current_app
from django.core.cache import cache
from django.test import Client

from integrations import outbox
from integrations.odoo.sandbox import OdooSandbox
from integrations.outbox import wake
from leads.models import Lead
from tests.factories import WhitepaperFactory
from tests.integrations.odoo.conftest import connect, states

TYPED = {"name": "Ada Lovelace", "email": "Ada@Client.example", "company": "Engines", "nonce": "n"}


@pytest.fixture
def peer(transactional_db: None) -> Iterator[OdooSandbox]:
    cache.clear()
    WhitepaperFactory(slug="gdpr", title_en="GDPR", title_de="DSGVO")
    with OdooSandbox("19.0") as peer:
        connect(peer)
        yield peer


@pytest.fixture
def hanging_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        monkeypatch.setattr(wake, "_silent_until", 0.0)
        monkeypatch.setattr(wake, "_last", {})
        yield


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_visitor_becomes_a_lead_in_odoo(client: Client, peer: OdooSandbox, language: str) -> None:
    page = client.post(f"/{language}/whitepapers/gdpr/", TYPED, follow=True)

    assert page.status_code == 200
    assert peer.calls == []  # nobody outside was asked while the visitor waited
    outbox.drain()
    (lead,) = peer.records("crm.lead")
    assert (lead["contact_name"], lead["email_from"]) == ("Ada Lovelace", "ada@client.example")
    assert "whitepaper download: GDPR" in str(lead["description"])


def test_a_hanging_broker_and_a_dead_odoo_do_not_slow_the_visitor(
    client: Client, peer: OdooSandbox, hanging_broker: None
) -> None:
    peer.stop()
    client.get("/en/whitepapers/gdpr/")  # templates and connections are warm

    begun = time.monotonic()
    page = client.post("/en/whitepapers/gdpr/", TYPED)
    taken = time.monotonic() - begun

    assert page.status_code == 302
    assert taken < 1.5
    assert states() == {"pending": 2}  # the lead for Odoo, the letter with the link
    assert Lead.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("en", "Page not found"), ("de", "Seite nicht gefunden")])
def test_an_unknown_address_is_answered_in_the_language_of_the_page(client: Client, language: str, words: str) -> None:
    page = client.get(f"/{language}/whitepapers/nothing-here/")

    assert page.status_code == 404
    assert words in page.content.decode()


def test_the_bare_address_leads_to_the_whitepapers(client: Client, db: None) -> None:
    page = client.get("/", headers={"accept-language": "de"}, follow=True)

    assert page.request["PATH_INFO"] == "/de/whitepapers/"
