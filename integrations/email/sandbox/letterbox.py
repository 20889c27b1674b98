"""The letters that arrived, in memory and as files that any mail program opens."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from functools import cached_property
from pathlib import Path

KEPT = 1000
# The first lines of a file tell of the envelope; the letter follows, byte for byte.
ENVELOPE = "Return-Path: <{sender}>\r\nX-Envelope-To: {recipients}\r\nX-Arrived: {at}\r\n"
_HEADERS = BytesHeaderParser(policy=policy.default)


@dataclass(frozen=True)
class Letter:
    """What arrived: the envelope, and the content byte for byte (CRLF line ends, dots unstuffed). `at` is UTC."""

    number: int
    sender: str
    recipients: list[str]
    raw: bytes
    at: datetime

    @cached_property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @cached_property
    def headers(self) -> dict[str, str]:
        """{name in lower case: decoded value}; of several headers of one name the last."""
        return {name.lower(): str(value) for name, value in _HEADERS.parsebytes(self.raw).items()}

    @property
    def id(self) -> str:
        return self.headers.get("message-id", "")

    @property
    def subject(self) -> str:
        return self.headers.get("subject", "")

    def as_file(self) -> bytes:
        recipients = ", ".join(self.recipients)
        return ENVELOPE.format(sender=self.sender, recipients=recipients, at=self.at.isoformat()).encode() + self.raw


def from_file(path: Path) -> Letter:
    *envelope, raw = path.read_bytes().split(b"\r\n", 3)
    sender, recipients, at = (line.decode().partition(": ")[2] for line in envelope)
    return Letter(int(path.stem), sender.strip("<>"), recipients.split(", "), raw, datetime.fromisoformat(at))


class Letterbox:
    """The last `keep` letters. Safe to read while letters arrive."""

    def __init__(self, folder: Path, *, keep: int = KEPT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.keep = keep
        self._lock = threading.Lock()
        found = [from_file(path) for path in sorted(folder.glob("*.eml"))[-keep:]]
        self._letters = {letter.number: letter for letter in found}
        self._next = max(self._letters, default=0) + 1

    def __iter__(self) -> Iterator[Letter]:
        """Oldest first."""
        with self._lock:
            return iter(list(self._letters.values()))

    def __len__(self) -> int:
        return len(self._letters)

    def get(self, number: int) -> Letter | None:
        return self._letters.get(number)

    def add(self, sender: str, recipients: list[str], raw: bytes) -> Letter:
        """Keep a letter; it is in its file when this returns."""
        with self._lock:
            letter = Letter(self._next, sender, recipients, raw, datetime.now(UTC))
            self._next += 1
            self.write(letter)
            self._letters[letter.number] = letter
            if len(self._letters) > self.keep:
                self.drop(next(iter(self._letters)))
        return letter

    def write(self, letter: Letter) -> None:
        """Whole or not at all, also where we are killed."""
        part = self.path(letter.number).with_suffix(".part")
        part.write_bytes(letter.as_file())
        part.replace(self.path(letter.number))

    def drop(self, number: int) -> None:
        self.path(number).unlink(missing_ok=True)
        del self._letters[number]

    def forget(self) -> None:
        with self._lock:
            for number in list(self._letters):
                self.drop(number)

    def path(self, number: int) -> Path:
        return self.folder / f"{number:09}.eml"

    def copies(self) -> Counter[str]:
        """{Message-ID: how often it arrived}."""
        return Counter(letter.id for letter in self if letter.id)

    @property
    def duplicates(self) -> int:
        """How many letters arrived that had arrived before."""
        return sum(number - 1 for number in self.copies().values())
