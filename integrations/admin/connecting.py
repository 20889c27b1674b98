"""Connect an account by signing in at the other side: a page that says what will happen, and the way back."""

import re
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from integrations import configuration, errors, signing_in, trigger
from integrations.models import Connection, Integration
from integrations.service import IntegrationService

from . import panel

if TYPE_CHECKING:
    from .base import VerbsAdmin

A_WORD = re.compile(r"[a-z_]{1,40}")


def connect(model_admin: "VerbsAdmin", request: HttpRequest, pk: int, account: int) -> HttpResponse:
    """Whose account it will be, and a link to the other side. Looking at it begins nothing there."""
    if not model_admin.has_configure_permission(request):
        raise PermissionDenied
    connection = get_object_or_404(
        Connection.objects.in_use().select_related("integration"), pk=account, integration=pk
    )
    if not signing_in.signs_in(connection.integration.slug):
        raise Http404
    service = configuration.service_on(connection, forced=True)
    if service is None:
        messages.error(request, _("Settings are missing: enter and save them first, then connect."))
        return back(connection.integration)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{panel.name(connection.integration)}: {connection.owner or _('for all')}",
        "opts": model_admin.opts,
        "connection": connection,
        "name": panel.name(connection.integration),
        "url": signing_in.begin(request.session, service),
        "redirect_uri": signing_in.redirect_uri(service.slug),
    }
    return TemplateResponse(request, "admin/integrations/connect.html", context)


def connected(model_admin: "VerbsAdmin", request: HttpRequest, integration: str) -> HttpResponse:
    """The way back from the other side. What it brings is out of the address bar at once."""
    if not model_admin.has_configure_permission(request):
        raise PermissionDenied
    row = get_object_or_404(Integration, slug=integration)
    if not signing_in.signs_in(row.slug):
        raise Http404
    begun = signing_in.take(request.session, request.GET.get("state", ""))
    service = begun and service_of(row, begun.connection)
    if not begun or not service:
        said = _("This sign-in was not begun in this session, or too long ago. Nothing was stored: begin again.")
        messages.error(request, said)
    elif error := request.GET.get("error", ""):
        messages.warning(request, refusal(error))
    else:
        take_code(request, service, begun)
    return back(row)


def service_of(integration: Integration, connection: int) -> IntegrationService | None:
    """None where the account was removed meanwhile."""
    row = (
        Connection.objects.in_use().select_related("integration").filter(pk=connection, integration=integration).first()
    )
    return configuration.service_on(row, forced=True) if row else None


def refusal(error: str) -> str:
    if error == "access_denied":
        return _("The permission was refused there. Nothing was stored, and nothing has changed.")
    word = error if A_WORD.fullmatch(error) else "?"
    return _("The sign-in was broken off there (%(error)s). Nothing was stored.") % {"error": word}


def take_code(request: HttpRequest, service: IntegrationService, begun: signing_in.Begun) -> None:
    with trigger.triggered("admin", request.user.pk):
        try:
            signing_in.finish(service, begun, request.GET.get("code", ""))
        except errors.IntegrationError as error:
            said = _("The sign-in failed: %(reason)s Nothing was stored.")
            messages.error(request, said % {"reason": error.message})
            return
    said = _("“%(owner)s” is connected. Test it.") % {"owner": service.connection.owner or service.label}
    messages.success(request, said)


def back(integration: Integration) -> HttpResponse:
    return redirect("admin:integrations_integration_change", integration.pk)
