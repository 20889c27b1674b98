"""An outage as the staff lives it: one alert for each reader, one escalation, one all-clear; by the other way where
e-mail itself is the patient."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from integrations import breaker, configuration, errors, incidents, needs, outbox, setup, tasks, watch
from integrations.email.sandbox import MailSandbox, settings_for
from integrations.email.service import EmailService
from integrations.models import AlertSubscription, Connection, Heartbeat, Incident, Integration, IntegrationLog
from integrations.odoo.sandbox import OdooSandbox
from integrations.situation import Situation
from integrations.webhooks.sandbox import Answer, Receiver
from tests.integrations.odoo.conftest import connect, connection
from tests.integrations.odoo.people import crowd
from tests.integrations.promising import NOON

pytestmark = pytest.mark.django_db
SECRET = "T0/B0/nobody-may-read-this"
Clock = time_machine.Traveller


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def letterbox(tmp_path: Path, settings: LazySettings, clock: Clock, db: None) -> Iterator[MailSandbox]:
    """The stand-in for the mail server, in use, in an installation whose schedules exist."""
    settings.EMAIL_BACKEND = "integrations.email.backend.EmailBackend"
    settings.ADMINS = [("Ops", "ops@firm.example")]
    setup.create_rows()
    with MailSandbox(tmp_path) as peer:
        integration = Integration.objects.get(slug="email")
        configuration.configure(integration, {**settings_for(peer), "breaker_failures": 1})
        configuration.set_enabled(integration, True)
        yield peer


@pytest.fixture
def chat(letterbox: MailSandbox) -> Iterator[Receiver]:
    """Where alerts are told."""
    peer = Receiver().start()
    webhooks = Integration.objects.get(slug="webhooks")
    configuration.configure(webhooks, {"alert_url": f"{peer.url}{SECRET}"})
    configuration.set_enabled(webhooks, True)
    yield peer
    peer.close()


def a_reader(name: str, **asked: Any) -> User:
    user = User.objects.create_user(name, f"{name}@firm.example", is_staff=True)
    user.groups.set(Group.objects.filter(name="Operator"))
    AlertSubscription.objects.create(user=user, **asked)
    return user


def own(slug: str) -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug=slug, owner="")


def letters(peer: MailSandbox) -> list[str]:
    """ "reader: subject" of what goes out now."""
    return sorted(f"{who}: {letter['Subject']}" for who, letter in received(peer).items())


def received(peer: MailSandbox) -> dict[str, Any]:
    """{reader: letter} of what goes out now: one for each at most."""
    before = len(peer.letters)
    outbox.drain(integration="email")
    new = peer.letters[before:]
    found = {letter.recipients[0].partition("@")[0]: letter.message for letter in new}
    assert len(found) == len(new)
    return found


def text_of(letter: Any) -> str:
    return str(letter.get_body(("plain",)).get_content())


def messages(peer: Receiver) -> list[str]:
    """What the chat was told since the last time."""
    outbox.drain(integration="webhooks")
    found = [str(message.payload["text"]) for message in peer.received]
    peer.received.clear()
    return found


def deliver_to_odoo(clock: Clock) -> None:
    for _ in range(4):
        outbox.drain(integration="odoo")
        clock.shift(timedelta(minutes=2))


def told(user: User) -> str:
    return "\n".join(need.text for need in needs.needs_you(user, Situation()))


def test_odoo_dies_and_comes_back(letterbox: MailSandbox, chat: Receiver, clock: Clock) -> None:
    a_reader("ada")
    a_reader("jana", language="de", escalations=True)
    a_reader("chief", outages=False, escalations=True)
    a_reader("quiet", outages=False)
    with OdooSandbox("19.0") as odoo:
        connect(odoo, breaker_failures=2)
        odoo.stop()
        crowd(3)

        deliver_to_odoo(clock)
        assert letters(letterbox) == ["ada: Alert - Odoo ERP", "jana: Alarm - Odoo ERP", "ops: Alert - Odoo ERP"]
        [said] = messages(chat)
        assert said.startswith("Odoo ERP needs somebody to look at it: ")

        clock.shift(timedelta(minutes=15))
        assert incidents.escalate() == 0
        clock.shift(timedelta(minutes=15))
        assert [incidents.escalate() for _ in range(2)] == [1, 0]
        assert letters(letterbox) == [
            "chief: Nobody Has Taken Note - Odoo ERP",
            "jana: Niemand hat Kenntnis genommen - Odoo ERP",
            "ops: Nobody Has Taken Note - Odoo ERP",
        ]
        [said] = messages(chat)
        assert said.startswith("Nobody has taken note for ")

        deliver_to_odoo(clock)
        assert (letters(letterbox), messages(chat)) == ([], [])

        odoo.start()
        clock.shift(timedelta(minutes=16))
        deliver_to_odoo(clock)
        came = received(letterbox)
        [said] = messages(chat)
    incident = Incident.objects.get()
    assert incident.waited["waiting"] == {"push_leads": 3}
    assert "Leads to Odoo, waited: 3" in said
    assert sorted(came) == ["ada", "chief", "jana", "ops"]
    assert came["ada"]["Subject"] == "All Is Well Again - Odoo ERP"
    assert "Leads to Odoo, waited: 3" in text_of(came["ada"])
    assert "It lasted: 1 hour" in text_of(came["ada"])
    assert "Es dauerte: 1 Stunde" in text_of(came["jana"])


def test_nothing_is_escalated_that_somebody_took_note_of(letterbox: MailSandbox, clock: Clock) -> None:
    ada = a_reader("ada", escalations=True)
    connect_away()
    letters(letterbox)
    incidents.acknowledge(Incident.objects.all(), ada)

    clock.shift(timedelta(hours=1))

    assert (incidents.escalate(), letters(letterbox)) == (0, [])


def connect_away() -> None:
    """Odoo is in use, and nobody can log in there."""
    Integration.objects.filter(slug="odoo").update(enabled=True)
    breaker.barred(connection(), errors.Misconfigured("Wrong key."))


def test_email_dies_and_the_chat_is_told(letterbox: MailSandbox, chat: Receiver, clock: Clock) -> None:
    ada = a_reader("ada")
    letterbox.faults.set("refuse", True)
    outbox.once(EmailService.test_letter, ada)

    assert letters(letterbox) == []

    [said] = messages(chat)
    assert said.startswith("E-mail needs somebody to look at it: ")
    assert "the alert went another way" in told(ada)
    assert "E-mail cannot tell of its own trouble: this was told another way." in page(ada, Incident.objects.get())

    letterbox.faults.clear()
    clock.shift(timedelta(minutes=20))
    assert len(letters(letterbox)) == 1
    [said] = messages(chat)
    assert said.startswith("E-mail works again, after 20 minutes.")


def test_email_dies_and_there_is_no_other_way(letterbox: MailSandbox) -> None:
    ada = a_reader("ada")
    breaker.barred(own("email"), errors.Misconfigured("Wrong password."))

    assert "E-mail: nobody could be told of an incident. Set ALERT_WEBHOOK_URL, or the address" in told(ada)
    assert "cannot tell of its own trouble, and there is no other way" in page(ada, Incident.objects.get())


def page(user: User, incident: Incident) -> str:
    browser = Client()
    browser.force_login(user)
    return browser.get(reverse("admin:integrations_incident_change", args=[incident.pk])).text


def test_address_for_alerts_is_in_no_log(chat: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    chat.always = Answer(404)
    connect_away()

    outbox.drain(integration="webhooks")

    kept = [*IntegrationLog.objects.values_list("message", flat=True), own("webhooks").last_error, caplog.text]
    assert own("webhooks").status == Connection.Status.MISCONFIGURED
    assert "nobody-may-read" not in " ".join(kept)
    [sick] = Incident.objects.filter(connection=own("webhooks"))
    assert "nobody-may-read" not in sick.summary


def test_first_address_comes_from_the_environment(
    chat: Receiver, monkeypatch: pytest.MonkeyPatch, letterbox: MailSandbox
) -> None:
    Connection.objects.filter(pk=own("webhooks").pk).update(secrets={})
    monkeypatch.setenv("ALERT_WEBHOOK_URL", f"{chat.url}from-the-environment")
    connect_away()

    outbox.drain(integration="webhooks")

    assert [message.path for message in chat.received] == ["/from-the-environment"]


def test_staff_who_were_there_before_stay_subscribed() -> None:
    ada = User.objects.create_user("ada", "ada@firm.example", is_staff=True)
    User.objects.create_user("visitor", "visitor@firm.example")

    import_module("integrations.migrations.0009_alerts").keep_subscribed(apps, None)

    [kept] = AlertSubscription.objects.all()
    assert (kept.user, kept.outages, kept.matters, kept.escalations, kept.digest) == (ada, True, True, False, False)


def test_my_alerts_are_mine(letterbox: MailSandbox) -> None:
    ada, bob = a_reader("ada"), User.objects.create_user("bob", "bob@firm.example", is_staff=True)
    url = reverse("admin:integrations_incident_my_alerts")
    browser = Client()
    browser.force_login(bob)

    shown = browser.get(url).text
    browser.post(url, {"digest": "on", "language": "de", "user": ada.pk})

    assert "You may act on none of what alerts are about" in shown
    asked = AlertSubscription.objects.get(user=bob)
    assert (asked.outages, asked.digest, asked.language) == (False, True, "de")
    assert AlertSubscription.objects.get(user=ada).outages


# --- the heartbeat ----------------------------------------------------------------------------------------------------


class Monitor(ThreadingHTTPServer):
    """Outside, it counts how often it is asked."""

    asked = 0
    status = 200


class _Asked(BaseHTTPRequestHandler):
    server: Monitor

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def monitor(settings: LazySettings) -> Iterator[Monitor]:
    server = Monitor(("127.0.0.1", 0), _Asked)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.HEARTBEAT_URL = f"http://127.0.0.1:{server.server_address[1]}/{SECRET}"
    yield server
    server.shutdown()
    server.server_close()


def test_heartbeat_follows_good_rounds_only(monitor: Monitor, letterbox: MailSandbox) -> None:
    Heartbeat.beat(*Heartbeat.QUEUES)
    rounds = [(watch.go_round(), monitor.asked)]  # without beat
    Heartbeat.beat("beat")
    rounds.append((watch.go_round(), monitor.asked))
    breaker.barred(own("email"), errors.Misconfigured("Wrong password."))  # of which it cannot tell anybody
    rounds.append((watch.go_round(), monitor.asked))
    incidents.acknowledge(Incident.objects.all(), None)
    rounds.append((watch.go_round(), monitor.asked))

    assert rounds == [(False, 0), (True, 1), (False, 1), (True, 2)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret-path", "no-url/secret-path", "http://[::1/secret-path"])
def test_heartbeat_that_does_not_arrive_is_a_line_in_the_log(
    url: str, settings: LazySettings, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HEARTBEAT_URL = url
    Heartbeat.beat(*Heartbeat.QUEUES, "beat")

    assert watch.go_round()

    assert "the heartbeat did not arrive" in caplog.text
    assert "secret-path" not in caplog.text
    assert not Incident.objects.exists()


# --- the morning letter -----------------------------------------------------------------------------------------------


def test_morning_letter_comes_once_to_who_asked_and_only_with_what_they_may_see(
    letterbox: MailSandbox, clock: Clock
) -> None:
    Heartbeat.beat(*Heartbeat.QUEUES, "beat")
    a_reader("ada", digest=True, outages=False)
    a_reader("jana", digest=True, outages=False, language="de")
    a_reader("quiet", outages=False)
    blind = a_reader("blind", digest=True)
    blind.groups.clear()
    connect_away()
    letters(letterbox)

    for _ in range(2):
        tasks.say_good_morning()

    came = received(letterbox)
    subjects = {who: str(letter["Subject"]) for who, letter in came.items()}
    assert subjects == {"ada": "Needs You This Morning: 1", "jana": "Heute Morgen für Sie: 1"}
    assert "• Odoo ERP: " in text_of(came["ada"])
    clock.shift(timedelta(days=1))
    Heartbeat.beat(*Heartbeat.QUEUES, "beat")
    tasks.say_good_morning()
    assert len(letters(letterbox)) == 2


def test_no_morning_letter_when_nothing_needs_anybody(letterbox: MailSandbox) -> None:
    Heartbeat.beat(*Heartbeat.QUEUES, "beat")
    a_reader("ada", digest=True)

    tasks.say_good_morning()

    assert letters(letterbox) == []
