"""What happens in this app. Only `leads.actions` sends, with `send()` and inside its transaction: a receiver that
fails takes the change back with it, and what a receiver writes is committed together with the leads.
"""

from django.dispatch import Signal

# People turned to us: sent once per call of `actions.capture`, for the leads that got a new touchpoint.
# Arguments: sender=Lead, leads=Sequence[Lead] (each lead once, as it is now in the database).
leads_captured = Signal()

# Somebody corrected a lead: sent by `actions.update_details` when at least one value is another one now.
# Arguments: sender=Lead, leads=Sequence[Lead].
leads_changed = Signal()

# Leads were anonymised: sent by `actions.forget` for those that were not forgotten before.
# Arguments: sender=Lead, leads=Sequence[Lead] (already anonymous; `uuid` and `pk` still tell who it was).
leads_forgotten = Signal()
