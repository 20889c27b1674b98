"""What needs a human about payments and bookings, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webinars.models import Payment


def about_money(notice: str, n: int) -> str:
    if notice == Payment.Notice.MISMATCH:
        return ngettext(
            "What was paid differs from what was asked for, and confirms nothing. Compare it with the provider.",
            "%(n)s payments differ from what was asked for, and confirm nothing. Compare them with the provider.",
            n,
        )
    if notice == Payment.Notice.DISPUTE:
        return ngettext(
            "A payment is disputed. Answer at the provider before its time is over; the seat stays.",
            "%(n)s payments are disputed. Answer at the provider before their time is over; the seats stay.",
            n,
        )
    if notice == Payment.Notice.SEAT_LOST:
        return ngettext(
            "Somebody paid when the seat was gone: the money goes back, and the person was told.",
            "%(n)s people paid when their seats were gone: the money goes back, and they were told.",
            n,
        )
    if notice == Payment.Notice.ANOTHER:
        return ngettext(
            "The provider has money of another payment for one of ours. Send it back there.",
            "The provider has money of other payments for %(n)s of ours. Send it back there.",
            n,
        )
    return ngettext(
        "A refund failed: the money is still here. Look at the reason, then send it another way.",
        "Refunds of %(n)s payments failed: the money is still here. Look at the reasons, then send it another way.",
        n,
    )


def about_meetings(kind: str, n: int) -> tuple[str, str]:
    """What it is, and what the button says."""
    if kind == "troubled":
        said = ngettext(
            "One booking does not agree with the calendar. Decide what counts.",
            "%(n)s bookings do not agree with the calendar. Decide what counts.",
            n,
        )
        return said, _("Decide")
    if kind == "asked_for":
        said = ngettext(
            "One booking waits to be confirmed, and its client for an answer.",
            "%(n)s bookings wait to be confirmed, and their clients for an answer.",
            n,
        )
        return said, _("Look and confirm")
    said = ngettext(
        "One booking was made while the calendar could not be asked. It is checked as soon as the calendar answers.",
        "%(n)s bookings were made while the calendar could not be asked. They are checked as soon as it answers.",
        n,
    )
    return said, _("Look at it")
