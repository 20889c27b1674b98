"""All letters, by name."""

from typing import Any

from .base import Letter
from .bookings import BookingCancelled, BookingConfirmation, BookingMoved
from .composing import compose, preview
from .payments import PaymentFailed, Refund
from .staff import IntegrationAlert, IntegrationRecovered, TestLetter
from .webinars import RegistrationCancelled, WaitingListPlace, WebinarRegistration, WebinarReminder

LETTERS: dict[str, type[Letter[Any]]] = {
    letter.name: letter
    for letter in (
        BookingConfirmation,
        BookingMoved,
        BookingCancelled,
        WebinarRegistration,
        WebinarReminder,
        WaitingListPlace,
        RegistrationCancelled,
        PaymentFailed,
        Refund,
        IntegrationAlert,
        IntegrationRecovered,
        TestLetter,
    )
}

__all__ = ["LETTERS", "Letter", "compose", "preview"]
