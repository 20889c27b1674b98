"""What we ask the outside while a visitor waits. Which class answers is named by the setting `WEBINARS_PAYMENTS`."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from webinars.errors import PaymentsUnavailable
from webinars.models import Registration


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where and how a registration is paid."""

    amount: Decimal
    currency: str
    client_secret: str | None  # none while the provider does not answer: the page at `url` tries again
    url: str


@dataclass(frozen=True, slots=True)
class PaymentForm:
    """What our payment page needs to show the provider's own form in it. Nothing of it is secret.

    The origins, such as "https://js.provider.example", are all that the page lets the browser talk to besides us.
    """

    script_url: str
    publishable_key: str
    script_origins: tuple[str, ...]
    frame_origins: tuple[str, ...]
    connect_origins: tuple[str, ...]


class Payments(Protocol):
    def check(self) -> None:
        """Raise `PaymentsUnavailable` where nobody can pay. Asks our own settings only, never the provider."""

    def form(self) -> PaymentForm:
        """Asks our own settings only, never the provider. Raises `PaymentsUnavailable` where nobody can pay."""

    def start(self, registration: Registration) -> Checkout:
        """Begin the payment of a seat that is held. Called outside of transactions; the same again for the same seat.

        Raises `PaymentsUnavailable`, and what `actions.begin_payment` raises.
        """

    def refresh(self, registration: Registration) -> None:
        """Look at once how its payment stands, for who comes back from their bank. Called outside of transactions.

        Asks the provider now and then only, and leaves everything as it is where that does not answer.
        """


class NoPayments:
    """While nobody takes money, only free sessions can be attended."""

    def check(self) -> None:
        raise PaymentsUnavailable

    def form(self) -> PaymentForm:
        raise PaymentsUnavailable

    def start(self, registration: Registration) -> Checkout:
        raise PaymentsUnavailable

    def refresh(self, registration: Registration) -> None:
        """Nobody knows more."""


def payments() -> Payments:
    chosen = import_string(getattr(settings, "WEBINARS_PAYMENTS", "webinars.ports.NoPayments"))
    return cast(Payments, chosen())
