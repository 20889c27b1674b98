"""The page of payments, with buttons: what an operator does about money."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import agreement, incidents, outbox, registry
from integrations.models import Incident
from webinars import actions
from webinars.admin.payments import PaymentAdmin
from webinars.models import Payment

from .base import Button, Verb, WithVerbs, note
from .timeline import TimelineMixin

STRIPE = "stripe"


def see(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for payment in rows.select_related("registration__session"):
        incidents.acknowledge(Incident.objects.about(payment), cast(User, request.user))
        actions.see(payment)
        note(request, [payment])
        messages.success(request, _("%(payment)s: noted as seen.") % {"payment": payment})


def compare(request: HttpRequest, rows: QuerySet[Any]) -> None:
    """A worker takes over what the provider says now."""
    promised = outbox.keep_in_sync(registry.operation(STRIPE, "read_payments"), rows)
    note(request, rows)
    said = ngettext("%(n)s payment is being compared.", "%(n)s payments are being compared.", promised)
    messages.success(request, said % {"n": promised})


def line(difference: agreement.Difference) -> dict[str, Any]:
    person, payment = difference.registration, difference.payment
    page, row = ("payment", payment.pk) if payment else ("registration", person.pk)
    return {
        "kind": agreement.KINDS[difference.kind],
        "person": person,
        "session": person.session,
        "amount": payment,
        "url": reverse(f"admin:webinars_{page}_change", args=[row]),
    }


VERBS = (
    Verb(
        "see",
        gettext_lazy("Seen"),
        "visibility",
        see,
        permission="refund",
        applies=lambda payment: bool(payment.notice),
        variant="primary",
    ),
    Verb(
        "compare",
        gettext_lazy("Compare with Stripe"),
        "sync",
        compare,
        permission="refund",
        applies=lambda payment: bool(payment.provider_id),
    ),
)

admin.site.unregister(Payment)


@admin.register(Payment)
class PaymentWithButtons(TimelineMixin, WithVerbs, PaymentAdmin):
    verbs = VERBS
    list_before_template = "admin/integrations/buttons_bar.html"
    change_form_outer_after_template = "admin/integrations/lead.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.agreement)
        return [path("agreement/", view, name="webinars_payment_agreement"), *super().get_urls()]

    def agreement(self, request: HttpRequest) -> HttpResponse:
        """Whether money and seats agree; differences by name."""
        if not (self.has_view_permission(request) and request.user.has_perm("webinars.view_registration")):
            raise PermissionDenied
        found = agreement.compare()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Do money and seats agree?"),
            "opts": self.opts,
            "found": found,
            "lines": [line(each) for each in found.differences],
        }
        return render(request, "admin/webinars/payment/agreement.html", context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        url = reverse("admin:webinars_payment_agreement")
        buttons = [Button(_("Do money and seats agree?"), "balance", url, is_link=True)]
        if self.has_export_permission(request):
            url = reverse("admin:webinars_payment_export")
            buttons.append(Button(_("Export for the bookkeeper"), "download", url, is_link=True))
        response: HttpResponse = super().changelist_view(request, {"buttons": buttons, **(extra_context or {})})
        return response

    def buttons(self, request: HttpRequest, row: Payment | None) -> list[Button]:
        if row is None:
            return []
        shown = super().buttons(request, row)
        if self.has_refund_permission(request) and row.left:
            url = reverse("admin:webinars_payment_refund", args=[row.pk])
            shown.append(Button(_("Refund"), "undo", url, is_link=True))
        person = reverse("admin:webinars_registration_change", args=[row.registration_id])
        return [*shown, Button(_("Registration"), "how_to_reg", person, is_link=True)]
