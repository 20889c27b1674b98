"""What webinars are about: written by whoever keeps the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from webinars.models import Session, Topic
from webinars.signals import sessions_changed

DESCRIBING = frozenset({"title_en", "title_de", "description_en", "description_de"})
EDITABLE = DESCRIBING | {"category", "code", "default_price", "currency", "status"}
AT_ONCE = 500


def create_topics(details: Sequence[Mapping[str, Any]]) -> list[Topic]:
    """One topic each, of fields as in `EDITABLE`."""
    return Topic.objects.bulk_create([Topic(**each) for each in details], batch_size=AT_ONCE)


@transaction.atomic
def change_topics(changes: Mapping[Topic, Mapping[str, Any]]) -> None:
    """Describe topics otherwise: {topic: {field: value}}, fields as in `EDITABLE`.

    Sessions that are still ahead are described by their topic, and told as changed where its words are.
    """
    now = timezone.now()
    for topic, values in changes.items():
        if unknown := values.keys() - EDITABLE:
            raise ValueError(f"Not editable in a topic: {', '.join(sorted(unknown))}")
        for field, value in {**values, "updated_at": now}.items():
            setattr(topic, field, value)
    written = sorted({field for values in changes.values() for field in values})
    if not written:
        return
    Topic.objects.bulk_update(list(changes), [*written, "updated_at"], batch_size=AT_ONCE)
    described = [topic for topic, values in changes.items() if not DESCRIBING.isdisjoint(values)]
    ahead = Session.objects.upcoming(now).filter(topic__in=described).order_by("pk")
    if sessions := list(ahead.select_for_update(no_key=True)):
        sessions_changed.send(sender=Session, sessions=sessions, moved=False)
