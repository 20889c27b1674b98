"""Whoever can act is written to, once for each incident, and once more when it is over."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.urls import reverse

from integrations import configuration, incidents, outbox
from integrations.email.sandbox import MailSandbox
from integrations.models import AlertSubscription, Connection, Delivery, Incident, Integration

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_else(settings: LazySettings) -> None:
    settings.ADMINS = []


@pytest.fixture
def odoo(email: Integration) -> Connection:
    Integration.objects.filter(slug="odoo").update(enabled=True)
    return connection_of("odoo")


def connection_of(slug: str) -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug=slug, owner="")


def a_user(name: str, role: str = "Operator", **fields: object) -> User:
    """Somebody of this group, who asked for what is asked for by default."""
    user = User.objects.create_user(name, f"{name}@firm.example", **{"is_staff": True, **fields})
    user.groups.set(Group.objects.filter(name=role))
    AlertSubscription.objects.create(user=user)
    return user


def an_outage(connection: Connection) -> None:
    for _ in range(3):
        incidents.report(connection, "outage", None, "The server does not answer.")


def letters(peer: MailSandbox) -> list[tuple[str, str]]:
    """(to, subject) of what arrived, by recipient."""
    outbox.drain(integration="email")
    return sorted((letter.recipients[0], letter.message["Subject"]) for letter in peer.letters)


def test_whoever_can_act_is_written_to_once(odoo: Connection, peer: MailSandbox, settings: LazySettings) -> None:
    settings.ADMINS = [("Ops", "ops@firm.example"), ("", "OPERATOR@firm.example")]
    a_user("operator")
    a_user("auditor", "Auditor")
    a_user("gone", is_active=False)
    a_user("visitor", is_staff=False)
    a_user("boss", "", is_superuser=True)
    a_user("quiet")
    AlertSubscription.objects.filter(user__username="quiet").update(outages=False)
    User.objects.create_superuser("unasked", "unasked@firm.example")

    an_outage(odoo)

    readers = ["boss@firm.example", "operator@firm.example", "ops@firm.example"]
    assert letters(peer) == [(reader, "Alert - Odoo ERP") for reader in readers]
    assert Incident.objects.get().alerted_at


def test_letter_says_what_is_wrong_and_where_to_look(odoo: Connection, peer: MailSandbox) -> None:
    a_user("operator")

    an_outage(odoo)
    letters(peer)

    (letter,) = peer.letters
    text = letter.message.get_body(("plain",)).get_content()
    page = reverse("admin:integrations_integration_change", args=[odoo.integration_id])
    assert "The server does not answer." in text
    assert f"http://localhost:8000{page}" in text
    assert "goes out by itself" in text


def test_letter_is_in_the_language_of_the_firm(odoo: Connection, peer: MailSandbox, settings: LazySettings) -> None:
    settings.LANGUAGE_CODE = "de"
    a_user("operator")

    an_outage(odoo)

    assert letters(peer) == [("operator@firm.example", "Alarm - Odoo ERP")]


def test_all_clear_goes_to_who_was_alerted(odoo: Connection, peer: MailSandbox) -> None:
    a_user("operator")
    an_outage(odoo)
    letters(peer)
    a_user("newcomer")

    incidents.close_outage(odoo)

    operator = "operator@firm.example"
    assert letters(peer) == [(operator, "Alert - Odoo ERP"), (operator, "All Is Well Again - Odoo ERP")]


def test_what_was_over_before_the_letter_went_needs_none(odoo: Connection, peer: MailSandbox) -> None:
    a_user("operator")

    an_outage(odoo)
    incidents.close_outage(odoo)

    assert letters(peer) == []
    assert Delivery.objects.get().state == Delivery.State.CANCELLED


def test_nobody_is_alerted_of_what_is_not_in_use(odoo: Connection, peer: MailSandbox) -> None:
    a_user("operator")
    configuration.set_enabled(odoo.integration, False)

    an_outage(odoo)

    assert letters(peer) == []
    assert Incident.objects.get().alerted_at is None


def test_alert_follows_when_it_is_put_into_use(odoo: Connection, peer: MailSandbox) -> None:
    a_user("operator")
    configuration.set_enabled(odoo.integration, False)
    an_outage(odoo)

    Integration.objects.filter(slug="odoo").update(enabled=True)
    an_outage(odoo)

    assert letters(peer) == [("operator@firm.example", "Alert - Odoo ERP")]


def test_email_says_nothing_of_its_own_outage(email: Integration, peer: MailSandbox) -> None:
    a_user("operator")

    an_outage(connection_of("email"))

    assert letters(peer) == []
    assert Incident.objects.get().alerted_at is None


def test_who_left_meanwhile_is_not_written_to(odoo: Connection, peer: MailSandbox) -> None:
    user = a_user("operator")
    an_outage(odoo)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert letters(peer) == []
