"""Keep records of one Odoo model equal to ours, in batches: new ones by `load`, known ones field by field.

A known record belongs to two: we read it first, write our new value only where Odoo still holds what we last sent,
and where sales changed it, theirs stays and the difference is kept in the book.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar

from django.db.models import Model

from integrations import errors
from integrations.book import Book, Values
from integrations.models import ExternalRecord
from integrations.service import Outcome

from . import mapping
from .client import OdooClient, first_message, refusal
from .names import Names

M = TypeVar("M", bound=Model)
Outcomes = Iterator[tuple[Sequence[M], Outcome]]
UNKNOWN_ID = "Unknown database identifier"


@dataclass
class Difference(Generic[M]):
    """What pushing one subject would do. `kind`: new, changed, kept (theirs), same, gone, archived."""

    subject: M
    kind: str
    changes: Values = field(default_factory=dict)  # what we write
    agreed: Values = field(default_factory=dict)  # what Odoo holds already, whoever wrote it
    kept: dict[str, dict[str, str]] = field(default_factory=dict)  # {field: {"ours", "theirs"}}
    before: dict[str, str] = field(default_factory=dict)  # what Odoo holds in `changes`
    record: ExternalRecord | None = None


class Records(Generic[M]):
    """The records of `model` that stand for our subjects."""

    # Relations whose values are database ids already.
    numbered: frozenset[str] = frozenset()

    def __init__(self, client: OdooClient, book: Book, *, model: str, relations: Mapping[str, str]) -> None:
        self.client = client
        self.book = book
        self.model = model
        self.relations = relations
        self.names = Names(client)

    def known_fields(self) -> set[str]:
        return set(self.client.memory.recall(f"fields:{self.model}", lambda: self.client.fields(self.model)))

    # --- what would be done -----------------------------------------------------------------------------------------

    def differences(self, wanted: Mapping[M, Values]) -> list[Difference[M]]:
        """Compare with what Odoo holds now: one call for all that are known, none for new ones. Reads only."""
        fields = self.known_fields()
        wanted = {subject: only(values, fields) for subject, values in wanted.items()}
        records = self.book.of(list(wanted))
        held = self.read([record for record in records.values() if not record.gone_at], fields & columns(wanted))
        return [self.difference(s, values, records.get(s.pk), held) for s, values in wanted.items()]

    def read(self, records: Sequence[ExternalRecord], fields: set[str]) -> dict[int, dict[str, Any]]:
        ids = [int(record.remote_id) for record in records]
        return self.client.read(self.model, ids, sorted(fields | {"active"})) if ids else {}

    def difference(
        self, subject: M, values: Values, record: ExternalRecord | None, held: dict[int, dict[str, Any]]
    ) -> Difference[M]:
        if record is None:
            # Blanks too: an earlier call whose answer was lost may have left a value there that is blank by now.
            return Difference(subject, "new", changes={**values, **self.at_birth(subject)})
        row = held.get(int(record.remote_id))
        if row is None:
            return Difference(subject, "gone", record=record)
        if row.get("active") is False:
            return Difference(subject, "archived", record=record)
        return compare(subject, values, record, row)

    def at_birth(self, subject: M) -> Values:
        """What a new record is given once, and is theirs from then on."""
        return {}

    def external_id(self, subject: M) -> str:
        return external_id(subject)

    # --- doing it ---------------------------------------------------------------------------------------------------

    def push(self, wanted: Mapping[M, Values]) -> Outcomes[M]:
        """Make Odoo agree; yields outcomes as groups are done. Safe to repeat."""
        found = self.differences(wanted)
        by_kind = {kind: [d for d in found if d.kind == kind] for kind in {d.kind for d in found}}
        if gone := by_kind.get("gone"):
            self.book.gone([d.record for d in gone if d.record])
            yield [d.subject for d in gone], errors.Gone("Deleted in Odoo.")
        unchanged = [d for d in found if d.kind in ("same", "kept", "archived")]
        if unchanged:
            yield from self.enter_known(unchanged)
        yield from self.create(by_kind.get("new", []))
        for _names, group in grouped(by_kind.get("changed", [])):
            yield from self.change(group)

    def create(self, new: list[Difference[M]]) -> Outcomes[M]:
        """By external id, so that repeating finds what an earlier call made though its answer was lost."""
        if not new:
            return
        fields = sorted({name for d in new for name in d.changes})
        header = ["id", *(self.column(name) for name in fields)]
        numbers = self.numbers(d.changes for d in new)
        rows = [[self.external_id(d.subject), *self.cells(d, fields, numbers)] for d in new]
        ids, refused = self.load(header, rows)
        for index, error in refused.items():
            yield [new[index].subject], error
        if ids:
            self.book.enter([self.entry(d, remote_id) for d, remote_id in zip(new, ids, strict=True)])
            yield [d.subject for d in new], None
        else:
            yield from self.create([d for index, d in enumerate(new) if index not in refused])

    def change(self, group: list[Difference[M]]) -> Outcomes[M]:
        """By database id: a record deleted a moment ago is reported, not made again."""
        if not group:
            return
        fields = sorted(group[0].changes)
        header = [".id", *(self.column(name) for name in fields)]
        numbers = self.numbers(d.changes for d in group)
        rows = [[d.record.remote_id, *self.cells(d, fields, numbers)] for d in group if d.record]
        self.book.announce((d.record, d.changes) for d in group if d.record)
        ids, refused = self.load(header, rows)
        for index, error in refused.items():
            if isinstance(error, errors.Gone):
                self.book.gone([record for record in [group[index].record] if record])
            yield [group[index].subject], error
        if ids:
            yield from self.enter_known(group)
        else:
            yield from self.change([d for index, d in enumerate(group) if index not in refused])

    def enter_known(self, known: list[Difference[M]]) -> Outcomes[M]:
        records = [(d.subject, d.record) for d in known if d.record]
        for d, (_subject, record) in zip(known, records, strict=True):
            record.sent = {**record.sent, **d.agreed, **d.changes}
            record.kept = d.kept
        self.book.update(records)
        yield [d.subject for d in known], None

    def load(self, header: list[str], rows: list[list[str]]) -> tuple[list[int], dict[int, errors.IntegrationError]]:
        """Ids in row order, or {row: its error} after which the others can be tried again.

        One bad row takes the whole call back. Raises what is no single row's fault, and Rejected when none is named.
        """
        answer = self.client.load(self.model, header, rows)
        if answer["ids"]:
            return answer["ids"], {}
        refused = self.refused(answer["messages"])
        for error in refused.values():
            if isinstance(error, errors.Misconfigured):
                raise error
        if not refused:
            raise refusal(first_message(answer["messages"]), operation=self.client.operation)
        return [], refused

    def refused(self, messages: list[dict[str, Any]]) -> dict[int, errors.IntegrationError]:
        found: dict[int, errors.IntegrationError] = {}
        for message in messages:
            if message.get("type") == "error" and "rows" in message:
                error = self.error(message)
                if str(message.get("field")).partition("/")[0] in self.relations:
                    raise error  # it is not the row that is wrong, but a database id that we remember
                for row in range(message["rows"]["from"], message["rows"]["to"] + 1):
                    found.setdefault(row, error)
        return found

    def error(self, message: dict[str, Any]) -> errors.IntegrationError:
        text = str(message["message"]).strip()
        if text.startswith(UNKNOWN_ID):
            return errors.Gone("Deleted in Odoo.")
        return refusal(text, operation=self.client.operation)

    # --- cells ------------------------------------------------------------------------------------------------------

    def column(self, name: str) -> str:
        return f"{name}/.id" if name in self.relations or name in self.numbered else name

    def numbers(self, changes: Iterable[Values]) -> dict[tuple[str, str], str]:
        """{(field, name): database id} of all relations in `changes`."""
        wanted: dict[str, set[str]] = {}
        for values in changes:
            for name, value in values.items():
                if name in self.relations and value:
                    wanted.setdefault(name, set()).add(value)
        return {
            (name, value): number
            for name, values in wanted.items()
            for value, number in self.names.find(self.relations[name], values).items()
        }

    def cells(self, d: Difference[M], fields: list[str], numbers: dict[tuple[str, str], str]) -> list[str]:
        return [
            numbers.get((name, d.changes.get(name, "")), "") if name in self.relations else d.changes.get(name, "")
            for name in fields
        ]

    def entry(self, d: Difference[M], remote_id: int) -> tuple[M, str, str, Values]:
        base = self.client.settings.base_url
        url = f"{base}/web#id={remote_id}&model={self.model}&view_type=form"
        return d.subject, str(remote_id), url, d.changes


def compare(subject: M, values: Values, record: ExternalRecord, row: dict[str, Any]) -> Difference[M]:
    """Field by field: ours if Odoo still holds what we last sent, theirs if somebody changed it there and nobody here
    overruled that.

    What somebody changed there is shown, whether or not we have a new value for it.
    """
    d = Difference(subject, "same", record=record)
    for name, ours in values.items():
        written = {record.sent.get(name, ""), *record.sending.get(name, []), *record.overruled(name)}
        theirs = mapping.held(name, row.get(name))
        if written == {ours}:
            if mapping.is_told(row.get(name)) and not mapping.same(name, theirs, ours):
                d.kept[name] = {"ours": ours, "theirs": theirs}
        elif any(mapping.same(name, theirs, value) for value in written):
            d.changes[name] = ours
            d.before[name] = theirs
        elif mapping.same(name, theirs, ours):
            d.agreed[name] = ours
        else:
            d.kept[name] = {"ours": ours, "theirs": theirs}
    d.kind = "changed" if d.changes else "kept" if d.kept else "same"
    return d


def only(values: Values, fields: set[str]) -> Values:
    return {name: value for name, value in values.items() if name in fields}


def columns(wanted: Mapping[Any, Values]) -> set[str]:
    return {name for values in wanted.values() for name in values}


def grouped(changed: list[Difference[M]]) -> Iterator[tuple[list[str], list[Difference[M]]]]:
    """Records with the same set of changed columns go in one call."""
    ordered = sorted(changed, key=lambda d: sorted(d.changes))
    for names, group in groupby(ordered, key=lambda d: sorted(d.changes)):
        yield names, list(group)


def external_id(subject: Any) -> str:
    return f"magnetiq.{subject._meta.model_name}_{subject.uuid}"


def told(found: Difference[Any], **about: Any) -> dict[str, Any]:
    """For a dry run: what pushing would change, and `about` whom."""
    fields = {
        name: {"before": found.before.get(name, ""), "after": value}
        for name, value in found.changes.items()
        if value or found.before
    }
    return {**about, "kind": found.kind, "fields": fields, "kept": found.kept}
