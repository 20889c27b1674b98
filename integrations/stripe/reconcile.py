"""Our book of payments beside Stripe's: what differs is told in words, and mended by reading it there once more."""

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors, gate, outbox, progress
from integrations.models import Connection, Delivery, IntegrationLog
from integrations.service import JobReport, Operation
from webinars.actions import ask, report
from webinars.models import Payment, Refund

from . import drift, reading, strangers
from .client import Answer
from .drift import Theirs
from .promises import is_being_paid
from .till import Till

logger = structlog.get_logger(__name__)
RECENT = timedelta(days=3)  # so long Stripe tries to deliver an event
GRACE = timedelta(minutes=5)  # what was promised just now may still be on its way


class Reconciliation:
    """One run. `cancel` and `refund` are the operations that it promises anew."""

    def __init__(
        self,
        connection: Connection,
        till: Till,
        *,
        cancel: Operation[Any, Any],
        refund: Operation[Any, Any],
        dry_run: bool = False,
    ) -> None:
        self.connection = connection
        self.till = till
        self.cancel, self.refund = cancel, refund
        self.dry_run = dry_run
        self.found = JobReport()
        self.adopted: set[str] = set()

    def run(self) -> JobReport:
        """Raises IntegrationError when Stripe does not answer; what was mended until then stays so."""
        theirs = self.look()
        payments = list(drift.to_compare(theirs))
        adopted = theirs.by_payment()
        for number, payment in enumerate(payments):
            progress.report(number, len(payments))
            self.compare(payment, theirs, adopted.get(str(payment.uuid), ""))
        for intent in theirs.intents.values():
            if reading.is_ours(intent) and not Payment.objects.filter(provider_id=intent["id"]).exists():
                self.tell_unknown(intent)
        self.promise_anew()
        return self.found

    def look(self) -> Theirs:
        since = int((timezone.now() - RECENT).timestamp())
        client, lately = self.till.client, {"created": {"gte": since}}
        return Theirs.of(client.intents(since), client.refunds(**lately), client.disputes(**lately))

    # --- what both know -----------------------------------------------------------------------------------------------

    def compare(self, payment: Payment, theirs: Theirs, adopted: str) -> None:
        """Payments without an intent are compared where Stripe has one that was made for them."""
        if not payment.provider_id and not adopted:
            return
        if payment.provider_id and drift.looks_the_same(payment, theirs):
            self.found.count("same")
            return
        try:
            self.mend(payment, payment.provider_id or adopted)
        except errors.Gone:
            self.tell("gone", payment, {"provider_id": (payment.provider_id, "")})

    def mend(self, payment: Payment, intent: str) -> None:
        self.adopted.add(intent)
        ticket = payment.asked + 1 if self.dry_run else ask(payment)
        told = self.till.reported(payment, self.till.client.intent(intent))
        before = drift.standing(payment)
        with transaction.atomic():
            report(payment, told, ticket)
            after = drift.standing(payment)
            transaction.set_rollback(self.dry_run)
        if changes := {name: (before[name], after[name]) for name in before if before[name] != after[name]}:
            self.tell("mended", payment, changes)
        else:
            self.found.count("same")

    def tell(self, kind: str, payment: Payment, changes: dict[str, tuple[str, str]]) -> None:
        self.found.tell(
            {
                "kind": kind,
                "payment": payment.provider_id or str(payment.uuid),
                "fields": {name: {"before": before, "after": after} for name, (before, after) in changes.items()},
            }
        )
        words = "; ".join(f"{name}: {before or '-'} -> {after or '-'}" for name, (before, after) in changes.items())
        self.log(kind, payment.provider_id or str(payment.uuid), words)

    def log(self, kind: str, about: str, words: str) -> None:
        """In the integration's log, and as a line; a missing payment once while it is looked at."""
        if self.dry_run:
            return
        logger.warning("payment differed", kind=kind, payment=about, words=words)
        rows = IntegrationLog.objects.filter(connection=self.connection, operation="reconcile")
        if kind == "mended" or not rows.filter(metadata={"kind": kind, "payment": about}).exists():
            message = f"{about}: {words}"
            gate.log(self.connection, "reconcile", message=message, metadata={"kind": kind, "payment": about})

    # --- what only one of us knows ------------------------------------------------------------------------------------

    def tell_unknown(self, intent: Answer) -> None:
        """An intent of this site without a payment here, or a second one for the same payment. It is nobody's seat."""
        amount = f"{intent['amount']} {intent['currency']}"
        fields = {"status": {"before": "", "after": intent["status"]}, "amount": {"before": "", "after": amount}}
        if intent["id"] in self.adopted:  # it would be known by now, were this no dry run
            return
        self.found.tell({"kind": "unknown", "payment": intent["id"], "fields": fields})
        if not self.dry_run:
            logger.warning("payment unknown", payment=intent["id"], status=intent["status"], amount=amount)
            strangers.meet(self.connection, self.till.client, intent)

    def promise_anew(self) -> None:
        """What should have been promised, and is not: refunds on their way nowhere, payments that nobody cancels."""
        settled = timezone.now() - GRACE
        refunds = Refund.objects.filter(status=Refund.Status.PENDING, provider_id="", created_at__lt=settled)
        payments = Payment.objects.open().filter(created_at__lt=settled).select_related("registration")
        unpaid = [p for p in payments.exclude(status=Payment.Status.PROCESSING) if not is_being_paid(p)]
        self.promise(self.refund, list(refunds.select_related("payment")))
        self.promise(self.cancel, unpaid)

    def promise(self, operation: Operation[Any, Any], subjects: list[Any]) -> None:
        """But not where a promise is open, or dead: that is shown elsewhere, and waits for somebody."""
        if not subjects:
            return
        label = subjects[0]._meta.label_lower
        known = Delivery.objects.filter(
            connection=self.connection,
            operation=operation.name,
            subject_type=label,
            subject_id__in=[subject.pk for subject in subjects],
            state__in=[Delivery.State.PENDING, Delivery.State.IN_FLIGHT, Delivery.State.DEAD],
        )
        covered = set(known.values_list("subject_id", flat=True))
        missing = [subject for subject in subjects if subject.pk not in covered]
        for subject in missing:
            payment = subject.payment if isinstance(subject, Refund) else subject
            self.tell("promised", payment, {operation.name: ("", _("promised anew"))})
        if not self.dry_run:
            self.found.promised += outbox.keep_in_sync(operation, missing)
