"""The same session at another time."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from webinars import actions
from webinars.models import Session


class CloneForm(forms.Form):
    starts_at = forms.SplitDateTimeField(
        label=gettext_lazy("Starts at"),
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=gettext_lazy("By the clock of the session's time zone."),
    )


class CloneMixin:
    """For the session's admin: a page that asks when."""

    admin_site: Any
    opts: Any
    media: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.clone)
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("<int:pk>/clone/", view, name="webinars_session_clone"), *urls]

    def clone(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks, POST makes the draft and goes there."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        session = get_object_or_404(Session.objects.select_related("topic"), pk=pk)
        with timezone.override(ZoneInfo(session.zone)):
            form = CloneForm(request.POST or None, initial={"starts_at": session.starts_at})
            if not form.is_valid():
                return self.ask_when(request, session, form)
        made = actions.clone_session(session, form.cleaned_data["starts_at"])
        messages.success(request, _("This is the new draft: nobody sees it until you publish it."))
        return redirect("admin:webinars_session_change", made.pk)

    def ask_when(self, request: HttpRequest, session: Session, form: CloneForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Clone"),
            "subtitle": str(session),
            "opts": self.opts,
            "media": self.media + form.media,
            "session": session,
            "form": form,
        }
        return render(request, "admin/webinars/session/clone.html", context)
