"""What visitors see and send."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from integrations.models import Delivery
from leads.consents import MARKETING_VERSION
from leads.models import Consent, Lead, Touchpoint, Whitepaper
from tests.factories import WhitepaperFactory

pytestmark = pytest.mark.django_db

SAVEPOINT = 2  # around the action, where a server has BEGIN and COMMIT
TYPED = {"name": "Ada", "email": "ada@client.example", "nonce": "n"}


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """No test may be throttled for what others posted; requests leave their language behind."""
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def whitepaper() -> Whitepaper:
    paper: Whitepaper = WhitepaperFactory(
        slug="gdpr", title_en="GDPR", title_de="DSGVO", description_en="In short.", description_de="Kurz gesagt."
    )
    return paper


def post(client: Client, *, path: str = "/en/whitepapers/gdpr/", **typed: str) -> Any:
    return client.post(path, {**TYPED, **typed})


@pytest.mark.parametrize(("language", "title"), [("en", "GDPR"), ("de", "DSGVO")])
def test_list_shows_published_whitepapers_in_the_language_of_the_path(
    client: Client, whitepaper: Whitepaper, language: str, title: str
) -> None:
    WhitepaperFactory(title_en="Draft", title_de="Draft", published=False)

    page = client.get(f"/{language}/whitepapers/").content.decode()

    assert re.findall(r"<h2><a [^>]*>(.*?)</a>", page) == [title]
    assert f'<html lang="{language}">' in page


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_one_query(client: Client, count: int, django_assert_num_queries: Any) -> None:
    WhitepaperFactory.create_batch(count)

    with django_assert_num_queries(1):
        client.get("/en/whitepapers/")


def test_empty_list_says_so(client: Client) -> None:
    assert "There are no whitepapers" in client.get("/en/whitepapers/").content.decode()


def test_language_switch_keeps_page_and_query(client: Client, whitepaper: Whitepaper) -> None:
    page = client.get("/en/whitepapers/gdpr/?utm_source=x").content.decode()

    assert '<a href="/de/whitepapers/gdpr/?utm_source=x" lang="de"' in page
    assert '<link rel="alternate" hreflang="de" href="http://testserver/de/whitepapers/gdpr/">' in page


def test_bare_path_leads_to_the_language_of_the_browser(client: Client) -> None:
    response = client.get("/whitepapers/", headers={"accept-language": "de"})

    assert response.headers["Location"] == "/de/whitepapers/"


@pytest.mark.parametrize("path", ["no-such/", "draft/", "draft/thanks/"])
def test_missing_and_unpublished_whitepapers_are_not_found(client: Client, path: str) -> None:
    WhitepaperFactory(slug="draft", published=False)

    assert client.get(f"/en/whitepapers/{path}").status_code == 404
    assert client.post(f"/en/whitepapers/{path}", TYPED).status_code in (404, 405)


def test_pages_need_no_inline_script_or_style(client: Client, whitepaper: Whitepaper) -> None:
    page = client.get("/en/whitepapers/gdpr/").content.decode()

    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)


def test_request_becomes_a_lead_and_leads_to_the_thanks(client: Client, whitepaper: Whitepaper) -> None:
    response = post(client, path="/de/whitepapers/gdpr/", company="Analytical", website="a.example", message="Hi\r\nX")

    lead = Lead.objects.get()
    touchpoint = lead.touchpoints.get()
    assert (response.status_code, response.headers["Location"]) == (302, "/de/whitepapers/gdpr/thanks/")
    assert (lead.name, lead.email, lead.language) == ("Ada", "ada@client.example", "de")
    assert (lead.company, lead.website, lead.marketing_consent) == ("Analytical", "https://a.example", False)
    assert (touchpoint.kind, touchpoint.whitepaper, touchpoint.message) == ("whitepaper", whitepaper, "Hi\nX")
    assert client.get(response.headers["Location"]).status_code == 200


def test_thanks_tell_where_the_link_comes_and_show_neither_link_nor_address(
    client: Client, whitepaper: Whitepaper
) -> None:
    page = client.get(post(client).headers["Location"]).content.decode()

    assert "your e-mail address" in page
    assert "ada@" not in page
    assert "/download/" not in page


def test_consent_keeps_the_version_of_its_words(client: Client, whitepaper: Whitepaper) -> None:
    post(client, marketing_consent="on")

    consent = Consent.objects.get()
    assert (consent.text_version, consent.source) == (MARKETING_VERSION, "whitepaper form: gdpr")


def test_request_takes_eight_queries_letters_included(
    client: Client, whitepaper: Whitepaper, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8 + SAVEPOINT):
        post(client, marketing_consent="on")

    promised = Delivery.objects.order_by("operation").values_list("operation", flat=True)
    assert list(promised) == ["double_opt_in", "push_leads", "whitepaper_delivery"]


def test_double_click_counts_once_and_a_correction_again(client: Client, whitepaper: Whitepaper) -> None:
    post(client)
    post(client)
    assert Touchpoint.objects.count() == 1

    post(client, phone="1")

    assert (Touchpoint.objects.count(), Lead.objects.get().phone) == (2, "1")


def test_same_form_for_another_whitepaper_is_another_touchpoint(client: Client, whitepaper: Whitepaper) -> None:
    WhitepaperFactory(slug="other")

    post(client)
    post(client, path="/en/whitepapers/other/")

    assert (Lead.objects.count(), Touchpoint.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "\u200b \x01"),
        ("name", "x" * 201),
        ("email", ""),
        ("email", "nobody"),
        ("email", f"{'x' * 250}@client.example"),
        ("website", "not a website"),
        ("website", "javascript:alert(1)"),
        ("message", "x" * 5001),
    ],
)
def test_invalid_input_comes_back_with_all_that_was_typed(
    client: Client, whitepaper: Whitepaper, field: str, value: str
) -> None:
    response = post(client, **{"company": "Analytical", field: value})

    page = response.content.decode()
    assert response.status_code == 422
    assert page.count('class="errorlist"') == 1
    assert 'value="Analytical"' in page
    assert not Lead.objects.exists()


def test_errors_are_in_the_language_of_the_page(client: Client, whitepaper: Whitepaper) -> None:
    page = post(client, path="/de/whitepapers/gdpr/", email="nobody").content.decode()

    assert "Bitte geben Sie eine E-Mail-Adresse wie name@example.com ein." in page


def test_typed_html_is_shown_as_text(client: Client, whitepaper: Whitepaper) -> None:
    evil = '"><script>alert(1)</script>'
    whitepaper.title_en = evil
    whitepaper.save()

    for page in (post(client, name=evil, email="nobody"), client.get("/en/whitepapers/")):
        assert "<script" not in page.content.decode()


def test_html_in_a_name_is_stored_as_typed(client: Client, whitepaper: Whitepaper) -> None:
    post(client, name="<b>Ada</b>")

    assert Lead.objects.get().name == "<b>Ada</b>"


def test_robot_sees_success_and_stores_nothing(client: Client, whitepaper: Whitepaper) -> None:
    response = post(client, nickname="spam")

    assert response.headers["Location"] == "/en/whitepapers/gdpr/thanks/"
    assert not Lead.objects.exists()


def test_eleventh_post_waits_and_keeps_what_was_typed(client: Client, whitepaper: Whitepaper) -> None:
    for _ in range(10):
        assert post(client).status_code == 302

    response = post(client, name="Bob")

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 600
    assert 'value="Bob"' in response.content.decode()
    assert Touchpoint.objects.count() == 1


def test_form_without_token_of_its_page_is_refused(whitepaper: Whitepaper) -> None:
    assert post(Client(enforce_csrf_checks=True)).status_code == 403
    assert not Lead.objects.exists()


def test_campaigns_of_first_and_last_visit_stay_with_the_request(client: Client, whitepaper: Whitepaper) -> None:
    client.get("/en/whitepapers/?utm_source=google&utm_medium=cpc")
    client.get("/en/whitepapers/gdpr/?utm_source=linkedin&utm_campaign=Herbst+%C3%BC")
    post(client)

    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.first_utm_source, touchpoint.first_utm_medium) == ("google", "cpc")
    assert (touchpoint.utm_source, touchpoint.utm_medium, touchpoint.utm_campaign) == ("linkedin", "", "Herbst ü")


def test_referrer_is_the_outside_page_without_its_query(client: Client, whitepaper: Whitepaper) -> None:
    page = client.get("/en/whitepapers/gdpr/", headers={"referer": "https://search.example/find?q=me"}).content.decode()
    assert 'name="referrer" value="https://search.example/find"' in page

    post(client, referrer="https://search.example/find")

    assert Touchpoint.objects.get().referrer == "https://search.example/find"


@pytest.mark.parametrize("referrer", ["http://testserver/en/whitepapers/", "javascript:alert(1)", "http://[", ""])
def test_own_and_strange_referrers_are_left_out(client: Client, whitepaper: Whitepaper, referrer: str) -> None:
    page = client.get("/en/whitepapers/gdpr/", headers={"referer": referrer}).content.decode()

    assert '<input type="hidden" name="referrer" id="id_referrer">' in page


@pytest.mark.parametrize("cookie", ["", "%%%", "utm_source=" + "x" * 4000, "a&" * 2000, '"'])
def test_made_up_cookies_do_no_harm(client: Client, whitepaper: Whitepaper, cookie: str) -> None:
    client.cookies["first_utm"] = cookie

    assert post(client).status_code == 302
