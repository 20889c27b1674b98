"""Everything dead, or what died of an incident: told beforehand, delivered again at a rate, watched and stopped."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict, StrictBool, StrictInt

from integrations import registry, replaying
from integrations.models import Incident, Run
from integrations.replaying import Choice, told
from integrations.replaying.runs import MOST_A_MINUTE

from .auth import OPERATE, Scope, by_api, may
from .ids import BIGGEST, Id, Moment, Name
from .runs import Accepted, accepted

router = Router()

LOOK = may(Scope.READ, "integrations.view_run")
THE_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
Names = Name | Annotated[list[Name], Field(max_length=50)]


class WhichDead(Schema):
    """Of all that is dead: what was given up in this time or died of this incident, narrowed by the rest."""

    model_config = ConfigDict(extra="forbid")
    integration: Name | None = None
    operation: Names | None = Field(None, description="One, or a list of them.")
    kind: Names | None = Field(None, description="The kind of error: one, or a list of them.")
    incident: Annotated[StrictInt, Field(ge=1, le=BIGGEST)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    without_ambiguous: StrictBool = Field(False, description="Leave out what may have reached the other side.")
    rate: Annotated[StrictInt, Field(ge=1, le=MOST_A_MINUTE)] | None = Field(
        None, description="At most so many a minute."
    )
    dry_run: StrictBool = Field(False, description="Only tell what would be sent now.")


class Group(Schema):
    integration: str
    operation: str
    error_kind: str
    number: int
    ambiguous: int = Field(description="May have reached the other side.")
    missing: int = Field(description="Not sent: what it is about was deleted.")
    expired: int = Field(description="Not sent: its time is over.")
    removed: int = Field(description="Not sent: the account was removed.")
    sent: int
    waits: dict[str, int] = Field(description="Of those sent: what they would wait for, such as `disabled`, `paused`.")


class Preview(Schema):
    total: int
    ambiguous: int
    sent: int
    oldest: datetime | None
    newest: datetime | None
    groups: list[Group]


class OutcomeOut(Schema):
    promised: int
    delivered: int
    waiting: int
    in_turn: int = Field(description="Of those that wait: whose turn is still to come.")
    dead: int
    cancelled: int = Field(description="Given up, not wanted any more, or expired.")
    last_at: datetime | None = Field(description="When the last has its turn.")
    errors: dict[str, int] = Field(description="Of the dead: kinds of error.")


class Stopped(OutcomeOut):
    put_back: int = Field(description="They are as they were before.")


@router.post("", auth=OPERATE, response={200: Preview, 202: Accepted})
@by_api
def replay_dead(request: HttpRequest, which: WhichDead) -> Any:
    """Have a worker deliver again, with current data and settings, what is dead. With `dry_run`, only tell: 200."""
    choice = chosen(which)
    if choice.is_empty_range:
        raise ValidationError({"until": [_("This must be later than “since”.")]})
    if which.dry_run:
        return Status(200, told.outlook(replaying.outlook(choice)))
    return Status(202, accepted(replaying.start("replay", choice, rate=which.rate), request))


@router.get("/{id}", auth=LOOK, response={200: OutcomeOut, 404: None})
def get_replay(request: HttpRequest, id: Id) -> dict[str, Any]:  # noqa: A002 (the name in the address)
    """What became of what a replay promised: `id` is the run's."""
    return told.outcome(replaying.outcome(replay_of(id)))


@router.post("/{id}/stop", auth=OPERATE, response={200: Stopped, 404: None})
@by_api
def stop_replay(request: HttpRequest, id: Id) -> dict[str, Any]:  # noqa: A002
    """Leave as it was what has not had its turn yet."""
    run = replay_of(id)
    put_back = replaying.stop(run)
    return {**told.outcome(replaying.outcome(replay_of(id))), "put_back": put_back}


def replay_of(pk: int) -> Run:
    return get_object_or_404(Run, pk=pk, kind="replay")


def chosen(which: WhichDead) -> Choice:
    if which.integration and which.integration not in registry.services():
        raise ValidationError({"integration": [_("There is no integration of this name.")]})
    given: dict[str, Any] = {
        "integration": which.integration or "",
        "operations": listed(which.operation),
        "kinds": listed(which.kind),
        "since": which.since,
        "until": which.until,
        "without_ambiguous": which.without_ambiguous,
    }
    if which.incident is None:
        return Choice(**given | {"since": which.since or THE_BEGINNING}).up_to_now()
    incident = Incident.objects.select_related("connection__integration").filter(pk=which.incident).first()
    if incident is None:
        raise ValidationError({"incident": [_("There is no such incident.")]})
    return Choice.narrowed(incident, **given)


def listed(names: str | list[str] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())
