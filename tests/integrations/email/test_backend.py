"""Django's own mail API over the outbox."""

from email.message import EmailMessage as Received
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core.mail import (
    BadHeaderError,
    EmailMessage,
    EmailMultiAlternatives,
    get_connection,
    mail_admins,
    send_mail,
)
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from integrations import errors
from integrations.email.sandbox import MailSandbox
from integrations.email.service import EmailService
from integrations.models import Delivery, Integration, StoredMail, Suppression
from magnetiq.celery import app

from . import posting

pytestmark = pytest.mark.django_db
Email = Integration


def write(*to: str, **options: Any) -> int:
    return send_mail("Hello", "A text", None, to or ["ada@x.example"], **options)


def received(peer: MailSandbox) -> Received:
    return peer.letters[-1].message


def test_mail_waits_for_a_worker_in_the_transaction_that_wrote_it(email: Email, peer: MailSandbox) -> None:
    assert write() == 1
    assert (peer.connections, Delivery.objects.get().operation) == (0, "stored_mail")

    posting.drain()

    assert (received(peer)["Subject"], received(peer)["To"]) == ("Hello", "ada@x.example")


def test_mail_of_a_transaction_that_failed_was_never_written(email: Email) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write() and 1 / 0

    assert (StoredMail.objects.count(), Delivery.objects.count()) == (0, 0)


def test_waiting_mail_is_unreadable_in_the_database_and_gone_when_it_was_sent(email: Email) -> None:
    write()
    with connection.cursor() as cursor:
        cursor.execute("SELECT message::text FROM integrations_storedmail")
        assert "ada" not in cursor.fetchone()[0]

    posting.drain()

    stored = StoredMail.objects.get()
    assert (stored.message, stored.sent_at is not None) == ({}, True)


@pytest.mark.urls("django.contrib.auth.urls")
def test_new_password_asks_no_server(email: Email, peer: MailSandbox) -> None:
    User.objects.create_user("ada", "ada@x.example", "correct horse battery staple")
    form = PasswordResetForm({"email": "ada@x.example"})
    assert form.is_valid()

    form.save(domain_override="magnetiq.example")
    assert peer.connections == 0
    posting.drain()

    assert "magnetiq.example" in received(peer).get_content()


def test_mail_without_a_sender_comes_from_ours(email: Email, peer: MailSandbox) -> None:
    write()

    posting.drain()

    assert (received(peer)["From"], received(peer)["Auto-Submitted"]) == (
        "Magnetiq <office@magnetiq.example>",
        "auto-generated",
    )
    assert peer.letters[0].sender == "office@magnetiq.example"


def test_mail_to_admins_arrives(email: Email, peer: MailSandbox, settings: Any) -> None:
    settings.ADMINS = [("Ops", "ops@x.example")]

    mail_admins("Disk", "full")
    posting.drain()

    assert received(peer)["Subject"].endswith("Disk")


def test_blind_copies_stay_blind(email: Email, peer: MailSandbox) -> None:
    EmailMultiAlternatives("Hello", "A text", to=["ada@x.example"], bcc=["spy@x.example"]).send()

    posting.drain()

    assert [letter.recipients for letter in peer.letters] == [["ada@x.example"], ["spy@x.example"]]
    assert len({letter.raw for letter in peer.letters}) == 1
    assert b"spy" not in peer.letters[0].raw


def test_attachments_and_html_survive(email: Email, peer: MailSandbox) -> None:
    message = EmailMultiAlternatives("Grüße", "Text", to=["ada@x.example"])
    message.attach_alternative("<p>Grüße</p>", "text/html")
    message.attach("a.bin", bytes(range(256)), "application/octet-stream")
    message.send()

    posting.drain()

    mime = received(peer)
    (attachment,) = mime.iter_attachments()
    assert (mime["Subject"], attachment.get_content()) == ("Grüße", bytes(range(256)))
    assert "Grüße" in mime.get_body(("html",)).get_content()


def test_each_of_several_recipients_has_a_delivery_of_its_own(email: Email, peer: MailSandbox) -> None:
    peer.faults.refuse("no@x.example")
    peer.faults.refuse("later@x.example", "451 4.7.1 Greylisted")
    assert write("no@x.example", "later@x.example", "ada@x.example") == 1
    posting.drain()
    assert posting.outcomes() == [("dead", "rejected"), ("pending", "conflict"), ("delivered", "")]

    peer.faults.clear()
    Delivery.objects.filter(state="pending").update(due_at=timezone.now())
    posting.drain()

    assert [letter.recipients for letter in peer.letters] == [["ada@x.example"], ["later@x.example"]]
    assert len({letter.id for letter in peer.letters}) == 1
    assert Suppression.objects.get().email == "no@x.example"


def test_recipient_with_a_name_is_found_among_the_suppressed(email: Email, peer: MailSandbox) -> None:
    Suppression.objects.create(email="ada@x.example", reason="550")
    write("Ada Lovelace <Ada@x.example>", "Bob <bob@x.example>")

    posting.drain()

    assert [letter.recipients for letter in peer.letters] == [["bob@x.example"]]
    assert "Ada Lovelace <Ada@x.example>" in received(peer)["To"]


def test_senders_own_headers_stay_and_so_does_the_message(email: Email, peer: MailSandbox) -> None:
    own = {"message-id": "<mine@x.example>", "auto-submitted": "auto-replied", "From": "Eve <eve@x.example>"}
    message = EmailMessage("Hello", "A text", "eve@x.example", ["ada@x.example"], headers=own)

    message.send()
    posting.drain()

    arrived = received(peer)
    assert [arrived.get_all(name) for name in own] == [[value] for value in own.values()]
    assert (peer.letters[0].sender, message.extra_headers) == ("office@magnetiq.example", own)


def test_message_that_is_sent_twice_is_two(email: Email, peer: MailSandbox) -> None:
    message = EmailMessage("Hello", "A text", None, ["ada@x.example"])
    message.send()
    message.send()

    posting.drain()

    assert len({letter.id for letter in peer.letters}) == 2


def test_mail_that_was_deleted_while_its_batch_was_under_way_is_not_sent(email: Email, peer: MailSandbox) -> None:
    write("ada@x.example", "bob@x.example")
    service, rows = posting.claimed(EmailService.stored_mail, StoredMail)
    StoredMail.objects.filter(pk=rows[1].pk).delete()

    said = [errors.kind_of(outcome) if outcome else "" for _rows, outcome in service.stored_mail(rows)]

    assert (said, len(peer.letters)) == (["", "obsolete"], 1)


def test_mail_that_no_key_opens_is_dead_and_the_rest_goes_on(email: Email, peer: MailSandbox) -> None:
    with override_settings(FERNET_KEYS=["a-key-that-was-lost-later-on-" * 2]):
        write("ada@x.example")
    write("bob@x.example")

    posting.drain()

    assert posting.outcomes() == [("dead", "rejected"), ("delivered", "")]
    assert "FERNET_KEYS" in posting.reason()


@pytest.mark.parametrize("header", ["Hello\nBcc: all@x.example", "Hello\r\nX: y"])
def test_forged_header_is_refused_and_nothing_is_stored(email: Email, header: str) -> None:
    with pytest.raises(BadHeaderError):
        send_mail(header, "A text", None, ["ada@x.example"])

    assert send_mail(header, "A text", None, ["ada@x.example"], fail_silently=True) == 0
    assert (StoredMail.objects.count(), Delivery.objects.count()) == (0, 0)


def test_message_to_nobody_is_none(email: Email) -> None:
    assert get_connection().send_messages([EmailMultiAlternatives("Hello", "A text")]) == 0
    assert StoredMail.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_worker_sends_at_once(email: Email, peer: MailSandbox) -> None:
    @app.task
    def greet() -> None:
        write()

    greet.apply()

    assert (received(peer)["To"], Delivery.objects.get().state) == ("ada@x.example", "delivered")


def test_mail_stays_while_the_integration_is_off(peer: MailSandbox, email: Email, tmp_path: Path) -> None:
    Integration.objects.filter(pk=email.pk).update(enabled=False)
    write()

    posting.drain()

    assert (Delivery.objects.get().state, peer.connections) == ("pending", 0)
