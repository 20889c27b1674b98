"""Everything that happens to webinars. Nothing else writes them.

Locks are taken in one order: leads (by address, as `leads.actions` does), then sessions (by id), then nothing more:
whoever holds a session's lock may change its registrations and payments, and nobody else may. An action takes what it
decides upon from the database once it holds the lock; the objects that it was given are brought up to date.

An action writes a registration's row once. PostgreSQL checks what a row refers to anew when the same transaction
writes it a second time, and that would lock the lead after the session.
"""

from webinars.actions.forgetting import forget
from webinars.actions.messages import send_message
from webinars.actions.payments import ask, begin_payment, note_another, report, see
from webinars.actions.refunds import refuse_refund, request_refund
from webinars.actions.registering import Registered, Registrant, register
from webinars.actions.registrations import (
    accept_offer,
    cancel,
    decline_offer,
    expire,
    mark_attendance,
    update_registration,
)
from webinars.actions.seats import HOLD, OFFER, offer_free_seats
from webinars.actions.sessions import (
    cancel_session,
    change_session,
    clone_session,
    complete_session,
    create_session,
    publish_session,
)
from webinars.actions.topics import change_topics, create_topics

__all__ = [
    "HOLD",
    "OFFER",
    "Registered",
    "Registrant",
    "accept_offer",
    "ask",
    "begin_payment",
    "cancel",
    "cancel_session",
    "change_session",
    "change_topics",
    "clone_session",
    "complete_session",
    "create_session",
    "create_topics",
    "decline_offer",
    "expire",
    "forget",
    "mark_attendance",
    "note_another",
    "offer_free_seats",
    "publish_session",
    "refuse_refund",
    "register",
    "report",
    "request_refund",
    "see",
    "send_message",
    "update_registration",
]
