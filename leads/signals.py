"""What happens in this app. Only `leads.actions` sends, with `send()` and inside its transaction: a receiver that
fails takes the change back with it, and what a receiver writes is committed together with the leads.
"""

from django.dispatch import Signal

# People turned to us: sent once per call of `actions.capture`, for the leads that got a new touchpoint.
# Arguments: sender=Lead, leads=Sequence[Lead] (each lead once, as it is now in the database).
leads_captured = Signal()

# People wait for the whitepaper that they asked for: sent by `actions.capture` for what is new among captures that
# expect an answer (the form's and the API's; an import's do not).
# Arguments: sender=Touchpoint, touchpoints=Sequence[Touchpoint] (`lead` and `whitepaper` are loaded).
whitepapers_requested = Signal()

# A tick waits for its confirmation by e-mail: sent by `actions.capture` for what is new among captures that expect an
# answer, and by `actions.ask_for_confirmation`; never for leads whose consent is confirmed.
# Arguments: sender=Consent, consents=Sequence[Consent] (`lead` is loaded).
consents_requested = Signal()

# A lead is another one now: sent by `actions.update_details` when somebody corrected it, by `confirm_consent` and
# `withdraw_consent` when its `marketing_consent` turned.
# Arguments: sender=Lead, leads=Sequence[Lead].
leads_changed = Signal()

# Leads were anonymised: sent by `actions.forget` for those that were not forgotten before.
# Arguments: sender=Lead, leads=Sequence[Lead] (already anonymous; `uuid` and `pk` still tell who it was).
leads_forgotten = Signal()
