"""What an operator sets: the schema that every integration's own extends."""

import os
from datetime import datetime
from functools import cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import ConfigDict, Field, PositiveFloat, PositiveInt, SecretStr
from pydantic.fields import FieldInfo

from .thresholds import Thresholds

RATE = r"^[1-9]\d{0,5}/(second|minute|hour)$"
A_DAY, A_WEEK = 86_400, 604_800  # seconds


class IntegrationSettings(Thresholds):
    """What every integration lets its operator set; a service's schema adds its own.

    SecretStr fields are kept encrypted on the Connection, the others on the Integration. A field's first value may come
    from the environment: `json_schema_extra={"env": "NAME"}`; the row wins once it is saved.
    """

    # Errors without values: pydantic would quote the whole input, secrets too, in tracebacks.
    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    timeout: PositiveFloat = Field(
        30, title=noop("Timeout"), description=noop("How many seconds to wait for an answer."), examples=[30], le=120
    )
    rate: str = Field(
        "600/minute",
        title=noop("Rate"),
        description=noop("How often each operation may call, so that the other side is not overrun."),
        examples=["600/minute", "10/second"],
        pattern=RATE,
    )
    batch_size: PositiveInt | None = Field(
        None,
        title=noop("Batch size"),
        description=noop("How many records go in one call. Empty: as many as suit each operation."),
        examples=[200],
        le=1000,
    )
    retry_schedule: list[Annotated[PositiveInt, Field(le=A_WEEK)]] = Field(
        [10, 60, 300, 1800, 7200, 18000, 36000, 36000],
        title=noop("Retry schedule"),
        description=noop("Seconds before each further try of a record that failed; after the last try it is dead."),
        examples=[[10, 60, 300, 1800]],
        min_length=1,
    )
    breaker_failures: PositiveInt = Field(
        5,
        title=noop("Failures before a pause"),
        description=noop("After so many failures in a row nothing is called for a while."),
        examples=[5],
        le=1000,
    )
    breaker_pause: PositiveInt = Field(
        60,
        title=noop("First pause"),
        description=noop("How many seconds the first pause lasts; each further one is twice as long."),
        examples=[60],
        le=A_DAY,
    )
    breaker_longest_pause: PositiveInt = Field(
        900,
        title=noop("Longest pause"),
        description=noop("No pause lasts more seconds than this."),
        examples=[900],
        le=A_DAY,
    )
    lease: PositiveInt = Field(
        300,
        title=noop("Lease"),
        description=noop("If a worker is not heard of for so many seconds, another one takes over its batch."),
        examples=[300],
        le=A_DAY,
    )

    @classmethod
    @cache
    def secret_fields(cls) -> dict[str, FieldInfo]:
        return {name: info for name, info in cls.model_fields.items() if is_secret(info)}

    def secret_values(self) -> list[str]:
        found = (getattr(self, name) for name in self.secret_fields())
        return [value.get_secret_value() for value in found if isinstance(value, SecretStr)]

    def fingerprint(self, rotated_at: datetime | None) -> str:
        """The same for the same settings and secrets; tells nothing of either."""
        told = f"{self.model_dump_json(exclude=set(self.secret_fields()))} {rotated_at}"
        return sha256(told.encode()).hexdigest()

    @classmethod
    def from_environment(cls) -> dict[str, str]:
        """First values: {field: text} of what the environment has."""
        names = {name: env_name(info) for name, info in cls.model_fields.items()}
        return {name: os.environ[env] for name, env in names.items() if env and os.environ.get(env)}


def is_secret(info: FieldInfo) -> bool:
    return "SecretStr" in str(info.annotation)


def title_of(name: str, info: FieldInfo) -> str:
    """What people call a setting."""
    return _(info.title) if info.title else name.replace("_", " ").capitalize()


def is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def env_name(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra.get("env", "")) if isinstance(extra, dict) else ""
