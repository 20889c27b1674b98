"""Promising test letters, and what became of them."""

from typing import Any

from django.contrib.auth.models import User

from integrations import configuration, outbox
from integrations.email.service import EmailService
from integrations.models import Connection, Delivery, Integration
from integrations.outbox import Tally


def promise(*addresses: str) -> list[User]:
    users = [User.objects.create(username=f"user-{number}", email=address) for number, address in enumerate(addresses)]
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
