"""Who is written to when something needs somebody, and when it is over.

One letter for each reader, named by its occasion: "user:<id>" for staff, "admin:<address>" for the ADMINS of the
settings, who have no row here.
"""

from collections.abc import Iterator, Sequence

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from integrations import incidents as book
from integrations import outbox
from integrations.models import Delivery, Incident, Integration
from integrations.models.incident import OUTAGE

from .service import EmailService

logger = structlog.get_logger(__name__)


def alert(incidents: Sequence[Incident]) -> None:
    """One letter for each incident and reader. Nobody is alerted of what is not in use, and by e-mail of none."""
    in_use = set(Integration.objects.filter(enabled=True).values_list("pk", flat=True))
    for incident in incidents:
        if incident.connection.integration_id not in in_use:
            continue
        if incident.connection.integration.slug == EmailService.slug:
            logger.error("e-mail needs somebody, and cannot say so itself", incident=incident.pk)
        else:
            for occasion in readers(incident):
                outbox.once(EmailService.integration_alert, incident, occasion)
        book.note_alerted([incident])


def all_clear(incidents: Sequence[Incident]) -> None:
    """Of outages, to whoever was alerted; where the alert still waits, nobody needs either."""
    for incident in incidents:
        alerts = Delivery.objects.filter(
            operation=EmailService.integration_alert.name,
            subject_type=Incident._meta.label_lower,
            subject_id=incident.pk,
        )
        alerts.cancel(_("It was over before this could be sent."))
        for told in alerts.exclude(state=Delivery.State.CANCELLED) if incident.kind == OUTAGE else ():
            outbox.once(EmailService.integration_recovered, incident, told.occasion)


def readers(incident: Incident) -> Iterator[str]:
    """Staff who can act, and the ADMINS; nobody twice."""
    known = set()
    for user in who_can_act(incident.kind):
        if user.email.lower() not in known:
            known.add(user.email.lower())
            yield f"user:{user.pk}"
    for _name, address in settings.ADMINS:
        if address.lower() not in known:
            known.add(address.lower())
            yield f"admin:{address}"


def who_can_act(kind: str) -> Iterator[User]:
    permission = book.KINDS[kind].permission
    staff = User.objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    yield from staff.filter(is_staff=True).exclude(email="").order_by("pk")
