"""All that happens to bookings. Each is a transaction of its own and locks the consultant's row first."""

from bookings.actions.absence import take_off
from bookings.actions.booking import Client, book, hold, release, release_over
from bookings.actions.changing import cancel, change_details, complete, confirm, mark_no_show, move
from bookings.actions.forgetting import forget
from bookings.actions.outside import (
    mark_checked,
    note_answer,
    note_meeting_url,
    note_problem,
    put_back,
    settle_problem,
    take_over,
)
from bookings.actions.rotation import in_turn
from bookings.actions.slots import HOLD

__all__ = [
    "HOLD",
    "Client",
    "book",
    "cancel",
    "change_details",
    "complete",
    "confirm",
    "forget",
    "hold",
    "in_turn",
    "mark_checked",
    "mark_no_show",
    "move",
    "note_answer",
    "note_meeting_url",
    "note_problem",
    "put_back",
    "release",
    "release_over",
    "settle_problem",
    "take_off",
    "take_over",
]
