"""Change an integration's settings: validated, secrets apart, logged by name and never by value."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext
from pydantic import ValidationError

from . import breaker, gate, registry
from .models import Connection, ExternalRecord, Integration
from .service import IntegrationService, IntegrationSettings


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
    connection = own_connection(integration)
    service_class = registry.get(integration.slug)
    schema = service_class.settings_schema
    before = service_class.raw_settings(connection)
    secrets = {name: values[name] for name in schema.secret_fields() if values.get(name)}
    plain = {name: value for name, value in values.items() if name not in schema.secret_fields()}
    valid = schema.model_validate({**before, **plain, **secrets})
    written = {**_plain(valid), **secrets}
    changed = sorted(
        name
        for name in written.keys() & values.keys()
        if written[name] != before.get(name, schema.model_fields[name].default)
    )

    integration.settings = {**integration.settings, **_plain(valid)}
    connection.integration = integration
    all_secrets: Any = {**connection.secrets, **secrets}  # a plain dict, also where the stored ones are unreadable
    connection.secrets = all_secrets
    service = service_class(connection)
    if not new_book:
        _refuse_another_system(service)
    _save(service, secrets_changed=bool(secrets), actor=actor)
    if changed:
        gate.log(connection, "config_updated", metadata={"fields": changed})
    return changed


def _plain(valid: IntegrationSettings) -> dict[str, Any]:
    secret = set(valid.secret_fields())
    return valid.model_dump(mode="json", exclude=secret)


@transaction.atomic
def _save(service: IntegrationService, *, secrets_changed: bool, actor: AbstractBaseUser | None) -> None:
    connection = service.connection
    integration = connection.integration
    integration.updated_by_id = actor.pk if actor else None
    integration.save(update_fields=["settings", "updated_by", "updated_at"])
    fields: dict[str, Any] = {"memory": {}}
    if secrets_changed:
        fields |= {"secrets": connection.secrets, "rotated_at": timezone.now()}
    Connection.objects.filter(pk=connection.pk).update(**fields)
    service.open_book()
    breaker.unbar(connection)


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
    for connection in integration.connections.select_related("integration"):
        healthy = connection.status == Connection.Status.HEALTHY
        breaker.unbar(connection, status=Connection.Status.HEALTHY if healthy else Connection.Status.UNKNOWN)


def _set(integration: Integration, event: str, **columns: Any) -> None:
    Integration.objects.filter(pk=integration.pk).update(**columns)
    gate.log(own_connection(integration), event)


def is_complete(connection: Connection) -> bool:
    """All that the service needs is there."""
    return _service_on(connection) is not None


def has_moved(connection: Connection) -> bool:
    """The settings lead to another system than the one that our records are in."""
    service = _service_on(connection)
    return service is not None and service.has_moved


def _service_on(connection: Connection) -> IntegrationService | None:
    try:
        return registry.get(connection.integration.slug)(connection)
    except (KeyError, ValidationError):
        return None
