"""Operators keep the catalogue, announce sessions, and see who comes."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import SessionFactory, TopicFactory
from tests.leads.listening import listen
from webinars.models import ReminderRule, Topic
from webinars.signals import sessions_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"))
    return client


def topic(**typed: str) -> dict[str, str]:
    usual = {"title_en": "Data", "title_de": "Daten", "default_price": "0", "currency": "EUR", "status": "active"}
    return {**usual, "category": "", "code": "", "description_en": "", "description_de": "", **typed}


def test_topic_is_entered_in_both_languages(operator: Client) -> None:
    response = operator.post("/admin/webinars/topic/add/", topic(default_price="90"))

    assert response.status_code == 302
    assert list(Topic.objects.values_list("title_en", "title_de", "default_price")) == [("Data", "Daten", 90)]


def test_changed_topic_is_told_to_its_sessions(operator: Client) -> None:
    session = SessionFactory(topic=TopicFactory(title_en="Data", title_de="Daten"))

    with listen(sessions_changed) as told:
        operator.post(f"/admin/webinars/topic/{session.topic_id}/change/", topic(title_en="Good data"))

    assert told == [[session]]
    assert Topic.objects.get().title_en == "Good data"


@pytest.mark.parametrize("typed", [{"currency": "euro"}, {"default_price": "-1"}, {"title_de": ""}])
def test_topic_that_makes_no_sense_is_refused(operator: Client, typed: dict[str, str]) -> None:
    response = operator.post("/admin/webinars/topic/add/", topic(**typed))

    assert response.status_code == 200
    assert not Topic.objects.exists()


def rule(operator: Client, *span: str, **typed: Any) -> Any:
    numbers = dict(zip(("before_days", "before_hours", "before_minutes"), span, strict=True))
    return operator.post("/admin/webinars/reminderrule/add/", {**numbers, "active": "on", **typed})


def test_reminder_is_typed_in_days_hours_and_minutes(operator: Client) -> None:
    rule(operator, "1", "2", "30", session=SessionFactory().pk)

    assert ReminderRule.objects.exclude(session=None).get().before == timedelta(days=1, hours=2, minutes=30)
    assert "1 day, 2 hours, 30 minutes" in operator.get("/admin/webinars/reminderrule/").content.decode()


@pytest.mark.parametrize("span", [("", "", ""), ("0", "0", "0"), ("7", "", ""), ("-1", "", ""), ("x", "", "")])
def test_reminder_of_no_time_or_of_a_time_that_there_is_is_refused(operator: Client, span: tuple[str, ...]) -> None:
    before = ReminderRule.objects.count()

    assert rule(operator, *span).status_code == 200
    assert ReminderRule.objects.count() == before
