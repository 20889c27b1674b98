"""Starting the payment of a seat that is held."""

from webinars.errors import PaymentsUnavailable
from webinars.models import Registration
from webinars.ports import Checkout, payments


def start(registration: Registration) -> Checkout | None:
    """None while nobody answers for payments: the seat stays held, and its page offers to try again."""
    try:
        return payments().start(registration)
    except PaymentsUnavailable:
        return None
