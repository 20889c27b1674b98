"""What a fresh installation shows of webinars: two topics, and four sessions in the weeks to come, one for money."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from webinars import actions
from webinars.models import Session, Topic

TOPICS: list[dict[str, Any]] = [
    {
        "code": "DEMO-1",
        "category": "Strategy",
        "title_en": "Your first year with artificial intelligence",
        "title_de": "Ihr erstes Jahr mit künstlicher Intelligenz",
        "description_en": "Which three projects pay off first, what they cost, and what they need from your people.",
        "description_de": "Welche drei Projekte sich zuerst rechnen, was sie kosten und was Ihre Leute dafür brauchen.",
    },
    {
        "code": "DEMO-2",
        "category": "Production",
        "title_en": "Digital twins: a workshop for plant managers",
        "title_de": "Digitale Zwillinge: ein Workshop für Werksleitungen",
        "description_en": "From the first sensor to a model that people trust, with time for your own plant.",
        "description_de": "Vom ersten Sensor bis zu einem Modell, dem man vertraut, mit Zeit für Ihr eigenes Werk.",
    },
]
# (topic, days from today, o'clock, seats, price)
SESSIONS = [
    ("DEMO-1", 9, 10, 50, 0),
    ("DEMO-1", 23, 16, None, 0),
    ("DEMO-2", 16, 14, 2, 0),
    ("DEMO-2", 30, 9, 12, 119),
]


def create() -> None:
    """Safe to repeat: where there are topics already, nothing is added."""
    if Topic.objects.exists():
        return
    topics = {topic.code: topic for topic in actions.create_topics(TOPICS)}
    for code, days, hour, seats, price in SESSIONS:
        actions.publish_session(session(topics[code], days, hour, seats=seats, price=price))


def session(topic: Topic, days: int, hour: int, *, seats: int | None, price: int) -> Session:
    zone = ZoneInfo(settings.TIME_ZONE)
    day = timezone.localdate(timezone=zone) + timedelta(days=days)
    details = {
        "topic": topic,
        "starts_at": datetime.combine(day, time(hour), tzinfo=zone),
        "capacity": seats,
        "price": Decimal(price),
        "presenter": "Dr. Ada Lovelace",
        "meeting_url": "https://meet.example.com/demo",
    }
    return actions.create_session(details)
