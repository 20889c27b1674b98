"""Payments at Stripe: begun, read, cancelled and refunded there, and each time told to the domain what Stripe says now.

A ticket is drawn before Stripe is asked, so that of two answers which cross each other the later question counts.
"""

from datetime import timedelta
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext as _

from integrations import errors
from leads.links import FALLBACK
from webinars.actions import ask, report
from webinars.models import Payment, Refund
from webinars.payments import Reported, State

from . import reading
from .client import Answer, OtherState, StripeClient, keyed
from .settings import StripeSettings

A_DAY = timedelta(days=1)  # more than any clock is wrong


class Till:
    """All of it raises IntegrationError."""

    def __init__(self, client: StripeClient, settings: StripeSettings) -> None:
        self.client = client
        self.settings = settings

    # --- money coming in ----------------------------------------------------------------------------------------------

    def open(self, payment: Payment) -> Answer:
        """The payment's intent as it is now, made if there is none yet; the same however often somebody presses."""
        ticket = ask(payment)
        intent = self.intent(payment)
        self.tell(payment, intent, ticket)
        return intent

    def read(self, payment: Payment, intent: str = "") -> bool:
        """Tell the domain what Stripe says of the payment; of `intent`, where the payment's own is not known yet."""
        ticket = ask(payment)
        return self.tell(payment, self.client.intent(intent or payment.provider_id), ticket)

    def cancel(self, payment: Payment) -> None:
        """Nobody can pay it any more; if somebody had already, that is what the domain hears."""
        ticket = ask(payment)
        try:
            intent = self.cancelled(payment)
        except (errors.Rejected, errors.Gone):  # nothing is there that could be paid
            report(payment, self.nothing(payment), ticket)
            raise
        if not self.tell(payment, intent, ticket):  # a read that began after us ended before us, and knows less
            self.read(payment, intent["id"])

    def cancelled(self, payment: Payment) -> Answer:
        known = payment.provider_id or str(self.intent(payment)["id"])
        try:
            return self.client.cancel_intent(known)
        except OtherState:
            return self.client.intent(known)

    def intent(self, payment: Payment) -> Answer:
        """Where the answer to its creation was lost, creating it again gives the same answer."""
        if payment.provider_id:
            return self.client.intent(payment.provider_id)
        parameters = reading.intent_for(payment, self.settings.statement_descriptor)
        return keyed(
            f"payment-{payment.uuid}",
            lambda key: self.client.create_intent(key, parameters),
            lambda: self.find_intent(payment),
            since=payment.created_at,
        )

    def find_intent(self, payment: Payment) -> Answer | None:
        made = self.client.intents(int((payment.created_at - A_DAY).timestamp()))
        return next((intent for intent in made if reading.payment_of(intent) == payment.uuid), None)

    # --- money going back ---------------------------------------------------------------------------------------------

    def refund(self, refund: Refund) -> None:
        """Give it back, once, and tell the domain how the payment stands then; also where Stripe refuses."""
        payment = refund.payment
        try:
            if not refund.provider_id:
                self.create_refund(refund)
        finally:
            self.read(payment)

    def create_refund(self, refund: Refund) -> Answer:
        parameters = reading.refund_for(refund)
        return keyed(
            f"refund-{refund.uuid}",
            lambda key: self.client.create_refund(key, parameters),
            lambda: self.find_refund(refund),
            since=refund.created_at,
        )

    def find_refund(self, refund: Refund) -> Answer | None:
        made = self.client.refunds(payment_intent=refund.payment.provider_id)
        return next((found for found in made if reading.uuid_in(found, "refund") == refund.uuid), None)

    # --- what the domain hears ----------------------------------------------------------------------------------------

    def tell(self, payment: Payment, intent: Answer, ticket: int) -> bool:
        """Says whether that was news."""
        return report(payment, self.reported(payment, intent), ticket)

    def reported(self, payment: Payment, intent: Answer) -> Reported:
        """Two calls more where money came in: refunds are no part of an intent, and disputes not of a charge."""
        paid = bool(intent.get("amount_received"))
        disputed = reading.charge_of(intent).get("disputed")
        refunds = self.client.refunds(payment_intent=intent["id"]) if paid else ()
        disputes = self.client.disputes(payment_intent=intent["id"]) if disputed else ()
        with translation.override(payment.registration.language or FALLBACK):
            return reading.reported(intent, refunds, disputes, expected_live=self.settings.is_live)

    def nothing(self, payment: Payment) -> Reported:
        """What is to be said of a payment that is not there, and never will be."""
        return Reported(
            provider_id=payment.provider_id,
            payment=payment.uuid,
            state=State.CANCELLED,
            amount=payment.amount,
            received=Decimal(0),
            currency=payment.currency,
            live=self.settings.is_live,
            expected_live=self.settings.is_live,
            disputed=False,
        )


def unknown(intent: str) -> errors.Rejected:
    return errors.Rejected(_("Stripe tells of a payment that nobody here knows: %(id)s.") % {"id": intent})
