"""Leads over the API: the rules of the form, as JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import Delivery
from leads.consents import MARKETING_VERSION
from leads.models import Consent, Lead, Touchpoint
from tests.factories import WhitepaperFactory

SAVEPOINT = 2  # around the action, where a server has BEGIN and COMMIT
pytestmark = pytest.mark.django_db

PERSON = {"name": "Ada", "email": "ada@client.example"}


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def post(client: Client, body: Any = None, **headers: str) -> Any:
    sent = {**PERSON, **(body or {})}
    return client.post("/api/v1/leads", json.dumps(sent), "application/json", headers=headers)


def fields(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    told: dict[str, list[str]] = answer.json()["error"]["fields"]
    return told


def test_least_that_may_be_said_is_a_lead(client: Client) -> None:
    answer = post(client)

    lead = Lead.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"success": True, "data": {"id": str(lead.uuid)}}
    assert (lead.name, lead.email, lead.language, lead.marketing_consent) == ("Ada", "ada@client.example", "", False)
    assert Touchpoint.objects.get().kind == "contact"


def test_everything_that_may_be_said_is_kept(client: Client) -> None:
    paper = WhitepaperFactory(slug="gdpr")
    details = {
        "phone": "+49 30 1",
        "company": "Acme",
        "website": "https://acme.example",
        "job_title": "CTO",
        "language": "de",
    }
    said = {"message": "Hello\nthere", "whitepaper": "gdpr", "marketing_consent": True}
    utm = {"source": "news", "medium": "email", "campaign": "autumn", "term": "t", "content": "c"}

    assert post(client, {**details, **said, "utm": utm}).status_code == 201

    lead, touchpoint, consent = Lead.objects.get(), Touchpoint.objects.get(), Consent.objects.get()
    assert {name: getattr(lead, name) for name in details} == details
    assert (touchpoint.kind, touchpoint.whitepaper, touchpoint.message) == ("whitepaper", paper, "Hello\nthere")
    assert {name: getattr(touchpoint, f"utm_{name}") for name in utm} == utm
    assert touchpoint.first_utm_source == "news"
    assert (consent.text_version, consent.source) == (MARKETING_VERSION, "api")


def test_texts_are_cleaned_as_in_the_form(client: Client) -> None:
    post(client, {"name": "  Ada\u200b \n Lovelace ", "email": " ADA@Client.Example", "website": "acme.example"})

    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.website) == ("Ada Lovelace", "ada@client.example", "https://acme.example")


def test_null_is_as_good_as_nothing(client: Client) -> None:
    assert post(client, {"phone": None, "utm": {"source": None}, "whitepaper": None}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": ""}, "email"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 5}, "name"),
        ({"website": "not a page"}, "website"),
        ({"message": "x" * 5001}, "message"),
        ({"language": "fr"}, "language"),
        ({"marketing_consent": "yes"}, "marketing_consent"),
        ({"whitepaper": "unknown"}, "whitepaper"),
        ({"utm": {"source": 5}}, "utm.source"),
        ({"utm": {"sauce": "x"}}, "utm.sauce"),
        ({"nickname": "x"}, "nickname"),
    ],
)
def test_wrong_value_is_told_by_field_and_nothing_kept(client: Client, body: dict[str, Any], field: str) -> None:
    assert list(fields(post(client, body))) == [field]
    assert not Lead.objects.exists()


def test_draft_is_no_whitepaper_to_ask_for(client: Client) -> None:
    WhitepaperFactory(slug="draft", published=False)

    assert fields(post(client, {"whitepaper": "draft"})) == {"whitepaper": ["There is no such whitepaper."]}


@pytest.mark.parametrize(("body", "headers"), [({"language": "de"}, {}), ({}, {"accept-language": "de-AT,de;q=0.9"})])
def test_complaints_are_in_the_visitors_language(client: Client, body: dict[str, str], headers: dict[str, str]) -> None:
    answer = post(client, {**body, "email": "nonsense", "name": ""}, **headers)

    assert fields(answer)["name"] == ["Dieses Feld ist zwingend erforderlich."]


def test_language_of_the_browser_is_the_leads(client: Client) -> None:
    post(client, **{"accept-language": "de"})

    assert Lead.objects.get().language == "de"


def test_another_system_that_tells_no_language_leaves_it(client: Client) -> None:
    post(client, {"language": "de"})
    post(client, {"message": "Again"})

    assert Lead.objects.get().language == "de"


def test_same_said_again_counts_once(client: Client) -> None:
    answers = [post(client), post(client), post(client, {"message": "More"})]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.content for answer in answers}) == 1  # the same person
    assert Touchpoint.objects.count() == 2


def test_same_said_later_counts_again(client: Client) -> None:
    post(client)
    cache.clear()
    post(client)

    assert Touchpoint.objects.count() == 2


def test_same_under_one_key_counts_once_for_ever(client: Client) -> None:
    for key in ("first", "first", "second"):
        post(client, **{"idempotency-key": key})
        cache.clear()

    assert Touchpoint.objects.count() == 2


def test_lead_is_taken_without_cache(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object, **options: object) -> None:
        raise ConnectionError

    for name in ("get_or_set", "add", "incr"):
        monkeypatch.setattr(cache, name, down)

    assert post(client).status_code == 201


def test_eleventh_post_waits(client: Client) -> None:
    answers = [post(client, {"message": str(number)}) for number in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert 0 < int(answers[10]["Retry-After"]) <= 600
    assert Touchpoint.objects.count() == 10


@pytest.mark.parametrize("body", ["{", "{}", "[]"])
def test_nonsense_counts_as_well(client: Client, body: str) -> None:
    for _ in range(10):
        client.post("/api/v1/leads", body, "application/json")

    assert post(client).status_code == 429


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '"text"', '{"name": NaN}', '{"name": "\\ud800"}', '{"name": "\\u0000"}']
)
def test_unreadable_body_is_refused(client: Client, body: str) -> None:
    answer = client.post("/api/v1/leads", body, "application/json")

    assert answer.status_code == (422 if body in ("", "[]", '"text"') else 400)
    assert answer.json()["success"] is False


def test_form_of_another_site_is_refused(client: Client) -> None:
    answer = client.post("/api/v1/leads", json.dumps(PERSON), "text/plain")

    assert answer.status_code == 415
    assert not Lead.objects.exists()


def test_lead_and_letters_are_promised_in_eight_queries_at_most(client: Client) -> None:
    WhitepaperFactory(slug="gdpr")

    with CaptureQueriesContext(database) as queries:
        post(client, {"whitepaper": "gdpr", "marketing_consent": True})

    promised = Delivery.objects.order_by("operation").values_list("operation", flat=True)
    assert list(promised) == ["double_opt_in", "push_leads", "whitepaper_delivery"]
    assert len(queries) <= 8 + SAVEPOINT


def test_session_of_a_colleague_needs_no_csrf_here(admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    assert post(client).status_code == 201


def test_no_address_is_written_to_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        post(client, {"name": ""})
        post(client)

    assert "ada@client.example" not in caplog.text


def origin(client: Client, path: str, **headers: str) -> Any:
    asked = {"origin": "https://www.site.example", "access-control-request-method": "POST", **headers}
    return client.options(path, headers=asked)


def test_listed_website_may_post_from_its_pages(client: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://www.site.example"]

    asked = origin(client, "/api/v1/leads")
    posted = post(client, {"name": ""}, origin="https://www.site.example")

    assert asked["Access-Control-Allow-Origin"] == "https://www.site.example"
    assert posted["Access-Control-Allow-Origin"] == "https://www.site.example"
    assert "Access-Control-Allow-Credentials" not in asked


@pytest.mark.parametrize(
    "path", ["/api/v1/admin/integrations/status", "/api/v1/admin/leads", "/api/v1/docs", "/admin/"]
)
def test_no_website_may_ask_for_more(client: Client, settings: Any, path: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://www.site.example"]

    assert "Access-Control-Allow-Origin" not in origin(client, path)


def test_other_websites_may_not_post(client: Client) -> None:
    assert "Access-Control-Allow-Origin" not in origin(client, "/api/v1/leads")
