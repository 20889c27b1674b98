"""Hearing signals in tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.dispatch import Signal

from leads.models import Lead


@contextmanager
def listen(signal: Signal, *, failing: bool = False) -> Iterator[list[Sequence[Lead]]]:
    """What the signal tells while the block runs."""
    told: list[Sequence[Lead]] = []

    def receiver(sender: type, leads: Sequence[Lead], **kwargs: object) -> None:
        if failing:
            raise RuntimeError("a receiver failed")
        told.append(leads)

    signal.connect(receiver)
    try:
        yield told
    finally:
        signal.disconnect(receiver)
