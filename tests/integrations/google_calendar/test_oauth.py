"""Signing in with Google, from the admin and back: by whoever began it, and by nobody else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import errors, signing_in
from integrations.google_calendar.oauth import OWN, SHARED
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox, settings_for
from integrations.models import Connection, Incident, Integration, IntegrationLog

from .conftest import a_consultant, connect, connection, service, tomorrow

pytestmark = pytest.mark.django_db
CALLBACK = "/admin/integrations/integration/connected/google_calendar/"
NOTHING_STORED = "Nothing was stored"


@pytest.fixture
def google(peer: GoogleSandbox) -> Integration:
    """Known to Google, but nobody has signed in."""
    integration = connect(peer)
    row = connection()
    Connection.objects.filter(pk=row.pk).update(secrets={"client_secret": row.secrets["client_secret"]})
    return integration


@pytest.fixture
def anna(google: Integration) -> Connection:
    """Her account is there, and she has not signed in."""
    a_consultant("anna-berg")
    return Connection.objects.create(integration=google, owner="anna-berg", secrets={"login": PERSON})


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    user.groups.add(Group.objects.get(name="Administrator"))
    client.force_login(user)
    return client


def begin(browser: Client, row: Connection) -> str:
    """Google's address, as the page links it."""
    url = reverse("admin:integrations_integration_account_connect", args=[row.integration_id, row.pk])
    return str(browser.get(url).context["url"])


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def decide(url: str, *, decision: str = "allow", account: str = PERSON, without: str = "") -> str:
    """What the person does on Google's page; where the browser is sent."""
    scopes = [scope for scope in asked(url)["scope"].split() if scope != without]
    form = [*asked(url).items(), ("decision", decision), ("account", account), *(("granted", each) for each in scopes)]
    answer = requests.post(url.partition("?")[0], data=form, allow_redirects=False, timeout=30)
    return str(answer.headers["Location"])


def come_back(browser: Client, url: str) -> str:
    """What the operator reads then."""
    parts = urlsplit(url)
    answer = browser.get(f"{parts.path}?{parts.query}", follow=True)
    assert urlsplit(answer.request["PATH_INFO"]).path.endswith("/change/")
    return " ".join(str(message) for message in answer.context["messages"])


def secrets(owner: str = "anna-berg") -> dict[str, Any]:
    found: dict[str, Any] = connection(owner).secrets
    return found


class TestSigningIn:
    def test_consultant_is_connected(self, operator: Client, anna: Connection, peer: GoogleSandbox) -> None:
        said = come_back(operator, decide(begin(operator, anna)))

        assert said == "“anna-berg” is connected. Test it."
        assert {"refresh_token", "access_token", "access_until", "scopes"} <= secrets().keys()
        assert service("anna-berg").client.freebusy(["primary"], tomorrow(0), tomorrow(1)) == {"primary": {"busy": []}}
        assert peer.counted()["oauth.token"] == 1

    def test_somebody_signs_in_for_all(self, operator: Client, google: Integration) -> None:
        said = come_back(operator, decide(begin(operator, connection())))

        assert said == "“Google Calendar” is connected. Test it."
        assert {"refresh_token", "client_secret"} <= secrets("").keys()

    def test_google_is_asked_for_the_least_that_does(self, operator: Client, anna: Connection) -> None:
        own, shared = (asked(begin(operator, row)) for row in (anna, connection()))

        assert (own["scope"], shared["scope"]) == (" ".join(OWN), " ".join(SHARED))
        assert (own["access_type"], own["prompt"], own["code_challenge_method"]) == ("offline", "consent", "S256")
        assert (own["login_hint"], "include_granted_scopes" in own) == (PERSON, False)

    def test_address_to_come_back_to_is_this_sites(
        self, operator: Client, anna: Connection, settings: LazySettings
    ) -> None:
        settings.SITE_URL = "https://office.firm.example"

        assert asked(begin(operator, anna))["redirect_uri"] == f"https://office.firm.example{CALLBACK}"

    def test_page_says_where_it_leads(self, operator: Client, anna: Connection) -> None:
        url = reverse("admin:integrations_integration_account_connect", args=[anna.integration_id, anna.pk])

        shown = operator.get(url)

        assert CALLBACK in shown.content.decode()
        assert shown.headers["Cache-Control"].startswith("max-age=0")

    def test_who_signed_in_is_logged_without_secrets(self, operator: Client, anna: Connection) -> None:
        come_back(operator, decide(begin(operator, anna)))

        row = IntegrationLog.objects.get(operation="signed_in")
        assert (str(row.actor), row.connection_id) == ("ada", anna.pk)
        told = str(list(IntegrationLog.objects.values()))
        assert not [name for name in ("refresh_token", "access_token") if secrets()[name] in told]

    def test_a_new_account_is_one_of_a_consultant_and_leads_to_the_sign_in(
        self, operator: Client, google: Integration
    ) -> None:
        a_consultant("ben-hall", name="Ben Hall")
        url = reverse("admin:integrations_integration_account_add", args=[google.pk])
        assert operator.get(url).context["form"].fields["owner"].choices == [("ben-hall", "Ben Hall")]

        answer = operator.post(url, {"owner": "ben-hall", "login": "ben.hall@firm.example"})

        row = connection("ben-hall")
        assert answer.headers["Location"] == reverse(
            "admin:integrations_integration_account_connect", args=[google.pk, row.pk]
        )
        assert asked(begin(operator, row))["login_hint"] == "ben.hall@firm.example"

    def test_applications_in_testing_are_known_to_end_after_seven_days(self, operator: Client) -> None:
        with GoogleSandbox(testing=True) as peer:
            connect(peer)
            come_back(operator, decide(begin(operator, connection())))

        ends = connection().expires_at
        assert ends
        assert timedelta(days=6) < ends - timezone.now() < timedelta(days=7, minutes=1)


class TestNothingStored:
    """Whatever goes wrong, the operator reads why, and nothing has changed."""

    @pytest.fixture(autouse=True)
    def unchanged(self, anna: Connection) -> Iterator[None]:
        before = secrets()
        yield
        assert (secrets(), connection("anna-berg").blocked) == (before, [])

    def test_refused_consent(self, operator: Client, anna: Connection) -> None:
        said = come_back(operator, decide(begin(operator, anna), decision="cancel"))

        assert said == "The permission was refused there. Nothing was stored, and nothing has changed."

    def test_wrong_state(self, operator: Client, anna: Connection) -> None:
        url = decide(begin(operator, anna))
        other = url.replace(asked(url)["state"], "of-somebody-else")

        assert NOTHING_STORED in come_back(operator, other)

    def test_no_state_at_all(self, operator: Client, anna: Connection, peer: GoogleSandbox) -> None:
        code = asked(decide(begin(operator, anna)))["code"]

        assert NOTHING_STORED in come_back(operator, f"{CALLBACK}?{urlencode({'code': code})}")
        assert peer.counted()["oauth.token"] == 0

    def test_another_persons_session(self, operator: Client, anna: Connection, peer: GoogleSandbox) -> None:
        url = decide(begin(operator, anna))
        other = Client()
        other.force_login(User.objects.create_superuser("grace"))

        assert NOTHING_STORED in come_back(other, url)
        assert peer.counted()["oauth.token"] == 0

    def test_lost_session(self, operator: Client, anna: Connection) -> None:
        url = decide(begin(operator, anna))
        user = User.objects.get(username="ada")
        operator.logout()
        parts = urlsplit(url)

        asked_to_log_in = operator.get(f"{parts.path}?{parts.query}")
        assert asked_to_log_in.headers["Location"].startswith("/admin/login/")

        operator.force_login(user)
        assert NOTHING_STORED in come_back(operator, url)

    def test_too_long_ago(self, operator: Client, anna: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signing_in, "LASTS", -1)
        url = decide(begin(operator, anna))

        assert NOTHING_STORED in come_back(operator, url)

    def test_the_same_answer_twice(self, operator: Client, anna: Connection) -> None:
        url = decide(begin(operator, anna), decision="cancel")
        come_back(operator, url)

        assert "not begun in this session" in come_back(operator, url)

    def test_a_code_that_is_none(self, operator: Client, anna: Connection) -> None:
        url = decide(begin(operator, anna))
        other = url.replace(urlencode({"code": asked(url)["code"]}), "code=made-up")

        said = come_back(operator, other)

        assert said == "The sign-in failed: It took too long, or was used before. Nothing was stored."
        assert not Incident.objects.exists()

    def test_a_box_that_was_unticked(self, operator: Client, anna: Connection) -> None:
        said = come_back(operator, decide(begin(operator, anna), without=OWN[0]))

        assert said.startswith("The sign-in failed: Google's page has boxes")

    def test_errors_of_google_are_told_without_what_else_the_address_says(
        self, operator: Client, anna: Connection
    ) -> None:
        state = asked(begin(operator, anna))["state"]

        said = come_back(operator, f"{CALLBACK}?{urlencode({'state': state, 'error': '<b>pay@evil.example</b>'})}")

        assert said == "The sign-in was broken off there (?). Nothing was stored."

    def test_who_may_not_configure(self, client: Client, anna: Connection) -> None:
        user = User.objects.create_user("olga", is_staff=True)
        user.groups.add(Group.objects.get(name="Operator"))
        client.force_login(user)

        assert client.get(CALLBACK).status_code == 403


def test_silence_of_google_stores_nothing(operator: Client, anna: Connection, peer: GoogleSandbox) -> None:
    url = decide(begin(operator, anna))
    peer.faults.set("status", value=503)

    said = come_back(operator, url)

    assert said == "The sign-in failed: Google answers HTTP 503. Nothing was stored."
    assert secrets() == {"login": PERSON}


class TestReconnecting:
    def test_a_dead_permission_is_a_need_with_a_button(
        self, operator: Client, anna: Connection, peer: GoogleSandbox
    ) -> None:
        come_back(operator, decide(begin(operator, anna)))
        peer.revoke()
        with pytest.raises(errors.Misconfigured):
            service("anna-berg").client.freebusy(["primary"], tomorrow(0), tomorrow(1))

        needs = operator.get(reverse("admin:index")).context["needs"]

        [need] = [each for each in needs if each.kind == "misconfigured"]
        assert "Anna Berg: Google's permission has expired or was taken back." in need.text
        assert need.button == "Reconnect"
        assert operator.get(need.url).status_code == 200

    def test_signing_in_again_mends_it(self, operator: Client, anna: Connection, peer: GoogleSandbox) -> None:
        come_back(operator, decide(begin(operator, anna)))
        peer.revoke()
        with pytest.raises(errors.Misconfigured):
            service("anna-berg").client.freebusy(["primary"], tomorrow(0), tomorrow(1))

        come_back(operator, decide(begin(operator, anna)))

        assert (connection("anna-berg").blocked, connection("anna-berg").status) == ([], "unknown")
        assert Incident.objects.get().closed_at
        service("anna-berg").client.freebusy(["primary"], tomorrow(0), tomorrow(1))


class TestDisconnecting:
    def url(self, row: Connection) -> str:
        return reverse("admin:integrations_integration_account_delete", args=[row.integration_id, row.pk])

    def test_it_is_revoked_there_and_erased_here(self, operator: Client, anna: Connection, peer: GoogleSandbox) -> None:
        come_back(operator, decide(begin(operator, anna)))
        token = secrets()["refresh_token"]

        operator.post(self.url(anna))

        assert (secrets(), peer.counted()["oauth.revoke"]) == ({}, 1)
        assert (
            requests.post(
                peer.token_uri,
                data={**ours(peer), "grant_type": "refresh_token", "refresh_token": token},
                timeout=5,
            ).json()["error"]
            == "invalid_grant"
        )

    def test_who_signed_in_for_all_is_signed_out_and_the_application_stays(
        self, operator: Client, google: Integration
    ) -> None:
        come_back(operator, decide(begin(operator, connection())))

        operator.post(self.url(connection()))

        assert secrets("").keys() == {"client_secret"}
        assert connection().removed_at is None

    def test_while_google_is_silent_it_is_erased_and_the_operator_told(
        self, operator: Client, anna: Connection, peer: GoogleSandbox
    ) -> None:
        come_back(operator, decide(begin(operator, anna)))
        peer.faults.set("status", value=503)

        answer = operator.post(self.url(anna), follow=True)

        assert secrets() == {}
        assert "The other side could not be told" in answer.content.decode()

    def test_a_permission_that_is_over_already_is_no_trouble(
        self, operator: Client, anna: Connection, peer: GoogleSandbox
    ) -> None:
        come_back(operator, decide(begin(operator, anna)))
        peer.revoke()

        answer = operator.post(self.url(anna), follow=True)

        assert "could not be told" not in answer.content.decode()


def ours(peer: GoogleSandbox) -> dict[str, str]:
    return {name: settings_for(peer)[name] for name in ("client_id", "client_secret")}
