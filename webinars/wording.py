"""Money, and what becomes of it, in the words of our pages."""

from datetime import datetime
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads import zones
from webinars.models import Refund, Session
from webinars.money import STORED, minor_digits, parts

REFUNDS = {
    Refund.Status.PENDING: gettext_lazy("%(amount)s are on their way back to you."),
    Refund.Status.SUCCEEDED: gettext_lazy("%(amount)s went back to you; your bank may need some days to show it."),
    Refund.Status.FAILED: gettext_lazy("%(amount)s could not be sent back. We take care of it and write to you."),
}


def money(amount: Decimal, currency: str) -> str:
    """119.00 EUR, 12000 JPY"""
    return f"{number_format(amount, min(minor_digits(currency), STORED))} {currency}"


def vat(gross: Decimal, rate: Decimal, currency: str) -> str:
    """How much of it is tax; `rate` in percent."""
    if not rate:
        return _("without VAT")
    told = {"rate": number_format(f"{rate.normalize():f}"), "amount": money(parts(gross, rate, currency).vat, currency)}
    return _("incl. %(rate)s %% VAT (%(amount)s)") % told


def refund(made: Refund, currency: str) -> str:
    """What became of it; "" where another one took its place."""
    words = REFUNDS.get(Refund.Status(made.status), "")
    return str(words) % {"amount": money(made.amount, currency)} if words else ""


def refund_rules(session: Session, now: datetime) -> list[str]:
    """What somebody who cancels gets back, as far as that still lies ahead."""
    full, partial = (session.days_before(days) for days in (session.full_refund_days, session.partial_refund_days))
    rules = []
    if full > now:
        rules.append(_("Cancel until %(moment)s: you get everything back.") % {"moment": moment(full, session)})
    if partial > max(full, now) and session.partial_refund_percent:
        told = {"moment": moment(partial, session), "percent": session.partial_refund_percent}
        rules.append(_("Cancel until %(moment)s: you get %(percent)s %% back.") % told)
    return [*rules, _("Cancel later: you get nothing back.") if rules else _("Whoever cancels gets nothing back.")]


def moment(when: datetime, session: Session) -> str:
    """On the session's clock, by which its rules count."""
    own = zones.read(when, session.zone)
    return f"{own.day}, {own.time} {own.zone}"
