"""What the database itself refuses, and the rows that are there from the start."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import RegistrationFactory, SessionFactory, TopicFactory
from webinars.models import Payment, Registration, ReminderRule, Session

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"capacity": 0},
        {"duration_minutes": 0},
        {"price": Decimal(-1)},
        {"languages": []},
        {"languages": ["en", "fr"]},
        {"registration_opens_at": NOW, "registration_closes_at": NOW},
    ],
    ids=["capacity", "duration", "price", "no language", "language", "registration"],
)
def test_database_refuses_a_session_that_makes_no_sense(fields: dict[str, object]) -> None:
    session = SessionFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        Session.objects.filter(pk=session.pk).update(**fields)


@pytest.mark.parametrize("status", Registration.Status.values)
def test_database_wants_an_end_for_what_is_held_and_for_nothing_else(status: str) -> None:
    wrong = None if status in ("pending_payment", "offered") else NOW

    with pytest.raises(IntegrityError), transaction.atomic():
        RegistrationFactory(status=status, held_until=wrong)


@pytest.mark.parametrize("same", ["lead", "email", "number"])
def test_database_refuses_the_same_twice_in_one_session(same: str) -> None:
    first = RegistrationFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        RegistrationFactory(session=first.session, **{"email": "other@client.example", same: getattr(first, same)})


def test_payments_at_the_provider_are_told_apart() -> None:
    registration = RegistrationFactory()
    usual = {"registration": registration, "amount": 90, "currency": "EUR", "status": "cancelled"}
    for number, provider_id in enumerate(("", "", "pay_1")):
        Payment.objects.create(number=number, provider_id=provider_id, **usual)

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(number=3, provider_id="pay_1", **usual)


def test_one_payment_of_a_registration_is_open() -> None:
    registration = RegistrationFactory()
    Payment.objects.create(registration=registration, number=1, amount=90, currency="EUR", status="failed")

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(registration=registration, number=2, amount=90, currency="EUR")


def test_zone_and_currency_must_exist() -> None:
    session = SessionFactory()
    session.zone, session.currency = "Europe/Atlantis", "euro"

    with pytest.raises(ValidationError) as refused:
        session.full_clean()

    assert set(refused.value.message_dict) == {"zone", "currency"}


def test_topic_reads_in_both_languages() -> None:
    topic = TopicFactory(title_en="Data strategy", title_de="Datenstrategie")

    assert (topic.title_en, topic.title_de, str(topic)) == ("Data strategy", "Datenstrategie", "Data strategy")


def usual_reminders() -> list[timedelta]:
    return list(ReminderRule.objects.filter(session=None, active=True).values_list("before", flat=True))


def test_everybody_is_reminded_a_week_and_two_days_before() -> None:
    assert usual_reminders() == [7 * DAY, 2 * DAY]


def test_rules_that_an_operator_changed_survive_the_next_migration() -> None:
    ReminderRule.objects.filter(before=7 * DAY).update(before=5 * DAY)
    ReminderRule.objects.filter(before=2 * DAY).delete()

    call_command("migrate", verbosity=0)

    assert usual_reminders() == [5 * DAY]


def test_same_reminder_exists_once_for_all_and_once_per_session() -> None:
    session = SessionFactory()
    ReminderRule.objects.create(session=session, before=2 * DAY)

    for of in (session, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            ReminderRule.objects.create(session=of, before=2 * DAY)
