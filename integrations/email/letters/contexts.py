"""What each letter tells: its placeholders, typed, with the words that explain them to who writes letters.

Values are str, Paragraphs, aware datetime (shown in the recipient's zone), Money, Link, DaysAhead and int. A field with
a default may have no value ("" or None); without one of the others no letter is written.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, Self

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Moment = datetime  # a field may be called `datetime`


class Link(str):
    """An absolute URL."""


class Paragraphs(str):
    """Text of several lines."""


class Money(NamedTuple):
    amount: Decimal
    currency: str


class DaysAhead(int):
    """How many days it is until then, by the recipient's calendar."""


class Placeholder(NamedTuple):
    """`button` is what the button says that a link becomes; "" where the value is no link."""

    name: str
    description: str
    required: bool
    button: str


def told(description: Promise | str, *, button: Promise | str = "", optional: bool = False) -> Any:
    """A field of a context. `button` marks a link, and is what its button says."""
    metadata = {"description": description, "button": button}
    return field(default=None, metadata=metadata) if optional else field(metadata=metadata)


def made(description: Promise | str, factory: Callable[[], Any]) -> Any:
    return field(default_factory=factory, metadata={"description": description, "button": ""})


@dataclass(frozen=True, kw_only=True)
class Context:
    """Base of all. `samples` is {language: values}; a language adds to the English ones what it says differently."""

    samples: ClassVar[dict[str, dict[str, Any]]] = {}

    company_name: str = made(_("Our company's name"), lambda: settings.COMPANY_NAME)

    @classmethod
    def sample(cls, language: str) -> Self:
        """What a preview shows where there is no real object."""
        return cls(**{**cls.samples["en"], **cls.samples.get(language, {})})

    @classmethod
    def placeholders(cls) -> dict[str, Placeholder]:
        """By name, in the order in which they are declared; texts in the active language."""
        return {each.name: _placeholder(each) for each in fields(cls)}


def _placeholder(declared: Field[Any]) -> Placeholder:
    return Placeholder(
        name=declared.name,
        description=str(declared.metadata["description"]),
        required=declared.default is MISSING and declared.default_factory is MISSING,
        button=str(declared.metadata["button"]),
    )
