"""The page of payments, with buttons: what an operator does about money."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webinars import actions
from webinars.admin.payments import PaymentAdmin
from webinars.models import Payment

from .base import Button, Verb, WithVerbs


def see(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for payment in rows.select_related("registration__session"):
        actions.see(payment)
        messages.success(request, _("%(payment)s: noted as seen.") % {"payment": payment})


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
)

admin.site.unregister(Payment)


@admin.register(Payment)
class PaymentWithButtons(WithVerbs, PaymentAdmin):
    verbs = VERBS
    list_before_template = "admin/integrations/buttons_bar.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        buttons = []
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
