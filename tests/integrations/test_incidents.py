"""Matters that need somebody: one incident for each, however often it is noticed, until it is over or noted."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from integrations import incidents, situation
from integrations.incidents import Kind
from integrations.models import AlertSubscription, Connection, Heartbeat, Incident
from integrations.needs import needs_you
from tests.factories import LeadFactory


@pytest.fixture(autouse=True)
def a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(incidents.KINDS, "lost", Kind("Lost letter", "leads.change_lead", "Look for it."))  # type: ignore[arg-type]


@pytest.fixture
def ada(db: None) -> User:
    Heartbeat.beat(*Heartbeat.QUEUES, "beat")
    user = User.objects.create_superuser("ada", "ada@firm.example")
    AlertSubscription.objects.create(user=user)
    return user


def open_incidents() -> list[tuple[str, int]]:
    return list(Incident.objects.open().order_by("pk").values_list("kind", "subject_id"))


def texts(user: User) -> list[str]:
    return [need.text for need in needs_you(user, situation.Situation())]


@pytest.mark.django_db
def test_same_matter_is_one_incident_until_it_is_over(connection: Connection) -> None:
    lead = LeadFactory()

    said = [incidents.report(connection, "lost", lead, "It is gone.") for _ in range(2)]
    incidents.close("lost", lead)
    incidents.close("lost", lead)
    again = incidents.report(connection, "lost", lead, "It is gone once more.")

    assert (said, again) == ([True, False], True)
    assert [incident.closed_at is None for incident in Incident.objects.order_by("pk")] == [False, True]


@pytest.mark.django_db
def test_matters_and_outages_are_told_apart(connection: Connection) -> None:
    one, other = LeadFactory(), LeadFactory()
    incidents.report(connection, "lost", one, "One.")
    incidents.report(connection, "lost", other, "Other.")
    incidents.report(connection, "outage", None, "Down.")

    incidents.close("lost", one)
    assert open_incidents() == [("lost", other.pk), ("outage", 0)]
    incidents.close_outage(connection)
    assert open_incidents() == [("lost", other.pk)]


@pytest.mark.django_db
def test_unknown_kind_is_refused(connection: Connection) -> None:
    with pytest.raises(KeyError):
        incidents.report(connection, "misspelt", None, "?")


@pytest.mark.django_db(transaction=True)
def test_who_notice_at_once_open_one(connection: Connection) -> None:
    lead, start = LeadFactory(), Barrier(4)

    def notice(number: int) -> bool:
        start.wait(10)
        try:
            return incidents.report(connection, "lost", lead, "It is gone.")
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(notice, range(4)))

    assert said == [False, False, False, True]
    assert Incident.objects.count() == 1


@pytest.mark.django_db
def test_matter_needs_somebody_until_it_is_noted(connection: Connection, ada: User) -> None:
    incidents.report(connection, "lost", LeadFactory(), "It is gone.")
    incidents.report(connection, "lost", LeadFactory(), "This, too.")
    before = texts(ada)

    noted = incidents.acknowledge(Incident.objects.all(), ada)

    assert before == ["Postbox: Lost letter (2 times)."]
    assert (len(noted), texts(ada)) == (2, [])
    assert {(each.acknowledged_by, each.closed_at is None) for each in Incident.objects.all()} == {(ada, False)}


@pytest.mark.django_db
def test_noted_outage_lasts(connection: Connection, ada: User) -> None:
    incidents.report(connection, "outage", None, "Down.")

    incidents.acknowledge(Incident.objects.all(), ada)

    assert open_incidents() == [("outage", 0)]


@pytest.mark.django_db
def test_list_leads_to_what_it_is_about(connection: Connection, ada: User) -> None:
    lead = LeadFactory(name="Grace Hopper")
    incidents.report(connection, "lost", lead, "It is gone.")
    browser = Client()
    browser.force_login(ada)

    shown = browser.get(reverse("admin:integrations_incident_changelist"), {"kind": "lost"}).text

    assert reverse("admin:leads_lead_change", args=[lead.pk]) in shown
    assert "It is gone." in shown
    assert "Lost letter" in shown


@pytest.mark.django_db
def test_button_notes_it(connection: Connection, ada: User) -> None:
    incidents.report(connection, "lost", LeadFactory(), "It is gone.")
    url = reverse("admin:integrations_incident_acknowledge", args=[Incident.objects.get().pk])
    browser = Client()
    browser.force_login(ada)

    first, again = (browser.post(url, follow=True).text for _ in range(2))

    assert "Noted: nobody else needs to look." in first
    assert "Nothing to do: this is over." in again
    assert open_incidents() == []
