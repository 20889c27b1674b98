"""Change an integration's settings: validated, secrets apart, logged by name and never by value."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext
from pydantic import ValidationError

from . import breaker, gate, registry
from .models import Connection, Delivery, ExternalRecord, Integration
from .service import IntegrationService


class AnotherSystemError(Exception):
    """The new settings point at another system than the one that our records are in: an operator must say so."""

    def __init__(self, old: str, new: str, records: int) -> None:
        said = ngettext(
            "These settings point at another system (%(new)s). One record is known in %(old)s.",
            "These settings point at another system (%(new)s). %(records)s records are known in %(old)s.",
            records,
        )
        super().__init__(said % {"new": new, "old": old, "records": records})


def own_connection(integration: Integration) -> Connection:
    """The connection that the integration itself acts by, not one of a consultant's."""
    return integration.connections.select_related("integration").get(owner="")


def service_of(slug: str, *, forced: bool = False) -> IntegrationService:
    """The service on its own connection. Raises KeyError for an unknown name, ValidationError when incomplete."""
    service = registry.get(slug)
    connection = Connection.objects.select_related("integration").get(integration__slug=slug, owner="")
    return service(connection, forced=forced)


@transaction.atomic
def configure(
    integration: Integration,
    values: dict[str, Any],
    *,
    actor: AbstractBaseUser | None = None,
    new_book: bool = False,
) -> list[str]:
    """Save `values` ({field: value}, secrets too; an empty secret keeps the stored one) and return what changed.

    Raises pydantic.ValidationError when a value is wrong and AnotherSystemError unless `new_book` says it is meant.
    """
    _lock(integration)
    connection = own_connection(integration)
    connection.integration = integration
    return _configure(connection, values, actor=actor, new_book=new_book)


@transaction.atomic
def configure_account(
    integration: Integration,
    owner: str,
    values: dict[str, Any],
    *,
    new_book: bool = False,
) -> list[str]:
    """Add the account of `owner`, or change it: as `configure`, for what `account_schema` adds to the settings.

    All of it is kept encrypted on the account's Connection; other values are ignored, an empty secret keeps the stored
    one. Raises LookupError where the integration has no further accounts, and what `configure` raises.
    """
    if not owner or registry.get(integration.slug).account_schema is None:
        raise LookupError(f"{integration.slug} has no account {owner!r}.")
    _lock(integration)
    known = integration.connections.filter(owner=owner).first()
    connection = known or Connection(integration=integration, owner=owner)
    connection.integration = integration
    own = registry.get(integration.slug).kept_on(connection)
    given = {name: value for name, value in values.items() if name in own}
    return _configure(connection, given, new_book=new_book)


@transaction.atomic
def remove_account(connection: Connection) -> None:
    """Forget the account: its secrets are erased, and what was promised to it is cancelled.

    The row stays, because its deliveries are history. What is in flight is past recall. Raises LookupError for the
    integration's own connection.
    """
    if not connection.owner:
        raise LookupError(f"{connection.integration.slug}: this is no account.")
    columns: dict[str, Any] = {"removed_at": timezone.now(), "secrets": {}, "memory": {}, "report": {}}
    Connection.objects.filter(pk=connection.pk).update(**columns)
    breaker.unbar(connection)
    Delivery.objects.abandon()
    gate.log(connection, "account_removed")


def _lock(integration: Integration) -> None:
    """Who else changes it waits, and then builds on what we saved."""
    integration.refresh_from_db(from_queryset=Integration.objects.select_for_update(no_key=True))


def _configure(
    connection: Connection, values: dict[str, Any], *, new_book: bool, actor: AbstractBaseUser | None = None
) -> list[str]:
    service_class = registry.get(connection.integration.slug)
    schema = service_class.schema_of(connection)
    before = service_class.raw_settings(connection)
    secrets = {name: values[name] for name in schema.secret_fields() if values.get(name)}
    plain = {name: value for name, value in values.items() if name not in schema.secret_fields()}
    valid = schema.model_validate({**before, **plain, **secrets})
    written = {**valid.model_dump(mode="json", exclude=set(schema.secret_fields())), **secrets}
    changed = sorted(
        name
        for name in written.keys() & values.keys()
        if written[name] != before.get(name, schema.model_fields[name].default)
    )

    _fill(connection, written, kept=service_class.kept_on(connection))
    service = service_class(connection)
    if not new_book:
        _refuse_another_system(service)
    _save(service, secrets_changed=bool(secrets), actor=actor)
    if changed:
        gate.log(connection, "config_updated", metadata={"fields": changed})
    return changed


def _fill(connection: Connection, values: dict[str, Any], *, kept: set[str]) -> None:
    """Set what is `kept` on the connection there; the rest is the integration's, and an account does not change it."""
    here = {name: value for name, value in values.items() if name in kept}
    secrets: Any = {**connection.secrets, **here}  # a plain dict, also where the stored ones are unreadable
    connection.secrets = secrets
    if not connection.owner:
        rest = {name: value for name, value in values.items() if name not in kept}
        connection.integration.settings = {**connection.integration.settings, **rest}


def _save(service: IntegrationService, *, secrets_changed: bool, actor: AbstractBaseUser | None) -> None:
    """What waited for a human is due again: of the integration's own settings, also what its accounts wait for."""
    connection = service.connection
    integration = connection.integration
    if connection.pk is None:
        connection.save()
    if not connection.owner:
        integration.updated_by_id = actor.pk if actor else None
        integration.save(update_fields=["settings", "updated_by", "updated_at"])
    columns: dict[str, Any] = {"removed_at": None}
    if secrets_changed or connection.owner:  # an account keeps all that is its own among its secrets
        columns |= {"secrets": connection.secrets, "rotated_at": timezone.now()}
    Connection.objects.filter(pk=connection.pk).update(**columns)
    service.open_book()
    concerned = [connection] if connection.owner else integration.connections.in_use()
    for found in concerned:
        Connection.objects.filter(pk=found.pk).update(memory={})
        breaker.unbar(found)


def _refuse_another_system(service: IntegrationService) -> None:
    book = service.connection.book
    if service.has_moved and (records := ExternalRecord.objects.filter(remote_system=book).count()):
        raise AnotherSystemError(book, service.remote_system, records)


def set_enabled(integration: Integration, enabled: bool) -> None:
    _set(integration, "enabled" if enabled else "disabled", enabled=enabled)


def pause(integration: Integration) -> None:
    """Hold everything until somebody resumes; nothing is lost."""
    _set(integration, "paused", paused_at=timezone.now())


def resume(integration: Integration) -> None:
    """End a pause, an operator's or the breaker's: everything that waited is due."""
    _set(integration, "resumed", paused_at=None)
    for connection in integration.connections.in_use().select_related("integration"):
        healthy = connection.status == Connection.Status.HEALTHY
        breaker.unbar(connection, status=Connection.Status.HEALTHY if healthy else Connection.Status.UNKNOWN)


def _set(integration: Integration, event: str, **columns: Any) -> None:
    Integration.objects.filter(pk=integration.pk).update(**columns)
    gate.log(own_connection(integration), event)


def is_complete(connection: Connection) -> bool:
    """All that the service needs is there."""
    return service_on(connection) is not None


def has_moved(connection: Connection) -> bool:
    """The settings lead to another system than the one that our records are in."""
    service = service_on(connection)
    return service is not None and service.has_moved


def service_on(connection: Connection, *, forced: bool = False) -> IntegrationService | None:
    """None while settings are missing."""
    try:
        return registry.get(connection.integration.slug)(connection, forced=forced)
    except (KeyError, ValidationError):
        return None
