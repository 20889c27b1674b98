"""What we teach, when, who comes, and who pays."""

from webinars.models.message import Message
from webinars.models.registration import Payment, Registration
from webinars.models.session import Reminded, ReminderRule, Session
from webinars.models.topic import Topic

__all__ = ["Message", "Payment", "Registration", "Reminded", "ReminderRule", "Session", "Topic"]
