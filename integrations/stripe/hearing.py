"""Which of our payments an event is about."""

from integrations import errors
from integrations.models import Connection
from webinars.models import Payment

from . import reading, strangers
from .till import Till, unknown

OVER = ("succeeded", "canceled")  # nothing more comes of these


def hear(connection: Connection, till: Till, intent: str) -> bool:
    """Take over what Stripe says now of that payment; False for one that is no concern of ours.

    Raises Rejected for one that we should know, and do not: it becomes nobody's seat, and an operator sees it.
    """
    payment = known(intent)
    if payment:
        till.read(payment)
        return True
    try:
        told = till.client.intent(intent)
    except errors.Gone:
        return False
    if not reading.is_ours(told):
        return False
    uuid = reading.payment_of(told)
    found = Payment.objects.select_related("registration").filter(uuid=uuid, provider_id="") if uuid else None
    payment = found.first() if found else None
    if payment:
        till.read(payment, intent)
    elif strangers.meet(connection, till.client, told) or told["status"] not in OVER:
        raise unknown(intent)  # of two intents for one payment, only the first is ours
    return True


def known(intent: str) -> Payment | None:
    return Payment.objects.select_related("registration").filter(provider_id=intent).first()
