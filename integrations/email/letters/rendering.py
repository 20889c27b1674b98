"""Templates to text, and to HTML that mail programs show as meant: their style is written into each element."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from css_inline import CSSInliner
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString


def plain(template: str, values: Mapping[str, Any]) -> str:
    return _render(template, values, autoescape=False)


def markup(template: str, values: Mapping[str, Any]) -> SafeString:
    return _render(template, values, autoescape=True)


def html(template: str, values: Mapping[str, Any]) -> str:
    """A whole page. Rules for dark screens stay in its head, where alone they can be."""
    return _inliner().inline(markup(template, values))


def _render(template: str, values: Mapping[str, Any], *, autoescape: bool) -> SafeString:
    # Not the backend's own render(): it escapes as if everything were HTML.
    found: Any = get_template(template)
    rendered: SafeString = found.template.render(Context(dict(values), autoescape=autoescape))
    return rendered


@lru_cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
