"""Further accounts of an integration: add one, change it, disconnect it. The form is made of what its schema adds."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from integrations import configuration, signing_in, trigger
from integrations.models import Connection, Integration

from . import connecting, panel
from .forms import account_form_for

if TYPE_CHECKING:
    from .base import VerbsAdmin


def urls(model_admin: "VerbsAdmin") -> list[URLPattern]:
    def guarded(view: Any) -> Any:
        return model_admin.admin_site.admin_view(sensitive_post_parameters()(partial(view, model_admin)))

    named = model_admin.url_name
    return [
        path("<int:pk>/accounts/add/", guarded(add), name=named("account_add")),
        path("<int:pk>/accounts/<int:account>/", guarded(change), name=named("account_change")),
        path("<int:pk>/accounts/<int:account>/remove/", guarded(remove), name=named("account_delete")),
        path("<int:pk>/accounts/<int:account>/connect/", guarded(connecting.connect), name=named("account_connect")),
        path("connected/<slug:integration>/", guarded(connecting.connected), name=named("connected")),
    ]


def add(model_admin: "VerbsAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk)
    return edit(model_admin, request, Connection(integration=integration))


def change(model_admin: "VerbsAdmin", request: HttpRequest, pk: int, account: int) -> HttpResponse:
    return edit(model_admin, request, found(pk, account))


def found(pk: int, account: int) -> Connection:
    rows = Connection.objects.accounts().select_related("integration")
    return get_object_or_404(rows, pk=account, integration=pk)


def edit(model_admin: "VerbsAdmin", request: HttpRequest, connection: Connection) -> HttpResponse:
    """GET shows the form, POST saves it."""
    if not model_admin.has_configure_permission(request):
        raise PermissionDenied
    try:
        form_class = account_form_for(connection)
    except LookupError:
        raise Http404 from None
    with trigger.triggered("admin", request.user.pk):
        form = form_class(request.POST if request.method == "POST" else None)
        saved = form.is_valid()
    if saved and signing_in.signs_in(connection.integration.slug) and not connection.owner:
        made = connection.integration.connections.get(owner=form.cleaned_data["owner"])
        return redirect("admin:integrations_integration_account_connect", connection.integration_id, made.pk)
    if saved:
        messages.success(request, _("The account is saved. Test it."))
        return back(connection)
    return show(model_admin, request, connection, "account", form=form)


def remove(model_admin: "VerbsAdmin", request: HttpRequest, pk: int, account: int) -> HttpResponse:
    """GET asks, POST disconnects."""
    if not model_admin.has_configure_permission(request):
        raise PermissionDenied
    connection = removable(pk, account)
    if request.method != "POST":
        return show(model_admin, request, connection, "account_remove", name=panel.name(connection.integration))
    with trigger.triggered("admin", request.user.pk):
        told = signing_in.sign_out(connection)
        if connection.owner:
            configuration.remove_account(connection)
    owner = connection.owner or panel.name(connection.integration)
    messages.success(request, _("“%(owner)s” is disconnected.") % {"owner": owner})
    if not told:
        messages.warning(request, _("The other side could not be told: take the permission back there, too."))
    return back(connection)


def removable(pk: int, account: int) -> Connection:
    """An account, or the integration's own connection where somebody has signed in for all."""
    own = Connection.objects.select_related("integration").filter(pk=account, integration=pk, owner="").first()
    return own if own and signing_in.signs_in(own.integration.slug) else found(pk, account)


def back(connection: Connection) -> HttpResponse:
    return redirect("admin:integrations_integration_change", connection.integration_id)


def show(
    model_admin: "VerbsAdmin", request: HttpRequest, connection: Connection, template: str, **context: Any
) -> HttpResponse:
    title = connection.owner or _("New account")
    context |= {
        **model_admin.admin_site.each_context(request),
        "title": f"{panel.name(connection.integration)}: {title}",
        "opts": model_admin.opts,
        "connection": connection,
    }
    return TemplateResponse(request, f"admin/integrations/{template}.html", context)
