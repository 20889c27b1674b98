"""Work that a worker does: looked at, and waited for."""

import time
from datetime import datetime
from typing import Annotated, Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from integrations import runs
from integrations.models import Run

from .auth import Scope, may
from .ids import Id

router = Router()

PATIENCE = 30.0  # seconds that a caller waits for the end; what takes longer is to be looked at again
LOOK_EVERY = 0.1


# Not the enumeration itself: the document would mix it up with that of deliveries, which has the same name.
State = Annotated[str, Field(json_schema_extra={"enum": [*Run.State.values]})]


class RunOut(Schema):
    id: int
    kind: str = Field(examples=["job"])
    integration: str | None = Field(examples=["odoo"])
    state: State
    done: int = Field(description="How far it is, of `total`.")
    total: int | None
    message: str = Field(description="What went wrong.")
    result: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Accepted(RunOut):
    note: str = Field(description="Why there is no result yet.")


@router.get("/{id}", auth=may(Scope.READ, "integrations.view_run"), response={200: RunOut, 404: None})
def get_run(request: HttpRequest, id: Id) -> dict[str, Any]:  # noqa: A002 (the name in the address)
    """How far a test, job or replay is, and how it ended."""
    run = get_object_or_404(Run.objects.select_related("integration"), pk=id)
    return told(run, request.user)


def told(run: Run, user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    """As RunOut. What a dry run would change names people: only for who may see them in the book, too."""
    integration = run.integration.slug if run.integration else None
    columns = {name: getattr(run, name) for name in RunOut.model_fields if name != "integration"}
    return {**columns, "integration": integration, "result": visible(run.result, user)}


def visible(result: dict[str, Any], user: Any) -> dict[str, Any]:
    hidden = set() if user.has_perm("integrations.view_externalrecord") else {"changes"}
    return {name: value for name, value in result.items() if name not in hidden}


def wait_for(run: Run) -> None:
    """Until it is done, or patience is over."""
    give_up_at = time.monotonic() + PATIENCE
    while run.is_open and time.monotonic() < give_up_at:
        time.sleep(LOOK_EVERY)
        run.refresh_from_db()


def accepted(run: Run, request: HttpRequest) -> dict[str, Any]:
    """As Accepted, of what is not done yet."""
    if runs.worker_is_alive(run.kind):
        note = _("It is under way: ask for this run again.")
    else:
        note = _("No worker is running: it is done as soon as one is.")
    return {**told(run, request.user), "note": note}
