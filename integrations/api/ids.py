"""What several resources' addresses and questions are made of."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Path
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

BIGGEST = 2**63 - 1  # what a bigint holds
Id = Annotated[int, Path(ge=1, le=BIGGEST)]
Name = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_-]+$")]  # of an integration, operation, kind of error


def iso(value: Any) -> Any:
    """Pydantic would take numbers for seconds or milliseconds, which the document does not say."""
    if isinstance(value, str) and value[:4].isdigit() and value[4:5] == "-":
        return value
    raise ValueError(_("Enter a time with its offset, such as 2026-11-20T08:00:00+01:00."))


def in_utc(value: datetime) -> datetime:
    """PostgreSQL knows no offsets of 16 hours and more, which ISO 8601 allows."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:  # at both ends of time
        raise ValueError(_("Enter a time with its offset, such as 2026-11-20T08:00:00+01:00.")) from error


Moment = Annotated[AwareDatetime, BeforeValidator(iso), AfterValidator(in_utc)]
