"""A letter to everybody who has a seat, once each."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from leads.text import many_lines, single_line
from webinars import actions
from webinars.actions.messages import WORDS
from webinars.errors import WebinarError
from webinars.models import Message, Session
from webinars.models.registration import SEATED


class MessageForm(forms.ModelForm):  # type: ignore[type-arg] # it takes none at run time
    """`uuid` is the page's: pressing twice sends once."""

    uuid = forms.UUIDField(widget=forms.HiddenInput)

    class Meta:
        model = Message
        fields = ("subject_en", "text_en", "subject_de", "text_de")
        widgets = {
            **dict.fromkeys(("subject_en", "subject_de"), UnfoldAdminTextInputWidget),
            **dict.fromkeys(("text_en", "text_de"), UnfoldAdminTextareaWidget),
        }

    def words(self) -> dict[str, str]:
        clean = {"subject": single_line, "text": many_lines}
        return {name: clean[name.partition("_")[0]](self.cleaned_data[name]) for name in WORDS}


class MessageMixin:
    """For the session's admin: a page to write on."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.message)
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("<int:pk>/message/", view, name="webinars_session_message"), *urls]

    def message(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET shows the form and to how many it goes, POST sends."""
        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        session = get_object_or_404(Session.objects.select_related("topic"), pk=pk)
        form = MessageForm(request.POST or None, initial={"uuid": uuid4()})
        if not form.is_valid():
            return self.show_message(request, session, form)
        uuid, author = form.cleaned_data["uuid"], request.user.pk
        try:
            told = actions.send_message(session, form.words(), uuid=uuid, created_by=author)
        except WebinarError as error:
            messages.error(request, str(error))
        else:
            said = ngettext("%(n)s person gets your message.", "%(n)s people get your message.", told)
            messages.success(request, said % {"n": told})
        return redirect("admin:webinars_session_change", pk)

    def show_message(self, request: HttpRequest, session: Session, form: MessageForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Message all"),
            "subtitle": str(session),
            "opts": self.opts,
            "session": session,
            "form": form,
            "number": session.registrations.filter(status__in=SEATED).count(),
            "sent": Message.objects.filter(session=session).select_related("created_by"),
        }
        return render(request, "admin/webinars/session/message.html", context)
