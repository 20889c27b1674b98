"""When calendars are busy: many are asked in one call, and what cannot be read is unknown, never free."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from bookings.spans import Span, Spans

from .client import Answer, GoogleClient

MOST = 50  # calendars in one call
LONGEST = timedelta(days=89)  # Google answers about no more than 90 at once


@dataclass
class Busy:
    """Of one calendar; where there is an `error`, in words, the spans are not all that there may be."""

    spans: list[Span] = field(default_factory=list)
    error: str = ""


def ask(client: GoogleClient, calendars: Iterable[str], start: datetime, end: datetime) -> dict[str, Busy]:
    """{calendar: when it is busy between these moments}. Raises IntegrationError when there is no answer at all."""
    found = {calendar: Busy() for calendar in calendars}
    for some in chunks(list(found)):
        for window in windows(start, end):
            told = client.freebusy(some, window.start, window.end)
            for calendar in some:
                add(found[calendar], told.get(calendar))
    return found


def chunks(calendars: Sequence[str]) -> Iterator[list[str]]:
    for first in range(0, len(calendars), MOST):
        yield list(calendars[first : first + MOST])


def windows(start: datetime, end: datetime) -> Iterator[Span]:
    while start < end:
        until = min(start + LONGEST, end)
        yield Span(start, until)
        start = until


def add(busy: Busy, told: Answer | None) -> None:
    if told is None or told.get("errors"):
        reasons = [str(error.get("reason", "")) for error in (told or {}).get("errors", ())]
        busy.error = explained(reasons[0] if reasons else "")
        return
    busy.spans += [Span(moment(each["start"]), moment(each["end"])) for each in told.get("busy", ())]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def explained(reason: str) -> str:
    """Google's word for it, in ours."""
    if reason == "notFound":
        return _("Google knows no such calendar, or it is not shared with the account.")
    if reason == "internalError":
        return _("Google could not read this calendar just now.")
    return _("Google did not tell of this calendar (%(reason)s).") % {"reason": reason or "?"}


def less(spans: Iterable[Span], ours: Iterable[Span]) -> list[Span]:
    """What is left of the spans without ours; what overlaps or touches is one."""
    left: list[Span] = []
    taken = Spans(ours)
    for span in Spans(spans).merged:
        start = span.start
        while start < span.end:
            gone = taken.overlapping(start, span.end)
            if gone is None:
                left.append(Span(start, span.end))
                break
            if gone.start > start:
                left.append(Span(start, gone.start))
            start = gone.end
    return left
