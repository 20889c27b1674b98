"""The table of every address of the admin x role x method, in `every_url.txt`; and that looking changes nothing.

A row is a name, the answers to GET and the answers to POST, each for the roles in the order of `ROLES`. `login` is a
redirect to the login. The rows are held against the resolver, so that no address is without one.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from bookings.actions import book
from bookings.models import TimeOff
from integrations import outbox
from integrations.email.service import EmailService
from integrations.models import (
    ApiToken,
    Connection,
    Delivery,
    Drift,
    Erasure,
    Incident,
    IntegrationLog,
    Run,
    Suppression,
    WebhookEvent,
)
from leads.models import Lead
from tests.bookings.times import at
from tests.factories import (
    A_MOMENT,
    ConsultantFactory,
    LeadFactory,
    PaymentFactory,
    RegistrationFactory,
    SessionFactory,
    TopicFactory,
    WhitepaperFactory,
    a_client,
)
from tests.integrations.admin.conftest import a_delivery, a_record
from tests.postbox.service import PostboxService
from webinars.models import ReminderRule

ROLES = ["anonymous", "staff", "Auditor", "Operator", "Administrator", "superuser"]
GOES_BY_ITSELF = {"django_session"}  # written by being logged in
AN_IMPORT = {"upload": "gone", "file": "leads.csv", "rows": 1}
PARAMETER = r"\(\?P<(\w+)>.*?\)|<(?:\w+:)?(\w+)>"  # of a regular expression, of a path
Answers = list[str]


def walk(patterns: list[Any], route: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """(name, or route where it has none; route) of every address."""
    for pattern in patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield (f"{space}{pattern.name}" if pattern.name else here), here
        else:
            yield from walk(pattern.url_patterns, here, f"{pattern.namespace}:" if pattern.namespace else space)


def read(path: Path) -> dict[str, tuple[Answers, Answers]]:
    rows = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: (cells[: len(ROLES)], cells[len(ROLES) + 1 :]) for name, *cells in rows}


URLS = {name: route for name, route in walk(get_resolver().url_patterns) if route.startswith("admin/")}
TABLE = read(Path(__file__).with_name("every_url.txt"))
AREAS: dict[str, list[str]] = {}  # addresses by what they are about, so that rows and roles are made once for many
for name, route in URLS.items():
    AREAS.setdefault("/".join(route.split("/")[1:3]) if route.count("/") > 2 else "admin", []).append(name)


@pytest.fixture
def ids(connection: Connection) -> dict[str, Any]:
    """One row of everything that has a page: {model: id}."""
    lead, integration = LeadFactory(), connection.integration
    delivery = a_delivery(connection, lead, PostboxService.post_letters, state="dead")
    user = User.objects.create_user("somebody", "somebody@firm.example")
    registration = RegistrationFactory(lead=lead)
    booking = book(ConsultantFactory(), at("10:00"), 30, a_client(), pending=True)
    rows: dict[str, Any] = {
        "account": Connection.objects.create(integration=integration, owner="ada", secrets={"box": "17"}),
        "integration": integration,
        "delivery": delivery,
        "lead": lead,
        "whitepaper": WhitepaperFactory(),
        "topic": TopicFactory(),
        "session": SessionFactory(status="draft"),
        "registration": registration,
        "payment": PaymentFactory(),
        "consultant": booking.consultant,
        "booking": booking,
        "timeoff": TimeOff.objects.create(
            consultant=booking.consultant, starts_at=A_MOMENT, ends_at=A_MOMENT + timedelta(days=1)
        ),
        "reminderrule": ReminderRule.objects.earliest("pk"),
        "integrationlog": IntegrationLog.objects.create(
            integration=integration, operation="post_letters", status="ok", started_at=A_MOMENT, trigger="command"
        ),
        "webhookevent": WebhookEvent.objects.create(integration=integration, event_id="1", type="any", payload="{}"),
        "erasure": Erasure.objects.create(digest="d", via="command"),
        "externalrecord": a_record(lead, connection.book or "postbox"),
        "drift": Drift.objects.create(
            connection=connection, kind="missing", part="letter", found_at=A_MOMENT, last_seen_at=A_MOMENT
        ),
        "incident": Incident.objects.create(connection=connection, summary="down", opened_at=A_MOMENT),
        "run": Run.objects.create(kind="import_leads", state="failed", trigger="admin", arguments=AN_IMPORT),
        "apitoken": ApiToken.objects.create(name="crm", owner=user, digest="d", start="mgq_"),
        "letter": a_letter(user),
        "suppression": Suppression.objects.create(email="gone@client.example", reason="550"),
        "periodictask": PeriodicTask.objects.earliest("pk"),
        "intervalschedule": IntervalSchedule.objects.earliest("pk"),
        "crontabschedule": CrontabSchedule.objects.create(),
        "user": user,
        "group": Group.objects.get(name="Auditor"),
    }
    return {name: row.pk for name, row in rows.items()}


def a_letter(user: User) -> Delivery:
    outbox.once(EmailService.test_letter, user)
    return Delivery.objects.get(operation="test_letter")


@pytest.fixture
def browsers(db: None) -> list[tuple[Client, str]]:
    """Of each role: a browser and the cookies that it begins with."""
    return [(browser, browser.cookies.output(header="")) for browser in map(logged_in, ROLES)]


def logged_in(role: str) -> Client:
    browser = Client(raise_request_exception=False)
    if role == "superuser":
        browser.force_login(User.objects.create_superuser(role))
    elif role != "anonymous":
        user = User.objects.create_user(role, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
        browser.force_login(user)
    return browser


def address(name: str, ids: dict[str, Any]) -> str:
    """The address with ids of rows that are there."""
    route = URLS[name]
    here = next((ids[part] for part in route.split("/") if part in ids), ids["lead"])
    known = {
        **dict.fromkeys(("object_id", "pk", "id"), here),
        "account": ids["account"],
        "run": ids["run"],
        "delivery": ids["letter"],
        "letter": "test_letter",
        "integration": "email",
        "language": "de",
        "content_type_id": ContentType.objects.get_for_model(Lead).pk,
        "app_label": "leads",
        "url": "nothing",
    }
    filled = re.sub(PARAMETER, lambda parameter: str(known[parameter[1] or parameter[2]]), route)
    return "/" + re.sub(r"[$^]", "", filled)


def ask(method: str, url: str, browser: Client, cookies: str) -> str:
    """The status, or `login`; whatever it changed is taken back."""
    browser.cookies = SimpleCookie(cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(url, {"post": "yes"} if method == "post" else {})
        transaction.set_rollback(True)
    to_login = answer.status_code == 302 and answer["Location"].startswith(reverse("admin:login"))
    return "login" if to_login else str(answer.status_code)


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted(TABLE) == sorted(URLS)


@pytest.mark.parametrize("area", AREAS)
def test_addresses_answer_each_role_as_the_table_says(
    area: str, ids: dict[str, Any], browsers: list[tuple[Client, str]]
) -> None:
    answers = {
        name: tuple([ask(method, address(name, ids), *browser) for browser in browsers] for method in ("get", "post"))
        for name in AREAS[area]
    }

    assert answers == {name: TABLE.get(name) for name in AREAS[area]}


@pytest.mark.parametrize("area", AREAS)
def test_looking_changes_nothing(area: str, ids: dict[str, Any]) -> None:
    browser, changed = logged_in("superuser"), []
    before = digest()

    for name in AREAS[area]:
        browser.get(address(name, ids))
        browser.head(address(name, ids))
        if digest() != before:
            changed.append(name)

    assert changed == []


def digest() -> dict[str, str]:
    """What stands in each table, in short."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    selects = [
        f"SELECT '{table}', md5(coalesce(string_agg(row::text, ',' ORDER BY row::text), '')) FROM {table} row"
        for table in sorted(tables - GOES_BY_ITSELF)
    ]
    with database.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects))
        return dict(cursor.fetchall())
