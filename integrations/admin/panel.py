"""What the page of one integration shows beside its form: light, figures, the last test, the latest calls."""

from typing import Any

from django.db.models import Count, Min, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from integrations import breaker, configuration, health, registry, words
from integrations.models import Connection, Delivery, Integration, IntegrationLog
from integrations.models.integration import EVERYTHING
from integrations.service import IntegrationService, is_secret

from .forms import secret_state, title

State = Delivery.State
CALLS_SHOWN = 8


def with_figures(rows: QuerySet[Integration]) -> QuerySet[Integration]:
    """Each row with its own connection and the state of its deliveries, whatever their number in one query more."""
    own = Connection.objects.filter(owner="")
    waiting, dead = deliveries().waiting(), deliveries().dead()
    return rows.prefetch_related(Prefetch("connections", queryset=own, to_attr="own")).annotate(
        waiting=Coalesce(figure(waiting, Count("pk")), 0),
        dead=Coalesce(figure(dead, Count("pk")), 0),
        oldest_waiting=figure(waiting, Min("created_at")),
    )


def deliveries() -> Any:
    return Delivery.objects.filter(integration=OuterRef("pk")).order_by()


def figure(rows: Any, expression: Any) -> Subquery:
    return Subquery(rows.values("integration").annotate(figure=expression).values("figure"))


def own(integration: Any) -> Connection | None:
    """The integration's own connection, as `with_figures` fetched it."""
    connection: Connection | None = next(iter(integration.own), None)
    return connection


def service_of(integration: Integration) -> type[IntegrationService] | None:
    return registry.services().get(integration.slug)


def name(integration: Integration) -> str:
    service = service_of(integration)
    return str(service.label) if service else integration.slug


def light(integration: Integration) -> tuple[str, str]:
    """Words and colour of the light."""
    connection = own(integration)
    if connection is None or service_of(integration) is None:
        return _("not installed"), "default"
    text, colour = words.LIGHTS[health.light(connection)]
    if connection.must_reenter_secrets:
        return _("enter the secrets again"), "danger"
    return str(text), colour


def status_since(integration: Integration) -> str:
    connection = own(integration)
    if integration.enabled and integration.paused_at:
        return words.since(integration.paused_at)
    return words.since(connection.status_since) if connection else ""


def paused(integration: Integration) -> str:
    """Until when nothing goes out; "" if it does."""
    connection = own(integration)
    if integration.paused_at:
        return _("somebody resumes it")
    return words.moment(breaker.paused_until(connection)) if connection else ""


def short_error(integration: Integration) -> str:
    connection = own(integration)
    if connection is None or not connection.last_error:
        return ""
    return f"{words.moment(connection.last_error_at)}: {Truncator(connection.last_error).chars(60)}"


def facts(integration: Any) -> list[tuple[str, str, str]]:
    """(what, value, link) in the order in which an operator asks."""
    connection = own(integration)
    if connection is None:
        return []
    listed = reverse("admin:integrations_delivery_changelist") + f"?integration__id__exact={integration.pk}&"
    blocked = _("everything") if EVERYTHING in connection.blocked else ", ".join(connection.blocked)
    rows = [
        (_("Waiting"), integration.waiting, f"{listed}state__exact={State.PENDING}"),
        (_("Dead"), integration.dead, f"{listed}state__exact={State.DEAD}"),
        (_("Oldest waiting"), words.moment(integration.oldest_waiting), ""),
        (_("Paused until"), paused(integration), ""),
        (_("Blocked until mended"), blocked, ""),
        (_("Last good call"), words.moment(connection.last_success_at), ""),
        (_("Last error"), error_and_when(connection), ""),
        (_("Last test"), words.moment(connection.tested_at), ""),
        (_("Credentials expire"), words.moment(connection.expires_at), ""),
        (_("Secrets changed"), words.moment(connection.rotated_at), ""),
        (_("Settings changed"), changed(integration), ""),
    ]
    return [(what, str(value), url) for what, value, url in rows if value or url]


def error_and_when(connection: Connection) -> str:
    if not connection.last_error:
        return ""
    return f"{connection.last_error} ({words.moment(connection.last_error_at)})"


def changed(integration: Integration) -> str:
    by = integration.updated_by
    return f"{words.moment(integration.updated_at)}, {by}" if by else ""


def stored_settings(integration: Integration) -> list[tuple[str, str]]:
    """For those who may look but not change: (title, value), of secrets only whether there is one."""
    service, connection = service_of(integration), own(integration)
    if service is None or connection is None:
        return []
    known = service.raw_settings(connection)
    return [
        (title(name, info), secret_state(name, connection, known) if is_secret(info) else str(known[name]))
        for name, info in service.settings_schema.model_fields.items()
        if is_secret(info) or known.get(name) not in (None, "")
    ]


def context(integration: Integration, *, may_configure: bool) -> dict[str, Any]:
    connection, service = own(integration), service_of(integration)
    text, colour = light(integration)
    return {
        "name": name(integration),
        "icon": service.icon if service else "hub",
        "installed": service is not None,
        "light": {"text": text, "colour": colour, "since": status_since(integration)},
        "facts": facts(integration),
        "report": connection.report if connection else {},
        "outdated": is_outdated(integration, connection),
        "missing": missing(connection),
        "settings": [] if may_configure else stored_settings(integration),
        "calls": latest_calls(integration),
        "others": Connection.objects.filter(integration=integration).exclude(owner="").order_by("owner"),
    }


def is_outdated(integration: Integration, connection: Connection | None) -> bool:
    """Whether somebody changed settings or secrets since the last test: what it found may no longer be so."""
    if connection is None or connection.tested_at is None:
        return False
    changes = (integration.updated_at if integration.updated_by else None, connection.rotated_at)
    return any(at is not None and at > connection.tested_at for at in changes)


def missing(connection: Connection | None) -> bool:
    """Whether settings are still to be entered: nothing has been wrong yet, it is only not done."""
    return connection is not None and not configuration.is_complete(connection)


def latest_calls(integration: Integration) -> list[IntegrationLog]:
    rows = IntegrationLog.objects.filter(integration=integration).select_related("actor")[:CALLS_SHOWN]
    return list(rows)
