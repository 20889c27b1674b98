"""What about payments needs somebody: an incident of Stripe's connection for each, until it is over or noted.

Told in the language of the firm: whoever is on the page just now may read another. Names no person.
"""

from collections.abc import Collection, Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from integrations import incidents
from integrations.models import Connection
from webinars.models import Payment

Notice = Payment.Notice
KINDS = {Notice.MISMATCH: "payment_mismatch", Notice.DISPUTE: "dispute", Notice.SEAT_LOST: "seat_lost"}
UNKNOWN = "unknown_payment"


def open_for(notice: Payment.Notice, payments: Sequence[Payment]) -> None:
    own = Connection.objects.get(integration__slug="stripe", owner="")
    with translation.override(settings.LANGUAGE_CODE):
        for payment in payments:
            incidents.report(own, KINDS[notice], payment, summary(notice, payment))


def close_for(notices: Collection[str], payments: Sequence[Payment]) -> None:
    for payment in payments:
        for notice in notices:
            if kind := KINDS.get(Notice(notice)):
                incidents.close(kind, payment)


def summary(notice: Payment.Notice, payment: Payment) -> str:
    told = {
        "amount": payment,
        "session": payment.registration.session,
        "receipt": payment.receipt_number,
        "id": payment.provider_id,
    }
    if notice == Notice.MISMATCH:
        return f"{payment.problem} ({payment.registration.session})"
    if notice == Notice.DISPUTE:
        return _("%(amount)s are disputed (%(session)s, receipt %(receipt)s, %(id)s).") % told
    return _("%(amount)s came when the seat was gone (%(session)s, receipt %(receipt)s, %(id)s).") % told
