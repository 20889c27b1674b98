"""What several resources' addresses and questions are made of."""

from typing import Annotated

from ninja import Path
from pydantic import Field

BIGGEST = 2**63 - 1  # what a bigint holds
Id = Annotated[int, Path(ge=1, le=BIGGEST)]
Name = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_-]+$")]  # of an integration, operation, kind of error
