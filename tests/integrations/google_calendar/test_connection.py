"""What the test of a connection finds, and what is missing before going live."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import golive, health, sandbox
from integrations.google_calendar.oauth import OWN
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Connection, Integration
from integrations.service import ConnectionReport

from .conftest import AWAY, a_consultant, connect, connection, service, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]


def probed(owner: str = "") -> ConnectionReport:
    return health.test(connection(owner))


def sign_out(owner: str = "") -> None:
    row = connection(owner)
    kept = {name: value for name, value in row.secrets.items() if name in ("client_secret", "login")}
    Connection.objects.filter(pk=row.pk).update(secrets=kept)


def missing() -> list[str]:
    found = golive.checklist(Integration.objects.get(slug="google_calendar"))
    return [each.text for each in found if not each.met]


class TestReport:
    def test_all_is_well(self) -> None:
        a_consultant(busy_calendars=[PERSON, AWAY])

        report = probed()

        assert (report.ok, report.notes) == (True, [])
        assert report.summary == f"Connected as {PERSON}."
        assert report.facts == {
            "Account": PERSON,
            "Calendars": "2, 2 of them writable",
            "Permissions": "calendar",
            "Consultants": "Anna Berg",
            "Permission ends": "not by itself",
        }
        assert connection().status == "healthy"

    def test_calendars_that_cannot_be_read_or_written_are_named(self, peer: GoogleSandbox) -> None:
        ben = peer.add_person("ben.hall@sandbox.example", "Ben Hall")
        peer.share(ben, PERSON, "reader")
        a_consultant("ben-hall", busy_calendars=[ben])
        a_consultant("cleo-wu", busy_calendars=["cleo@sandbox.example"], calendar=AWAY)

        report = probed()

        assert report.notes == [
            "Cleo Wu: Google knows no such calendar, or it is not shared with the account. (cleo@sandbox.example)",
            "The account may not write bookings to the calendars of: Ben Hall.",
        ]
        assert report.ok

    def test_one_connection_tells_of_its_own_consultants_only(self, peer: GoogleSandbox) -> None:
        a_consultant()
        a_consultant("ben-hall", busy_calendars=["primary"])
        sign_in(peer, "ben-hall", peer.add_person("ben.hall@sandbox.example", "Ben Hall"))

        assert [probed(owner).facts["Consultants"] for owner in ("", "ben-hall")] == ["Anna Berg", "Ben Hall"]

    def test_a_missing_permission_is_a_problem(self, peer: GoogleSandbox) -> None:
        connect(peer, refresh_token=peer.tokens(scopes=OWN[1:])["refresh_token"])

        assert probed().problems == ["A permission is missing: connect again, and leave all boxes ticked."]
        assert connection().status == "misconfigured"

    def test_an_application_in_testing_is_told_of(self) -> None:
        Connection.objects.filter(pk=connection().pk).update(expires_at=timezone.now() + timedelta(days=6))

        [note] = probed().notes

        assert note.startswith("The application is in testing: Google ends its permissions after seven days")

    def test_a_revoked_permission(self, peer: GoogleSandbox) -> None:
        peer.revoke()

        report = probed()

        assert report.problems == ["Google Calendar: Google's permission has expired or was taken back. Connect again."]

    def test_a_wrong_secret_of_the_application(self, peer: GoogleSandbox) -> None:
        connect(peer, client_secret="GOCSPX-another")

        assert probed().problems == ["Google does not know this application. Copy its ID and its secret again."]

    def test_nobody_has_signed_in(self) -> None:
        sign_out()

        assert probed().problems == ["Press “Connect”, for all consultants together or for each of them."]

    def test_everybody_has_an_own_account(self, peer: GoogleSandbox) -> None:
        a_consultant("ben-hall", busy_calendars=["primary"])
        a_consultant("cleo-wu")
        sign_in(peer, "ben-hall", peer.add_person("ben.hall@sandbox.example", "Ben Hall"))
        sign_out()

        report = probed()

        assert (report.ok, report.summary) == (True, "1 consultant has an own account.")
        assert report.notes[-1] == "Nobody has connected the calendars of: Cleo Wu."
        assert peer.calls == []


class TestGoingLive:
    def test_what_is_missing_is_told(self, peer: GoogleSandbox) -> None:
        a_consultant(busy_calendars=[PERSON, "gone@sandbox.example"])
        before = set(missing())
        probed()
        Connection.objects.filter(pk=connection().pk).update(expires_at=timezone.now() + timedelta(days=6))

        after = set(missing())

        assert "Every calendar could be read in the last test." in before & after
        assert "Bookings can be written to the calendar of every consultant." in before - after
        assert "No permission ends by itself." in after - before
        assert "The settings lead to the real system." in after

    def test_who_is_not_connected_is_named(self) -> None:
        a_consultant()
        sign_out()

        found = golive.checklist(Integration.objects.get(slug="google_calendar"))

        [line] = [each for each in found if each.text.startswith("Somebody has signed in")]
        assert (line.met, line.next_step) == (False, "Press “Connect” for: Anna Berg.")


def test_the_demo_is_connected_at_once(peer: GoogleSandbox) -> None:
    anna = a_consultant("anna-berg", busy_calendars=["primary"])

    sandbox.connect("google_calendar", peer)

    found = service("anna-berg")
    assert found.client.freebusy(anna.calendars, timezone.now(), timezone.now() + timedelta(days=1))
    assert [probed(owner).ok for owner in ("", "anna-berg")] == [True, True]
