"""How sessions are spoken of on pages."""

from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads import zones
from leads.models import Lead
from webinars import wording
from webinars.availability import Availability, State
from webinars.models import Payment, Refund, Registration, Session

register = template.Library()
FEW = 10


@register.inclusion_tag("webinars/time.html", takes_context=True)
def session_time(context: Context, session: Session) -> dict[str, Any]:
    """On the session's own clock, and on the visitor's where that shows something else."""
    zone = str(context.get("visitor_zone", ""))
    differs = zone and not zones.same_clock(session.starts_at, zone, session.zone)
    return {
        "session": session,
        "own": zones.read(session.starts_at, session.zone),
        "theirs": zones.read(session.starts_at, zone) if differs else None,
    }


@register.filter
def price(session: Session) -> str:
    if session.is_free:
        return _("free of charge")
    return wording.money(session.price, session.currency)


@register.filter
def paid(payment: Payment) -> str:
    return wording.money(payment.amount, payment.currency)


@register.filter
def vat(priced: Session | Payment) -> str:
    """How much of it is tax; both carry their own rate."""
    gross = priced.price if isinstance(priced, Session) else priced.amount
    return wording.vat(gross, priced.vat_rate, priced.currency)


@register.filter
def refunded(refund: Refund, payment: Payment) -> str:
    """What became of money that goes back."""
    return wording.refund(refund, payment.currency)


@register.filter
def refund_rules(session: Session) -> list[str]:
    return wording.refund_rules(session, timezone.now())


@register.filter
def seats(offered: Availability) -> str:
    """In words; "" where there is nothing to say."""
    if offered.state in (State.WAITING_LIST, State.FULL):
        return str(offered.state.label)
    if offered.state not in (State.OPEN, State.NOT_YET) or offered.seats_left is None:
        return ""
    if offered.seats_left > FEW:
        return _("Seats available")
    return ngettext("%(seats)d seat left", "%(seats)d seats left", offered.seats_left) % {"seats": offered.seats_left}


@register.filter
def on_the_clock(session: Session, field: str) -> str:
    """A moment of the session, such as when its registration opens, on its own clock."""
    own = zones.read(getattr(session, field), session.zone)
    return f"{own.day}, {own.time} {own.zone}"


@register.filter
def spoken(session: Session) -> str:
    names = dict(Lead.Language.choices)
    return ", ".join(str(names[code]) for code in session.languages)


@register.filter
def held_until(registration: Registration) -> str:
    """On the clock of the person, or on the session's where we do not know theirs."""
    if registration.held_until is None:
        return ""
    own = zones.read(registration.held_until, registration.zone or registration.session.zone)
    return f"{own.day}, {own.time} {own.zone}"
