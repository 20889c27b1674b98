"""What the core itself hears from the domain."""

from django.dispatch import receiver

from leads.signals import leads_forgotten

from . import runs


@receiver(leads_forgotten)
def forget_what_dry_runs_found(sender: type, **kwargs: object) -> None:
    runs.forget_changes()
