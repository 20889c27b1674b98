"""Where other systems tell us something."""

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pydantic import ValidationError

from . import errors, inbox, registry
from .models import Connection

LARGEST_BODY = 1_000_000  # bytes
# What it takes to verify, and no more: whoever tells us something waits for this.
OF_CONNECTION = ("owner", "secrets", "memory", "rotated_at")
OF_INTEGRATION = ("integration__slug", "integration__enabled", "integration__settings")
LISTENING = (
    Connection.objects.select_related("integration")
    .only(*OF_CONNECTION, *OF_INTEGRATION)
    .filter(integration__enabled=True, owner="")
)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, integration: str) -> HttpResponse:
    """Verify, store, answer. 400 for what is forged or unreadable, 404 for an integration that is not in use.

    503, so that they send it again later, while settings are missing.
    """
    service = registry.services().get(integration)
    if service is None:
        raise Http404
    connection = get_object_or_404(LISTENING, integration__slug=integration)
    if is_too_large(request):
        return HttpResponse("The body is too large.", status=413)
    try:
        events = service(connection).receive(request)
    except errors.IntegrationError as error:
        return HttpResponse(error.message, status=400, content_type="text/plain")
    except ValidationError:
        return HttpResponse("Not set up yet.", status=503, content_type="text/plain")
    inbox.accept(connection.integration, events)
    return HttpResponse(status=200)


def is_too_large(request: HttpRequest) -> bool:
    """By what was read, not by what Content-Length claims; Django itself stops reading at 2.5 MB."""
    try:
        return len(request.body) > LARGEST_BODY
    except RequestDataTooBig:
        return True
