"""Forgetting leads from their own pages: says first what that means, because nothing brings them back."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import erasure, trigger
from integrations.models import Erasure
from leads.admin import CHOICE
from leads.models import Lead

AT_ONCE = 50  # of a list: whoever ticks more means something else


class LeadForgetMixin:
    """For the lead's admin: a page for one, and an action for those that are ticked."""

    opts: Any
    admin_site: Any
    change_form_outer_before_template = "admin/integrations/forget_link.html"

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.forget_lead")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.forget_view)
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [path("<int:pk>/forget/", view, name="leads_lead_forget"), *urls]

    def forget_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks, POST forgets."""
        if not self.has_forget_permission(request):
            raise PermissionDenied
        lead = get_object_or_404(remembered(Lead.objects.filter(pk=pk)))
        if request.method != "POST":
            return self.ask(request, number=1, name=str(lead))
        (done,) = forget_all(request, [lead])
        if request.user.has_perm("integrations.view_erasure"):
            return redirect("admin:integrations_erasure_change", done.pk)
        return redirect("admin:leads_lead_changelist")

    @admin.action(description=gettext_lazy("Forget"), permissions=["forget"])
    def forget(self, request: HttpRequest, queryset: QuerySet[Lead]) -> HttpResponse | None:
        leads = remembered(queryset)
        number = leads.count()
        if not 1 <= number <= AT_ONCE:
            messages.warning(request, none_or_too_many(number))
            return None
        if "confirmed" not in request.POST:
            return self.ask(request, number=number)
        forget_all(request, list(leads))
        return None

    def ask(self, request: HttpRequest, **told: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Forget"),
            "opts": self.opts,
            "chosen": [(name, value) for name in CHOICE for value in request.POST.getlist(name)],
            **told,
        }
        return render(request, "admin/integrations/forget.html", context)


def remembered(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    return leads.exclude(status=Lead.Status.FORGOTTEN)


def forget_all(request: HttpRequest, leads: list[Lead]) -> list[Erasure]:
    """Each is one transaction, and tells its reference."""
    with trigger.triggered("admin", request.user.pk):
        actor = cast(User, request.user)
        done = [erasure.forget(lead.email, via=Erasure.Via.ADMIN, actor=actor) for lead in leads]
    for each in done:
        told = _("Forgotten. Tell the person this reference: %(reference)s.") % {"reference": each.reference}
        messages.success(request, told)
    return done


def none_or_too_many(number: int) -> str:
    if not number:
        return _("Nothing to do: whom you chose is forgotten already.")
    said = ngettext("At most %(n)s lead at once, please.", "At most %(n)s leads at once, please.", AT_ONCE)
    return said % {"n": AT_ONCE}
