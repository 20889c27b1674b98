"""Operators' words with values in them: as text, and the same as HTML.

A line, or a paragraph, in which no placeholder has a value is left out. A line that is nothing but a link becomes a
button. Values are never looked at again: what looks like a placeholder or like HTML in them stays text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle, groupby
from typing import Any

from django.template.defaultfilters import linebreaksbr
from django.utils.html import format_html, format_html_join, urlize
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from integrations.errors import Rejected
from leads.text import many_lines, single_line

from .base import Letter
from .rendering import Written
from .words import PLACEHOLDER, listed, used

PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")


def by_words(letter: type[Letter[Any]], words: tuple[str, str], values: Mapping[str, str]) -> Written:
    """Raises Rejected for a placeholder that the letter does not have (any more)."""
    subject, body = words
    if unknown := used(subject, body) - values.keys():
        raise Rejected(_("This letter has no %(names)s.") % {"names": listed(unknown)})
    filled = Filled(values, {name: each.button for name, each in letter.context_class.placeholders().items()})
    paragraphs = list(filled.paragraphs(many_lines(body)))
    return Written(
        subject=single_line(filled.text(subject)),
        body="\n\n".join("\n".join(map(filled.text, lines)) for lines in paragraphs),
        content=joined("\n", (filled.html(lines) for lines in paragraphs)),
    )


class Filled:
    """`says` is {placeholder: what its button says}, "" where it is no link."""

    def __init__(self, values: Mapping[str, str], says: Mapping[str, str]) -> None:
        self.values = values
        self.says = says

    def paragraphs(self, body: str) -> Iterator[list[str]]:
        """The lines of each, without what says nothing."""
        for paragraph in PARAGRAPHS.split(body):
            lines = [line.strip() for line in paragraph.split("\n") if self.says_something(line)]
            if lines and self.says_something(paragraph):
                yield lines

    def says_something(self, text: str) -> bool:
        names = used(text)
        return not names or any(self.values[name] for name in names)

    def text(self, line: str) -> str:
        return PLACEHOLDER.sub(lambda match: self.values[match[1]], line)

    def html(self, lines: list[str]) -> SafeString:
        runs = groupby(lines, self.is_button)
        return joined("\n", (self.buttons(run) if button else self.prose(run) for button, run in runs))

    def is_button(self, line: str) -> bool:
        match = PLACEHOLDER.fullmatch(line)
        return match is not None and bool(self.says[match[1]])

    def buttons(self, lines: Iterable[str]) -> SafeString:
        names = [name for line in lines for name in PLACEHOLDER.findall(line)]
        markup = '<p class="action"><a class="button" href="{}">{}</a></p>'
        return format_html_join("\n", markup, ((self.values[name], self.says[name]) for name in names))

    def prose(self, lines: Iterable[str]) -> SafeString:
        return format_html("<p>{}</p>", joined("<br>\n", map(self.line, lines)))

    def line(self, line: str) -> SafeString:
        # Split at the pattern's one group, words and names of placeholders take turns.
        turns = zip(PLACEHOLDER.split(line), cycle([self.words, self.value]), strict=False)
        return joined("", (shown(piece) for piece, shown in turns))

    def words(self, text: str) -> SafeString:
        return SafeString(urlize(text, autoescape=True))  # escaped, but not marked as such

    def value(self, name: str) -> SafeString:
        value = self.values[name]
        if value and self.says[name]:
            return format_html('<a href="{0}">{0}</a>', value)
        return SafeString(linebreaksbr(value, True))  # escaped, too


def joined(between: str, pieces: Iterable[str]) -> SafeString:
    return format_html_join(SafeString(between), "{}", ((piece,) for piece in pieces))
