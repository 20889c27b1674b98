"""What each letter tells: its placeholders, typed. `sample()` is what a preview shows where there is no real object.

Values: str; aware datetime (shown in the recipient's zone); Money; Link (an absolute URL); int.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple


class Link(str):
    """An absolute URL."""


class Money(NamedTuple):
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """Base of all. A field that may have no value has the default "" or None."""

    sample_values: ClassVar[dict[str, Any]] = {}

    @classmethod
    def placeholders(cls) -> list[str]:
        return [field.name for field in fields(cls)]


__all__ = ["Context", "Decimal", "Link", "Money", "datetime"]
