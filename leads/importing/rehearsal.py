"""What an import would do, without doing it: it reads, and neither writes nor locks."""

from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads.importing.files import UnusableFileError
from leads.importing.importer import CHUNK, Importer, Row
from leads.importing.rows import Note, Rejected
from leads.models import Lead
from leads.upsert import Key, find_known

MOST_ROWS = 100_000
SHOWN = 200


class Outcome(TextChoices):
    CREATED = "created", gettext_lazy("new")
    MERGED = "merged", gettext_lazy("merged")
    KNOWN = "known", gettext_lazy("already known")
    REJECTED = "rejected", gettext_lazy("rejected")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file, for people."""

    number: int
    outcome: Outcome
    email: str
    name: str = ""
    company: str = ""
    notes: list[Note] = field(default_factory=list)  # what was repaired, or why it was rejected


class Rehearsal(Importer):
    """Counts as the import would that ran now; `shown` are the first rows of the file."""

    def __init__(self) -> None:
        super().__init__(source="")
        self._lines: list[Line] = []
        self._people: set[str] = set()  # whom we know by now, from the database or from an earlier row
        self._occasions: set[Key] = set()

    @property
    def shown(self) -> list[Line]:
        return sorted(self._lines, key=lambda line: line.number)[:SHOWN]

    def take(self, rows: list[Row]) -> None:
        if self.summary.processed > MOST_ROWS:
            message = _("This file has more than %(rows)s rows. Please divide it, or have it imported by command.")
            raise UnusableFileError(message % {"rows": number_format(MOST_ROWS, force_grouping=True)})
        if rows:
            self.look_up([key_of(row) for row in rows])
        for row in rows:
            outcome = self.outcome_of(*key_of(row))
            self.show(Line(row.number, outcome, row.given.email, row.given.name, row.given.company, row.notes))

    def look_up(self, keys: list[Key]) -> None:
        self._occasions.update(find_known(keys))
        known = Lead.objects.filter(email__in={email for email, occasion in keys})
        self._people.update(known.values_list("email", flat=True))

    def outcome_of(self, email: str, occasion: str) -> Outcome:
        created, known = email not in self._people, (email, occasion) in self._occasions
        self._people.add(email)
        self._occasions.add((email, occasion))
        self.summary.created += created
        self.summary.merged += not created
        self.summary.known += known
        return Outcome.CREATED if created else Outcome.KNOWN if known else Outcome.MERGED

    def note_rejection(self, number: int, rejected: Rejected) -> None:
        super().note_rejection(number, rejected)
        self.show(Line(number, Outcome.REJECTED, rejected.address, notes=[Note(rejected.reason, "")]))

    def show(self, line: Line) -> None:
        """Within a chunk, what is rejected comes before the rest; hence the whole first chunk is kept to be sorted."""
        if self.summary.processed <= CHUNK:
            self._lines.append(line)


def key_of(row: Row) -> Key:
    return row.given.email, row.given.key
