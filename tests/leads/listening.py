"""Hearing signals in tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal

CARRIED = ("leads", "touchpoints", "consents", "registrations", "sessions", "payments", "refunds", "bookings")


@contextmanager
def listen(signal: Signal, *, failing: bool = False) -> Iterator[list[Sequence[Any]]]:
    """What the signal tells while the block runs."""
    told: list[Sequence[Any]] = []

    def receiver(sender: type, **kwargs: Any) -> None:
        if failing:
            raise RuntimeError("a receiver failed")
        told.extend(kwargs[name] for name in CARRIED if name in kwargs)

    signal.connect(receiver)
    try:
        yield told
    finally:
        signal.disconnect(receiver)
