"""Django's mail API over our outbox: nobody who asks for a new password waits for an SMTP server."""

from collections.abc import Sequence

import structlog
from celery import current_task
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction

from integrations import outbox

from . import stored
from .service import EmailService

logger = structlog.get_logger(__name__)


class EmailBackend(BaseEmailBackend):
    """Stores mail in the transaction that is open. A worker, which has the time, sends it at once."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were taken. Raises BadHeaderError for a forged header, having taken nothing."""
        messages = [message for message in email_messages if message.recipients()]
        try:
            with transaction.atomic():
                outbox.once(EmailService.stored_mail, stored.kept(messages))
        except Exception as error:
            if not self.fail_silently:
                raise
            logger.warning("mail was not taken", error=type(error).__name__)
            return 0
        if current_task and not connection.in_atomic_block:
            outbox.drain_operations([EmailService.stored_mail])
        return len(messages)
