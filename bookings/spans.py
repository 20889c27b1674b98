"""Stretches of time."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, not including, `end`; both are aware, and UTC."""

    start: datetime
    end: datetime

    def widened(self, before: timedelta, after: timedelta) -> "Span":
        return Span(self.start - before, self.end + after)


class Spans:
    """Any number of spans, as one set of moments: what overlaps or touches is one."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.merged: list[Span] = []
        for span in sorted(spans):
            if not self.merged or span.start > self.merged[-1].end:
                self.merged.append(span)
            elif span.end > self.merged[-1].end:
                self.merged[-1] = Span(self.merged[-1].start, span.end)
        self.ends = [span.end for span in self.merged]

    def overlapping(self, start: datetime, end: datetime) -> Span | None:
        """The first that has a moment in common with that stretch."""
        index = bisect_left(self.ends, start)
        if index < len(self.ends) and self.ends[index] == start:  # it ends where the stretch begins
            index += 1
        if index == len(self.ends) or self.merged[index].start >= end:
            return None
        return self.merged[index]

    def cover(self, start: datetime, end: datetime) -> bool:
        """Whether every moment of that stretch is in here."""
        found = self.overlapping(start, end)
        return found is not None and found.start <= start and end <= found.end
