"""How long calls took, kept as a histogram: small enough to be added up over a month, fine enough to tell a p95."""

from bisect import bisect_left
from collections.abc import Sequence

# Preferred numbers (ISO 3, R10): each bound is about a quarter more than the one before it, from 10 ms to 100 s.
_STEPS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)
BOUNDS = [*(round(step * decade) for decade in (10, 100, 1000, 10_000) for step in _STEPS), 100_000]  # milliseconds
SLOTS = len(BOUNDS) + 1  # the last one holds whatever took longer


def slot(milliseconds: int) -> int:
    """Where a call is counted; slot n holds those of at most `BOUNDS[n]`."""
    return bisect_left(BOUNDS, milliseconds)


def none() -> list[int]:
    return [0] * SLOTS


def added(*histograms: Sequence[int]) -> list[int]:
    return [sum(column) for column in zip(*histograms, strict=True)] or none()


def percentile(histogram: Sequence[int], part: float = 0.95) -> int | None:
    """Milliseconds that this part of all calls took at most; None of no calls.

    The bound above the true value: never too low, and less than a third too high. What passed the last bound reads as
    that bound.
    """
    wanted, seen = sum(histogram) * part, 0
    for place, number in enumerate(histogram):
        seen += number
        if number and seen >= wanted:
            return BOUNDS[min(place, len(BOUNDS) - 1)]
    return None


def at_most(histogram: Sequence[int], milliseconds: int) -> int:
    """How many calls took no longer than this bound."""
    return sum(histogram[: BOUNDS.index(milliseconds) + 1])
