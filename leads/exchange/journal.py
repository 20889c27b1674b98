"""Who carried leads, or other rows, in or out, in Django's own log of the admin."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest

from leads.models import Lead


def note(request: HttpRequest, *, file: str, what: str, about: type[Model] = Lead) -> None:
    """A line about all of them, hence about no single one: nobody's name is in it."""
    LogEntry.objects.create(
        user_id=request.user.pk,  # type: ignore[misc] # nobody comes here without having logged in
        content_type=ContentType.objects.get_for_model(about),
        object_repr=file[:200],
        action_flag=CHANGE,
        change_message=what,
    )
