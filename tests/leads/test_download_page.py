"""The page behind the link in the whitepaper's letter."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone, translation

from leads import links
from leads.actions import MOST_DOWNLOADS, forget, update_details
from leads.models import Lead, Touchpoint, Whitepaper
from tests.factories import LeadFactory, TouchpointFactory, WhitepaperFactory

pytestmark = pytest.mark.django_db

FILE = b"%PDF-1.4 the whitepaper"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def touchpoint() -> Touchpoint:
    whitepaper = WhitepaperFactory(slug="gdpr", title_en="GDPR", title_de="DSGVO")
    whitepaper.file.save("anything.pdf", ContentFile(FILE))
    asked: Touchpoint = TouchpointFactory(whitepaper=whitepaper, lead=LeadFactory(language="en"))
    return asked


def path_of(touchpoint: Touchpoint) -> str:
    return urlsplit(links.download(touchpoint)).path


def counted() -> list[tuple[int, bool, bool]]:
    rows = Touchpoint.objects.values_list("downloads", "downloaded_at", "lead__email_confirmed_at")
    return [(downloads, at is not None, confirmed is not None) for downloads, at, confirmed in rows]


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_looking_shows_the_title_and_a_button(client: Client, touchpoint: Touchpoint) -> None:
    page = client.get(path_of(touchpoint)).content.decode()

    assert ("<h1>GDPR</h1>" in page, page.count("<button")) == (True, 1)


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client: Client, touchpoint: Touchpoint, method: str) -> None:
    for _ in range(MOST_DOWNLOADS + 1):
        assert getattr(client, method)(path_of(touchpoint)).status_code == 200

    assert counted() == [(0, False, False)]


def test_button_hands_out_the_file_counts_and_confirms_the_address(client: Client, touchpoint: Touchpoint) -> None:
    response = client.post(path_of(touchpoint))

    assert (response.status_code, body(response)) == (200, FILE)
    assert response.headers["Content-Disposition"] == 'attachment; filename="gdpr.pdf"'
    assert response.headers["Content-Type"] == "application/pdf"
    assert counted() == [(1, True, True)]


def test_button_needs_neither_cookie_nor_origin(touchpoint: Touchpoint) -> None:
    strict = Client(enforce_csrf_checks=True)

    response = strict.post(path_of(touchpoint), headers={"origin": "null"})

    assert (response.status_code, dict(strict.cookies)) == (200, {})


def test_downloading_again_keeps_when_the_address_was_confirmed(client: Client, touchpoint: Touchpoint) -> None:
    client.post(path_of(touchpoint))
    first = Lead.objects.values_list("email_confirmed_at").get()

    client.post(path_of(touchpoint))

    assert Lead.objects.values_list("email_confirmed_at").get() == first
    assert counted() == [(2, True, True)]


def test_link_is_used_up_after_ten_downloads(client: Client, touchpoint: Touchpoint) -> None:
    Touchpoint.objects.update(downloads=MOST_DOWNLOADS - 1)
    assert client.post(path_of(touchpoint)).status_code == 200

    for response in (client.post(path_of(touchpoint)), client.get(path_of(touchpoint))):
        assert response.status_code == 410
        assert "/en/whitepapers/gdpr/" in response.content.decode()
    assert Touchpoint.objects.get().downloads == MOST_DOWNLOADS == 10


def test_expired_link_offers_to_request_again(client: Client, touchpoint: Touchpoint) -> None:
    path = path_of(touchpoint)

    with time_machine.travel(timezone.now() + links.DOWNLOAD_AGE + timedelta(minutes=1)):
        responses = [client.get(path), client.post(path)]

    for response in responses:
        assert response.status_code == 410
        assert 'href="/en/whitepapers/gdpr/"' in response.content.decode()
    assert counted() == [(0, False, False)]


@pytest.mark.parametrize("forged", ["1.2.3", "9-abc.1tXyz.x", "%00.x.y", "1"])
def test_forged_link_is_not_found(client: Client, touchpoint: Touchpoint, forged: str) -> None:
    path = f"/en/whitepapers/download/{forged}/"

    assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]


def test_unpublished_whitepaper_is_gone(client: Client, touchpoint: Touchpoint) -> None:
    Whitepaper.objects.update(published=False)

    for response in (client.get(path_of(touchpoint)), client.post(path_of(touchpoint))):
        assert response.status_code == 410
        assert "no longer offered" in response.content.decode()
    assert counted() == [(0, False, False)]


def test_forgotten_person_downloads_nothing(client: Client, touchpoint: Touchpoint) -> None:
    path = path_of(touchpoint)
    forget([touchpoint.lead])

    assert [client.get(path).status_code, client.post(path).status_code] == [410, 410]
    assert counted() == [(0, False, False)]


def test_link_to_a_corrected_address_is_gone(client: Client, touchpoint: Touchpoint) -> None:
    path = path_of(touchpoint)
    update_details(touchpoint.lead, details={"email": "new@client.example"})

    assert client.post(path).status_code == 410
    assert counted() == [(0, False, False)]


def test_missing_file_is_our_fault_and_not_counted(client: Client, touchpoint: Touchpoint, caplog: Any) -> None:
    assert touchpoint.whitepaper is not None
    Path(touchpoint.whitepaper.file.path).unlink()

    response = client.post(path_of(touchpoint))

    assert response.status_code == 503
    assert "The file is not there at the moment" in response.content.decode()
    assert counted() == [(0, False, False)]
    assert "gdpr" in caplog.text
    assert touchpoint.lead.email not in caplog.text


def test_whitepaper_without_any_file_is_missing_as_well(client: Client, touchpoint: Touchpoint) -> None:
    Whitepaper.objects.update(file="")

    assert client.post(path_of(touchpoint)).status_code == 503


def test_too_many_downloads_from_one_connection_wait(client: Client, touchpoint: Touchpoint) -> None:
    for other in TouchpointFactory.create_batch(10, whitepaper=touchpoint.whitepaper):
        assert client.post(path_of(other)).status_code == 200

    response = client.post(path_of(touchpoint))

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 600
    touchpoint.refresh_from_db()
    assert touchpoint.downloads == 0


def test_page_is_in_the_language_of_its_path(client: Client, touchpoint: Touchpoint) -> None:
    touchpoint.lead.language = "de"

    page = client.get(path_of(touchpoint)).content.decode()

    assert ('<html lang="de">' in page, "<h1>DSGVO</h1>" in page) == (True, True)


def test_whitepaper_may_be_called_download(client: Client, touchpoint: Touchpoint) -> None:
    WhitepaperFactory(slug="download")

    assert client.get("/en/whitepapers/download/").status_code == 200
    assert client.get("/en/whitepapers/download/thanks/").status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client: Client, touchpoint: Touchpoint, method: str) -> None:
    assert getattr(client, method)(path_of(touchpoint)).status_code == 405
