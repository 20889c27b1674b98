"""Forgetting in Odoo: nobody with our rights may delete there, so what is personal is overwritten."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model

from integrations import errors
from integrations.book import Values
from integrations.models import Attempt

from .records import Difference, Outcomes, Records, grouped, only

M = TypeVar("M", bound=Model)
Row = Mapping[str, Any]
Blank = Callable[[M, Row], Values]


def forget(records: Records[M], subjects: Sequence[M], blank: Blank[M], *, doubtful: Sequence[M]) -> Outcomes[M]:
    """Overwrite what Odoo knows of them, whatever was written there; who is not there is never sent.

    `blank(subject, row there)` is what shall stand there; `doubtful` are those that may be there although the book
    does not know them (see `maybe_there`): only their external id leads to them. At worst this makes one of nobody.
    """
    records.book.forget(subjects)
    known = records.book.of(subjects)
    there = [subject for subject in subjects if subject.pk in known and not known[subject.pk].gone_at]
    unsure = [subject for subject in doubtful if subject.pk not in known]
    if unknown := [subject for subject in subjects if subject not in there and subject not in unsure]:
        yield unknown, None
    fields = records.known_fields() if there or unsure else set()
    made = [
        Difference(subject, "new", {**only(blank(subject, {}), fields), **records.at_birth(subject)})
        for subject in unsure
    ]
    yield from records.create(made)
    rows = records.read([known[subject.pk] for subject in there], fields & {"state"})
    if gone := [subject for subject in there if int(known[subject.pk].remote_id) not in rows]:
        records.book.gone([known[subject.pk] for subject in gone])
        yield gone, errors.Gone("Deleted in Odoo.")
    left = [
        Difference(
            subject,
            "changed",
            only(blank(subject, rows[int(known[subject.pk].remote_id)]), fields),
            record=known[subject.pk],
        )
        for subject in there
        if subject not in gone
    ]
    for _names, group in grouped(left):
        yield from records.change(group)


def maybe_there(operation: str, subjects: Sequence[M]) -> list[M]:
    """Those that a call may have brought to Odoo, though its answer was lost or the worker died."""
    if not subjects:
        return []
    tried = Attempt.objects.filter(
        delivery__operation=operation,
        delivery__subject_type=subjects[0]._meta.label_lower,
        delivery__subject_id__in=[subject.pk for subject in subjects],
        outcome__in=[errors.Ambiguous.kind, "bug"],
    )
    found = set(tried.values_list("delivery__subject_id", flat=True))
    return [subject for subject in subjects if subject.pk in found]
