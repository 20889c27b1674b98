"""Being forgotten: nothing of the person is left, here or elsewhere, and a certificate says so."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.mime.base import MIMEBase
from io import StringIO
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.mail import EmailMessage, send_mail
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from bookings.actions import book, move, note_meeting_url
from integrations import certificate, configuration, erasure, needs, outbox, setup, tasks, traces
from integrations.email import suppressions
from integrations.email.answers import Undeliverable
from integrations.email.sandbox import MailSandbox
from integrations.email.sandbox import settings_for as mail_settings
from integrations.models import (
    Attempt,
    Connection,
    Delivery,
    Erasure,
    ErasureItem,
    ExternalRecord,
    Integration,
    IntegrationLog,
    Run,
    StoredMail,
    Suppression,
    WebhookEvent,
)
from integrations.odoo.sandbox import OdooSandbox
from integrations.outbox import lease
from integrations.situation import Situation
from integrations.webhooks.sandbox import Answer, Receiver
from leads.actions import Utm, capture, update_details
from leads.models import DETAILS, Lead, Touchpoint
from tests.bookings.times import at
from tests.factories import (
    ConsultantFactory,
    SessionFactory,
    WhitepaperFactory,
    a_capture,
    a_client,
    a_registrant,
)
from tests.integrations.odoo.conftest import connect as connect_odoo
from tests.integrations.webhooks.conftest import connect as connect_endpoint
from tests.integrations.webhooks.conftest import receiver  # noqa: F401 - a fixture
from webinars.actions import register

pytestmark = pytest.mark.django_db
ADDRESS = "zanzibar@client.example"
VIA = Erasure.Via.COMMAND


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("16.0") as peer:
        yield peer


@pytest.fixture
def odoo(peer: OdooSandbox) -> Integration:
    return connect_odoo(peer)


@pytest.fixture
def mail(tmp_path: Path, settings: LazySettings) -> Iterator[MailSandbox]:
    settings.EMAIL_BACKEND = "integrations.email.backend.EmailBackend"
    setup.create_rows()
    with MailSandbox(tmp_path) as peer:
        integration = Integration.objects.get(slug="email")
        configuration.configure(integration, mail_settings(peer))
        configuration.set_enabled(integration, True)
        yield peer


def zoe(**more: Any) -> Lead:
    """Somebody whose every text names an island."""
    words = {name: f"zanzibar {name}" for name in DETAILS if name not in ("website", "language")}
    utm = Utm("zanzibar source", "zanzibar medium", "spring", "zanzibar term", "zanzibar content")
    given = a_capture(
        ADDRESS, **words, website="https://zanzibar.example/", language="de", message="zanzibar message", utm=utm,
        first_utm=utm, referrer="https://zanzibar.example/", source="zanzibar form", marketing_consent=True,
        expects_answer=True, whitepaper=WhitepaperFactory(), **more,
    )  # fmt: skip
    return capture([given]).leads[0]


def forget(email: str = ADDRESS) -> Erasure:
    return erasure.forget(email, via=VIA)


def items(done: Erasure) -> dict[tuple[str, str], int]:
    """{(system, what): how many}."""
    return {(item.system, item.what): item.number for item in done.items.all()}


def open_items(done: Erasure) -> list[tuple[str, str]]:
    return list(done.items.filter(done_at=None).values_list("system", "what"))


def is_complete(done: Erasure) -> bool:
    done.refresh_from_db()
    return done.completed_at is not None


def work() -> None:
    """What worker and beat would do now."""
    Delivery.objects.filter(state="pending").update(due_at=timezone.now())
    outbox.drain()
    tasks.reap()


def connection_of(slug: str) -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug=slug, owner="")


def an_event(payload: Any, number: int = 1, **columns: Any) -> WebhookEvent:
    integration = Integration.objects.get(slug="odoo")
    return WebhookEvent.objects.create(
        integration=integration, event_id=str(number), type="any", payload=payload, **columns
    )


def where(text: str) -> list[str]:
    """The tables that have the text anywhere, with what is encrypted in the clear."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and text in str(list(model._base_manager.values())).lower():
            found.append(model._meta.label)
    return sorted(found)


# --- nothing is left -------------------------------------------------------------------------------------------------


@pytest.fixture
def everywhere(odoo: Integration, mail: MailSandbox, peer: OdooSandbox, receiver: Receiver) -> Lead:  # noqa: F811
    """Zoe, in every table that can name somebody, in Odoo and at an endpoint."""
    connect_endpoint("crm", receiver)
    lead = zoe()
    outbox.drain()
    admin = User.objects.create_user("admin")
    for kind, row in ((Lead, lead), (Touchpoint, lead.touchpoints.get())):
        LogEntry.objects.create(
            user=admin, content_type=ContentType.objects.get_for_model(kind), object_id=str(row.pk), action_flag=CHANGE,
            object_repr="Zanzibar Name", change_message="was Zanzibar",
        )  # fmt: skip
    send_mail("To Zanzibar", "Zanzibar", None, [ADDRESS])
    Suppression.objects.create(email=ADDRESS, reason="zanzibar is unknown here")
    an_event({"data": [{"customer": f"Zanzibar <{ADDRESS.title()}>"}]})
    Run.objects.create(kind="job", state="done", trigger="admin", result={"changes": ["zanzibar"]},
                       finished_at=timezone.now())  # fmt: skip
    delivery = Delivery.objects.filter(operation="push_leads").get()
    said = "zanzibar is no good name"
    log = IntegrationLog.objects.create(
        integration=odoo, operation="push_leads", status="error", message=said, started_at=timezone.now(), trigger="api"
    )
    Attempt.objects.create(
        delivery=delivery, number=9, at=timezone.now(), duration_ms=1, outcome="rejected", error=said, log=log
    )
    Delivery.objects.filter(pk=delivery.pk).update(error=said)
    return lead


PLANTED = [
    "admin.LogEntry", "integrations.Attempt", "integrations.Delivery", "integrations.ExternalRecord",
    "integrations.IntegrationLog", "integrations.Run", "integrations.StoredMail", "integrations.Suppression",
    "integrations.WebhookEvent", "leads.Consent", "leads.Lead", "leads.Touchpoint",
]  # fmt: skip


def test_nothing_of_the_person_is_left_in_any_table(everywhere: Lead) -> None:
    before = where("zanzibar")

    done = forget()
    at_once = where("zanzibar")
    work()

    assert before == PLANTED
    assert (at_once, where("zanzibar")) == ([], [])
    assert is_complete(done)


def test_nothing_of_the_person_is_left_in_odoo(everywhere: Lead, peer: OdooSandbox) -> None:
    assert "zanzibar" in str(peer.records("crm.lead"))

    forget()
    work()

    assert "zanzibar" not in str(peer.records("crm.lead"))


def test_certificate_says_what_was_erased_here_and_who_was_told(everywhere: Lead, receiver: Receiver) -> None:  # noqa: F811
    done = forget()

    assert items(done) == {
        ("magnetiq", "records"): 1,
        ("magnetiq", "log_entries"): 2,
        ("magnetiq", "leads"): 1,
        ("magnetiq", "touchpoints"): 1,
        ("magnetiq", "consents"): 1,
        ("magnetiq", "stored_mails"): 1,
        ("magnetiq", "suppressions"): 1,
        ("magnetiq", "webhook_events"): 1,
        ("odoo", "push_leads"): 1,
        ("webhooks", "lead_forgotten"): 1,
    }
    assert sorted(open_items(done)) == [("odoo", "push_leads"), ("webhooks", "lead_forgotten")]
    work()
    assert receiver.received[-1].payload["type"] == "lead.forgotten"
    assert (open_items(done), is_complete(done)) == ([], True)


def test_registrations_are_anonymous_and_their_seats_free() -> None:
    session = SessionFactory(capacity=1, waiting_list=True)
    ada = register(session, a_registrant("ada@client.example")).registration
    register(session, a_registrant("bob@client.example"))

    done = erasure.forget("ada@client.example", via=VIA)

    assert done.items.get(what="registrations").number == 1
    ada.refresh_from_db()
    assert (ada.email.startswith("ada"), ada.first_name, ada.status) == (False, "", "cancelled")
    assert session.registrations.get(email="bob@client.example").status == "offered"


def test_bookings_are_anonymous_and_their_time_free_and_nobody_gets_a_letter(mail: MailSandbox) -> None:
    consultant = ConsultantFactory(email="charles@firm.example")
    words = dict.fromkeys(("name", "company", "phone", "message"), "Zanzibar")
    ada = book(consultant, at("10:00"), 60, a_client(ADDRESS, **words))
    move(ada, at("12:00"))
    work()
    sent = len(mail.letters)
    note_meeting_url(ada, "https://zanzibar.example/")

    done = erasure.forget(ADDRESS, via=VIA)
    work()

    assert sent == 2  # to both; the move made what was not sent yet obsolete
    assert len(mail.letters) == sent
    assert done.items.get(what="bookings").number == 1
    ada.refresh_from_db()
    assert (ada.name, ada.status, ada.is_forgotten) == ("", "cancelled", True)
    assert where("zanzibar") == []
    assert book(consultant, at("12:00"), 60, a_client("bob@client.example")).status == "confirmed"


def test_whoever_booked_is_found_by_the_address_that_they_gave() -> None:
    ada = book(ConsultantFactory(), at("10:00"), 60, a_client(ADDRESS))
    assert ada.lead
    update_details(ada.lead, details={"email": "zanzibar@new.example"})

    erasure.forget(ADDRESS, via=VIA)

    assert where("zanzibar") == []


def test_certificate_knows_no_address(everywhere: Lead) -> None:
    done = forget()

    assert done.digest in erasure.digests_of(" Zanzibar@Client.Example ")
    assert "zanzibar" not in str(list(Erasure.objects.values()) + list(ErasureItem.objects.values()))


def test_certificate_is_found_after_the_key_was_changed(settings: LazySettings) -> None:
    done = forget()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-new-key-for-everything", [settings.SECRET_KEY]

    assert done.digest in erasure.digests_of(ADDRESS)


# --- who is not there ------------------------------------------------------------------------------------------------


def test_unknown_address_leaves_a_complete_certificate_without_items() -> None:
    done = forget("nobody@client.example")

    assert (items(done), is_complete(done)) == ({}, True)


def test_second_wish_finds_nothing(everywhere: Lead) -> None:
    first = forget()

    second = forget()

    assert first.digest == second.digest
    assert (items(second), is_complete(second)) == ({}, True)


def test_who_was_never_a_lead_is_forgotten_where_they_are_named(mail: MailSandbox) -> None:
    send_mail("Hello", "Hello", None, [ADDRESS])
    an_event({"email": ADDRESS})

    done = forget()

    assert items(done) == {("magnetiq", "stored_mails"): 1, ("magnetiq", "webhook_events"): 1}
    assert where("zanzibar") == []


def test_others_stay_as_they_are(mail: MailSandbox) -> None:
    lead = capture([a_capture("other@client.example", name="Other", message="Hello")]).leads[0]
    zoe()
    send_mail("Hello", "Hello", None, ["other@client.example"])
    near = [f"x{ADDRESS}", f"{ADDRESS}.org", f"a-{ADDRESS}", f"a.{ADDRESS}"]
    an_event({"emails": near})

    forget()

    assert Lead.objects.get(pk=lead.pk).name == "Other"
    assert StoredMail.objects.get().message["recipients"] == ["other@client.example"]
    assert WebhookEvent.objects.get().payload == {"emails": near}


@pytest.mark.parametrize(
    "payload",
    [
        {"email": ADDRESS},
        {"email": ADDRESS.upper()},
        {ADDRESS: 1},
        [[{"text": f"From:\n{ADDRESS}."}]],
        {"url": "https://x.example/?to=zanzibar%40client.example&x=1"},
    ],
    ids=["value", "capitals", "name of a field", "in a text", "in a link"],
)
def test_event_that_names_the_person_is_emptied_and_not_processed_any_more(payload: Any) -> None:
    event = an_event(payload)

    forget()

    event.refresh_from_db()
    assert (event.payload, event.state) == ({}, "ignored")


@pytest.mark.parametrize(
    "mail_of", [{"to": [f"Zoe <{ADDRESS}>"]}, {"cc": [ADDRESS]}, {"body": f"Für Zoe, {ADDRESS}"}], ids=str
)
def test_mail_that_names_the_person_goes_whoever_it_is_for(mail: MailSandbox, mail_of: dict[str, Any]) -> None:
    EmailMessage(**{"subject": "Hello", "to": ["other@client.example"], **mail_of}).send()

    forget()
    work()

    assert (StoredMail.objects.count(), mail.letters) == (0, [])
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("header", [("X-A", "=?utf-8?q?"), ("Cc", "a b <"), ("X-B", "=?nonsense?q?a?=")])
def test_mail_that_breaks_the_rules_keeps_nobody_from_being_forgotten(mail: MailSandbox, header: Any) -> None:
    odd = MIMEBase("text", "plain", charset="nonsense")
    odd.set_payload(f"For {ADDRESS}")
    EmailMessage("Hello", "Hello", to=["other@client.example"], headers=dict([header]), attachments=[odd]).send()

    forget()

    assert not StoredMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_wishes_at_the_same_moment_erase_once() -> None:
    setup.create_rows()
    zoe()

    def ask(start: Barrier) -> bool:
        start.wait()
        try:
            return ("magnetiq", "leads") in items(forget())
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        erased = list(threads.map(ask, [Barrier(2)] * 2))

    assert sorted(erased) == [False, True]


# --- what is on its way ----------------------------------------------------------------------------------------------


def test_letters_that_wait_are_given_up(mail: MailSandbox) -> None:
    zoe()

    done = forget()
    work()

    assert mail.letters == []
    states = Delivery.objects.filter(integration__slug="email").values_list("state", flat=True)
    assert list(states) == ["cancelled", "cancelled"]
    assert items(done)["magnetiq", "promises"] >= 2


def in_flight(slug: str, operation: str) -> lease.Lease:
    """As a worker that was killed, or that speaks to them right now, holds it."""
    return lease.claim(connection_of(slug), operation, limit=10, seconds=60)


def lose(held: lease.Lease) -> None:
    """Its worker died."""
    Delivery.objects.filter(lease=held.id).update(leased_until=timezone.now() - timedelta(seconds=1))
    outbox.reap()


def test_letter_on_the_wire_is_open_until_it_settles(mail: MailSandbox) -> None:
    zoe()
    held = in_flight("email", "whitepaper_delivery")

    done = forget()
    tasks.reap()
    before = open_items(done)
    lose(held)
    work()

    assert ("email", "whitepaper_delivery") in before
    assert (mail.letters, is_complete(done)) == ([], True)


def test_mail_on_the_wire_is_open_until_it_settles(mail: MailSandbox) -> None:
    send_mail("Hello", "Hello", None, [ADDRESS])
    held = in_flight("email", "stored_mail")

    done = forget()
    before = open_items(done)
    lose(held)
    work()

    assert before == [("email", "stored_mail")]
    assert (mail.letters, StoredMail.objects.count(), is_complete(done)) == ([], 0, True)


def test_letter_on_the_wire_that_is_refused_leaves_no_address(mail: MailSandbox) -> None:
    send_mail("Hello", "Hello", None, [ADDRESS])
    held = in_flight("email", "stored_mail")
    done = forget()
    suppressions.note(ADDRESS, Undeliverable("550 5.1.1"))
    suppressions.note("other@client.example", Undeliverable("550 5.1.1"))

    lose(held)
    work()

    assert is_complete(done)
    assert list(Suppression.objects.values_list("email", flat=True)) == ["other@client.example"]


def test_person_on_the_way_to_odoo_is_blanked_there_afterwards(odoo: Integration, peer: OdooSandbox) -> None:
    lead = zoe()
    held = in_flight("odoo", "push_leads")
    as_it_was = Lead.objects.get(pk=lead.pk)

    done = forget()
    list(configuration.service_of("odoo").push_leads([as_it_was]))
    settled = [lease.Settlement(row, "delivered", timezone.now(), 0) for row in held.rows]
    lease.settle(held, settled, started_at=timezone.now(), duration=0)
    tasks.reap()
    before = (open_items(done), "zanzibar" in str(peer.records("crm.lead")))
    work()

    assert before == ([("odoo", "push_leads")], True)
    assert "zanzibar" not in str(peer.records("crm.lead"))
    assert (where("zanzibar"), is_complete(done)) == ([], True)


def test_who_never_came_to_odoo_never_does(odoo: Integration, peer: OdooSandbox) -> None:
    zoe()

    done = forget()
    work()

    assert (peer.records("crm.lead"), ExternalRecord.objects.count()) == ([], 0)
    assert is_complete(done)


def test_who_was_deleted_in_odoo_is_done(odoo: Integration, peer: OdooSandbox) -> None:
    zoe()
    outbox.drain()
    peer.unlink("crm.lead", 1)

    done = forget()
    work()

    assert is_complete(done)


def test_integration_out_of_use_that_knows_nobody_has_nothing_to_do() -> None:
    zoe()

    done = forget()

    assert is_complete(done)
    assert {system for system, _ in items(done)} == {"magnetiq"}


def test_integration_out_of_use_that_was_told_stays_open_until_it_can_be_told(
    odoo: Integration, peer: OdooSandbox
) -> None:
    zoe()
    outbox.drain()
    configuration.set_enabled(odoo, False)

    done = forget()
    work()
    before = open_items(done)
    configuration.set_enabled(odoo, True)
    work()

    assert before == [("odoo", "push_leads")]
    assert "zanzibar" not in str(peer.records("crm.lead"))
    assert is_complete(done)


# --- until it is done ------------------------------------------------------------------------------------------------


@pytest.fixture
def dead(receiver: Receiver) -> Erasure:  # noqa: F811
    """The endpoint refused the message that somebody is to be forgotten."""
    connect_endpoint("crm", receiver)
    zoe()
    outbox.drain()
    receiver.always = Answer(400)
    done = forget()
    work()
    assert Delivery.objects.get(operation="lead_forgotten").state == "dead"
    return done


def days_later(days: float) -> None:
    for column in ("settled_at", "created_at"):
        moved = timezone.now() - timedelta(days=days)
        Delivery.objects.exclude(**{column: None}).update(**{column: moved})
    Erasure.objects.update(requested_at=timezone.now() - timedelta(days=days))


def test_what_was_refused_is_open_and_said_to_be(dead: Erasure) -> None:
    (line,) = [line for line in certificate.lines(dead) if line["done_at"] is None]

    assert (line["system"], line["what"]) == ("Outgoing webhooks, crm", "Lead forgotten")
    assert line["outcome"] == "failed, tried again once a day"


def test_what_was_refused_is_tried_again_once_a_day_until_it_is_done(dead: Erasure, receiver: Receiver) -> None:  # noqa: F811
    tried = []
    for days in (0.5, 1.1, 0.5):
        days_later(days)
        tasks.reap()
        work()
        tried.append(len(receiver.received))
    receiver.always = Answer()
    days_later(1.1)
    tasks.reap()
    work()

    assert (tried[1] - tried[0], tried[2] - tried[1]) == (1, 0)
    assert is_complete(dead)


def test_what_somebody_cancelled_is_said_to_be_given_up(dead: Erasure) -> None:
    Delivery.objects.dead().cancel()

    tasks.reap()

    assert "given up" in {line["outcome"] for line in certificate.lines(dead)}
    assert is_complete(dead)


@pytest.mark.parametrize(("days", "told"), [(2.9, False), (3.1, True)])
def test_what_is_open_for_days_needs_a_human(dead: Erasure, days: float, told: bool) -> None:
    days_later(days)

    found = needs.needs_you(User.objects.create_superuser("ada"), Situation())

    assert ("erasures" in {need.kind for need in found}) is told


def test_sweeping_leaves_what_is_complete_alone(everywhere: Lead, django_assert_max_num_queries: Any) -> None:
    done = forget()
    work()
    completed = Erasure.objects.get(pk=done.pk).completed_at

    with django_assert_max_num_queries(8):
        erasure.sweep()

    assert Erasure.objects.get(pk=done.pk).completed_at == completed


def test_all_is_one_transaction(everywhere: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(address: str) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(traces, "erase_mail", fail)

    with pytest.raises(OSError, match="full"):
        forget()
    assert (Erasure.objects.count(), where("zanzibar")) == (0, PLANTED)


# --- the command -----------------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("forget", *arguments, stdout=out)
    return out.getvalue()


class TestCommand:
    def test_prints_the_certificate(self, everywhere: Lead) -> None:
        said = run("Zanzibar@client.example")

        assert str(Erasure.objects.get().reference) in said
        assert "Here: name, address and details (1): done" in said
        assert "Odoo ERP: Leads to Odoo (1): promised" in said
        assert "2 open; the worker sees to it." in said

    def test_answers_as_json_without_the_address(self, everywhere: Lead) -> None:
        said = run(ADDRESS, "--json")

        answer = json.loads(said)
        assert (answer["open"], answer["completed_at"], len(answer["items"])) == (2, None, 10)
        assert "zanzibar" not in said

    def test_says_that_nothing_was_found(self) -> None:
        assert "Nothing was found under this address." in run("nobody@client.example")

    def test_refuses_what_is_no_address(self) -> None:
        with pytest.raises(CommandError) as refused:
            run("zanzibar")

        assert refused.value.returncode == 2
        assert Erasure.objects.count() == 0


def test_forgotten_person_may_come_back_as_somebody_new(everywhere: Lead, client: Client) -> None:
    forget()

    lead = zoe(key="again")

    assert lead.pk != everywhere.pk
    assert Lead.objects.exclude(status="forgotten").get() == lead
