"""What a replay would do now, told before anything is changed: in a few statements, however many rows that are."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Count, Exists, Max, Min, Model, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations import breaker, registry
from integrations.models import Connection, Installation
from integrations.models.delivery import DeliveryQuerySet
from integrations.outbox.hold import Hold, service_or_hold

from .choice import AMBIGUOUS, Choice

By = tuple[str, str, str]  # integration, operation, kind of error

WAITS_UNTIL: dict[str, Promise] = {
    Hold.DISABLED: _("the integration is put into use"),
    Hold.PAUSED: _("somebody resumes the integration"),
    Hold.BLOCKED: _("what they refuse us there is mended"),
    Hold.UNREADABLE: _("the secrets are entered again"),
    Hold.INCOMPLETE: _("the settings are complete"),
    Hold.MOVED: _("somebody confirms where the settings lead"),
    "resting": _("calls do not rest any more"),
    "unknown": _("the software knows this again"),
    "copy": _("this copy of a database is released"),
}


@dataclass
class Line:
    """Of one integration, operation and kind of error; all are numbers of deliveries.

    `missing` are about what was deleted, `expired` past their time, `removed` for accounts that are gone: none of those
    would be sent. `waits` is {what it would wait for, a key of WAITS_UNTIL: number} of the others.
    """

    integration: str
    operation: str
    error_kind: str
    number: int = 0
    ambiguous: int = 0
    missing: int = 0
    expired: int = 0
    removed: int = 0
    waits: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """None is counted for two reasons."""
        return self.number - self.missing - self.expired - self.removed


@dataclass(frozen=True)
class Outlook:
    lines: list[Line]
    oldest: datetime | None
    newest: datetime | None

    @property
    def total(self) -> int:
        return sum(line.number for line in self.lines)

    @property
    def ambiguous(self) -> int:
        return sum(line.ambiguous for line in self.lines)

    @property
    def sent(self) -> int:
        return sum(line.sent for line in self.lines)


def outlook(choice: Choice) -> Outlook:
    """Raises Incident.DoesNotExist."""
    rows = choice.rows()
    lines: dict[By, Line] = {}
    moments: list[datetime] = []
    types: set[str] = set()
    usable: Counter[tuple[By, int]] = Counter()
    for *by, subject_type, connection, numbers in counted(rows):
        key: By = (by[0], by[1], by[2])
        line = lines.setdefault(key, Line(*key))
        for name in ("number", "ambiguous", "expired", "removed"):
            setattr(line, name, getattr(line, name) + numbers[name])
        moments += [numbers["oldest"], numbers["newest"]]
        types.add(subject_type)
        usable[key, connection] += numbers["number"] - numbers["expired"] - numbers["removed"]
    for *by, connection, number in missing(rows, types):
        key = (by[0], by[1], by[2])
        lines[key].missing += number
        usable[key, connection] -= number
    for key, connection, reason in held(usable):
        lines[key].waits[reason] += usable[key, connection]
    return Outlook([lines[key] for key in sorted(lines)], min(moments, default=None), max(moments, default=None))


BY = ("integration__slug", "operation", "error_kind")


def counted(rows: DeliveryQuerySet) -> Any:
    """(*By, kind of subject, id of the connection, {figure: number}) of each group."""
    removed = Q(connection__removed_at__isnull=False)
    expired = Q(expires_at__lte=timezone.now()) & ~removed
    columns = (*BY, "subject_type", "connection")
    figures = {
        "number": Count("pk"),
        "ambiguous": Count("pk", filter=AMBIGUOUS),
        "removed": Count("pk", filter=removed),
        "expired": Count("pk", filter=expired),
        "oldest": Min("settled_at"),
        "newest": Max("settled_at"),
    }
    for row in rows.order_by().values(*columns).annotate(**figures):
        yield (*(row[name] for name in columns), {name: row[name] for name in figures})


def missing(rows: DeliveryQuerySet, types: set[str]) -> Any:
    """(*By, id of the connection, how many are about what was deleted) of those that would go out else.

    One statement for each kind of subject.
    """
    alive = rows.exclude(expires_at__lte=timezone.now()).filter(connection__removed_at=None).order_by()
    for label in sorted(types):
        gone = alive.filter(subject_type=label)
        if model := model_of(label):
            gone = gone.exclude(Exists(model._base_manager.filter(pk=OuterRef("subject_id"))))
        yield from gone.values_list(*BY, "connection").annotate(Count("pk"))


def model_of(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def held(groups: Counter[tuple[By, int]]) -> Any:
    """(By, id of the connection, key of WAITS_UNTIL) of groups that could not go out now."""
    wanted = [group for group, number in groups.items() if number]
    ids = {connection for _by, connection in wanted}
    connections = Connection.objects.select_related("integration").in_bulk(ids)
    known = {(each.service.slug, each.name): each for each in registry.operations()}
    is_copy = Installation.is_copy()
    for by, pk in wanted:
        operation = known.get((by[0], by[1]))
        reason = "copy" if is_copy else hold(operation, connections[pk])
        if reason:
            yield by, pk, reason


def hold(operation: Any, connection: Connection) -> str:
    """What it would wait for; "" when it could go out."""
    if operation is None:
        return "unknown"
    found = service_or_hold(operation, connection)
    if isinstance(found, Hold):
        return found
    return "resting" if breaker.paused_until(connection) else ""
