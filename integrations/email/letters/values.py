"""The values of a letter, as text for its reader: the active language and time zone decide how."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_datetime, get_timezone_location, get_timezone_name
from babel.numbers import format_currency
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from integrations.errors import Rejected
from leads.text import many_lines, single_line

from .contexts import Context, DaysAhead, Money, Paragraphs

LOCALES = {"en": "en_GB", "de": "de_DE"}
PATTERNS = {"en": "EEEE, d MMMM y, HH:mm", "de": "EEEE, d. MMMM y, HH:mm 'Uhr'"}
WEB = ("https://", "http://")


def texts(context: Context) -> dict[str, str]:
    """{placeholder: text}, of one line unless it is Paragraphs; "" for what may have no value.

    Raises Rejected, naming what is missing.
    """
    placeholders = context.placeholders()
    shown = {each.name: as_text(getattr(context, each.name)) for each in fields(context)}
    for name, text in shown.items():
        if placeholders[name].required and not text:
            raise Rejected(_("The letter has no value for “%(name)s”.") % {"name": name})
        if placeholders[name].button and text and not text.startswith(WEB):
            raise Rejected(_("“%(name)s” is no web address.") % {"name": name})
    return shown


def as_text(value: object) -> str:
    """Raises TypeError for what letters cannot show, such as a time without a zone."""
    if value is None:
        return ""
    for kind, words in WORDS.items():
        if isinstance(value, kind):
            return words(value)
    raise TypeError(f"Letters cannot show a {type(value).__name__}.")


def money(value: Money) -> str:
    return format_currency(value.amount, value.currency, locale=_locale())


def moment(value: datetime) -> str:
    """Tuesday, 1 December 2026, 10:00 (CET)"""
    if timezone.is_naive(value):
        raise TypeError("Letters cannot show a time without a zone.")
    local = timezone.localtime(value)
    pattern = PATTERNS.get(_language(), PATTERNS["en"])
    return f"{format_datetime(local, pattern, locale=_locale())} ({zone(local)})"


def zone(local: datetime) -> str:
    """The name that readers know: the usual letters (CET, MEZ) where there are some, otherwise the city."""
    name = get_timezone_name(local, "short", locale=_locale())
    if name.isalpha() and name.isupper():
        return name
    return get_timezone_location(local, locale=_locale(), return_city=True)


def days_ahead(days: int) -> str:
    if days <= 0:
        return _("today")
    return _("tomorrow") if days == 1 else ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


WORDS: dict[type, Callable[[Any], str]] = {
    Paragraphs: many_lines,  # before what it is a kind of
    str: single_line,
    DaysAhead: days_ahead,
    int: str,
    datetime: moment,
    Money: money,
}


def _language() -> str:
    return get_language() or "en"


def _locale() -> Locale:
    return _parsed(LOCALES.get(_language(), LOCALES["en"]))


@lru_cache
def _parsed(name: str) -> Locale:
    return Locale.parse(name)
