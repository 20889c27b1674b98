"""What a letter is: whom it goes to, what it tells, and how that becomes a subject and two parts.

A letter is made at the moment it is sent, from what is true then. Its context is a typed dataclass; templates and
operators' own words see the same placeholders: the context's fields, as text in the recipient's language and zone.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings as django_settings
from django.db.models import Model, QuerySet
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext

from integrations.email.settings import EmailSettings
from integrations.errors import Obsolete
from leads.models import Lead

from .contexts import Context

M = TypeVar("M", bound=Model)
FALLBACK = "en"
ADVERTISEMENT = re.compile(r"[/@]|\bwww\.|\w\.(?:[a-z]{2,}|[A-Z]{2,})\b")


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """`language` may be any or none: we fall back to English. `zone` is an IANA name, "" for the firm's own.

    `lead` is whose own page the letter links to, and whose consent a marketing letter needs.
    """

    address: str
    name: str = ""
    language: str = ""
    zone: str = ""
    lead: Lead | None = None

    @classmethod
    def of(cls, lead: Lead) -> "Recipient":
        return cls(address=lead.email, name=harmless(lead.name), language=lead.language, lead=lead)


class Enclosure(NamedTuple):
    """`kind` is a MIME type. Without a `name` it is another way to read the letter, otherwise a file besides."""

    kind: str
    content: str | bytes
    name: str = ""


class Letter(Generic[M]):
    """One kind of letter, about subjects of one model. `name` is its operation's and its templates' folder's.

    `purpose` tells operators when it is sent.
    """

    name: ClassVar[str]
    label: ClassVar[Promise | str]
    purpose: ClassVar[Promise | str]
    context_class: ClassVar[type[Context]]
    related: ClassVar[tuple[str, ...]] = ()  # what is read together with the subject
    marketing: ClassVar[bool] = False
    queue: ClassVar[str] = "fast"

    @classmethod
    def subjects(cls) -> "QuerySet[M] | None":
        """Real ones to preview the letter with, the latest first; None while there are none."""
        return None

    @classmethod
    def current(cls, subject: M) -> M:
        """The subject as it is now. Raises Obsolete when it is gone."""
        return Current(cls, [subject]).of(subject)

    @classmethod
    def recipient(cls, subject: M, occasion: str) -> Recipient:
        """Raises Obsolete when nobody wants the letter any more, Rejected when it cannot be written."""
        raise NotImplementedError

    @classmethod
    def context(cls, subject: M, occasion: str) -> Context:
        """What is true now; called with the recipient's language and zone active. Raises what `recipient` raises."""
        raise NotImplementedError

    @classmethod
    def enclosures(cls, subject: M, settings: EmailSettings) -> list[Enclosure]:
        """What comes with the words; called as `context` is, and after it."""
        return []


def harmless(name: str) -> str:
    """A name with a web address in it is no name: strangers would use our letters to send their own message."""
    return "" if ADVERTISEMENT.search(name) else name


class Current(Generic[M]):
    """Subjects as they are now: a batch may have waited since it was read.

    They are read again a few at a time, shortly before their turn, in the order of `subjects`.
    """

    AT_ONCE = 10

    def __init__(self, letter: type[Letter[M]], subjects: Sequence[M]) -> None:
        self.letter = letter
        self.waiting = list(reversed(subjects))
        self.found: dict[Any, M] = {}

    def of(self, subject: M) -> M:
        """The next of the subjects. Raises Obsolete when it is gone."""
        if self.waiting and self.waiting[-1].pk == subject.pk:
            self.read([self.waiting.pop() for _number in range(min(self.AT_ONCE, len(self.waiting)))])
        try:
            return self.found[subject.pk]
        except KeyError as gone:
            raise Obsolete(gettext("What this letter was about is gone.")) from gone

    def read(self, subjects: Sequence[M]) -> None:
        rows = type(subjects[0])._base_manager.select_related(*self.letter.related)
        self.found = rows.in_bulk([subject.pk for subject in subjects])


def language_for(language: str) -> str:
    """The language that we write in: theirs, if we have it."""
    short = language[:2].lower()
    return short if short in dict(django_settings.LANGUAGES) else FALLBACK


def zone_for(zone: str) -> ZoneInfo:
    """Theirs, if there is such a zone; otherwise the firm's own."""
    try:
        return ZoneInfo(zone or django_settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones, a name that no file can have
        return ZoneInfo(django_settings.TIME_ZONE)


@contextmanager
def as_read_by(recipient: Recipient, language: str = "") -> Iterator[str]:
    """The recipient's language (or the given one) and time zone are active inside; gives the language."""
    read_in = language_for(language or recipient.language)
    with translation.override(read_in), timezone.override(zone_for(recipient.zone)):
        yield read_in
