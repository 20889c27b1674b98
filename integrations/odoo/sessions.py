"""Sessions of webinars as events in Odoo."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, QuerySet

from integrations import errors
from integrations.book import Book, Values
from integrations.models import Connection, ExternalRecord
from integrations.service import Outcome
from webinars.models import Session

from . import forgetting, mapping
from . import mapping_webinars as words
from .client import OdooClient
from .records import Difference, Records
from .step import known, not_in_step

MODEL = "event.event"
OPERATION = "push_sessions"
JOIN_LINK = "event_url"
NO_EVENT = "The event was deleted in Odoo."
# What tells that an event does not take place: from 19 a state of its own, before that a stage.
CANCELLED_STATE, CANCELLED_STAGE = "cancel", "Cancelled"


class SessionRecords(Records[Session]):
    """Our sessions as event.event records."""

    numbered = frozenset(words.EVENT_AT_BIRTH)

    def __init__(self, client: OdooClient, remote_system: str) -> None:
        super().__init__(client, Book(remote_system, MODEL), model=MODEL, relations=words.SESSION_RELATIONS)

    def push_sessions(self, sessions: Sequence[Session]) -> Iterator[tuple[Sequence[Session], Outcome]]:
        chosen = self.to_tell(sessions)
        if idle := [session for session in sessions if session not in chosen]:
            yield idle, None
        if chosen:
            yield from self.push(self.mapped(chosen))

    def to_tell(self, sessions: Sequence[Session]) -> list[Session]:
        """All but drafts, and those that were cancelled before Odoo heard of them."""
        there = set(self.book.of(sessions))
        doubtful = forgetting.maybe_there(OPERATION, [session for session in sessions if session.pk not in there])
        public = (Session.Status.PUBLISHED, Session.Status.COMPLETED)
        return [s for s in sessions if s.status in public or s.pk in there or s in doubtful]

    def mapped(self, sessions: Sequence[Session]) -> dict[Session, Values]:
        """What Odoo should hold of each, without what this Odoo has no name for."""
        wanted = {session: self.told(session) for session in sessions}
        for session, values in wanted.items():
            if session.status == Session.Status.CANCELLED:
                values |= self.cancelled()
        unnamed = self.unnamed()
        return {s: {f: v for f, v in values.items() if f not in unnamed} for s, values in wanted.items()}

    def told(self, session: Session) -> Values:
        return words.session(session, join_link=self.client.settings.join_link)

    def cancelled(self) -> Values:
        choices = self.client.memory.recall(
            f"choices:{MODEL}.kanban_state", lambda: self.client.choices(MODEL, "kanban_state")
        )
        return {"kanban_state": CANCELLED_STATE} if CANCELLED_STATE in choices else {"stage_id": CANCELLED_STAGE}

    def unnamed(self) -> set[str]:
        """Relations to what this Odoo does not have, and we may not make."""
        names = {"event_type_id": words.WEBINAR, "tag_ids": words.WEBINAR, "stage_id": CANCELLED_STAGE}
        return {field for field, name in names.items() if not self.names.find(self.relations[field], {name})}

    def at_birth(self, subject: Session) -> Values:
        return dict(words.EVENT_AT_BIRTH)

    def difference(
        self, subject: Session, values: Values, record: ExternalRecord | None, held: dict[int, dict[str, Any]]
    ) -> Difference[Session]:
        """A cancellation counts whatever stage they had put the event in; what they do with it afterwards is theirs.

        So is the join link, once we neither send one nor have to take one away.
        """
        if record and not any([values.get(JOIN_LINK), record.sent.get(JOIN_LINK), *record.sending.get(JOIN_LINK, [])]):
            values = {name: value for name, value in values.items() if name != JOIN_LINK}
        row = held.get(int(record.remote_id)) if record else None
        if record and row:
            for name in ("kanban_state", "stage_id"):
                if name in values and name not in record.sent:
                    record.sent[name] = mapping.held(name, row.get(name))
        return super().difference(subject, values, record, held)

    def remote_ids(self, sessions: Sequence[Session]) -> tuple[dict[int, str], dict[int, errors.IntegrationError]]:
        """{session's pk: id there}, and {session's pk: why there is none}.

        What Odoo lacks, or has not as it is now, is sent before: who registers must find the event, and its seats.
        """
        records = self.book.of(sessions)
        stale = [s for s in sessions if s.pk not in records or records[s.pk].as_of != s.updated_at]
        refused: dict[int, errors.IntegrationError] = {}
        if stale := [s for s in stale if s.pk not in records or not records[s.pk].gone_at]:
            for done, outcome in self.push_sessions(stale):
                refused |= {session.pk: outcome for session in done if outcome}
            records = self.book.of(sessions)
        there = {pk: record.remote_id for pk, record in records.items() if not record.gone_at}
        missing = [session.pk for session in sessions if session.pk not in there]
        gone = errors.Gone(NO_EVENT)
        return there, {pk: refused.get(pk, gone) for pk in missing}

    def out_of_step(self, connection: Connection) -> QuerySet[Session]:
        """Public sessions that this Odoo lacks or has not as they are now, and that no promise covers."""
        there = known(Session, self.book.remote_system, MODEL)
        private = Session.objects.filter(status__in=[Session.Status.DRAFT, Session.Status.CANCELLED])
        never_there = private.exclude(Exists(there)).values("pk")
        sessions = Session.objects.exclude(pk__in=never_there).order_by("pk")
        return not_in_step(
            sessions, connection, operation=OPERATION, remote_system=self.book.remote_system, remote_model=MODEL
        )
