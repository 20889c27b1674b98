"""What we teach, when, who comes, and who pays."""

from webinars.models.registration import Payment, Registration
from webinars.models.session import Reminded, ReminderRule, Session
from webinars.models.topic import Topic

__all__ = ["Payment", "Registration", "Reminded", "ReminderRule", "Session", "Topic"]
