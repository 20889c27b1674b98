"""Writing to everybody who has a seat."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from webinars.actions.seats import expect, lock, of
from webinars.errors import SessionOver
from webinars.models import Message, Registration, Session
from webinars.models.registration import SEATED
from webinars.signals import registrations_messaged

WORDS = frozenset({"subject_en", "text_en", "subject_de", "text_de"})
TOLD = frozenset({Session.Status.PUBLISHED, Session.Status.COMPLETED})


@transaction.atomic
def send_message(session: Session, words: Mapping[str, str], *, uuid: UUID, created_by: int | None) -> int:
    """Tell all who have a seat, or had one; says how many these are. A message of a known `uuid` was told already: 0.

    Raises `ImpossibleMove`, `SessionOver`.
    """
    if words.keys() != WORDS:
        raise ValueError(f"A message has {', '.join(sorted(WORDS))}.")
    expect(lock(session), TOLD)
    if session.status == Session.Status.PUBLISHED and session.ends_at <= timezone.now():
        raise SessionOver
    if Message.objects.filter(uuid=uuid).exists():
        return 0
    message = Message.objects.create(session=session, uuid=uuid, created_by_id=created_by, **words)
    people = of(session, session.registrations.filter(status__in=SEATED).order_by("number"))
    if people:
        registrations_messaged.send(sender=Registration, registrations=people, message=message)
    return len(people)
