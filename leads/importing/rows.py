"""From the cells of a row to a capture: repair what can be repaired, and say so."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leads.addresses import is_possible, name_from, normalise
from leads.captures import Capture, Utm
from leads.importing.files import Cells
from leads.models import DETAILS, MESSAGE_LENGTH, UTM_FIELDS, Lead, Touchpoint, Whitepaper
from leads.text import INVISIBLE, many_lines, single_line, web_address

YES = frozenset({"1", "true", "yes", "y", "on", "ja", "j", "wahr"})
NO = frozenset({"", "0", "false", "no", "n", "off", "nein", "falsch"})
LANGUAGES = frozenset(Lead.Language.values)
LENGTHS: dict[str, int] = {
    **{name: getattr(Lead, name).field.max_length for name in DETAILS},
    **{name: getattr(Touchpoint, name).field.max_length for name in UTM_FIELDS},
    "message": MESSAGE_LENGTH,
}
A_DAY = timedelta(days=1)

NO_ADDRESS = _("no e-mail address")
IMPOSSIBLE_ADDRESS = _("impossible e-mail address")
GUESSED_NAME = _("name derived from the address")
REMOVED_INVISIBLE = _("invisible characters removed")
CUT = _("cut to the longest possible")
UNKNOWN_LANGUAGE = _("unknown language left out")
UNKNOWN_WHITEPAPER = _("unknown whitepaper left out")
UNCLEAR_CONSENT = _("unclear consent taken as no")
UNREADABLE_TIME = _("time missing or unreadable, now taken instead")
FUTURE_TIME = _("time in the future, now taken instead")


class Note(NamedTuple):
    what: Promise | str
    where: str  # the column, with the value where it is lost


class Rejected(Exception):
    """This row cannot become a lead."""

    def __init__(self, reason: Promise | str, address: str) -> None:
        self.reason, self.address = reason, address


@dataclass(slots=True)
class RowReader:
    """What all rows of an import have in common."""

    source: str
    whitepapers: Mapping[str, Whitepaper]
    now: datetime
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(settings.TIME_ZONE))

    def read(self, cells: Cells) -> tuple[Capture, list[Note]]:
        email = normalise(cells["email"])
        if not is_possible(email):
            raise Rejected(IMPOSSIBLE_ADDRESS if email else NO_ADDRESS, cells["email"])
        notes: list[Note] = []
        texts = {column: self.text(cells.get(column, ""), column, notes) for column in LENGTHS}
        said_at = self.time(cells.get("captured_at", "").strip())
        whitepaper = self.whitepaper(cells, notes)
        capture = Capture(
            email=email,
            kind=Touchpoint.Kind.WHITEPAPER if cells.get("whitepaper") else Touchpoint.Kind.IMPORT,
            key=key_of(cells, texts, said_at),
            captured_at=self.checked(said_at, notes),
            name=texts["name"] or name_from(email),
            name_is_guess=not texts["name"],
            phone=texts["phone"],
            company=texts["company"],
            website=web_address(texts["website"])[: LENGTHS["website"]],
            job_title=texts["job_title"],
            language=self.language(cells, notes),
            message=texts["message"],
            whitepaper=whitepaper,
            marketing_consent=self.consent(cells, notes),
            source=self.source,
            utm=Utm(*[texts[name] for name in UTM_FIELDS]),
        )
        if capture.name_is_guess:
            notes.append(Note(GUESSED_NAME, "name"))
        return capture, notes

    def text(self, cell: str, column: str, notes: list[Note]) -> str:
        """Formulas stay what they are, text: only a spreadsheet would run them, and we write none unescaped."""
        if not cell:
            return cell
        text = many_lines(cell) if column == "message" else single_line(cell)
        if not cell.isprintable() and INVISIBLE.search(cell):
            notes.append(Note(REMOVED_INVISIBLE, column))
        if len(text) > LENGTHS[column]:
            text = text[: LENGTHS[column]].rstrip()
            notes.append(Note(CUT, column))
        return text

    def time(self, cell: str) -> datetime | None:
        """UTC; a time without zone is our local one."""
        try:
            time = datetime.fromisoformat(cell)
            return (time if time.tzinfo else time.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def checked(self, time: datetime | None, notes: list[Note]) -> datetime:
        """A time in the future would make everything that the person says until then look outdated."""
        if time is not None and time <= self.now + A_DAY:
            return time
        notes.append(Note(FUTURE_TIME if time else UNREADABLE_TIME, "captured_at"))
        return self.now

    def whitepaper(self, cells: Cells, notes: list[Note]) -> Whitepaper | None:
        slug = cells.get("whitepaper", "").strip()
        if slug and slug not in self.whitepapers:
            notes.append(Note(UNKNOWN_WHITEPAPER, f"whitepaper: {slug}"))
        return self.whitepapers.get(slug)

    def language(self, cells: Cells, notes: list[Note]) -> str:
        cell = cells.get("language", "").strip()
        language = cell[:2].lower()
        if language and language not in LANGUAGES:
            notes.append(Note(UNKNOWN_LANGUAGE, f"language: {cell}"))
            return ""
        return language

    def consent(self, cells: Cells, notes: list[Note]) -> bool:
        answer = cells.get("marketing_consent", "").strip().lower()
        if answer not in YES and answer not in NO:
            notes.append(Note(UNCLEAR_CONSENT, f"marketing_consent: {answer}"))
        return answer in YES


def key_of(cells: Cells, texts: Mapping[str, str], said_at: datetime | None) -> str:
    """The same for the same occasion in any export, and never dependent on when we import."""
    when = said_at.isoformat() if said_at else cells.get("captured_at", "")
    parts = [
        cells.get("whitepaper", "").strip(),
        when,
        texts["message"],
        *[texts[name] for name in UTM_FIELDS],
    ]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
