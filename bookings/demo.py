"""What a fresh installation shows of bookings: three consultants, each with hours of their own."""

from datetime import time
from typing import Any

from django.conf import settings
from django.db import transaction

from bookings.models import Consultant, WorkingHours

WEEK, MORNINGS = range(5), range(1, 4)
CONSULTANTS: list[dict[str, Any]] = [
    {
        "name": "Dr. Ada Lovelace",
        "slug": "ada-lovelace",
        "email": "ada.lovelace@magnetiq.example",
        "title_en": "Artificial intelligence in companies",
        "title_de": "Künstliche Intelligenz im Unternehmen",
        "biography_en": "Finds the three projects that pay off first, and says no to the others.",
        "biography_de": "Findet die drei Projekte, die sich zuerst rechnen, und rät von den anderen ab.",
        "hours": [(day, time(9), time(17)) for day in WEEK],
        "after_minutes": 15,
        "holidays": "DE",
    },
    {
        "name": "Grace Hopper",
        "slug": "grace-hopper",
        "email": "grace.hopper@magnetiq.example",
        "title_en": "Software that outlives its authors",
        "title_de": "Software, die ihre Autoren überlebt",
        "biography_en": "Forty years of compilers, and of people who said that it could not be done.",
        "biography_de": "Vierzig Jahre Compiler, und Leute, die sagten, das gehe nicht.",
        "hours": [(day, start, end) for day in WEEK for start, end in [(time(8), time(12)), (time(13), time(18))]],
        "minutes": [30],
        "per_day": 3,
    },
    {
        "name": "Katherine Johnson",
        "slug": "katherine-johnson",
        "email": "katherine.johnson@magnetiq.example",
        "title_en": "Numbers that people trust",
        "title_de": "Zahlen, denen man vertraut",
        "biography_en": "Checks by hand what the machine says, and teaches your people to do the same.",
        "biography_de": "Rechnet nach, was die Maschine sagt, und bringt es Ihren Leuten bei.",
        "hours": [(day, time(9), time(13)) for day in MORNINGS],
        "minutes": [60, 90],
        "meeting_types": ["video", "phone", "in_person"],
        "place": "Hidden Street 1, Berlin",
        "notice_hours": 48,
    },
]


@transaction.atomic
def create() -> None:
    """Safe to repeat: where there are consultants already, nothing is added."""
    if Consultant.objects.exists():
        return
    for told in CONSULTANTS:
        hours = told["hours"]
        details = {name: value for name, value in told.items() if name != "hours"}
        calendars = {"busy_calendars": [told["email"]]}  # a calendar goes by its owner’s address
        made = Consultant.objects.create(zone=settings.TIME_ZONE, **calendars, **details)
        rows = [WorkingHours(consultant=made, weekday=day, start=start, end=end) for day, start, end in hours]
        WorkingHours.objects.bulk_create(rows)
