"""Tokens: used until they expire, renewed once for all, and what happens when they die."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations import configuration, errors
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.google_calendar.tokens import alone
from integrations.models import Connection, Incident, Integration
from tests.concurrency import at_once

from .conftest import a_consultant, connect, connection, service, sign_in, tomorrow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]


def ask(owner: str = "") -> None:
    service(owner).client.freebusy([PERSON], tomorrow(0), tomorrow(23))


def expire(owner: str = "") -> None:
    """As we remember it."""
    row = connection(owner)
    ended = (timezone.now() - timedelta(minutes=1)).isoformat()
    Connection.objects.filter(pk=row.pk).update(secrets={**row.secrets, "access_until": ended})


def test_a_token_is_renewed_once_and_not_at_every_call(peer: GoogleSandbox) -> None:
    for _ in range(3):
        ask()

    assert (peer.counted()["oauth.token"], peer.counted()["freebusy.query"]) == (1, 3)


def test_an_expired_token_is_renewed_before_the_call(peer: GoogleSandbox) -> None:
    ask()
    expire()

    ask()

    assert (peer.counted()["oauth.token"], peer.counted()["freebusy.query"]) == (2, 2)


def test_a_token_that_google_ended_early_is_renewed_after_the_call(peer: GoogleSandbox) -> None:
    ask()
    peer.expire_access()

    ask()

    assert peer.counted()["oauth.token"] == 2
    assert (connection().status, connection().failures) == ("healthy", 0)


@pytest.mark.django_db(transaction=True)
def test_of_many_processes_the_first_renews_for_all(peer: GoogleSandbox) -> None:
    peer.faults.set("slow", value=0.2, call="oauth.token")

    at_once(lambda owner: ask(owner), [""] * 8)

    assert (peer.counted()["oauth.token"], peer.counted()["freebusy.query"]) == (1, 8)


@pytest.mark.django_db(transaction=True)
def test_who_cannot_wait_for_the_other_process_is_told(peer: GoogleSandbox) -> None:
    connect(peer, timeout=0.2)
    row = connection()

    with alone(row, 1), ThreadPoolExecutor(1) as pool:
        refused = pool.submit(in_a_thread, lambda: service().tokens.access()).result()

    assert isinstance(refused, errors.Unavailable)
    assert service().tokens.access()


def in_a_thread(work: Callable[[], object]) -> object:
    """What comes of it, or the error."""
    try:
        return work()
    except errors.IntegrationError as error:
        return error
    finally:
        database.close()


def test_tokens_are_encrypted_and_in_no_setting(peer: GoogleSandbox) -> None:
    ask()

    stored = connection()
    assert {"refresh_token", "access_token", "access_until", "scopes"} <= stored.secrets.keys()
    assert "token" not in str(Integration.objects.get(slug="google_calendar").settings.keys() - {"token_uri"})


def test_another_sign_in_that_is_entered_by_hand_counts_at_once(peer: GoogleSandbox) -> None:
    ask()
    ben = peer.add_person("ben.hall@sandbox.example", "Ben Hall")

    connect(peer, refresh_token=peer.tokens(ben)["refresh_token"])
    ask()

    assert [account for name, account, _calendar in peer.calls if name == "freebusy.query"] == [PERSON, ben]


def test_saving_settings_keeps_whoever_signed_in(peer: GoogleSandbox) -> None:
    ask()

    configuration.configure(Integration.objects.get(slug="google_calendar"), {"timeout": 7})

    ask()
    assert peer.counted()["oauth.token"] == 1


def test_a_revoked_permission_stops_only_its_own_connection(peer: GoogleSandbox) -> None:
    peer.add_person("ben.hall@sandbox.example", "Ben Hall")
    sign_in(peer, "ben-hall", "ben.hall@sandbox.example")
    peer.revoke("ben.hall@sandbox.example")

    with pytest.raises(errors.Misconfigured):
        ask("ben-hall")
    ask()

    assert (connection("ben-hall").status, connection().status) == ("misconfigured", "healthy")


def test_a_revoked_permission_opens_one_incident_that_names_the_consultant(peer: GoogleSandbox) -> None:
    a_consultant("ben-hall", name="Benjamin Hall")
    sign_in(peer, "ben-hall")
    ask("ben-hall")
    peer.revoke()

    for _ in range(3):
        with pytest.raises(errors.Misconfigured):
            ask("ben-hall")

    incident = Incident.objects.get()
    assert incident.summary.startswith("Benjamin Hall: ")
    assert connection("ben-hall").last_error == incident.summary


def test_an_account_does_not_sign_in_as_the_shared_one(peer: GoogleSandbox) -> None:
    ask()
    configuration.configure_account(
        Integration.objects.get(slug="google_calendar"), "ben-hall", {"login": "b@x.example"}
    )

    assert service("ben-hall").settings.refresh_token is None
    with pytest.raises(errors.Misconfigured, match="nobody has signed in"):
        ask("ben-hall")

    assert peer.counted()["freebusy.query"] == 1


def test_who_signed_in_meanwhile_is_not_overwritten(peer: GoogleSandbox) -> None:
    """The answer to a renewal comes after somebody else has signed in."""
    held = service()
    secret = connection().secrets
    fresh = peer.tokens()
    renew = held.auth.refresh

    def slowly(token: str) -> dict[str, object]:
        told = renew(token)
        Connection.objects.filter(pk=held.connection.pk).update(
            secrets={**secret, "refresh_token": fresh["refresh_token"]}
        )
        return told

    held.auth.refresh = slowly  # type: ignore[method-assign]
    held.tokens.access()

    assert connection().secrets["refresh_token"] == fresh["refresh_token"]
    assert "access_token" not in connection().secrets
