"""What becomes of letters: over how many connections they go, and what a server's answers lead to."""

import smtplib
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from integrations import errors, outbox
from integrations.email.client import Mail, on_the_wire, options_for
from integrations.email.letters import TestLetter, preview
from integrations.email.sandbox import MailSandbox
from integrations.email.service import EmailService
from integrations.models import Attempt, Connection, Delivery, Integration, IntegrationLog, Suppression
from tests.integrations.promising import NOON

from . import posting
from .posting import drain, outcomes, promise

pytestmark = pytest.mark.django_db
DELIVERED, AGAIN, DEAD = ("delivered", ""), ("pending", "conflict"), ("dead", "rejected")
WAITS = ("pending", "unavailable")
Email = Integration


def test_letters_go_over_one_connection_and_are_one_call(email: Email, peer: MailSandbox) -> None:
    promise("ada@x.example", "bob@x.example", "eve@x.example")

    drain()

    assert [letter.recipients for letter in peer.letters] == [["ada@x.example"], ["bob@x.example"], ["eve@x.example"]]
    assert peer.connections == 1
    assert list(IntegrationLog.objects.filter(operation="send_letters").values_list("status", "size")) == [("ok", 3)]
    assert set(Attempt.objects.values_list("log__operation", "outcome")) == {("send_letters", "delivered")}


@pytest.mark.parametrize("one_at_a_time", [False, True])
@pytest.mark.parametrize("kind", ["mail", "rcpt", "data", "end"])
def test_refusal_leaves_the_connection_in_step(email: Email, peer: MailSandbox, kind: str, one_at_a_time: bool) -> None:
    if one_at_a_time:
        peer.faults.set("no_pipelining")
    peer.faults.set(kind, 451, times=1)
    promise("ada@x.example", "bob@x.example", "eve@x.example")

    drain()

    assert [letter.recipients for letter in peer.letters] == [["bob@x.example"], ["eve@x.example"]]
    assert peer.connections == 1


def test_letter_is_sent_once_however_often_it_is_promised(email: Email, peer: MailSandbox) -> None:
    users = promise("ada@x.example")
    outbox.once(EmailService.test_letter, users)
    drain()
    Delivery.objects.replay()

    drain()

    assert len(peer.letters) == 1


def test_what_arrives_is_byte_by_byte_what_the_preview_shows(email: Email, peer: MailSandbox) -> None:
    with time_machine.travel(NOON, tick=False):
        (user,) = promise("ada@x.example")
        drain()
        settings = EmailService(posting.connection()).settings
        shown = preview(TestLetter, user, settings=settings)

    assert peer.letters[0].raw == on_the_wire(shown.message())


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
def test_a_not_now_puts_that_letter_on_the_schedule_and_no_other(email: Email, peer: MailSandbox, stage: str) -> None:
    peer.faults.set(stage, "451 4.7.1 Greylisted", times=1)
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [AGAIN, DELIVERED]
    assert "451 4.7.1 Greylisted" in posting.reason()
    assert peer.connections == 1


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
def test_after_421_the_rest_goes_over_a_new_connection(email: Email, peer: MailSandbox, stage: str) -> None:
    peer.faults.set(stage, 421, times=1)
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [AGAIN, DELIVERED]
    assert peer.connections == 2


def test_recipient_refused_for_good_is_dead_and_suppressed(email: Email, peer: MailSandbox) -> None:
    peer.faults.refuse("ada@x.example", "550 5.1.1 <ada@x.example> is unknown here")
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [DEAD, DELIVERED]
    suppression = Suppression.objects.get()
    assert (suppression.email, "550 5.1.1" in suppression.reason) == ("ada@x.example", True)
    assert "ada@" not in suppression.reason + posting.reason()


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.7.1 Policy",
        "552 5.2.2 Mailbox full",
        "554 5.3.2 System down",
        "550 5.4.4 No route",
        "550 We do not relay",
        "550 5.1.8 Sender address rejected: Domain not found",
        "501 5.5.4 Unsupported option",
        "550 5.6.7 Not in these letters",
        "503 Bad sequence of commands",
        "552 Mailbox full",
    ],
)
def test_what_is_not_the_addresses_fault_suppresses_nothing(email: Email, peer: MailSandbox, answer: str) -> None:
    peer.faults.refuse("ada@x.example", answer)
    promise("ada@x.example")

    drain()

    assert (outcomes(), Suppression.objects.count()) == ([DEAD], 0)


def test_suppressed_address_gets_nothing_until_it_is_lifted(email: Email, peer: MailSandbox) -> None:
    Suppression.objects.create(email="ada@x.example", reason="550")
    promise("Ada@X.example")
    drain()
    assert (outcomes(), peer.connections) == ([DEAD], 0)

    Suppression.objects.all().delete()
    Delivery.objects.replay()
    drain()

    assert (outcomes(), len(peer.letters)) == ([DELIVERED], 1)


def test_refused_content_is_dead_and_the_address_stays_good(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("end", "554 5.6.0 Looks like spam", times=1)
    promise("ada@x.example", "bob@x.example")

    drain()

    assert (outcomes(), Suppression.objects.count()) == ([DEAD, DELIVERED], 0)


def test_letter_that_is_larger_than_the_server_takes_is_dead_unsent(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("size", 500)
    promise("ada@x.example")

    drain()

    assert outcomes() == [DEAD]
    assert "500" in posting.reason()


def test_refused_sender_needs_a_human_and_holds_everything(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("mail", "553 5.7.1 Sender address rejected", times=1)
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [("pending", "misconfigured")] * 2
    assert posting.connection().status == Connection.Status.MISCONFIGURED


def test_wrong_password_needs_a_human_and_the_right_one_sends_what_waited(email: Email, peer: MailSandbox) -> None:
    posting.change(password="a-secret-that-nobody-sees")
    promise("ada@x.example")
    drain()
    assert outcomes() == [("pending", "misconfigured")]
    assert "535" in posting.reason()

    peer.login_needed = False
    posting.change(username="")
    Delivery.objects.update(due_at=timezone.now())
    drain()

    assert outcomes() == [DELIVERED]


def test_server_that_is_down_holds_every_letter_and_counts_none(email: Email, peer: MailSandbox) -> None:
    posting.change(port=1)  # where nobody listens
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [WAITS] * 2
    assert set(Delivery.objects.values_list("failures", flat=True)) == {0}
    assert posting.connection().failures == 1


def test_server_that_greets_with_421_holds_every_letter(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("refuse", times=1)
    promise("ada@x.example")

    drain()

    assert outcomes() == [WAITS]


def test_server_that_takes_few_letters_per_connection_gets_several(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("letters", 2)
    promise(*[f"person-{number}@x.example" for number in range(5)])

    drain()

    assert len(peer.letters) == len({letter.id for letter in peer.letters})
    assert {state for state, _kind in outcomes()} <= {"delivered", "pending"}


def test_connection_lost_before_the_content_loses_nothing(email: Email, peer: MailSandbox) -> None:
    promise("ada@x.example", "bob@x.example", "eve@x.example")
    peer.faults.set("cut_before", share=0.4)
    peer.faults.seed(1)

    while any(state == "pending" for state, _kind in outcomes()):
        Delivery.objects.filter(state="pending").update(due_at=timezone.now())
        Connection.objects.update(paused_until=None, failures=0)
        drain()

    assert sorted(letter.recipients[0][:3] for letter in peer.letters) == ["ada", "bob", "eve"]


@pytest.mark.parametrize(("fault", "arrived"), [("cut_kept", 3), ("cut_lost", 2)])
def test_cut_after_the_final_dot_is_tried_again_with_the_same_id(
    email: Email, peer: MailSandbox, fault: str, arrived: int
) -> None:
    peer.faults.set(fault, times=1)
    promise("ada@x.example", "bob@x.example")
    drain()
    assert outcomes() == [("pending", "ambiguous"), DELIVERED]

    Delivery.objects.update(due_at=timezone.now())
    drain()

    assert outcomes() == [DELIVERED] * 2
    assert (len(peer.letters), len({letter.id for letter in peer.letters})) == (arrived, 2)


def test_letter_that_cannot_be_written_is_dead_and_the_rest_goes_on(
    email: Email, peer: MailSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, _bob = promise("ada@x.example", "bob@x.example")
    write = TestLetter.context.__func__

    def broken(cls: Any, subject: Any, occasion: str) -> Any:
        if subject == ada:
            raise ZeroDivisionError("no such thing")
        return write(cls, subject, occasion)

    with monkeypatch.context() as patch:
        patch.setattr(TestLetter, "context", classmethod(broken))
        drain()
    assert (outcomes(), len(peer.letters)) == ([DEAD, DELIVERED], 1)
    assert "no such thing" in posting.reason()

    Delivery.objects.replay()
    drain()

    assert (outcomes(), len(peer.letters)) == ([DELIVERED] * 2, 2)


def test_rate_holds_what_is_too_much(email: Email, peer: MailSandbox) -> None:
    posting.change(rate="2/minute")
    promise("ada@x.example", "bob@x.example", "eve@x.example")

    drain()

    assert outcomes() == [DELIVERED, DELIVERED, ("pending", "paused")]
    assert len(peer.letters) == 2
    assert posting.connection().status == Connection.Status.HEALTHY


@pytest.mark.parametrize("address", ["ada@müller.example", "mäxchen@x.example", '"ada b"@x.example'])
def test_unusual_addresses_arrive(email: Email, peer: MailSandbox, address: str) -> None:
    promise(address)

    drain()

    assert outcomes() == [DELIVERED]
    wanted = address.replace("müller", "xn--mller-kva")
    assert peer.letters[0].recipients == [wanted]


def test_address_that_this_server_does_not_take_is_dead_unsent(email: Email) -> None:
    """Without SMTPUTF8 only the domain can be written otherwise."""
    server = smtplib.SMTP()
    mail = Mail("office@x.example", "mäxchen@x.example", b"")

    with pytest.raises(errors.Rejected, match="takes no addresses"):
        options_for(server, mail)


def test_letter_to_a_domain_that_none_can_have_is_dead_and_the_rest_goes_on(email: Email, peer: MailSandbox) -> None:
    promise("ada@-ü-.example", "bob@x.example")

    drain()

    assert outcomes() == [DEAD, DELIVERED]


def test_login_needed_for_a_recipient_needs_a_human(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("rcpt", "530 5.7.0 Authentication required", times=1)
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [("pending", "misconfigured")] * 2
    assert not Suppression.objects.exists()


def test_sender_who_is_too_large_for_the_server_is_the_letters_fault(email: Email, peer: MailSandbox) -> None:
    peer.faults.set("mail", "552 5.3.4 Too large", times=1)
    promise("ada@x.example", "bob@x.example")

    drain()

    assert outcomes() == [DEAD, DELIVERED]


def test_connection_that_closes_between_letters_is_opened_again_unnoticed(email: Email, tmp_path: Path) -> None:
    promise("ada@x.example", "bob@x.example", "eve@x.example")
    with MailSandbox(tmp_path / "before") as peer:
        posting.change(port=peer.smtp_port)
        service, subjects = posting.claimed(EmailService.test_letter, User)
        said = service.test_letter(subjects)
        next(said)

    with MailSandbox(tmp_path / "after", smtp_port=service.settings.port) as peer:
        assert [outcome for _subjects, outcome in said] == [None, None]

    assert (len(peer.letters), peer.connections) == (2, 1)
    calls = IntegrationLog.objects.filter(operation="send_letters").order_by("pk")
    assert list(calls.values_list("status", "size")) == [("ok", 1), ("ok", 2)]


def test_handler_that_is_closed_early_has_sent_what_it_told_of_and_no_more(email: Email, peer: MailSandbox) -> None:
    promise("ada@x.example", "bob@x.example", "eve@x.example")
    service, subjects = posting.claimed(EmailService.test_letter, User)
    said = service.test_letter(subjects)

    next(said)
    next(said)
    said.close()

    assert [letter.recipients[0] for letter in peer.letters] == ["ada@x.example", "bob@x.example"]
    assert IntegrationLog.objects.get(operation="send_letters").size == 2
