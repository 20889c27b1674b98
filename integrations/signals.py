"""What happens in the machinery. Sent with `send()`, inside the transaction that writes it.

Those that speak of incidents: sender=Incident, incidents=Sequence[Incident] (`connection.integration` is loaded).
"""

from django.dispatch import Signal

# Something needs somebody, and nobody was alerted yet.
incidents_opened = Signal()

# Nobody has taken note of it for too long.
incidents_escalated = Signal()

# It is over by itself.
incidents_closed = Signal()

# It is the hour of the morning letter; sender=User, users=Sequence[User] who asked for it and have something to read,
# day=date, over_at=datetime when it is too late for it.
mornings_came = Signal()
