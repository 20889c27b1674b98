"""How each integration is: what its connections say of themselves, and what the last hour's measures add to it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from . import health, incidents, measures, words
from .configuration import service_on
from .health import WORST_FIRST, HealthState
from .measures import Issue, Measures
from .models import Connection, Heartbeat, Incident
from .models.incident import LASTING, UNHEALTHY
from .outbox.wake import ask
from .service import IntegrationService
from .situation import Situation

# A human knows, or must act first: measures add nothing.
HELD = (HealthState.DISABLED, HealthState.MISCONFIGURED, HealthState.PAUSED)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
MISSED_TESTS = 4  # so many times without a test by the clock, and nobody knows any more how it is
CALM = timedelta(minutes=5)  # without a failure, and so long open at least: whoever flaps is one incident


@dataclass(frozen=True)
class Verdict:
    """`issues` are the measures that pass their thresholds; `speaker` is the connection that is worst off."""

    state: HealthState
    speaker: Connection
    measures: Measures
    issues: list[Issue]

    @property
    def summary(self) -> str:
        return "; ".join(issue.text for issue in self.issues)


def all_of(now: Situation) -> dict[int, Verdict]:
    """{id of the integration: verdict}, in three queries besides those of the situation."""
    found = measures.read({row.integration_id: row.integration.slug for row in now.own})
    return {row.integration_id: judge(row, now, found[row.integration_id]) for row in now.own}


def judge(own: Connection, now: Situation, found: Measures) -> Verdict:
    speaker = health.speaker(now.connections_of(own.integration_id))
    service = now.services.get(own.pk)
    issues = list(measures.issues(found, service.settings)) if service else []
    states = [health.state(speaker)]
    if is_old_news(speaker, service):
        states.append(HealthState.NO_ACTIVITY)
    if states[0] not in HELD:
        states += [HealthState.UNHEALTHY if issue.grave else HealthState.DEGRADED for issue in issues]
    return Verdict(min(states, key=WORST_FIRST.index), speaker, found, issues)


# --- the round -------------------------------------------------------------------------------------------------------


def check() -> dict[str, str]:
    """One round: tell of what is unhealthy, close what is over, ask where nobody has called. {slug: state}."""
    now = Situation()
    verdicts = all_of(now)
    for own in now.own:
        tell(own, verdicts[own.integration_id])
    for connection in now.connections:
        if is_quiet(connection):
            ask("integrations.tasks.probe", str(connection.pk), queue="bulk", interval=1)
    return {own.integration.slug: verdicts[own.integration_id].state.value for own in now.own}


def tell(own: Connection, verdict: Verdict) -> None:
    """Of what an outage does not tell already: one incident, closed when it has been calm for `CALM`."""
    about = Incident.objects.filter(connection__integration=own.integration_id).open()
    if verdict.state == HealthState.UNHEALTHY and any(issue.grave for issue in verdict.issues):
        if not about.filter(kind__in=LASTING).exists():
            incidents.report(own, UNHEALTHY, None, verdict.summary)
        return
    calm_since = timezone.now() - CALM
    failed_at = verdict.speaker.last_error_at
    if verdict.state != HealthState.UNHEALTHY and (failed_at is None or failed_at < calm_since):
        incidents.end(about.filter(kind=UNHEALTHY, opened_at__lt=calm_since))


def is_old_news(connection: Connection, service: IntegrationService | None) -> bool:
    """What it said last was well, and even the tests by the clock have stopped, as where worker or beat is dead."""
    if service is None or not service.may_be_asked:
        return False
    heard_at = last_heard_of(connection)
    return heard_at > LONG_AGO and heard_at < timezone.now() - MISSED_TESTS * patience(connection, service)


def last_heard_of(connection: Connection) -> datetime:
    heard = filter(None, [connection.last_success_at, connection.last_error_at, connection.tested_at])
    return max(heard, default=LONG_AGO)


def is_quiet(connection: Connection) -> bool:
    """Nobody has called over it for a while, so only a test can tell whether it still works."""
    if health.state(connection) in HELD:
        return False
    service = service_on(connection)
    if service is None or not service.may_be_asked or (connection.paused_until or timezone.now()) > timezone.now():
        return False
    return last_heard_of(connection) < timezone.now() - patience(connection, service)


def patience(connection: Connection, service: IntegrationService) -> timedelta:
    """Short while it fails: somebody must find out that it works again."""
    failing = connection.status == Connection.Status.FAILING
    return timedelta(minutes=1 if failing else service.settings.health_probe_minutes)


# --- for whoever watches us --------------------------------------------------------------------------------------


def silent(now: Situation) -> list[str]:
    """Worker and beat, where nobody was seen lately."""
    return [name for name in (*Heartbeat.QUEUES, "beat") if not now.is_alive(name)]


def said(verdict: Verdict) -> str:
    """The state, and why, in a line."""
    text, _colour = words.STATES[verdict.state]
    why = "; ".join(issue.text for issue in verdict.issues) or verdict.speaker.last_error
    held = verdict.state in (HealthState.HEALTHY, HealthState.DISABLED, HealthState.NO_ACTIVITY)
    return str(text) if held or not why else _("%(state)s: %(why)s") % {"state": text, "why": why}
