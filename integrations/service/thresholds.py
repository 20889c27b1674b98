"""When an integration counts as ill; what operators set, with the specification's numbers as first values."""

from django.utils.translation import gettext_noop as noop
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt


class Thresholds(BaseModel):
    """Of the calls of the last hour, and of deliveries that wait; see `integrations.measures`."""

    health_error_percent: float = Field(
        10,
        title=noop("Ill above an error rate of"),
        description=noop("Percent of the calls of the last hour that failed; unhealthy above it."),
        examples=[10],
        ge=0,
        le=100,
    )
    health_least_calls: PositiveInt = Field(
        10,
        title=noop("Calls that make a rate"),
        description=noop("Of fewer calls in the last hour, the error rate says nothing."),
        examples=[10],
        le=100_000,
    )
    health_slow_seconds: PositiveFloat = Field(
        5,
        title=noop("Ill when answers take longer than"),
        description=noop("Seconds. Unhealthy when one call in twenty of the last hour took longer."),
        examples=[5],
        le=120,
    )
    health_failures: PositiveInt = Field(
        5,
        title=noop("Ill after failures in a row"),
        description=noop("So many calls one after the other failed, up to now."),
        examples=[5],
        le=100,
    )
    health_late_minutes: PositiveInt = Field(
        15,
        title=noop("Degraded when a delivery is late by"),
        description=noop("Minutes since it was due; unhealthy at four times as many."),
        examples=[15],
        le=10_080,
    )
    health_probe_minutes: PositiveInt = Field(
        15,
        title=noop("Ask after silence of"),
        description=noop("After so many minutes without a call, a test is made by the clock."),
        examples=[15],
        le=1440,
    )
