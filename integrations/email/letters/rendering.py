"""Templates to text, and to HTML that mail programs show as meant: their style is written into each element."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from css_inline import CSSInliner
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString

from leads.text import single_line

GAPS = re.compile(r"\s*\n\s*\n\s*")


class Written(NamedTuple):
    """A letter's own words, without the layout around them: `subject` and `body` plain, `content` as HTML."""

    subject: str
    body: str
    content: SafeString


def by_templates(letter: str, values: Mapping[str, str]) -> Written:
    """In the active language. What a template raises passes: there is no half a letter."""
    folder = f"email/{letter}"
    return Written(
        subject=single_line(plain(f"{folder}/subject.txt", values)),
        body=GAPS.sub("\n\n", plain(f"{folder}/body.txt", values).strip()),
        content=markup(f"{folder}/body.html", values),
    )


def plain(template: str, values: Mapping[str, Any]) -> str:
    """Text that nobody may take for HTML: Django marks whatever a template makes as safe."""
    return _render(template, values, autoescape=False) + ""


def markup(template: str, values: Mapping[str, Any]) -> SafeString:
    return _render(template, values, autoescape=True)


def page(template: str, values: Mapping[str, Any]) -> str:
    """Rules for dark and for small screens stay in its head, which is the only place for them."""
    return _inliner().inline(markup(template, values))


def _render(template: str, values: Mapping[str, Any], *, autoescape: bool) -> SafeString:
    # Not the backend's own render(): it escapes as if everything were HTML.
    found: Any = get_template(template)
    rendered: SafeString = found.template.render(Context(dict(values), autoescape=autoescape))
    return rendered


@lru_cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
