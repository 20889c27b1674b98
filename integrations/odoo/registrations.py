"""Registrations for webinars in Odoo."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import Exists, Q, QuerySet, prefetch_related_objects

from integrations import errors
from integrations.book import Book, Values
from integrations.models import Connection, ExternalRecord
from integrations.service import Outcome
from webinars.models import Registration
from webinars.models.registration import SEATED

from . import forgetting
from . import mapping_webinars as words
from .client import NoSeats, OdooClient
from .partners import PartnerRecords
from .records import Difference, Outcomes, Records
from .sessions import NO_EVENT, SessionRecords
from .step import known, not_in_step

MODEL = "event.registration"
OPERATION = "push_registrations"
NO_SUCH = "No matching record found for database id"


class RegistrationRecords(Records[Registration]):
    """Our registrations as event.registration records."""

    numbered = frozenset({"event_id", "partner_id"})

    def __init__(self, client: OdooClient, remote_system: str) -> None:
        super().__init__(client, Book(remote_system, MODEL), model=MODEL, relations={})
        self.sessions = SessionRecords(client, remote_system)
        self.partners = PartnerRecords(client, remote_system)
        self.births: dict[int, Values] = {}  # by the registration's pk
        self.maybe_checked_in: set[int] = set()  # pks

    def push_registrations(
        self, registrations: Sequence[Registration]
    ) -> Iterator[tuple[Sequence[Registration], Outcome]]:
        """Session before registration, contact before registration, and who leaves before who comes."""
        prefetch_related_objects(registrations, "session__topic", "lead")
        if forgotten := [registration for registration in registrations if registration.is_forgotten]:
            yield from self.forget(forgotten)
        people = [registration for registration in registrations if not registration.is_forgotten]
        chosen = self.to_tell(people)
        if idle := [registration for registration in people if registration not in chosen]:
            yield idle, None
        there = self.book.of(chosen)
        new = [registration for registration in chosen if registration.pk not in there]
        refused = self.prepare(new)
        for registration, error in refused.items():
            yield [registration], error
        self.maybe_checked_in = self.found_there([registration for registration in new if registration not in refused])
        wanted = {r: words.registration(r) for r in chosen if r not in refused}
        leaving = {r: values for r, values in wanted.items() if values["state"] == words.CANCELLED}
        coming = {r: values for r, values in wanted.items() if r not in leaving}
        for some in (leaving, coming):
            if some:
                yield from self.push(some)

    def to_tell(self, registrations: Sequence[Registration]) -> list[Registration]:
        """Who has a seat, or had one that Odoo has heard of."""
        seatless = [registration for registration in registrations if registration.status not in SEATED]
        there = set(self.book.of(seatless))
        doubtful = forgetting.maybe_there(OPERATION, [r for r in seatless if r.pk not in there])
        return [r for r in registrations if r.status in SEATED or r.pk in there or r in doubtful]

    def out_of_step(self, connection: Connection) -> QuerySet[Registration]:
        """Registrations that this Odoo lacks or has not as they are now, and that no promise covers."""
        there = known(Registration, self.book.remote_system, MODEL)
        deleted = ExternalRecord.objects.filter(remote_system=self.book.remote_system, remote_model="event.event")
        homeless = Q(session__in=deleted.exclude(gone_at=None).values("subject_id"))
        never_there = Registration.objects.filter(homeless | ~Q(status__in=SEATED)).exclude(Exists(there)).values("pk")
        people = Registration.objects.exclude(pk__in=never_there).order_by("pk")
        return not_in_step(
            people, connection, operation=OPERATION, remote_system=self.book.remote_system, remote_model=MODEL
        )

    # --- what must be there before --------------------------------------------------------------------------------

    def prepare(self, new: Sequence[Registration]) -> dict[Registration, errors.IntegrationError]:
        """Have the event and the contact of each there; says for whom that did not work."""
        refused = self.prepare_events(new)
        ready = [registration for registration in new if registration not in refused]
        partners, problems = self.partners.of(ready) if ready else ({}, {})
        for registration in ready:
            if registration.lead_id in problems:
                refused[registration] = problems[registration.lead_id]
            else:
                self.births[registration.pk]["partner_id"] = partners[registration.lead_id]
        return refused

    def prepare_events(self, new: Sequence[Registration]) -> dict[Registration, errors.IntegrationError]:
        sessions = {registration.session_id: registration.session for registration in new}
        events, problems = self.sessions.remote_ids(list(sessions.values())) if sessions else ({}, {})
        self.births = {r.pk: {"event_id": events[r.session_id]} for r in new if r.session_id in events}
        return {r: problems[r.session_id] for r in new if r.session_id in problems}

    def at_birth(self, subject: Registration) -> Values:
        return self.births.get(subject.pk, {})

    # --- seats and presence ---------------------------------------------------------------------------------------

    def found_there(self, new: Sequence[Registration]) -> set[int]:
        """The pks of those whom a call without an answer has brought there, and who may be checked in by now.

        We may not look external ids up: it is the same address in the same event. One call, and only after such a try.
        """
        doubtful = [r for r in forgetting.maybe_there(OPERATION, new) if r.pk in self.births]
        if not doubtful:
            return set()
        events = sorted({int(self.births[r.pk]["event_id"]) for r in doubtful})
        named = [["event_id", "in", events], ["email", "in", sorted({r.email for r in doubtful})]]
        rows = self.client.search_read(MODEL, named, ["event_id", "email"], active_test=False)
        there = {(str(row["event_id"][0]), row["email"]) for row in rows}
        return {r.pk for r in doubtful if (self.births[r.pk]["event_id"], r.email) in there}

    def difference(
        self, subject: Registration, values: Values, record: ExternalRecord | None, held: dict[int, dict[str, Any]]
    ) -> Difference[Registration]:
        """Who was checked in there was there, whatever we think."""
        row = held.get(int(record.remote_id)) if record else None
        if record and row and "state" not in record.sent:  # see `create`: what it was made with, not what became of it
            record.sent["state"] = words.DRAFT if row.get("state") == words.DRAFT else words.OPEN
        if row and row.get("state") == words.ATTENDED != values["state"]:
            values = {name: value for name, value in values.items() if name != "state"}
        return super().difference(subject, values, record, held)

    def create(self, new: list[Difference[Registration]]) -> Outcomes[Registration]:
        """Of who may be checked in there already, the state is read first: `load` would write over it."""
        found = [d for d in new if d.subject.pk in self.maybe_checked_in]
        yield from as_many_as_fit(super().create, [d for d in new if d not in found])
        wanted = {d.subject: {f: v for f, v in d.changes.items() if f not in self.at_birth(d.subject)} for d in found}
        for d in found:
            d.changes.pop("state")
        for registrations, outcome in as_many_as_fit(super().create, found):
            if outcome:
                yield registrations, outcome
            else:
                yield from self.push({registration: wanted[registration] for registration in registrations})

    def change(self, group: list[Difference[Registration]]) -> Outcomes[Registration]:
        yield from as_many_as_fit(super().change, group)

    def error(self, message: dict[str, Any]) -> errors.IntegrationError:
        """A contact that was deleted a moment ago is found out by the next try."""
        if not str(message["message"]).startswith(NO_SUCH):
            return super().error(message)
        if str(message.get("field")).startswith("event_id"):
            return errors.Gone(NO_EVENT)
        return errors.Conflict(str(message["message"]))

    # --- forgetting -----------------------------------------------------------------------------------------------

    def forget(self, registrations: Sequence[Registration]) -> Outcomes[Registration]:
        """Make them nobody there, and the contacts that we made of them, too."""
        there = self.book.of(registrations)
        doubtful = forgetting.maybe_there(OPERATION, [r for r in registrations if r.pk not in there])
        unprepared = self.prepare_events(doubtful)
        leads = list({registration.lead for registration in registrations})
        problems = self.partners.forget(leads, doubtful=list({r.lead for r in doubtful}))
        for registration in registrations:
            if error := problems.get(registration.lead_id) or unprepared.get(registration):
                yield [registration], error
        left = [r for r in registrations if r.lead_id not in problems and r not in unprepared]
        yield from forgetting.forget(self, left, blank, doubtful=[r for r in doubtful if r in left])


def as_many_as_fit(
    send: Callable[[list[Difference[Registration]]], Outcomes[Registration]], group: list[Difference[Registration]]
) -> Outcomes[Registration]:
    """Odoo 19 refuses all where the seats do not suffice for one, and does not say for whom: halve until it shows."""
    try:
        yield from send(group)
    except NoSeats as error:
        if len(group) == 1:
            yield [group[0].subject], error
            return
        half = len(group) // 2
        for part in (group[:half], group[half:]):
            yield from as_many_as_fit(send, part)


def blank(registration: Registration, row: Any) -> Values:
    values = dict(words.FORGOTTEN_REGISTRATION)
    if words.state(registration) == words.CANCELLED and row.get("state") != words.ATTENDED:
        values["state"] = words.CANCELLED
    return values
