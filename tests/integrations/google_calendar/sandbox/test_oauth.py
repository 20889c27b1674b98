"""Signing in: consent, codes, tokens, and their end."""

import warnings
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

from integrations.google_calendar.sandbox import CLIENT_ID, CLIENT_SECRET, PERSON, GoogleSandbox

BACK = "http://127.0.0.1:1/back"
EVENTS = "https://www.googleapis.com/auth/calendar.events"
FREEBUSY = "https://www.googleapis.com/auth/calendar.freebusy"


@pytest.fixture(autouse=True)
def _over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def flow_for(peer: GoogleSandbox, **more: Any) -> Flow:
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "auth_uri": peer.auth_uri,
        "token_uri": peer.token_uri,
    }
    return Flow.from_client_config({"web": client}, scopes=[EVENTS, FREEBUSY], redirect_uri=BACK, **more)


def answer(url: str, decision: str = "allow", **form: Any) -> dict[str, str]:
    """Say so on the page of consent: what the application is told."""
    asked = parse_qsl(urlsplit(url).query)
    given = {"account": PERSON, "granted": [EVENTS, FREEBUSY], "decision": decision, **form}
    reply = requests.post(url.partition("?")[0], data={**dict(asked), **given}, allow_redirects=False, timeout=10)
    assert reply.headers["Location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["Location"]).query).items()}


def sign_in(peer: GoogleSandbox, flow: Flow | None = None, /, **asked: Any) -> Flow:
    flow = flow or flow_for(peer)
    url, _ = flow.authorization_url(**{"access_type": "offline", **asked})
    flow.fetch_token(code=answer(url)["code"])
    return flow


def test_googles_own_library_signs_in(peer: GoogleSandbox) -> None:
    flow = flow_for(peer)
    url, state = flow.authorization_url(access_type="offline", prompt="consent")

    told = answer(url)
    token = flow.fetch_token(code=told["code"])

    assert told["state"] == state
    assert (token["token_type"], token["expires_in"], set(token["scope"])) == ("Bearer", 3599, {EVENTS, FREEBUSY})
    assert token["refresh_token"]


@pytest.mark.parametrize("include_client_id", [True, False])
def test_the_client_says_who_it_is_in_either_way(peer: GoogleSandbox, include_client_id: bool) -> None:
    flow = flow_for(peer)
    url, _ = flow.authorization_url()

    assert flow.fetch_token(code=answer(url)["code"], include_client_id=include_client_id)["access_token"]


def test_the_page_asks_in_googles_words(peer: GoogleSandbox) -> None:
    peer.add_person("ben@sandbox.example", "Ben")
    url, _ = flow_for(peer).authorization_url(login_hint="ben@sandbox.example")

    page = requests.get(url, timeout=10).text

    assert "View and edit events on all your calendars" in page
    assert 'value="ben@sandbox.example" checked' in page


def test_who_cancels_is_sent_back_without_a_code(peer: GoogleSandbox) -> None:
    url, state = flow_for(peer).authorization_url()

    assert answer(url, "cancel") == {"error": "access_denied", "state": state}


def test_a_person_may_allow_less_than_was_asked(peer: GoogleSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    flow = flow_for(peer)
    url, _ = flow.authorization_url()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        token = flow.fetch_token(code=answer(url, granted=[FREEBUSY])["code"])

    assert token["scope"] == [FREEBUSY]


def test_a_code_is_of_use_once(peer: GoogleSandbox) -> None:
    flow = flow_for(peer)
    url, _ = flow.authorization_url()
    code = answer(url)["code"]
    flow.fetch_token(code=code)

    with pytest.raises(InvalidGrantError):
        flow.fetch_token(code=code)


def test_a_code_expires(peer: GoogleSandbox) -> None:
    flow = flow_for(peer)
    url, _ = flow.authorization_url()
    code = answer(url)["code"]
    peer.clock.advance(11 * 60)

    with pytest.raises(InvalidGrantError):
        flow.fetch_token(code=code)


@pytest.mark.parametrize("verifier", [None, "x" * 60])
def test_who_asked_must_also_be_who_fetches(peer: GoogleSandbox, verifier: str | None) -> None:
    url, _ = flow_for(peer).authorization_url()
    second = flow_for(peer, code_verifier=verifier, autogenerate_code_verifier=False)

    with pytest.raises(InvalidGrantError):
        second.fetch_token(code=answer(url)["code"])


def exchange(peer: GoogleSandbox, **form: str) -> requests.Response:
    usual = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return requests.post(peer.token_uri, data={**usual, **form}, timeout=10)


def test_another_address_gets_no_tokens(peer: GoogleSandbox) -> None:
    query = f"?client_id={CLIENT_ID}&redirect_uri={BACK}&response_type=code&scope={EVENTS}"
    code = answer(peer.auth_uri + query)["code"]

    reply = exchange(peer, grant_type="authorization_code", code=code, redirect_uri=f"{BACK}/other")

    assert (reply.status_code, reply.json()["error"]) == (400, "redirect_uri_mismatch")


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"client_secret": "other"}])
def test_another_client_gets_no_tokens(peer: GoogleSandbox, wrong: dict[str, str]) -> None:
    reply = exchange(peer, grant_type="refresh_token", refresh_token=peer.tokens()["refresh_token"], **wrong)

    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"redirect_uri": "http://elsewhere.example/"}, 400, "redirect_uri_mismatch"),
        ({"scope": "https://www.googleapis.com/auth/everything"}, 400, "invalid_scope"),
        ({"response_type": "token"}, 400, "invalid_request"),
    ],
)
def test_nobody_is_asked_for_nonsense(peer: GoogleSandbox, change: dict[str, str], status: int, error: str) -> None:
    peer.register(BACK)
    usual = {"client_id": CLIENT_ID, "redirect_uri": BACK, "response_type": "code", "scope": EVENTS}

    reply = requests.get(peer.auth_uri, params={**usual, **change}, allow_redirects=False, timeout=10)

    assert reply.status_code == status
    assert f"Error {status}: {error}" in reply.text


def test_a_refresh_token_comes_with_the_first_consent_only(peer: GoogleSandbox) -> None:
    assert sign_in(peer, access_type="online").credentials.refresh_token is None
    peer.revoke()
    assert sign_in(peer).credentials.refresh_token
    assert sign_in(peer).credentials.refresh_token is None
    assert sign_in(peer, prompt="consent").credentials.refresh_token


def credentials(peer: GoogleSandbox) -> Credentials:
    tokens = peer.tokens()
    return Credentials(
        tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_uri=peer.token_uri,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


def test_a_token_is_refreshed(peer: GoogleSandbox) -> None:
    person = credentials(peer)
    old = person.token

    person.refresh(Request())

    assert person.token not in (None, old)
    assert person.refresh_token
    assert peer.counted()["oauth.token"] == 1


def test_what_is_revoked_is_refreshed_no_more(peer: GoogleSandbox) -> None:
    person = credentials(peer)
    peer.revoke()

    with pytest.raises(RefreshError, match="invalid_grant"):
        person.refresh(Request())


def test_the_application_gives_its_permission_back(peer: GoogleSandbox) -> None:
    tokens = peer.tokens()

    first = requests.post(peer.revoke_uri, data={"token": tokens["refresh_token"]}, timeout=10)
    second = requests.post(peer.revoke_uri, data={"token": tokens["refresh_token"]}, timeout=10)

    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json()["error"] == "invalid_token"
    got = requests.get(
        f"{peer.api_url}users/me/calendarList",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
        timeout=10,
    )
    assert got.status_code == 401
    assert got.json()["error"]["errors"][0]["reason"] == "authError"


def test_an_application_in_testing_is_forgotten_after_a_week() -> None:
    with GoogleSandbox(testing=True) as peer:
        flow = sign_in(peer)
        assert flow.oauth2session.token["refresh_token_expires_in"] == 7 * 24 * 3600 - 1

        flow.credentials.refresh(Request())
        peer.clock.advance(7 * 24 * 3600 + 1)

        with pytest.raises(RefreshError, match="invalid_grant"):
            flow.credentials.refresh(Request())


def test_a_token_says_what_it_allows(peer: GoogleSandbox) -> None:
    token = peer.tokens(PERSON, [EVENTS])["access_token"]

    told = requests.get(f"{peer.url}/tokeninfo", params={"access_token": token}, timeout=10).json()

    assert (told["aud"], told["scope"]) == (CLIENT_ID, EVENTS)
    assert 3500 < int(told["expires_in"]) < 3600
