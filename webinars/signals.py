"""What happens in this app. Only `webinars.actions` and `webinars.reminders` send, with `send()` and inside their
transaction: a receiver that fails takes the change back with it, and what a receiver writes is committed together with
it.

All that speak of registrations: sender=Registration, registrations=Sequence[Registration] (`session` is loaded).
All that speak of sessions: sender=Session, sessions=Sequence[Session].
"""

from django.dispatch import Signal

# People have a seat: they registered for a free session, paid, or accepted a free seat.
registrations_confirmed = Signal()

# People registered when there was no seat for them, or others were waiting already.
registrations_waitlisted = Signal()

# People for whom a seat is held until they pay registered once more: they are looking for the way to pay.
payments_awaited = Signal()

# A seat is held for people from the waiting list, until `held_until`.
seats_offered = Signal()

# People gave their seat or place up, or declined an offer; or all of a session that was cancelled, which
# `sessions_cancelled` tells first.
registrations_cancelled = Signal()

# People neither paid nor accepted in time.
registrations_expired = Signal()

# People corrected what they told about themselves.
registrations_changed = Signal()

# It is known who came. Argument besides: attended=bool.
registrations_attended = Signal()

# People were made unrecognisable; whoever of them still had a seat ahead gave it up (not told once more as cancelled).
registrations_forgotten = Signal()

# Operators wrote to people who have a seat in one session. Argument besides: message=Message.
registrations_messaged = Signal()

# Sessions are open to the public.
sessions_published = Signal()

# A session that takes place (one at a time) is described otherwise. Argument besides: moved=bool (it starts or ends at
# another time).
sessions_changed = Signal()

# Sessions do not take place.
sessions_cancelled = Signal()

# The time of a reminder has come for people of one session who have a seat. Argument besides: rule=ReminderRule.
# Sent by `webinars.reminders`, once for each session, start and time before it.
reminders_due = Signal()

# All that speak of payments: sender=Payment, payments=Sequence[Payment]; of refunds: sender=Refund,
# refunds=Sequence[Refund] (`payment` is loaded). `registration.session` is loaded in both.

# Money came, and its registration has the seat.
payments_succeeded = Signal()

# A bank declined what it had been processing: the payers are on no page any more. They may pay again until
# `held_until`.
payments_failed = Signal()

# Nobody wants these any more: their seat was given up, or is about to be taken back. The provider has to cancel them.
payments_abandoned = Signal()

# What the provider has differs from what we asked for, as `problem` says. Such money confirms nothing.
payments_mismatched = Signal()

# Payers deny a payment at their bank. Their seats stay.
payments_disputed = Signal()

# What was told of these, as `notices` name it, needs nobody any more: it agrees again, the dispute is over, or somebody
# has looked at it. Argument besides: notices=Collection[Payment.Notice].
payments_cleared = Signal()

# Money came when its seat was gone; it goes back in full.
seats_lost = Signal()

# Money has to go back.
refunds_requested = Signal()

# Money went back.
refunds_made = Signal()
