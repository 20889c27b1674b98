"""Letters about what needs somebody, and when it is over.

One for each reader, named by its occasion: see `alarm.readers`.
"""

from collections.abc import Sequence

import structlog

from integrations import alarm, outbox
from integrations import incidents as book
from integrations.models import Incident
from integrations.models.incident import LASTING

from .service import EmailService

logger = structlog.get_logger(__name__)


def alert(incidents: Sequence[Incident]) -> None:
    """One letter for each incident and reader."""
    for incident in incidents:
        if alarm.may_tell(EmailService.slug, incident):
            if occasions := list(alarm.readers(incident)):
                for occasion in occasions:
                    outbox.once(EmailService.integration_alert, incident, occasion)
                book.note_alerted([incident])
        elif alarm.is_patient(EmailService.slug, incident.connection):
            logger.error("e-mail needs somebody, and cannot say so itself", incident=incident.pk)


def escalate(incidents: Sequence[Incident]) -> None:
    """Once more, to those who want to hear of what others left lying."""
    for incident in incidents:
        if alarm.may_tell(EmailService.slug, incident):
            for occasion in alarm.readers(incident, escalated=True):
                outbox.once(EmailService.integration_escalated, incident, occasion)


def all_clear(incidents: Sequence[Incident]) -> None:
    """Of outages, to whoever was written to; where the letter still waits, nobody needs either."""
    for incident in incidents:
        told = alarm.withdraw(EmailService.slug, incident)
        for occasion in told if incident.kind in LASTING else ():
            outbox.once(EmailService.integration_recovered, incident, occasion)
