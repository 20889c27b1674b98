"""What we ask whoever takes the money, so that a seat that is held can be paid."""

from webinars.errors import PaymentsUnavailable
from webinars.models import Registration
from webinars.ports import Checkout, PaymentForm, payments


def start(registration: Registration) -> Checkout | None:
    """None while nobody answers for payments: the seat stays held, and its page offers to try again.

    Raises what `begin_payment` does where the seat was paid or lost meanwhile.
    """
    try:
        return payments().start(registration)
    except PaymentsUnavailable:
        return None


def form() -> PaymentForm | None:
    """None where nobody takes money, or not any more."""
    try:
        return payments().form()
    except PaymentsUnavailable:
        return None


def refresh(registration: Registration) -> None:
    """Have the provider asked how the payment went; silent where nobody can tell."""
    payments().refresh(registration)
