"""What happens in this app. Only `bookings.actions` and `bookings.reminders` send, with `send()` and inside their
transaction: a receiver that fails takes the change back with it, and what a receiver writes is committed together with
it.

All: sender=Booking, bookings=Sequence[Booking] (`consultant` is loaded).
"""

from django.dispatch import Signal

# Clients asked for a meeting that somebody must confirm.
bookings_requested = Signal()

# Meetings are agreed.
bookings_confirmed = Signal()

# A meeting that was agreed or asked for is at another time. Argument besides: before=datetime, its former start.
bookings_moved = Signal()

# Clients corrected what they told about themselves.
bookings_changed = Signal()

# Meetings do not take place.
bookings_cancelled = Signal()

# Clients were made unrecognisable; whatever was still ahead of them is cancelled (not told once more as that).
bookings_forgotten = Signal()

# Something outside does not agree with these bookings: `problem` says what; somebody must decide.
bookings_troubled = Signal()

# What was done to these bookings outside is to be undone there.
bookings_put_back = Signal()

# Where people meet is known now (`meeting_url`), or is another place than before.
meeting_links_known = Signal()

# The time of a reminder has come for meetings that are agreed. Argument besides: rule=ReminderRule.
# Sent by `bookings.reminders`, once for each booking, start and time before it.
booking_reminders_due = Signal()
