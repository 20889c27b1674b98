"""What happens in the machinery. Sent with `send()`, inside the transaction that writes it.

All that speak of incidents: sender=Incident, incidents=Sequence[Incident] (`connection.integration` is loaded).
"""

from django.dispatch import Signal

# Something needs somebody, and nobody was alerted yet.
incidents_opened = Signal()

# It is over by itself.
incidents_closed = Signal()
