"""Every list of the admin asks the database as often for thirty rows as for one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from bookings.actions import book, note_problem
from bookings.models import Booking, Consultant, TimeOff
from bookings.models import ReminderRule as BookingReminderRule
from bookings.models.booking import Problem
from integrations.email.letters import LETTERS
from integrations.models import (
    ApiToken,
    Connection,
    Delivery,
    Drift,
    Erasure,
    ExternalRecord,
    Incident,
    Integration,
    IntegrationLog,
    LetterOverride,
    Run,
    Suppression,
    WebhookEvent,
)
from leads.models import Lead, Whitepaper
from tests.bookings.times import at
from tests.factories import (
    A_MOMENT,
    ConsultantFactory,
    LeadFactory,
    PaymentFactory,
    RegistrationFactory,
    SessionFactory,
    TopicFactory,
    TouchpointFactory,
    WhitepaperFactory,
    a_client,
)
from webinars.models import Payment, Registration, ReminderRule, Session, Topic

MOST = 20  # a page that needs more is doing something odd


def a_user(number: int) -> User:
    user = User.objects.create_user(f"user-{number}", is_staff=True)
    user.groups.add(a_group(number))
    return user


def a_group(number: int) -> Group:
    return Group.objects.get_or_create(name=f"group {number}")[0]


def an_integration(number: int) -> Integration:
    return Integration.objects.get_or_create(slug=f"integration-{number}", enabled=True)[0]


def a_connection(number: int) -> Connection:
    return Connection.objects.get_or_create(integration=an_integration(number), owner="", last_error="Down.")[0]


def an_integration_with_a_connection(number: int) -> None:
    a_connection(number)


def a_lead(number: int) -> Lead:
    return TouchpointFactory(whitepaper=WhitepaperFactory()).lead


def a_delivery(number: int) -> Delivery:
    connection = a_connection(number)
    return Delivery.objects.create(
        key=str(number), integration=connection.integration, connection=connection, operation="push_leads",
        subject_type="leads.lead", subject_id=LeadFactory().pk, state="dead", error_kind="rejected", error="No.",
    )  # fmt: skip


def a_call(number: int) -> IntegrationLog:
    connection = a_connection(number)
    return IntegrationLog.objects.create(
        integration=connection.integration, connection=connection, operation="push_leads", status="error",
        error_kind="rejected", started_at=A_MOMENT, trigger="admin", actor=a_user(number),
    )  # fmt: skip


def a_webhook(number: int) -> WebhookEvent:
    return WebhookEvent.objects.create(integration=an_integration(number), event_id=str(number), type="renamed")


def a_record(number: int) -> ExternalRecord:
    return ExternalRecord.objects.create(
        remote_system="there", remote_model="crm.lead", remote_id=str(number), subject_type="leads.lead",
        subject_id=LeadFactory().pk, synced_at=A_MOMENT, url="https://there.example/1",
        kept={"name": {"ours": "Ada", "theirs": "Ida"}},
    )  # fmt: skip


def an_erasure(number: int) -> Erasure:
    return Erasure.objects.create(digest=str(number), via="admin", actor=a_user(number))


def a_letter(number: int) -> LetterOverride:
    language = ["en", "de"][number % 2]
    letter = [*LETTERS, "of-old"][number // 2]
    made, _created = LetterOverride.objects.get_or_create(
        letter=letter, language=language, defaults={"subject": "S", "body": "B", "updated_by": a_user(number)}
    )
    return made


def a_drift(number: int) -> Drift:
    return Drift.objects.create(
        connection=a_connection(number),
        kind="differs",
        part="crm.lead",
        subject_type="leads.lead",
        subject_id=LeadFactory(email=f"other-{number}@client.example").pk,
        here={"phone": "1"},
        there={"phone": "2"},
        found_at=A_MOMENT,
        last_seen_at=A_MOMENT,
    )


def an_incident(number: int) -> Incident:
    return Incident.objects.create(connection=a_connection(number), summary="Down.", opened_at=A_MOMENT)


def a_run(number: int) -> Run:
    return Run.objects.create(
        kind="job", arguments={"job": "sync_leads"}, integration=an_integration(number), state="done",
        trigger="admin", actor=a_user(number), finished_at=timezone.now(),
    )  # fmt: skip


def a_token(number: int) -> ApiToken:
    return ApiToken.objects.create(name=f"token {number}", owner=a_user(number), start="mq_", digest=str(number))


def a_schedule(number: int) -> PeriodicTask:
    task: PeriodicTask = PeriodicTask.objects.create(
        name=f"schedule {number}", task="any", interval=an_interval(number), last_run_at=A_MOMENT
    )
    return task


def an_interval(number: int) -> IntervalSchedule:
    interval: IntervalSchedule = IntervalSchedule.objects.create(every=number + 1, period="hours")
    return interval


def a_crontab(number: int) -> CrontabSchedule:
    crontab: CrontabSchedule = CrontabSchedule.objects.create(minute=str(number), hour="4")
    return crontab


def a_booking(number: int) -> Booking:
    booking = book(ConsultantFactory(), at("10:00"), 30, a_client(f"ada-{number}@client.example"), unchecked=True)
    note_problem(booking, Problem.CALENDAR_BUSY)
    return booking


# A new admin page needs a line here: how to make one more row of its list, with others than the last in relation to it.
MAKERS: dict[type[Model], Callable[[int], Any]] = {
    ApiToken: a_token,
    Booking: a_booking,
    BookingReminderRule: lambda number: BookingReminderRule.objects.create(before=timedelta(minutes=1 + number)),
    Consultant: lambda number: ConsultantFactory(),
    CrontabSchedule: a_crontab,
    Delivery: a_delivery,
    Erasure: an_erasure,
    ExternalRecord: a_record,
    Group: a_group,
    Drift: a_drift,
    Incident: an_incident,
    Integration: an_integration_with_a_connection,
    IntegrationLog: a_call,
    IntervalSchedule: an_interval,
    Lead: a_lead,
    LetterOverride: a_letter,
    Payment: lambda number: PaymentFactory(notice="dispute"),
    PeriodicTask: a_schedule,
    Registration: lambda number: RegistrationFactory(),
    ReminderRule: lambda number: ReminderRule.objects.create(session=SessionFactory(), before=timedelta(days=1)),
    Run: a_run,
    Session: lambda number: RegistrationFactory().session,
    Suppression: lambda number: Suppression.objects.create(email=f"gone-{number}@client.example", reason="550"),
    TimeOff: lambda number: TimeOff.objects.create(
        consultant=ConsultantFactory(), starts_at=A_MOMENT, ends_at=A_MOMENT + timedelta(days=1)
    ),
    Topic: lambda number: TopicFactory(category=f"category {number}"),
    User: a_user,
    WebhookEvent: a_webhook,
    Whitepaper: lambda number: WhitepaperFactory(),
}


@pytest.fixture
def everything_allowed(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def statements(client: Client, address: str) -> list[str]:
    """What the page asks once caches are warm."""
    client.get(address)
    with CaptureQueriesContext(database) as queries:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("model", [*admin.site._registry], ids=lambda model: model._meta.label)
def test_list_asks_as_often_for_thirty_rows_as_for_one(everything_allowed: Client, model: type[Model]) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    make = MAKERS[model]
    make(0)
    for_one = statements(everything_allowed, address)
    for number in range(1, 30):
        make(number)

    for_thirty = statements(everything_allowed, address)

    assert model._default_manager.count() >= 30
    assert len(for_thirty) == len(for_one), "\n".join(for_thirty)
    assert len(for_thirty) <= MOST
