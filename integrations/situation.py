"""How things stand right now: what every admin page asks for, read once a request, in queries whose number is fixed."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q
from django.http import HttpRequest
from django.utils import timezone

from bookings.models import Booking
from bookings.models.booking import OPEN
from webinars.models import Payment

from . import configuration, erasure, registry
from .models import (
    Connection,
    Delivery,
    Drift,
    Erasure,
    ExternalRecord,
    Heartbeat,
    Incident,
    Installation,
    WebhookEvent,
)
from .service import IntegrationService, Mode


def of(request: HttpRequest) -> "Situation":
    """The same one for everything that the answer to `request` is made of."""
    found: Situation = request.__dict__.setdefault("situation", Situation())
    return found


class Matter(NamedTuple):
    """Incidents of one kind; a connection has one outage at most, whose `summary` this is."""

    connection: int
    kind: str
    number: int
    since: datetime
    summary: str


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

    def connections_of(self, integration: int) -> list[Connection]:
        return [connection for connection in self.connections if connection.integration_id == integration]

    @cached_property
    def names(self) -> dict[int, str]:
        """{id of an integration: what people call it}."""
        return {row.integration_id: str(registry.get(row.integration.slug).label) for row in self.own}

    @cached_property
    def services(self) -> dict[int, IntegrationService]:
        """{id of a connection: the service on it}, of those whose settings are complete."""
        found = {row.pk: configuration.service_on(row) for row in self.connections}
        return {connection: service for connection, service in found.items() if service}

    @property
    def mode(self) -> Mode:
        """Of the whole installation: what is least real of all that is in use."""
        return self.mode_of([row for row in self.connections if row.integration.enabled]) or Mode.LIVE

    def mode_of(self, connections: Iterable[Connection]) -> Mode | None:
        """What is least real of what they lead to; None where no settings are complete."""
        services = [self.services[row.pk] for row in connections if row.pk in self.services]
        modes = {service.mode_of(service.settings) for service in services}
        return next((mode for mode in (Mode.SANDBOX, Mode.TEST, Mode.LIVE) if mode in modes), None)

    @cached_property
    def heartbeats(self) -> dict[str, datetime]:
        """{a queue, or "beat": when somebody was last seen there}."""
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
    def late_erasures(self) -> int:
        """How many people are not forgotten everywhere, though they asked some days ago."""
        return Erasure.objects.filter(completed_at=None, requested_at__lt=self.now - erasure.LATE).count()

    @cached_property
    def noticed_payments(self) -> list[tuple[str, int]]:
        """(what an operator should look at, how many payments)."""
        rows = Payment.objects.exclude(notice="").values_list("notice").annotate(n=Count("pk"))
        return list(rows.order_by("notice"))

    @cached_property
    def unsettled_bookings(self) -> dict[str, int]:
        """How many bookings that people mean to come to have a problem, wait to be confirmed, or are not checked."""
        ahead = Booking.objects.filter(status__in=OPEN, ends_at__gt=self.now)
        kinds = {"troubled": ~Q(problem=""), "asked_for": Q(status="pending"), "unasked": Q(unchecked=True, problem="")}
        return ahead.aggregate(**{kind: Count("pk", filter=condition) for kind, condition in kinds.items()})

    @cached_property
    def unnoted(self) -> list[tuple[Matter, str, bool]]:
        """(incidents that nobody has taken note of, the kind of their subjects, whether nobody was told of them)."""
        rows = Incident.objects.open().filter(acknowledged_at=None).annotate(untold=Q(alerted_at=None))
        by = ("connection", "kind", "subject_type", "untold")
        counted = rows.order_by(*by).values_list(*by).annotate(Count("pk"), Min("opened_at"), Max("summary"))
        return [
            (Matter(connection, kind, *told), subject, untold) for connection, kind, subject, untold, *told in counted
        ]

    @property
    def matters(self) -> list[Matter]:
        """Incidents that nobody has taken note of. Payments and bookings tell of theirs by themselves."""
        elsewhere = (Payment._meta.label_lower, Booking._meta.label_lower)
        found: dict[tuple[int, str], Matter] = {}
        for matter, subject, _untold in self.unnoted:
            if subject not in elsewhere:
                key = (matter.connection, matter.kind)
                found[key] = together(found[key], matter) if key in found else matter
        return list(found.values())

    @cached_property
    def conflicts(self) -> list[tuple[Connection, str, int]]:
        """(connection, kind of record there, how many wait for an answer); not of systems that we have left."""
        books = {row.book: row for row in self.connections if row.book and row.integration.enabled}
        rows = ExternalRecord.objects.unanswered().filter(remote_system__in=list(books))
        counted = rows.values_list("remote_system", "remote_model").annotate(n=Count("pk"))
        return [(books[system], model, n) for system, model, n in counted.order_by("remote_system", "remote_model")]

    @cached_property
    def drifts(self) -> dict[int, int]:
        """{id of a connection: how many differences wait for somebody}."""
        rows = Drift.objects.heeded().filter(promised_at=None, connection__removed_at=None)
        return dict(rows.order_by().values_list("connection").annotate(n=Count("pk")))


def together(one: Matter, other: Matter) -> Matter:
    """Of one kind, whatever they are about."""
    since, summary = min(one.since, other.since), max(one.summary, other.summary)
    return one._replace(number=one.number + other.number, since=since, summary=summary)
