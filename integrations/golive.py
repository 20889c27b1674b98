"""What must be true before an integration goes live, looked up when somebody asks. Calls nobody."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_celery_beat.models import PeriodicTask
from pydantic import HttpUrl, ValidationError

from . import breaker, health, registry
from .models import Connection, Delivery, Heartbeat, Installation, Integration
from .service import IntegrationService, Mode, Requirement, is_this_machine

TEST_COUNTS_FOR = timedelta(days=1)
CREDENTIALS_MUST_LAST = timedelta(days=14)


def checklist(integration: Integration) -> list[Requirement]:
    """What holds for every integration, then what its service adds. Raises KeyError for one that is not installed."""
    own, *accounts = integration.connections.in_use().order_by("owner")
    services = [service_on(connection) for connection in (own, *accounts)]
    return [
        *settings_of([own, *accounts], services),
        *where_they_lead(services),
        tested(own),
        credentials([own, *accounts]),
        *switches(own),
        nothing_dead(integration),
        *schedules(registry.get(integration.slug)),
        *installation(),
        *(services[0].requirements() if services[0] else []),
    ]


def service_on(connection: Connection) -> IntegrationService | None:
    try:
        return registry.get(connection.integration.slug)(connection)
    except ValidationError:
        return None


# --- of the integration and its accounts -----------------------------------------------------------------------------


def settings_of(connections: list[Connection], services: list[IntegrationService | None]) -> Iterator[Requirement]:
    yield Requirement(
        _("The stored secrets can be read."),
        not any(connection.must_reenter_secrets for connection in connections),
        _("The keys in FERNET_KEYS do not open them: enter the secrets again."),
    )
    yield Requirement(
        _("All settings are there."),
        all(services),
        _("Enter what is missing in the form on this page, and save it."),
    )


def where_they_lead(services: list[IntegrationService | None]) -> Iterator[Requirement]:
    known = [service for service in services if service]
    complete = len(known) == len(services)
    yield Requirement(
        _("The settings lead to the real system."),
        complete and all(service.mode_of(service.settings) == Mode.LIVE for service in known),
        _("This is a test system or a stand-in: enter address and credentials of the real one."),
    )
    urls = [url for service in known for url in addresses(service)]
    if urls or not complete:  # who is reached by other means than a URL, tells in its own requirements
        yield Requirement(
            _("The way there is encrypted."),
            complete and all(url.scheme == "https" for url in urls),
            _("Enter an address that begins with https://"),
        )


def addresses(service: IntegrationService) -> list[HttpUrl]:
    values = (getattr(service.settings, name) for name in type(service.settings).model_fields)
    return [value for value in values if isinstance(value, HttpUrl)]


def tested(connection: Connection) -> Requirement:
    text = _("A test within the last day was green, and nothing was changed since.")
    if connection.tested_at is None:
        return Requirement(text, False, _("Press “Test connection”."))
    if not connection.report.get("ok"):
        return Requirement(text, False, _("Mend what the last test found, then test again."))
    if health.is_outdated(connection):
        return Requirement(text, False, _("The settings were changed after the last test: test again."))
    recent = timezone.now() - connection.tested_at < TEST_COUNTS_FOR
    return Requirement(text, recent, _("The last test is older than a day: test again."))


def credentials(connections: list[Connection]) -> Requirement:
    days, ends = CREDENTIALS_MUST_LAST.days, [connection.expires_at for connection in connections]
    text = ngettext("The credentials last longer than %(n)s day.", "The credentials last longer than %(n)s days.", days)
    return Requirement(
        text % {"n": days},
        all(end is None or end - timezone.now() > CREDENTIALS_MUST_LAST for end in ends),
        _("Have new ones made there, and enter them here."),
    )


def switches(connection: Connection) -> Iterator[Requirement]:
    integration = connection.integration
    yield Requirement(_("It is in use."), integration.enabled, _("Press “Enable”."))
    free = not (integration.paused_at or breaker.paused_until(connection) or connection.blocked)
    yield Requirement(
        _("Nothing holds it: neither an operator, nor failures, nor a refusal."),
        free,
        _("Press “Test connection” after a failure or a refusal, “Resume” after a pause."),
    )


def nothing_dead(integration: Integration) -> Requirement:
    dead = Delivery.objects.dead().filter(integration=integration).exists()
    return Requirement(
        _("No delivery is dead."), not dead, _("Look at the dead deliveries: mend, replay or cancel them.")
    )


def schedules(service: type[IntegrationService]) -> Iterator[Requirement]:
    """Beat rows, as `setup` makes them; an operator may have renamed, switched off or deleted them."""
    if not service.jobs():
        return
    rows = PeriodicTask.objects.filter(task="integrations.tasks.run_job", enabled=True)
    running = [arguments(row) for row in rows]
    for job in service.jobs():
        yield Requirement(
            _("“%(job)s” has a schedule, and it is on.") % {"job": job.label},
            {"integration": service.slug, "job": job.name} in running,
            _("Switch it on under Schedules."),
        )


def arguments(row: PeriodicTask) -> Any:
    try:
        return json.loads(row.kwargs)
    except ValueError:
        return None


# --- of the installation ---------------------------------------------------------------------------------------------


def installation() -> Iterator[Requirement]:
    started = _("Start it on the server: without it nothing goes out.")
    yield Requirement(_("A worker is running."), all(map(Heartbeat.is_alive, Heartbeat.QUEUES)), started)
    yield Requirement(_("The scheduler (beat) is running."), Heartbeat.is_alive("beat"), started)
    yield Requirement(
        _("This database is where it belongs, and no copy."),
        not Installation.is_copy(),
        _("Confirm at the top of this page that this is the right place, if it is."),
    )
    site = urlsplit(django_settings.SITE_URL)
    yield Requirement(
        _("The site has a public address that is encrypted."),
        site.scheme == "https" and not is_this_machine(django_settings.SITE_URL),
        _("Set SITE_URL to the address that visitors use; it begins with https://"),
    )
    yield Requirement(_("Debugging is off."), not django_settings.DEBUG, _("Set DEBUG=off and restart."))
