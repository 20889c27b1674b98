"""All letters, by name.

A new one is a context and a class beside its kin, three templates in templates/email/<name>/, a line in the list below
and one in the service.
"""

from typing import Any

from .base import Letter
from .bookings import (
    BookingCancelled,
    BookingConfirmation,
    BookingMeetingLink,
    BookingMoved,
    BookingReminder,
    BookingRequested,
)
from .composing import compose, in_use, preview
from .consultants import (
    ConsultantBooking,
    ConsultantCancelled,
    ConsultantMoved,
    ConsultantReminder,
    ConsultantRequest,
)
from .digest import MorningDigest
from .incidents import IntegrationAlert, IntegrationEscalated, IntegrationRecovered
from .payments import PaymentDue, PaymentFailed, Receipt, Refund
from .staff import TestLetter
from .waiting import WaitingList, WaitingListPlace
from .webinar_message import WebinarMessage
from .webinars import (
    RegistrationCancelled,
    WebinarMoved,
    WebinarRegistration,
    WebinarReminder,
)
from .whitepapers import DoubleOptIn, WhitepaperDelivery

_ALL: list[type[Letter[Any]]] = [
    BookingRequested,
    BookingConfirmation,
    BookingMeetingLink,
    BookingMoved,
    BookingReminder,
    BookingCancelled,
    ConsultantRequest,
    ConsultantBooking,
    ConsultantMoved,
    ConsultantReminder,
    ConsultantCancelled,
    WebinarRegistration,
    WebinarMoved,
    WebinarReminder,
    WebinarMessage,
    WaitingList,
    WaitingListPlace,
    RegistrationCancelled,
    PaymentDue,
    PaymentFailed,
    Receipt,
    Refund,
    WhitepaperDelivery,
    DoubleOptIn,
    IntegrationAlert,
    IntegrationEscalated,
    IntegrationRecovered,
    MorningDigest,
    TestLetter,
]
LETTERS = {letter.name: letter for letter in _ALL}

__all__ = [
    "LETTERS",
    "BookingCancelled",
    "BookingConfirmation",
    "BookingMeetingLink",
    "BookingMoved",
    "BookingReminder",
    "BookingRequested",
    "ConsultantBooking",
    "ConsultantCancelled",
    "ConsultantMoved",
    "ConsultantReminder",
    "ConsultantRequest",
    "DoubleOptIn",
    "IntegrationAlert",
    "IntegrationEscalated",
    "IntegrationRecovered",
    "Letter",
    "MorningDigest",
    "PaymentDue",
    "PaymentFailed",
    "Receipt",
    "Refund",
    "RegistrationCancelled",
    "TestLetter",
    "WaitingList",
    "WaitingListPlace",
    "WebinarMessage",
    "WebinarMoved",
    "WebinarRegistration",
    "WebinarReminder",
    "WhitepaperDelivery",
    "compose",
    "in_use",
    "preview",
]
