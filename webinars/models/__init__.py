"""What we teach, when, who comes, and who pays."""

from webinars.models.message import Message
from webinars.models.payment import Payment, ReceiptCounter, Refund
from webinars.models.registration import Registration
from webinars.models.session import Reminded, ReminderRule, Session
from webinars.models.topic import Topic

__all__ = [
    "Message",
    "Payment",
    "ReceiptCounter",
    "Refund",
    "Registration",
    "Reminded",
    "ReminderRule",
    "Session",
    "Topic",
]
