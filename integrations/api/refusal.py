"""No, and what is known beyond the reason."""

from typing import Any

from django.utils.translation import gettext as _
from ninja.errors import HttpError
from pydantic import ValidationError

from integrations import complaints, registry
from integrations.models import Integration


class Refusal(HttpError):
    """`details` are told beside the message: fields, report, run."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(status, message)
        self.details = details


def incomplete(error: ValidationError) -> Refusal:
    return Refusal(409, _("Settings are incomplete."), fields=complaints.by_field(error))


def integration_called(name: str) -> Integration:
    """Raises a 404 for one that is not installed."""
    if name not in registry.services():
        raise Refusal(404, _("There is no integration of this name."))
    return Integration.objects.get(slug=name)
