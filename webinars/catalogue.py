"""Which sessions the list shows, and by what it can be narrowed down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from leads.models import Lead
from webinars.availability import counted
from webinars.models import Session
from webinars.models.session import SessionQuerySet


@dataclass(frozen=True, slots=True)
class Wish:
    """What the visitor looks for; "" is all of it. A month is written 2026-03, by the firm's own calendar."""

    category: str = ""
    language: str = ""
    month: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        return cls(*[query.get(name, "").replace("\0", "") for name in ("category", "language", "month")])

    def sessions(self, now: datetime) -> SessionQuerySet:
        found = Session.objects.upcoming(now)
        if self.category:
            found = found.filter(topic__category=self.category)
        if self.language:
            found = found.filter(languages__contains=[self.language])
        if self.month:
            found = found.filter(starts_at__gte=first_day(self.month), starts_at__lt=first_day(self.month, later=1))
        return counted(found)


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, as (value, label); a single value is no choice."""

    categories: list[tuple[str, str]]
    languages: list[tuple[str, str]]
    months: list[tuple[str, str]]

    @property
    def any(self) -> bool:
        return any(len(values) > 1 for values in (self.categories, self.languages, self.months))


def choices(now: datetime) -> Choices:
    """Of all upcoming sessions, in one query."""
    rows = list(Session.objects.upcoming(now).values_list("topic__category", "languages", "starts_at"))
    spoken = {language for _, languages, _ in rows for language in languages}
    months = sorted({timezone.localtime(starts_at).date().replace(day=1) for *_, starts_at in rows})
    return Choices(
        categories=[(category, category) for category in sorted({category for category, *_ in rows if category})],
        languages=[(str(code), str(label)) for code, label in Lead.Language.choices if code in spoken],
        months=[(f"{month:%Y-%m}", date_format(month, "YEAR_MONTH_FORMAT")) for month in months],
    )


def first_day(month: str, *, later: int = 0) -> datetime:
    """The first moment of 2026-03, or of so many months later. What is no month has passed long ago."""
    try:
        start = date.fromisoformat(f"{month}-01")
        year, index = divmod(start.year * 12 + start.month - 1 + later, 12)
        start = date(year, index + 1, 1)
    except ValueError:
        start = date.min.replace(year=2)
    return datetime(start.year, start.month, 1, tzinfo=ZoneInfo(settings.TIME_ZONE))
