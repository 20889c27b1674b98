"""Payments that this site had made at Stripe, and that nobody here knows; or a second one for one of ours.

They are nobody's seat. Each is logged once, and money that came by one is told: to operators by an incident, and on the
payment that it was made for.
"""

from decimal import Decimal

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from integrations import gate, incidents
from integrations.models import Connection, Incident, IntegrationLog
from webinars.actions import note_another
from webinars.models import Payment, Refund

from . import reading
from .amounts import from_stripe
from .client import Answer, StripeClient
from .matters import UNKNOWN


def meet(connection: Connection, client: StripeClient, intent: Answer) -> bool:
    """Says whether money of it is with us. Raises IntegrationError."""
    log = logged(connection, intent)
    payment = of_ours(intent)
    subject = payment or log
    if not holds_money(client, intent):
        incidents.close(UNKNOWN, subject)
        if payment:
            note_another(payment, is_there=False)
        return False
    if not was_told(intent):
        if payment:
            note_another(payment, is_there=True)
        with translation.override(settings.LANGUAGE_CODE):
            incidents.report(connection, UNKNOWN, subject, summary(intent, payment))
    return True


def logged(connection: Connection, intent: Answer) -> IntegrationLog:
    """The row that tells of it."""
    about = {"kind": "unknown", "payment": intent["id"]}
    rows = IntegrationLog.objects.filter(connection=connection, operation="reconcile", metadata=about)
    message = f"{intent['id']}: {intent['status']}, {intent['amount']} {intent['currency']}"
    return rows.first() or gate.log(connection, "reconcile", message=message, metadata=about)


def of_ours(intent: Answer) -> Payment | None:
    """The payment that it says it was made for."""
    uuid = reading.payment_of(intent)
    rows = Payment.objects.select_related("registration__session")
    return rows.filter(uuid=uuid).first() if uuid else None


def holds_money(client: StripeClient, intent: Answer) -> bool:
    """One call more where money came: what went back is no part of an intent."""
    received = intent.get("amount_received") or 0
    if not received:
        return False
    refunds = client.refunds(payment_intent=intent["id"])
    made = Refund.Status.SUCCEEDED
    return bool(received > sum(refund["amount"] for refund in refunds if reading.refund_status(refund) == made))


def was_told(intent: Answer) -> bool:
    """Whoever took note of it is not told again, though Stripe goes on telling us."""
    return Incident.objects.filter(kind=UNKNOWN, summary__contains=intent["id"]).exists()


def summary(intent: Answer, payment: Payment | None) -> str:
    money: Decimal = from_stripe(intent["amount_received"], str(intent["currency"]).upper())
    told = {"id": intent["id"], "amount": f"{money} {str(intent['currency']).upper()}"}
    if payment is None:
        return _("%(id)s brought %(amount)s, and nobody here knows what for.") % told
    ours = {"session": payment.registration.session, "ours": payment.provider_id}
    return _("%(id)s brought %(amount)s for a payment that has its own, %(ours)s (%(session)s).") % {**told, **ours}
