"""Is it well? Tests of connections, and the state of each that an operator sees."""

from collections.abc import Iterable
from enum import StrEnum

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from . import breaker, errors, registry
from .complaints import sentences
from .configuration import service_on
from .models import Connection
from .redact import whereabouts
from .service import ConnectionReport, IntegrationService

logger = structlog.get_logger(__name__)


class HealthState(StrEnum):
    """What an operator sees first."""

    DISABLED = "disabled"
    NO_ACTIVITY = "no_activity"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    PAUSED = "paused"
    MISCONFIGURED = "misconfigured"


WORST_FIRST = [
    HealthState.MISCONFIGURED,
    HealthState.UNHEALTHY,
    HealthState.DEGRADED,
    HealthState.PAUSED,
    HealthState.NO_ACTIVITY,
    HealthState.HEALTHY,
    HealthState.DISABLED,
]
OF_A_CALL = {
    Connection.Status.UNKNOWN: HealthState.NO_ACTIVITY,
    Connection.Status.HEALTHY: HealthState.HEALTHY,
    Connection.Status.FAILING: HealthState.DEGRADED,
    Connection.Status.MISCONFIGURED: HealthState.MISCONFIGURED,
}


def test(connection: Connection) -> ConnectionReport:
    """Ask the other side who we are and what is missing; a green answer releases all that waited.

    Takes the same road as real traffic, through the gate. Never raises: what went wrong is in the report.
    """
    report = _ask(connection)
    Connection.objects.filter(pk=connection.pk).update(report=report.to_store(), tested_at=timezone.now())
    if report.ok:
        breaker.unbar(connection, status=Connection.Status.HEALTHY)
    return report


def _ask(connection: Connection) -> ConnectionReport:
    if connection.must_reenter_secrets:
        problem = _("The stored secrets cannot be read with the current keys. Enter them again.")
        return ConnectionReport(_("Enter the secrets again."), problems=[problem])
    try:
        service = registry.get(connection.integration.slug)(connection, forced=True)
        if service.has_moved:
            return ConnectionReport(_("These settings point at another system."), problems=[moved(service)])
        service.memory.forget()
        report = service.test_connection()
    except ValidationError as error:
        schema = registry.get(connection.integration.slug).schema_of(connection)
        return ConnectionReport(_("Settings are incomplete."), problems=sentences(error, schema))
    except errors.IntegrationError as error:
        return ConnectionReport(_("The test failed."), problems=[error.message])
    except Exception as error:
        logger.error("test failed", integration=connection.integration.slug, exception=whereabouts(error))
        return ConnectionReport(_("The test failed."), problems=[type(error).__name__])
    if not report.ok:
        breaker.barred(connection, errors.Misconfigured("; ".join(report.problems)))
    return report


def is_outdated(connection: Connection) -> bool:
    """Whether settings or secrets were changed since the last test: what it found may no longer be so."""
    if connection.tested_at is None:
        return False
    changed = max(connection.integration.updated_at, connection.rotated_at or connection.integration.updated_at)
    return changed > connection.tested_at


def moved(service: IntegrationService) -> str:
    said = _("Our records are in %(old)s, these settings lead to %(new)s. Save them, and say that it is meant.")
    return said % {"old": service.connection.book, "new": service.remote_system}


def state(connection: Connection) -> HealthState:
    """Of one connection, by its own row: what the last calls over it were like. `verdicts` knows of more."""
    integration = connection.integration
    if not integration.enabled or connection.removed_at:
        return HealthState.DISABLED
    service = service_on(connection)
    if connection.must_reenter_secrets or service is None or service.has_moved:
        return HealthState.MISCONFIGURED
    if connection.status == Connection.Status.MISCONFIGURED:
        return HealthState.MISCONFIGURED
    if integration.paused_at:
        return HealthState.PAUSED
    if breaker.is_open(connection, service.settings):
        return HealthState.UNHEALTHY
    return HealthState.PAUSED if breaker.paused_until(connection) else OF_A_CALL[Connection.Status(connection.status)]


def worst(connections: Iterable[Connection]) -> Connection:
    """That one of these, of which there is at least one, that is worst off."""
    return min(connections, key=lambda connection: WORST_FIRST.index(state(connection)))


def speaker(connections: Iterable[Connection]) -> Connection:
    """Whose state the integration with these connections shows.

    The one that is worst off: green means that all are well. Its own does not count where there are accounts and it
    was never tried, as it may have nobody to call.
    """
    own, *accounts = sorted(connections, key=lambda connection: connection.owner)
    return worst(accounts if accounts and state(own) == HealthState.NO_ACTIVITY else [own, *accounts])
