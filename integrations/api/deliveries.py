"""Deliveries: where each promise stands, delivered again or given up. Whom one is about is told by type and id only."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from integrations import replaying
from integrations.models import Delivery
from integrations.models.delivery import DeliveryQuerySet

from .auth import OPERATE, Scope, by_api, may
from .ids import BIGGEST, Id, Moment, Name
from .refusal import Refusal

router = Router()

LOOK = may(Scope.READ, "integrations.view_delivery")


class Subject(Schema):
    type: str = Field(examples=["leads.lead"])
    id: int


class DeliveryOut(Schema):
    id: int
    integration: str = Field(examples=["odoo"])
    operation: str = Field(examples=["push_leads"])
    subject: Subject
    state: Delivery.State
    attempts: int
    error_kind: str = Field(description='Why the last attempt failed; "" when it did not.')
    error: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    settled_at: datetime | None


class AttemptOut(Schema):
    number: int
    at: datetime
    duration_ms: int
    outcome: str = Field(description="delivered, or the kind of error.")
    error: str


class DeliveryWithAttempts(DeliveryOut):
    tries: list[AttemptOut] = Field(description="The latest 100, newest first.")


class Page(Schema):
    deliveries: list[DeliveryOut]
    next: int | None = Field(description="Ask for what comes `after` this one; null at the end.")


class Filters(Schema):
    integration: Name | None = None
    operation: Name | None = None
    state: Delivery.State | None = None
    error_kind: Name | None = None
    since: Moment | None = Field(None, description="Promised from then on.")
    until: Moment | None = Field(None, description="Promised before.")
    after: int = Field(0, ge=0, le=BIGGEST, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=200)


@router.get("", auth=LOOK, response=Page)
def list_deliveries(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    """Promises to the outside, oldest first."""
    wanted = {
        "integration__slug": filters.integration,
        "operation": filters.operation,
        "state": filters.state,
        "error_kind": filters.error_kind,
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
        "pk__gt": filters.after,
    }
    rows = Delivery.objects.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})
    found = list(rows.select_related("integration").order_by("pk")[: filters.limit + 1])
    page = found[: filters.limit]
    return {"deliveries": [told(row) for row in page], "next": page[-1].pk if len(found) > len(page) else None}


@router.get("/{id}", auth=LOOK, response={200: DeliveryWithAttempts, 404: None})
def get_delivery(request: HttpRequest, id: Id) -> dict[str, Any]:  # noqa: A002 (the name in the address)
    """One promise, and what became of each attempt to keep it."""
    delivery = delivery_of(id)
    return {**told(delivery), "tries": list(delivery.tries.order_by("-number")[:100])}


@router.post("/{id}/replay", auth=OPERATE, response={200: DeliveryOut, (404, 409): None})
@by_api
def replay_delivery(request: HttpRequest, id: Id) -> dict[str, Any]:  # noqa: A002
    """Promise it again, with current data and settings. 409: it is in flight, or would happen a second time."""
    return changed(id, replaying.replay, _("It is under way, or it is delivered and must not happen twice."))


@router.post("/{id}/cancel", auth=OPERATE, response={200: DeliveryOut, (404, 409): None})
@by_api
def cancel_delivery(request: HttpRequest, id: Id) -> dict[str, Any]:  # noqa: A002
    """Give it up. 409: it neither waits nor is dead."""
    return changed(id, replaying.cancel, _("Only what waits or is dead can be cancelled."))


def changed(pk: int, change: Callable[[DeliveryQuerySet], int], refusal: str) -> dict[str, Any]:
    delivery_of(pk)
    if not change(Delivery.objects.filter(pk=pk)):
        raise Refusal(409, refusal)
    return told(delivery_of(pk))


def delivery_of(pk: int) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("integration"), pk=pk)


def told(delivery: Delivery) -> dict[str, Any]:
    """As DeliveryOut."""
    made = {
        "integration": delivery.integration.slug,
        "subject": {"type": delivery.subject_type, "id": delivery.subject_id},
    }
    return {name: made[name] if name in made else getattr(delivery, name) for name in DeliveryOut.model_fields}
