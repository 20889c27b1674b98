"""What we promise to do at Stripe, and how the connection is tested."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from integrations import outbox
from integrations.models import Drift
from integrations.service import (
    ConnectionReport,
    Incoming,
    IntegrationService,
    JobReport,
    Mode,
    Operation,
    Outcome,
    Part,
    Requirement,
    is_this_machine,
    job,
    operation,
)
from webinars.models import Payment, Refund

from . import comparing, hearing, probe, webhook
from .client import StripeClient
from .promises import cancel, give_back, outcome_of, read
from .reconcile import Reconciliation
from .settings import StripeSettings
from .till import Till

M = TypeVar("M", bound=Model)
DASHBOARD = "https://dashboard.stripe.com"


class StripeService(IntegrationService):
    """Payments by Stripe: one intent for each try to pay, and nothing about cards ever comes here."""

    slug, label, icon = "stripe", gettext_lazy("Stripe"), "payments"
    when_repeated = gettext_lazy(
        "Stripe is asked first what it has already, and a repetition carries its Idempotency-Key: no money moves twice."
    )
    settings_schema = StripeSettings
    settings: StripeSettings

    @classmethod
    def system_of(cls, settings: StripeSettings) -> str:
        return f"{settings.base_url}/{'live' if settings.is_live else 'test'}"

    @classmethod
    def mode_of(cls, settings: StripeSettings) -> Mode:
        if is_this_machine(str(settings.api_url)):
            return Mode.SANDBOX
        return Mode.LIVE if settings.is_live else Mode.TEST

    @cached_property
    def client(self) -> StripeClient:
        return StripeClient(self.settings, self.gate)

    @cached_property
    def till(self) -> Till:
        return Till(self.client, self.settings)

    def till_for(self, promised: Operation[Any, Any]) -> Till:
        """A permission that the key lacks bars this operation, and no other."""
        return Till(StripeClient(self.settings, self.gate, operation=promised.name), self.settings)

    def test_connection(self) -> ConnectionReport:
        """The account, its mode and currency, whether Stripe tells us of payments, and whether that arrives."""
        return probe.report(self)

    def requirements(self) -> list[Requirement]:
        """Live keys, an account that may take payments and an endpoint, as the last test found them."""
        return probe.requirements(self.connection.report, self.settings)

    def page_there(self, row: Model) -> str:
        """A payment in Stripe's dashboard, of the mode that the key is of; the stand-in has none."""
        payment = row.payment if isinstance(row, Refund) else row
        if not isinstance(payment, Payment) or not payment.provider_id or self.mode_of(self.settings) == Mode.SANDBOX:
            return ""
        return f"{DASHBOARD}{'' if self.settings.is_live else '/test'}/payments/{payment.provider_id}"

    # --- what comes in ------------------------------------------------------------------------------------------------

    def receive(self, request: HttpRequest) -> list[Incoming]:
        """Verify by the raw bytes, with the present secret or the one before."""
        return webhook.receive(request, self.settings)

    def process(self, event: Incoming) -> bool:
        """Read the payment that it is about from Stripe; the event itself is believed nothing."""
        intent = event.payload.get("payment_intent")
        if event.type not in webhook.TYPES or not isinstance(intent, str):
            return False
        event.about = hearing.known(intent)
        is_ours = hearing.hear(self.connection, self.till, intent)
        event.about = event.about or hearing.known(intent)
        return is_ours

    # --- what is promised ---------------------------------------------------------------------------------------------

    @operation(label=gettext_lazy("Cancel payments"), batch_size=20, queue="fast", priority=5)
    def cancel_payments(self, payments: Sequence[Payment]) -> Iterator[tuple[Sequence[Payment], Outcome]]:
        """See to it that a payment whose seat is wanted back cannot be paid any more; safe to repeat."""
        till = self.till_for(StripeService.cancel_payments)
        for payment in payments:
            yield [payment], outcome_of(lambda: cancel(till, payment))  # noqa: B023

    @operation(label=gettext_lazy("Refunds"), batch_size=20, queue="fast", priority=5)
    def push_refunds(self, refunds: Sequence[Refund]) -> Iterator[tuple[Sequence[Refund], Outcome]]:
        """Give money back, each refund once; safe to repeat."""
        till = self.till_for(StripeService.push_refunds)
        for refund in refunds:
            yield [refund], outcome_of(lambda: give_back(till, refund))  # noqa: B023

    @operation(label=gettext_lazy("Compare payments with Stripe"), batch_size=20, queue="fast")
    def read_payments(self, payments: Sequence[Payment]) -> Iterator[tuple[Sequence[Payment], Outcome]]:
        """Take over what Stripe says now of payments; safe to repeat."""
        till = self.till_for(StripeService.read_payments)
        for payment in payments:
            yield [payment], outcome_of(lambda: read(till, payment))  # noqa: B023

    @job(every=timedelta(minutes=15), command="reconcile-payments", label=gettext_lazy("Reconcile payments"))
    def reconcile(self, *, dry_run: bool = False) -> JobReport:
        """Compare open and recent payments with Stripe, and mend what differs; a dry run only tells."""
        run = Reconciliation(
            self.connection,
            Till(StripeClient(self.settings, self.gate, patient=True), self.settings),
            cancel=StripeService.cancel_payments,
            refund=StripeService.push_refunds,
            dry_run=dry_run,
        )
        return run.run()

    def compare(self) -> Iterator[Part]:
        """Payments of the last weeks, and seats that nobody has paid for."""
        yield from comparing.parts(StripeClient(self.settings, self.gate, patient=True))

    def mend(self, drift: Drift, subject: Model) -> None:
        """Stripe is right about money: it is read once more."""
        assert isinstance(subject, Payment)
        outbox.keep_in_sync(StripeService.read_payments, [subject])
