"""Letters that operators send by hand: a further time, or to themselves; and addresses that take letters again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import outbox
from integrations.email.sandbox import MailSandbox
from integrations.email.service import EmailService
from integrations.models import Delivery, Integration, IntegrationLog, Suppression
from tests.integrations.admin.conftest import a_worker_is_there, act, text
from tests.integrations.email.posting import drain

from .conftest import last_log, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(email: Integration) -> Delivery:
    outbox.once(EmailService.test_letter, User.objects.create_user("jo", "jo@firm.example"), "first")
    drain()
    return Delivery.objects.get()


def at(page: str, row: Any) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_{page}", args=[row.pk])


def try_out(client: Client, integration: Integration, operation: str = "test_letter") -> str:
    return text(client.post(at("try_out", integration), {"operation": operation}, follow=True))


def occasions() -> list[str]:
    return [row.occasion for row in Delivery.objects.order_by("pk")]


# --- A further time -------------------------------------------------------------------------------------------------


def test_letter_sent_again_is_a_letter_of_its_own(operator: Client, peer: MailSandbox, sent: Delivery) -> None:
    operator.post(at("again", sent))
    drain()

    first, second = peer.letters
    assert first.recipients == second.recipients
    assert first.message["Message-ID"] != second.message["Message-ID"]
    assert occasions() == ["first", "first|again 1"]


def test_further_times_are_counted(operator: Client, sent: Delivery) -> None:
    operator.post(at("again", sent))
    drain()
    operator.post(at("again", Delivery.objects.latest("pk")))

    assert occasions() == ["first", "first|again 1", "first|again 2"]


def test_sending_again_is_logged_with_whoever_did_it(operator: Client, sent: Delivery) -> None:
    operator.post(at("again", sent))

    assert last_log() == ("sent_again", "operator", {"operation": "test_letter"})


@pytest.mark.parametrize("state", ["pending", "in_flight", "dead", "cancelled", "expired"])
def test_only_what_was_delivered_is_sent_again(operator: Client, sent: Delivery, state: str) -> None:
    Delivery.objects.update(state=state)

    page = text(operator.get(at("change", sent)))
    operator.post(at("again", sent))

    assert at("again", sent) not in page
    assert occasions() == ["first"]


def test_page_of_a_letter_that_came_offers_reading_and_sending_again_but_no_replay(
    operator: Client, sent: Delivery
) -> None:
    page = text(operator.get(at("change", sent)))

    offered = {name: address in page for name, address in {
        "read": url("read", sent.pk), "again": at("again", sent), "replay": at("replay", sent)
    }.items()}  # fmt: skip
    assert offered == {"read": True, "again": True, "replay": False}
    assert "Send it a further time" in page


def test_dead_letter_can_still_be_replayed(operator: Client, sent: Delivery) -> None:
    Delivery.objects.update(state="dead")

    assert at("replay", sent) in text(operator.get(at("change", sent)))


def test_auditor_reads_the_letter_and_sends_nothing(colleague: Callable[[str], Client], sent: Delivery) -> None:
    auditor = colleague("Auditor")

    page = text(auditor.get(at("change", sent)))

    assert url("read", sent.pk) in page
    assert at("again", sent) not in page
    assert auditor.post(at("again", sent)).status_code == 403


# --- To oneself -----------------------------------------------------------------------------------------------------


def test_operator_gets_a_test_letter_and_is_led_to_its_delivery(
    operator: Client, email: Integration, peer: MailSandbox
) -> None:
    a_worker_is_there()

    page = try_out(operator, email)
    drain()

    assert f'href="{at("change", Delivery.objects.get())}"' in page
    assert "“Test letter” is under way." in page
    assert [letter.recipients for letter in peer.letters] == [["operator@firm.example"]]


def test_two_test_letters_are_two(operator: Client, email: Integration, peer: MailSandbox) -> None:
    try_out(operator, email)
    try_out(operator, email)
    drain()

    assert len(peer.letters) == 2


def test_without_a_worker_it_is_said_that_the_letter_waits(operator: Client, email: Integration) -> None:
    assert "“Test letter” waits until a worker is started" in try_out(operator, email)


def test_who_has_no_address_is_told_so(operator: Client, email: Integration) -> None:
    User.objects.filter(username="operator").update(email="")

    assert "This user has no e-mail address." in try_out(operator, email)
    assert not Delivery.objects.exists()


def test_button_is_for_what_declares_one(operator: Client, email: Integration) -> None:
    assert "Send me a test letter" in text(operator.get(at("change", email)))

    try_out(operator, email, "double_opt_in")

    assert not Delivery.objects.exists()


def test_auditor_tries_nothing_out(colleague: Callable[[str], Client], email: Integration) -> None:
    auditor = colleague("Auditor")

    assert auditor.post(at("try_out", email), {"operation": "test_letter"}).status_code == 403
    assert "Send me a test letter" not in text(auditor.get(at("change", email)))


# --- Addresses that take none ---------------------------------------------------------------------------------------


@pytest.fixture
def suppressed(email: Integration) -> Suppression:
    return Suppression.objects.create(email="jo@firm.example", reason="550 5.1.1 No such user")


def test_suppressed_addresses_are_listed_with_the_reason_and_found(operator: Client, suppressed: Suppression) -> None:
    Suppression.objects.create(email="bob@else.example", reason="550")

    page = text(operator.get(reverse("admin:integrations_suppression_changelist"), {"q": "JO@firm"}))

    assert "550 5.1.1 No such user" in page
    assert "bob@else.example" not in page


def test_lifted_address_takes_letters_again(operator: Client, suppressed: Suppression, peer: MailSandbox) -> None:
    outbox.once(EmailService.test_letter, User.objects.create_user("jo", "jo@firm.example"))
    drain()
    operator.post(at("lift", suppressed))
    Delivery.objects.replay()

    drain()

    assert [letter.recipients for letter in peer.letters] == [["jo@firm.example"]]


def test_lifting_is_asked_about_logged_without_the_address_and_leads_to_the_list(
    operator: Client, suppressed: Suppression
) -> None:
    asked = text(operator.get(at("change", suppressed)))
    answer = operator.post(at("lift", suppressed))

    assert "Send letters there again?" in asked
    assert answer["Location"] == reverse("admin:integrations_suppression_changelist")
    row = IntegrationLog.objects.latest("pk")
    assert (row.operation, row.actor, row.size) == ("suppression_lifted", User.objects.get(username="operator"), 1)
    assert "jo@" not in f"{row.message} {row.metadata}"


def test_several_are_lifted_at_once(operator: Client, suppressed: Suppression) -> None:
    Suppression.objects.create(email="bob@else.example", reason="550")

    act(operator, "integrations_suppression", "lift", Suppression.objects.all())

    assert not Suppression.objects.exists()
    assert IntegrationLog.objects.latest("pk").size == 2


def test_auditor_sees_suppressed_addresses_and_lifts_none(
    colleague: Callable[[str], Client], suppressed: Suppression
) -> None:
    auditor = colleague("Auditor")

    page = text(auditor.get(at("change", suppressed)))

    assert "jo@firm.example" in page
    assert at("lift", suppressed) not in page
    assert auditor.post(at("lift", suppressed)).status_code == 403
