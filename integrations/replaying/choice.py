"""Which deliveries a replay is about: chosen by an incident or a range of time, and narrowed."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations import errors
from integrations.models import Delivery, Incident, Integration, IntegrationLog, Run
from integrations.models.delivery import DeliveryQuerySet
from integrations.models.incident import OUTAGE

State = Delivery.State
# Sent, and no answer came, or the worker died over it: it may have reached the other side.
AMBIGUOUS = Q(error_kind=errors.Ambiguous.kind) | Q(crashes__gt=0)
BEFORE_IT_WAS_NOTICED = timedelta(hours=1)  # an outage is opened after several failures


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Settled from `since` to just before `until`, aware times; what is empty leaves nothing out.

    `incident` is the id of one: what it is about only.
    """

    since: datetime | None = None
    until: datetime | None = None
    integration: str = ""
    operations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    incident: int | None = None
    without_ambiguous: bool = False
    only_dead: bool = True

    @classmethod
    def of_incident(cls, incident: Incident) -> Self:
        """What died of it, as far as the times tell: from the last call that went well, an hour before at most."""
        earliest = incident.opened_at - BEFORE_IT_WAS_NOTICED
        calls = IntegrationLog.objects.filter(
            integration=incident.connection.integration_id,
            connection=incident.connection_id,
            started_at__range=(earliest, incident.opened_at),
            status=IntegrationLog.Status.OK,
            trigger="delivery",
        )
        went_well = calls.order_by("-started_at").values_list("started_at", flat=True).first()
        now = timezone.now()
        until = max(incident.closed_at, incident.opened_at) if incident.closed_at else now
        slug = incident.connection.integration.slug
        since = (went_well or earliest) if incident.kind == OUTAGE else None
        return cls(since=since, until=until if since else now, integration=slug, incident=incident.pk)

    @classmethod
    def narrowed(cls, incident: Incident, **given: Any) -> Self:
        """What died of it, as far as it is also what is given; what is empty leaves nothing out."""
        return replace(cls.of_incident(incident), **{name: value for name, value in given.items() if value})

    @property
    def is_empty_range(self) -> bool:
        return bool(self.since and self.until and self.since >= self.until)

    def rows(self) -> DeliveryQuerySet:
        rows = Delivery.objects.dead() if self.only_dead else Delivery.objects.exclude(settled_at=None).repeatable()
        wanted = {
            "settled_at__gte": self.since,
            "settled_at__lt": self.until,
            "integration__slug": self.integration,
            "operation__in": self.operations,
            "error_kind__in": self.kinds,
            **self._of_the_incident(),
        }
        rows = rows.filter(**{lookup: value for lookup, value in wanted.items() if value})
        return rows.exclude(AMBIGUOUS) if self.without_ambiguous else rows

    def _of_the_incident(self) -> dict[str, Any]:
        """Raises Incident.DoesNotExist where it is gone: that must not be taken for everything."""
        if self.incident is None:
            return {}
        incident = Incident.objects.get(pk=self.incident)
        subject = {"subject_type": incident.subject_type, "subject_id": incident.subject_id}
        return {"connection": incident.connection_id, **(subject if incident.subject_type else {})}

    def as_arguments(self) -> dict[str, Any]:
        """As JSON, for a run; the integration is the run's own."""
        given = asdict(self) | {"operations": sorted(self.operations), "kinds": sorted(self.kinds)}
        del given["integration"]
        moments = {name: given[name].isoformat() if given[name] else None for name in ("since", "until")}
        return given | moments

    @classmethod
    def of_run(cls, run: Run) -> Self:
        given = {name: run.arguments[name] for name in cls().as_arguments()}
        moments = {name: parse_datetime(given[name]) if given[name] else None for name in ("since", "until")}
        lists = {name: tuple(given[name]) for name in ("operations", "kinds")}
        return cls(**(given | moments | lists), integration=run.integration.slug if run.integration else "")

    def up_to_now(self) -> Self:
        """The same with an end, so that what dies later is not taken."""
        return replace(self, until=self.until or timezone.now())

    def whose(self) -> Integration | None:
        """Raises Integration.DoesNotExist for one of no such name."""
        return Integration.objects.get(slug=self.integration) if self.integration else None
