"""How things stand right now: what every admin page asks for, read once a request, in queries whose number is fixed."""

from datetime import datetime
from functools import cached_property

from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone

from . import configuration, registry
from .models import Connection, Delivery, ExternalRecord, Heartbeat, Installation, WebhookEvent
from .service import Mode


def of(request: HttpRequest) -> "Situation":
    """The same one for everything that the answer to `request` is made of."""
    found: Situation = request.__dict__.setdefault("situation", Situation())
    return found


class Situation:
    """Each part is one query, made when somebody asks for it. What is not installed is left out."""

    def __init__(self) -> None:
        self.now = timezone.now()

    @cached_property
    def copy_of(self) -> Installation | None:
        """Where this database belongs, if that is not here."""
        return Installation.elsewhere().first()

    @cached_property
    def connections(self) -> list[Connection]:
        """In the order of the settings; each integration's own before its further accounts."""
        order = {slug: number for number, slug in enumerate(registry.services())}
        found = Connection.objects.in_use().select_related("integration").filter(integration__slug__in=order)
        rows = sorted(found, key=lambda row: (order[row.integration.slug], row.owner))
        own = {row.integration_id: row for row in rows if not row.owner}
        for row in rows:
            row.integration.own_connection = own[row.integration_id]  # whose secrets accounts share
        return rows

    @cached_property
    def own(self) -> list[Connection]:
        """One for each integration."""
        return [connection for connection in self.connections if not connection.owner]

    @cached_property
    def names(self) -> dict[int, str]:
        """{id of an integration: what people call it}."""
        return {row.integration_id: str(registry.get(row.integration.slug).label) for row in self.own}

    @cached_property
    def modes(self) -> dict[int, Mode]:
        """{id of an integration: what its own connection leads to}, of those whose settings are complete."""
        found = {row.integration_id: configuration.mode(row) for row in self.own}
        return {integration: mode for integration, mode in found.items() if mode}

    @property
    def mode(self) -> Mode:
        """Of the whole installation: what is least real of all that is in use."""
        in_use = {self.modes.get(row.integration_id) for row in self.own if row.integration.enabled}
        return next((mode for mode in (Mode.SANDBOX, Mode.TEST) if mode in in_use), Mode.LIVE)

    @cached_property
    def heartbeats(self) -> dict[str, datetime]:
        """{"worker" or "beat": when it was last seen}."""
        return dict(Heartbeat.objects.values_list("name", "seen_at"))

    def is_alive(self, name: str) -> bool:
        seen_at = self.heartbeats.get(name)
        return seen_at is not None and seen_at > self.now - Heartbeat.LATE

    @cached_property
    def dead(self) -> list[tuple[int, str, int]]:
        """(id of the integration, kind of error, how many deliveries)."""
        rows = Delivery.objects.dead().filter(integration__in=list(self.names))
        counted = rows.values_list("integration", "error_kind").annotate(n=Count("pk"))
        return list(counted.order_by("integration", "error_kind"))

    @cached_property
    def failed_events(self) -> list[tuple[int, int]]:
        """(id of the integration, how many webhooks could not be processed)."""
        rows = WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED, integration__in=list(self.names))
        return list(rows.values_list("integration").annotate(n=Count("pk")).order_by("integration"))

    @cached_property
    def conflicts(self) -> list[tuple[Connection, str, int]]:
        """(connection, kind of record there, how many wait for an answer); not of systems that we have left."""
        books = {row.book: row for row in self.connections if row.book and row.integration.enabled}
        rows = ExternalRecord.objects.unanswered().filter(remote_system__in=list(books))
        counted = rows.values_list("remote_system", "remote_model").annotate(n=Count("pk"))
        return [(books[system], model, n) for system, model, n in counted.order_by("remote_system", "remote_model")]
