"""What one is told of, on a page that everybody of the staff has for himself."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from integrations import incidents
from integrations.models import AlertSubscription

TOPICS = ("outages", "matters", "escalations", "digest")


class MyAlertsForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    class Meta:
        model = AlertSubscription
        fields = [*TOPICS, "language"]
        widgets = {**{topic: UnfoldBooleanWidget() for topic in TOPICS}, "language": UnfoldAdminSelectWidget()}


class MyAlertsMixin:
    """For the incidents' admin."""

    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.my_alerts_view)
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("my-alerts/", view, name="integrations_incident_my_alerts"), *urls]

    def my_alerts_view(self, request: HttpRequest) -> HttpResponse:
        """One's own subscription and nobody else's: any member of staff may have one."""
        user = cast(User, request.user)
        known = AlertSubscription.objects.filter(user=user).first()
        mine = known or AlertSubscription(user=user, outages=False, matters=False)
        form = MyAlertsForm(request.POST or None, instance=mine)
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, _("Saved. It counts from now on."))
            return redirect("admin:integrations_incident_my_alerts")
        context = {
            **self.admin_site.each_context(request),
            "title": _("My alerts"),
            "opts": self.opts,
            "form": form,
            "hints": hints(user),
        }
        return TemplateResponse(request, "admin/integrations/my_alerts.html", context)


def hints(user: User) -> list[str]:
    """What keeps letters from coming, or brings them in any case."""
    found = []
    if not user.email:
        found.append(_("You have no e-mail address here, so no letter can reach you."))
    elif user.email.lower() in {address.lower() for _name, address in settings.ADMINS}:
        found.append(_("You are one of the ADMINS, who are told of every incident in any case."))
    if not any(user.has_perm(kind.permission) for kind in incidents.KINDS.values()):
        found.append(_("You may act on none of what alerts are about, so none would come to you."))
    return found
