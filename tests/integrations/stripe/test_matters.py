"""What about money needs somebody is an incident with a letter, however we come to hear of it, until it is over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from integrations import configuration, errors, outbox
from integrations.email.sandbox import MailSandbox
from integrations.email.sandbox import settings_for as mail_settings
from integrations.models import AlertSubscription, Incident, Integration, IntegrationLog
from integrations.stripe import reading
from integrations.stripe.port import StripePayments
from integrations.stripe.sandbox import StripeSandbox
from webinars.models import Payment

from .conftest import a_seat, a_session, hear, paid, payment_of, service, started, status

pytestmark = pytest.mark.django_db(transaction=True)
Way = Callable[[Payment], object]
WAYS: dict[str, Way] = {
    "webhook": lambda payment: hear(payment.provider_id),
    "reconcile": lambda payment: service().reconcile(),
    "payer comes back": lambda payment: StripePayments().refresh(payment.registration),
}
OF_WHAT_IS_PAID = [way for name, way in WAYS.items() if name != "payer comes back"]


@pytest.fixture
def mail(stripe: Integration, tmp_path: Path, settings: LazySettings) -> Iterator[MailSandbox]:
    """Whose letters go to one operator."""
    settings.ADMINS = []
    with MailSandbox(tmp_path) as peer:
        integration = Integration.objects.get(slug="email")
        configuration.configure(integration, mail_settings(peer))
        configuration.set_enabled(integration, True)
        yield peer


@pytest.fixture
def operator(stripe: Integration) -> Client:
    user = User.objects.create_user("operator", "operator@firm.example", is_staff=True)
    user.groups.set(Group.objects.filter(name="Operator"))
    AlertSubscription.objects.create(user=user)
    browser = Client()
    browser.force_login(user)
    return browser


def alerts(mail: MailSandbox) -> list[str]:
    """What the operator reads, without what clients are sent."""
    outbox.drain(integration="email")
    letters = [letter for letter in mail.letters if letter.recipients == ["operator@firm.example"]]
    return [letter.message.get_body(("plain",)).get_content() for letter in letters]


def incidents() -> list[tuple[str, int, bool]]:
    """(kind, id of the payment, whether it is open)"""
    rows = Incident.objects.filter(subject_type="webinars.payment").order_by("pk")
    return [(row.kind, row.subject_id, row.closed_at is None) for row in rows]


def another_sum(peer: StripeSandbox) -> Payment:
    """The amount was edited in the dashboard, and paid."""
    payment = started(a_seat())
    service().client.api.payment_intents.update(payment.provider_id, {"amount": 100})
    peer.pay(payment.provider_id)
    return payment


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_other_sum_is_an_incident(peer: StripeSandbox, mail: MailSandbox, operator: Client, way: Way) -> None:
    payment = another_sum(peer)

    way(payment)
    way(payment)

    assert incidents() == [("payment_mismatch", payment.pk, True)]
    (letter,) = alerts(mail)
    assert f"{payment.provider_id} asks for 1.00 EUR instead of 119.00 EUR." in letter
    assert reverse("admin:webinars_payment_change", args=[payment.pk]) in letter
    assert status(payment.registration) == "pending_payment"


def test_difference_that_went_back_is_over(peer: StripeSandbox, mail: MailSandbox, operator: Client) -> None:
    payment = another_sum(peer)
    hear(payment.provider_id)
    alerts(mail)

    peer.refund(payment.provider_id)
    hear(payment.provider_id, "charge.refunded")

    assert incidents() == [("payment_mismatch", payment.pk, False)]
    assert len(alerts(mail)) == 1  # only of an outage one must know when it is over


@pytest.mark.parametrize("way", OF_WHAT_IS_PAID)
def test_dispute_is_an_incident_until_it_is_over(
    peer: StripeSandbox, mail: MailSandbox, operator: Client, way: Way
) -> None:
    payment = paid(peer)
    dispute = peer.dispute(payment.provider_id)

    way(payment)
    way(payment)
    opened = incidents()
    (letter,) = alerts(mail)
    peer.close_dispute(dispute["id"], "won")
    way(payment)

    assert (opened, incidents()) == ([("dispute", payment.pk, True)], [("dispute", payment.pk, False)])
    assert "119.00 EUR" in letter
    assert str(payment.receipt_number) in letter
    assert payment.registration.last_name not in letter


def test_money_for_a_lost_seat_is_an_incident(peer: StripeSandbox, mail: MailSandbox, operator: Client) -> None:
    registration = a_seat(a_session(capacity=1))
    payment = started(registration)
    type(registration).objects.filter(pk=registration.pk).update(status="expired", held_until=None)
    a_seat(registration.session, "grace@client.example")
    peer.pay(payment.provider_id)

    hear(payment.provider_id)

    assert incidents() == [("seat_lost", payment.pk, True)]
    assert "119.00 EUR" in alerts(mail)[0]
    assert payment_of(registration).refunds.get().reason == "lost_seat"


def test_what_an_operator_has_seen_is_over_and_stays_so(peer: StripeSandbox, operator: Client) -> None:
    payment = paid(peer)
    peer.dispute(payment.provider_id)
    hear(payment.provider_id, "charge.dispute.created")

    operator.post(reverse("admin:webinars_payment_see", args=[payment.pk]))
    hear(payment.provider_id, "charge.dispute.created")
    service().reconcile()

    assert incidents() == [("dispute", payment.pk, False)]
    assert Incident.objects.get().acknowledged_by == User.objects.get(username="operator")


def test_incident_that_is_noted_is_seen_on_its_payment(peer: StripeSandbox, operator: Client) -> None:
    payment = paid(peer)
    peer.dispute(payment.provider_id)
    hear(payment.provider_id, "charge.dispute.created")

    operator.post(reverse("admin:integrations_incident_acknowledge", args=[Incident.objects.get().pk]))

    assert (payment_of(payment.registration).notice, incidents()) == ("", [("dispute", payment.pk, False)])


def test_dry_run_tells_nobody(peer: StripeSandbox, mail: MailSandbox, operator: Client) -> None:
    another_sum(peer)
    second_payment(peer)

    service().reconcile(dry_run=True)

    assert (incidents(), alerts(mail)) == ([], [])


def test_incident_is_told_in_the_language_of_the_firm(stripe: Integration, peer: StripeSandbox) -> None:
    """Though it was noticed when a German payer came back."""
    registration = a_seat(language="de")
    payment = started(registration)
    service().client.api.payment_intents.update(payment.provider_id, {"amount": 100})

    with translation.override("de"):
        StripePayments().refresh(registration)

    assert "instead of" in Incident.objects.get().summary


# --- payments that nobody here knows --------------------------------------------------------------------------------


def by_hand(key: str, **metadata: str) -> str:
    parameters = {
        "amount": 11900,
        "currency": "eur",
        "metadata": {"site": reading.site(), **metadata},
        "automatic_payment_methods": {"enabled": True},
    }
    return str(service().client.create_intent(key, parameters)["id"])


def second_payment(peer: StripeSandbox) -> tuple[Payment, str]:
    """A payment with its intent, both paid, and another paid intent that says it was made for the same."""
    payment = paid(peer, a_seat(email="twice@client.example"))
    intent = by_hand("twice", payment=str(payment.uuid))
    peer.pay(intent)
    return payment, intent


def refused(intent: str) -> None:
    with pytest.raises(errors.Rejected, match=intent):
        hear(intent)


def compared(intent: str) -> None:
    service().reconcile()


@pytest.mark.parametrize("heard", [refused, compared])
def test_second_payment_is_told_on_the_payment_and_as_an_incident(
    peer: StripeSandbox, mail: MailSandbox, operator: Client, heard: Callable[[str], None]
) -> None:
    payment, intent = second_payment(peer)

    heard(intent)
    heard(intent)

    assert incidents() == [("unknown_payment", payment.pk, True)]
    assert payment_of(payment.registration).notice == "another"
    (letter,) = alerts(mail)
    assert f"{intent} brought 119.00 EUR for a payment that has its own, {payment.provider_id}" in letter
    assert IntegrationLog.objects.filter(metadata={"kind": "unknown", "payment": intent}).count() == 1


def test_second_payment_that_somebody_has_seen_is_not_told_again(peer: StripeSandbox, operator: Client) -> None:
    payment, intent = second_payment(peer)
    refused(intent)

    operator.post(reverse("admin:webinars_payment_see", args=[payment.pk]))
    refused(intent)
    compared(intent)

    assert incidents() == [("unknown_payment", payment.pk, False)]
    assert payment_of(payment.registration).notice == ""


def test_second_payment_that_went_back_is_over(peer: StripeSandbox, operator: Client) -> None:
    payment, intent = second_payment(peer)
    refused(intent)

    peer.refund(intent)
    hear(intent, "charge.refunded")

    assert incidents() == [("unknown_payment", payment.pk, False)]
    assert payment_of(payment.registration).notice == ""


def test_payment_for_nothing_we_know_is_told_with_its_sum(
    peer: StripeSandbox, mail: MailSandbox, operator: Client
) -> None:
    intents = [by_hand(key, payment=f"00000000-0000-4000-8000-00000000000{key}") for key in "12"]
    for intent in intents:
        peer.pay(intent)
        refused(intent)

    said = [f"{intent} brought 119.00 EUR, and nobody here knows what for." for intent in intents]
    assert sorted(Incident.objects.open().values_list("summary", flat=True)) == sorted(said)
    assert len(alerts(mail)) == 2


def test_second_intent_that_brought_nothing_needs_nobody(peer: StripeSandbox, operator: Client) -> None:
    payment = paid(peer)
    intent = by_hand("unpaid", payment=str(payment.uuid))

    compared(intent)

    assert incidents() == []
