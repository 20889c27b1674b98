"""Operators' own words: plain text with `{{ placeholders }}`, and nothing else that means anything."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from .base import Letter
from .rendering import by_templates

PLACEHOLDER = re.compile(r"\{\{[ \t]*(\w+)[ \t]*\}\}")
BRACKET = re.compile(r"[{}]")


class Words(NamedTuple):
    subject: str
    body: str


class Problem(NamedTuple):
    """`field` is "subject" or "body"; `message` is for whoever wrote it."""

    language: str
    field: str
    message: str

    def __str__(self) -> str:
        return self.message


def used(*texts: str) -> set[str]:
    return {name for text in texts for name in PLACEHOLDER.findall(text)}


def listed(names: set[str]) -> str:
    """As they are written: {{ one }}, {{ two }}"""
    return ", ".join(f"{{{{ {name} }}}}" for name in sorted(names))


def shipped(letter: type[Letter[Any]], language: str) -> Words:
    """The words that we ship, to start from: every placeholder as if it had a value."""
    names = {name: listed({name}) for name in letter.context_class.placeholders()}
    with translation.override(language):
        written = by_templates(letter.name, names)
    return Words(written.subject, written.body)


def check(letter: type[Letter[Any]], words: Mapping[str, tuple[str, str]]) -> list[Problem]:
    """What is wrong with {language: (subject, body)}; the languages left out keep the words we ship."""
    own = {language: Words(*given) for language, given in words.items()}
    wrong = [problem for language, given in own.items() for problem in _problems(letter, language, given)]
    return wrong or list(_disagreements(letter, own))


def _problems(letter: type[Letter[Any]], language: str, words: Words) -> Iterator[Problem]:
    known = letter.context_class.placeholders()
    for field, text in words._asdict().items():
        if not text.strip():
            yield Problem(language, field, _("Please write something here."))
        if unknown := used(text) - known.keys():
            yield Problem(language, field, _("This letter has no %(names)s.") % {"names": listed(unknown)})
        if BRACKET.search(PLACEHOLDER.sub("", text)):
            yield Problem(language, field, _("Curly brackets are for placeholders only, as in {{ company_name }}."))
    if len(words.subject.strip().splitlines()) > 1:
        yield Problem(language, "subject", _("The subject has to be one line."))
    links = {name for name, placeholder in known.items() if placeholder.required and placeholder.button}
    if words.body.strip() and (missing := links - used(words.body)):
        yield Problem(language, "body", _("The text has to contain %(names)s.") % {"names": listed(missing)})


def _disagreements(letter: type[Letter[Any]], own: Mapping[str, Words]) -> Iterator[Problem]:
    """All languages tell the same: what one of them uses, the others have to use, too."""
    every = {language: own.get(language) or shipped(letter, language) for language, name in settings.LANGUAGES}
    everything = used(*(text for words in every.values() for text in words))
    for language, words in every.items():
        if missing := everything - used(*words):
            message = _("%(names)s is used in another language, but not here.") % {"names": listed(missing)}
            yield Problem(language, "body", message)
