"""The test of a connection, and what happens to deliveries when credentials or rights are wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pydantic import ValidationError

from integrations import configuration, health, outbox
from integrations.models import Connection, Delivery, ExternalRecord, Integration
from integrations.odoo.sandbox import EVENTS_USER, SALES_ALL, SALES_OWN, OdooSandbox
from leads import actions

from .conftest import connect, connection, states
from .people import captured, crowd
from .rooms import a_session, only, push


@pytest.fixture
def peer16() -> Iterator[OdooSandbox]:
    with OdooSandbox("16.0") as peer:
        yield peer


@pytest.fixture
def peer19() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0", website_event=True) as peer:
        yield peer


def test_the_report_says_who_we_are_and_what_is_there(db: None, peer16: OdooSandbox) -> None:
    connect(peer16)

    report = health.test(connection())

    assert report.ok
    assert report.facts == {
        "User": f"Magnetiq ({peer16.username})",
        "Version": "Odoo 16.0",
        "Transport": "XML-RPC",
        "Modules": "crm, event",
    }
    assert report.notes == []


def test_from_19_it_speaks_json_and_counts_the_days_of_the_key(db: None, peer19: OdooSandbox) -> None:
    peer19.users.expire(peer19.api_key, datetime.now(UTC) + timedelta(days=20, hours=1))
    connect(peer19)

    report = health.test(connection())

    assert report.facts["Transport"] == "JSON-2"
    assert report.facts["Modules"] == "crm, event, website_event"
    assert report.facts["API key"] == "20 days left"
    expires_at = connection().expires_at
    assert expires_at
    assert (expires_at - timezone.now()).days == 20


def test_administrator_works_and_is_advised_against(db: None, peer16: OdooSandbox) -> None:
    connect(peer16)
    assert requirements() == [True, True, True]
    peer16.users.set_groups(peer16.username, ["base.group_system", "sales_team.group_sale_salesman_all_leads"])

    report = health.test(connection())

    assert report.ok
    assert "The user may administer this Odoo: one with fewer rights would do, and be safer." in report.notes
    assert requirements() == [True, True, False]


def test_going_live_waits_for_module_and_rights(db: None, peer16: OdooSandbox) -> None:
    connect(peer16)
    assert requirements(test_first=False) == [False, False, False]

    peer16.users.set_groups(peer16.username, [])

    assert requirements() == [True, False, True]


def requirements(*, test_first: bool = True) -> list[bool]:
    """What stands in the way of going live: the module, the rights, the user."""
    if test_first:
        health.test(connection())
    return [requirement.met for requirement in configuration.service_of("odoo").requirements()]


def test_xmlrpc_can_be_chosen_on_19(db: None, peer19: OdooSandbox) -> None:
    connect(peer19, transport="xmlrpc")
    captured()

    outbox.drain()

    assert health.test(connection()).facts["Transport"] == "XML-RPC"
    assert len(peer19.records("crm.lead")) == 1


def test_missing_rights_are_named(odoo: Integration, peer: OdooSandbox) -> None:
    peer.users.set_groups(peer.username, (EVENTS_USER,))

    report = health.test(connection())

    assert not report.ok
    assert report.problems[0] == ("The user lacks the right “create” on crm.lead (Sales / User: All Documents).")
    assert connection().status == Connection.Status.MISCONFIGURED


def test_missing_event_rights_are_a_note_that_stops_no_lead(odoo: Integration, peer: OdooSandbox) -> None:
    peer.users.set_groups(peer.username, (SALES_ALL,))
    captured()

    report = health.test(connection())
    outbox.drain()

    assert report.ok
    assert "The user lacks the right “create” on event.event (Events / User)." in report.notes
    assert len(peer.records("crm.lead")) == 1


def test_event_rights_are_needed_as_soon_as_there_are_webinars(odoo: Integration, peer: OdooSandbox) -> None:
    peer.users.set_groups(peer.username, (SALES_ALL,))
    a_session()

    report = health.test(connection())

    assert not report.ok
    assert "The user lacks the right “create” on event.event (Events / User)." in report.problems


def test_the_report_names_events_whose_attendees_odoo_writes_to(odoo: Integration, peer: OdooSandbox) -> None:
    a_session()
    push()
    quiet = health.test(connection())
    event = only(peer, "event.event")["id"]
    peer.write("event.event", event, {"event_mail_ids": [(0, 0, {"event_id": event, "interval_type": "days"})]})

    report = health.test(connection())

    assert (quiet.notes, report.ok) == ([], True)
    assert report.notes == [
        "Odoo writes to the attendees, too: remove the communication of these events there: Data <strategy>."
    ]


def test_a_wrong_key_makes_rows_wait_until_it_is_mended(odoo: Integration, peer: OdooSandbox) -> None:
    crowd(3)
    configuration.configure(odoo, {"api_key": "no such key"})

    outbox.drain()
    assert states() == {"pending": 3}
    assert connection().status == Connection.Status.MISCONFIGURED
    configuration.configure(odoo, {"api_key": peer.api_key})
    Delivery.objects.update(due_at=timezone.now())
    outbox.drain()

    assert states() == {"delivered": 3}
    assert connection().status == Connection.Status.HEALTHY


def test_a_revoked_key_is_red_at_once_though_the_user_id_is_remembered(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    peer.users.revoke(peer.api_key)

    captured("bob@acme.example")
    outbox.drain()

    assert connection().status == Connection.Status.MISCONFIGURED
    assert sorted(Delivery.objects.values_list("state", "failures")) == [("delivered", 0), ("pending", 0)]


def test_a_user_of_own_documents_only_blocks_the_operation_and_green_releases_it(
    odoo: Integration, peer: OdooSandbox
) -> None:
    lead = captured()
    outbox.drain()
    peer.write("crm.lead", 1, {"user_id": peer.users.find("admin")["id"]})
    peer.users.set_groups(peer.username, (SALES_OWN, EVENTS_USER))

    actions.update_details(lead, details={"phone": "+49 30 2"})
    outbox.drain()
    assert states() == {"pending": 1}
    assert connection().blocked == ["push_leads"]
    peer.users.set_groups(peer.username, (SALES_ALL, EVENTS_USER))
    assert health.test(connection()).ok
    Delivery.objects.update(due_at=timezone.now())
    outbox.drain()

    assert states() == {"delivered": 1}


def test_an_unknown_database_is_said_in_words(odoo: Integration, peer: OdooSandbox) -> None:
    configuration.configure(odoo, {"database": "elsewhere"})

    report = health.test(connection())

    assert not report.ok
    assert "database" in report.problems[0]
    assert "Traceback" not in report.problems[0]


def test_an_address_that_is_no_odoo_is_said_in_words(odoo: Integration, peer: OdooSandbox) -> None:
    peer.faults.set("status", 502)

    report = health.test(connection())

    assert report.problems == ["The server is not available (HTTP 502)."]


def test_another_odoo_is_asked_about_and_starts_a_new_book(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    with OdooSandbox(peer.version) as other:
        with pytest.raises(configuration.AnotherSystemError, match="One record is known in"):
            configuration.configure(odoo, {"url": other.url})
        configuration.configure(odoo, {"url": other.url}, new_book=True)

        job = configuration.service_of("odoo").sync_leads()
        outbox.drain()

        assert job.promised == 1
        assert len(other.records("crm.lead")) == 1
    assert ExternalRecord.objects.count() == 2
    assert len(peer.records("crm.lead")) == 1


def test_what_another_odoo_told_is_never_believed(odoo: Integration, peer: OdooSandbox) -> None:
    captured()
    outbox.drain()
    under_way = configuration.service_of("odoo")
    with OdooSandbox(peer.version) as other:
        other.create("utm.source", {"name": "moves the ids along"})
        configuration.configure(odoo, {"url": other.url}, new_book=True)
        under_way.memory.note("names:utm.source", {"Website": "999"})  # a batch that ends after the change

        configuration.service_of("odoo").sync_leads()
        outbox.drain()

        (lead,) = other.records("crm.lead")
        assert lead["source_id"][1] == "Website"


def test_an_environment_that_names_another_odoo_is_asked_about_too(
    db: None, peer: OdooSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never saved comes from the environment: nobody is asked there, so everything waits."""
    Connection.objects.update(secrets={"api_key": peer.api_key})
    Integration.objects.filter(slug="odoo").update(enabled=True)
    for name, value in (("URL", peer.url), ("DATABASE", peer.database), ("USERNAME", peer.username)):
        monkeypatch.setenv(f"ODOO_{name}", value)
    lead = captured()
    outbox.drain()

    with OdooSandbox(peer.version) as other:
        monkeypatch.setenv("ODOO_URL", other.url)
        actions.update_details(lead, details={"phone": "+49 30 2"})
        outbox.drain()

        assert other.calls == []
        assert states() == {"pending": 1}
        assert health.state(connection()) == health.HealthState.MISCONFIGURED
        assert "Our records are in" in health.test(connection()).problems[0]


def test_an_address_with_a_password_in_it_is_refused(odoo: Integration, peer: OdooSandbox) -> None:
    """It would be shown in every link, and sent instead of the key."""
    with pytest.raises(ValidationError, match="without user name and password"):
        configuration.configure(odoo, {"url": peer.url.replace("http://", "http://me:secret@")})


def test_a_key_that_no_header_can_carry_makes_rows_wait(odoo: Integration, peer: OdooSandbox) -> None:
    configuration.configure(odoo, {"api_key": "copied…with an ellipsis"})
    captured()

    outbox.drain()

    assert states() == {"pending": 1}
    assert connection().status == Connection.Status.MISCONFIGURED
