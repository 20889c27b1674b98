"""The filters of our lists. Those with known choices ask the database nothing."""

from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations import incidents, registry, words
from integrations.models import Delivery, Integration, IntegrationLog

Choices = list[tuple[str, Any]]  # of a value in the address and what it is called


class ChoiceFilter(admin.SimpleListFilter):
    """A filter on one column whose choices are known."""

    column: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class IntegrationFilter(admin.RelatedFieldListFilter):
    """Integrations by the name that people know."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(row.pk), words.service(row.slug)) for row in Integration.objects.all()]


class ActorFilter(admin.RelatedFieldListFilter):
    """Users who may log in here; to look for all who ever did something would be to read the whole log."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(user.pk), str(user)) for user in User.objects.filter(is_staff=True).order_by("username")]


class KindFilter(ChoiceFilter):
    title = _("error")
    parameter_name = column = "error_kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return list(words.KINDS.items())


class MatterFilter(ChoiceFilter):
    """Of incidents."""

    title = _("kind")
    parameter_name = column = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(kind, known.label) for kind, known in incidents.KINDS.items()]


class ReplayFilter(admin.SimpleListFilter):
    """What one replay took; only where an address asks for it."""

    title = _("replay")
    parameter_name = "replay"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        value = request.GET.get(self.parameter_name, "")
        return [(value, f"{self.title} {value}")] if value.isdigit() and len(value) < 19 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(replays__run=self.value()) if self.value() else queryset


class OperationFilter(ChoiceFilter):
    title = _("what")
    parameter_name = column = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return operations()


class EventFilter(OperationFilter):
    """Of the log, which also tells what people did."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [*operations(), *words.EVENTS.items()]


def operations() -> Choices:
    """(name, label) of all that can be promised."""
    labels = {operation.name: str(operation.label) for operation in registry.operations()}
    return sorted(labels.items(), key=itemgetter(1))


class StateFilter(ChoiceFilter):
    """The states of a delivery, and what is on its way as one."""

    title = _("state")
    parameter_name = "state__exact"
    column = "state"
    WAITING = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(self.WAITING, _("waiting or in flight")), *Delivery.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self.WAITING:
            rows: Any = queryset
            return rows.waiting()  # type: ignore[no-any-return]
        return super().queryset(request, queryset)


class AgeFilter(ChoiceFilter):
    """By the time since the row was made."""

    title = _("age")
    parameter_name = "age"
    column = "created_at"
    AGES: ClassVar[dict[str, tuple[Any, timedelta | None, timedelta | None]]] = {  # label, from, to
        "minute": (_("less than a minute"), None, timedelta(minutes=1)),
        "quarter": (_("1 to 15 minutes"), timedelta(minutes=1), timedelta(minutes=15)),
        "hour": (_("15 to 60 minutes"), timedelta(minutes=15), timedelta(hours=1)),
        "day": (_("1 to 24 hours"), timedelta(hours=1), timedelta(days=1)),
        "older": (_("more than a day"), timedelta(days=1), None),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, label) for name, (label, *_bounds) in self.AGES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        age = self.value()
        return queryset.filter(self.condition(age, timezone.now())) if age in self.AGES else queryset

    @classmethod
    def condition(cls, age: str, now: datetime) -> Q:
        """What a row of that age meets."""
        _label, at_least, below = cls.AGES[age]
        old_enough = Q(**{f"{cls.column}__lte": now - at_least}) if at_least else Q()
        young_enough = Q(**{f"{cls.column}__gt": now - below}) if below else Q()
        return old_enough & young_enough


class ReceivedAgeFilter(AgeFilter):
    column = "received_at"


class StatusFilter(ChoiceFilter):
    """Told by the kind of error, which has an index of the few rows that have one."""

    title = _("status")
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return IntegrationLog.Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case IntegrationLog.Status.OK:
                return queryset.filter(error_kind="")
            case IntegrationLog.Status.ERROR:
                return queryset.exclude(error_kind="")
        return queryset


class TriggerFilter(ChoiceFilter):
    title = _("set off by")
    parameter_name = column = "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return list(words.TRIGGERS.items())


class SlowFilter(admin.SimpleListFilter):
    title = _("took")
    parameter_name = "slow"
    SECONDS: ClassVar[dict[str, Any]] = {"1": _("a second or more"), "5": _("5 seconds or more")}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return list(self.SECONDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in self.SECONDS:
            return queryset.filter(duration_ms__gte=int(self.value() or 0) * 1000)
        return queryset


class PeriodFilter(admin.SimpleListFilter):
    title = _("when")
    parameter_name = "period"
    PERIODS: ClassVar[dict[str, tuple[Any, timedelta]]] = {
        "hour": (_("the last hour"), timedelta(hours=1)),
        "day": (_("the last 24 hours"), timedelta(days=1)),
        "week": (_("the last 7 days"), timedelta(days=7)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, label) for name, (label, _length) in self.PERIODS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in self.PERIODS:
            _label, length = self.PERIODS[self.value() or ""]
            return queryset.filter(started_at__gte=timezone.now() - length)
        return queryset
