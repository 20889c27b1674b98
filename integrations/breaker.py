"""The circuit breaker and status of a connection.

State lives on the Connection row and changes by single conditional UPDATEs, so that all processes agree: after
`breaker_failures` failures in a row the connection pauses, then one caller at a time may probe; a success closes it.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from . import errors, incidents
from .models import Connection, Delivery
from .models.incident import OUTAGE
from .models.integration import EVERYTHING
from .redact import redact

if TYPE_CHECKING:
    from .service import IntegrationSettings

Status = Connection.Status
A_SECOND = timedelta(seconds=1)


def _row(connection: Connection) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=connection.pk)


def is_open(connection: Connection, settings: "IntegrationSettings") -> bool:
    """Tripped and not closed since; while so, only a probe may go out."""
    return connection.failures >= settings.breaker_failures


def admit(connection: Connection, settings: "IntegrationSettings") -> bool:
    """Let a call through or raise Paused; True means this call is the probe.

    The probe's place is taken by moving `paused_until` ahead: of several callers, only one finds the row unmoved.
    """
    connection.refresh_from_db(fields=["failures", "paused_until", "status", "last_success_at"])
    now = timezone.now()
    if connection.paused_until and connection.paused_until > now:
        raise errors.Paused(_("Paused after failures."), until=connection.paused_until)
    if not is_open(connection, settings):
        return False
    probe_until = now + timedelta(seconds=settings.timeout)
    unmoved = _row(connection).filter(paused_until=connection.paused_until)
    if not unmoved.update(paused_until=probe_until):
        raise errors.Paused(_("Another process is probing."), until=probe_until)
    return True


def succeeded(connection: Connection) -> None:
    """An answer came (even a refusal): the connection works. Of what goes well, one call a second is written down."""
    now = timezone.now()
    if was_well(connection) and connection.last_success_at and now - connection.last_success_at < A_SECOND:
        return
    _row(connection).update(last_success_at=now, **_status(Status.HEALTHY, unless=Status.MISCONFIGURED))
    was_down = Q(failures__gt=0) | Q(paused_until__lte=now)  # a rest that they asked for lasts till its end
    if _row(connection).filter(was_down).update(failures=0, paused_until=None):
        Delivery.objects.filter(connection=connection).release()
        incidents.close_outage(connection)


def was_well(connection: Connection) -> bool:
    """When it was last read, which is when the call was let through."""
    return connection.status == Status.HEALTHY and not connection.failures and not connection.paused_until


def failed(
    connection: Connection, error: errors.IntegrationError, settings: "IntegrationSettings", *, probing: bool
) -> None:
    """Count a failure; pause when there are enough in a row. Calls that were under way when it tripped don't count."""
    now = timezone.now()
    rows = _row(connection)
    if not probing:
        rows = rows.exclude(paused_until__gt=now)
    rows.update(
        failures=F("failures") + 1,
        last_error=redact(error.message, connection.secrets.values()),
        last_error_at=now,
        **_status(Status.FAILING, unless=Status.MISCONFIGURED),
    )
    connection.refresh_from_db(fields=["failures"])
    if is_open(connection, settings):
        rows.update(paused_until=now + pause_after(connection.failures, settings))
        incidents.report(connection, OUTAGE, None, redact(error.message, connection.secrets.values()))


def pause_after(failures: int, settings: "IntegrationSettings") -> timedelta:
    doublings = min(failures - settings.breaker_failures, 20)
    return timedelta(seconds=min(settings.breaker_pause * 2**doublings, settings.breaker_longest_pause))


def limited(connection: Connection, error: errors.RateLimited) -> None:
    """They asked for a rest: they are alive, so nobody failed, and nobody calls before it is over."""
    until = timezone.now() + timedelta(seconds=error.retry_after)
    _row(connection).update(failures=0, paused_until=until)


def barred(connection: Connection, error: errors.Misconfigured) -> None:
    """Only a human can mend it: red at once, and nothing of what is barred goes out until then."""
    operation = error.operation or EVERYTHING
    connection.refresh_from_db(fields=["blocked"])
    blocked = sorted({*connection.blocked, operation})
    _row(connection).update(
        blocked=blocked,
        last_error=redact(error.message, connection.secrets.values()),
        last_error_at=timezone.now(),
        **_status(Status.MISCONFIGURED),
    )
    incidents.report(connection, OUTAGE, None, redact(error.message, connection.secrets.values()))


def unbar(connection: Connection, *, status: str = Status.UNKNOWN) -> None:
    """A human acted (test green, new settings, resume): everything that waited is due again."""
    _row(connection).update(failures=0, paused_until=None, blocked=[], **_status(status))
    Delivery.objects.filter(connection=connection).release()
    incidents.close_outage(connection)


def _status(status: str, *, unless: str | None = None) -> dict[str, object]:
    """Columns of a change of status: `status_since` moves only when the status does."""
    stays = Q(status=status) if unless is None else Q(status__in=[status, unless])
    return {
        "status": Case(When(stays, then=F("status")), default=Value(status)),
        "status_since": Case(When(stays, then=F("status_since")), default=Value(timezone.now())),
    }


def paused_until(connection: Connection) -> datetime | None:
    """When the pause ends, if it has not."""
    until = connection.paused_until
    return until if until and until > timezone.now() else None
