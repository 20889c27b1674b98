"""Who came: checked in at Odoo, told here."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.models import ExternalRecord
from webinars import actions
from webinars.errors import ImpossibleMove, SessionNotStarted
from webinars.models import Registration, Session
from webinars.models.registration import SEATED, Status

from . import mapping_webinars as words
from .registrations import RegistrationRecords

AT_ONCE = 200
ASKED_FOR = timedelta(days=30)  # after the end; whoever is checked in later than that is not heard of


@dataclass
class Presence:
    """What Odoo holds of people who have a seat here."""

    came: list[Registration] = field(default_factory=list)  # checked in, and that is news
    silent: list[Registration] = field(default_factory=list)  # confirmed, and not checked in
    cancelled: list[Registration] = field(default_factory=list)  # by somebody there
    checked_in: set[int] = field(default_factory=set)  # sessions in which Odoo checked in anybody

    @property
    def stayed_away(self) -> list[Registration]:
        """Of sessions that are over, and where Odoo is used to check people in."""
        now = timezone.now()
        return [each for each in self.silent if each.session_id in self.checked_in and each.session.ends_at <= now]


def read(records: RegistrationRecords, sessions: QuerySet[Session]) -> Presence:
    """One call per `AT_ONCE` people; none where nobody is known there."""
    presence = Presence()
    for chunk in chunks(seated(sessions)):
        known = {pk: record for pk, record in records.book.of(chunk).items() if not record.gone_at}
        rows = records.read(list(known.values()), {"state"})
        for registration in chunk:
            record = known.get(registration.pk)
            if record and (row := rows.get(int(record.remote_id))):
                sort(presence, registration, record, str(row["state"]))
    return presence


def sort(presence: Presence, registration: Registration, record: ExternalRecord, state: str) -> None:
    if state == words.ATTENDED:
        presence.checked_in.add(registration.session_id)
        # What they said before, and somebody here has overruled since, is no news.
        if record.sent.get("state") != words.ATTENDED and registration.status != Status.ATTENDED:
            presence.came.append(registration)
    elif state == words.CANCELLED and "state" not in record.kept:
        presence.cancelled.append(registration)
    elif state == words.OPEN and registration.status == Status.CONFIRMED:
        presence.silent.append(registration)


def seated(sessions: QuerySet[Session]) -> QuerySet[Registration]:
    recent = sessions.filter(starts_at__gt=timezone.now() - ASKED_FOR - F("duration_minutes") * timedelta(minutes=1))
    return Registration.objects.filter(session__in=recent, status__in=SEATED).select_related("session")


def chunks(people: QuerySet[Registration]) -> Iterator[list[Registration]]:
    last = 0
    while chunk := list(people.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield chunk
        last = chunk[-1].pk


def note(presence: Presence) -> dict[str, int]:
    """Have it here, too: {"attended": how many, "no_show": how many}; kinds of which there are none are left out."""
    found = {"attended": mark(presence.came, attended=True), "no_show": mark(presence.stayed_away, attended=False)}
    return {kind: number for kind, number in found.items() if number}


def mark(people: Sequence[Registration], *, attended: bool) -> int:
    """Whoever gave the seat up meanwhile is left out, and whoever was checked in long before the start for now."""
    if not people:
        return 0
    with suppress(ImpossibleMove, SessionNotStarted):
        return actions.mark_attendance(people, attended)
    marked = 0
    for registration in people:
        with suppress(ImpossibleMove, SessionNotStarted):
            marked += actions.mark_attendance([registration], attended)
    return marked
