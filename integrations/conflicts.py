"""Differences that somebody must decide about: the other side changed what we had sent, and theirs was kept.

The answer stands beside the two values in the record's `kept`. It is an answer about these values: when either side
changes again, it is asked again (see `Book.update`).
"""

from collections.abc import Collection

from django.apps import apps
from django.db import transaction

from . import gate, outbox, registry
from .models import Connection, Delivery, ExternalRecord
from .models.delivery import ONCE

Answer = ExternalRecord.Answer
EVENTS = {Answer.THEIRS: "kept_theirs", Answer.OURS: "wrote_ours"}


@transaction.atomic
def answer(record: ExternalRecord, given: Answer, *, fields: Collection[str] | None = None) -> list[str]:
    """Theirs stays, or ours is promised again and written: for `fields`, or for all that wait for an answer.

    Returns the fields that it is the answer for. Raises LookupError for a record in a system that we have left.
    """
    connection = connection_of(record)
    row = ExternalRecord.objects.select_for_update().get(pk=record.pk)
    waiting = [name for name, values in row.kept.items() if "answer" not in values]
    answered = [name for name in row.kept if name in (waiting if fields is None else fields)]
    if answered:
        row.kept |= {name: {**row.kept[name], "answer": given} for name in answered}
        row.save(update_fields=["kept"])
        gate.log(connection, EVENTS[given], metadata={"record": str(row), "fields": answered})
        if given == Answer.OURS:
            promise_again(row, connection)
    return answered


def connection_of(record: ExternalRecord) -> Connection:
    """The account whose book the record is in."""
    found = Connection.objects.in_use().filter(book=record.remote_system).select_related("integration").first()
    if found is None:
        raise LookupError(f"No connection leads to {record.remote_system} any more.")
    return found


def promise_again(record: ExternalRecord, connection: Connection) -> None:
    """By every operation that keeps the record's subject in step there."""
    about = {"subject_type": record.subject_type, "subject_id": record.subject_id}
    promises = Delivery.objects.filter(connection=connection, **about).exclude(key__contains=ONCE)
    subject = apps.get_model(record.subject_type)._base_manager.get(pk=record.subject_id)
    for name in promises.values_list("operation", flat=True):
        operation = registry.operation(connection.integration.slug, name)
        outbox.keep_in_sync(operation, [subject], owner=connection.owner)
