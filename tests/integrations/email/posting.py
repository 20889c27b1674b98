"""Promising test letters, and what became of them."""

from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model

from integrations import configuration, outbox
from integrations.email.service import EmailService
from integrations.models import Connection, Delivery, Integration
from integrations.outbox import Tally
from integrations.outbox.lease import claim

M = TypeVar("M", bound=Model)


def promise(*addresses: str) -> list[User]:
    """In this order: promises are made in the order of their keys, which are text, so all ids have as many digits."""
    users = [
        User.objects.create(pk=100_000 + number, username=f"user-{number}", email=address)
        for number, address in enumerate(addresses)
    ]
    outbox.once(EmailService.test_letter, users)
    return users


def drain() -> Tally:
    return outbox.drain(integration="email")


def outcomes() -> list[tuple[str, str]]:
    """(state, kind of error) of all deliveries, in the order in which what they are about was written."""
    return list(Delivery.objects.order_by("subject_id").values_list("state", "error_kind"))


def reason() -> str:
    return str(Delivery.objects.order_by("subject_id").values_list("error", flat=True)[0])


def change(**values: Any) -> None:
    configuration.configure(Integration.objects.get(slug="email"), values, new_book=True)


def connection() -> Connection:
    return Connection.objects.get(integration__slug="email", owner="")


def claimed(operation: Any, model: type[M]) -> tuple[EmailService, list[M]]:
    """As a worker has it: the service that holds the promises, and what they are about."""
    service = EmailService(connection())
    lease = claim(service.connection, operation.name, limit=10, seconds=60)
    service.claimed = {(row.subject_type, row.subject_id): row for row in lease.rows}
    return service, list(model._base_manager.order_by("pk"))
