"""What was paid: to look at, to send back, and to take along. The provider's word is the only pen."""

from datetime import date
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget

from leads.exchange import journal
from leads.exchange.formats import CSV
from leads.text import many_lines
from webinars import actions, bookkeeping
from webinars.errors import WebinarError
from webinars.models import Payment, Refund

Reason = Refund.Reason
COLOURS = {
    Payment.Status.SUCCEEDED: "success",
    Payment.Status.PROCESSING: "info",
    Payment.Status.FAILED: "warning",
    Payment.Status.DISPUTED: "danger",
}

URGENT = dict.fromkeys(Payment.Notice, "danger")


class RefundForm(forms.Form):
    """`uuid` is the page's: pressing twice sends back once."""

    uuid = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), max_digits=10, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget
    )
    note = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=400,
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text=gettext_lazy("For colleagues; the client does not see it."),
    )


class ExportForm(forms.Form):
    start = forms.DateField(label=gettext_lazy("From"), required=False, widget=UnfoldAdminDateWidget)
    end = forms.DateField(label=gettext_lazy("Until"), required=False, widget=UnfoldAdminDateWidget)


class MoneyPages:
    """For the payment's admin: the dialog that sends money back, and the file for the bookkeeper."""

    admin_site: Any
    opts: Any
    media: Any

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc] # of the admin that this is mixed into
        return [
            path("<int:pk>/refund/", guarded(self.refund), name="webinars_payment_refund"),
            path("export/", guarded(self.export), name="webinars_payment_export"),
            *urls,
        ]

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webinars.refund_payment")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webinars.export_payment")

    def refund(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks how much, POST promises it."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        payment = get_object_or_404(Payment.objects.select_related("registration__session__topic"), pk=pk)
        form = RefundForm(request.POST or None, initial={"uuid": uuid4(), "amount": payment.left})
        if form.is_valid() and promise(request, payment, form):
            return redirect("admin:webinars_payment_change", pk)
        return self.page(request, "refund", _("Refund"), form, payment=payment)

    def export(self, request: HttpRequest) -> HttpResponse | FileResponse:
        """GET asks of which days, POST makes the file."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        form = ExportForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return book(request, form.cleaned_data["start"], form.cleaned_data["end"])
        return self.page(request, "export", _("Export for the bookkeeper"), form)

    def page(self, request: HttpRequest, name: str, title: str, form: forms.Form, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "media": self.media + form.media,
            "form": form,
            **more,
        }
        return render(request, f"admin/webinars/payment/{name}.html", context)


def promise(request: HttpRequest, payment: Payment, form: RefundForm) -> bool:
    told = form.cleaned_data
    try:
        refund = actions.request_refund(
            payment,
            told["amount"],
            reason=Reason.BY_OPERATOR,
            by=request.user,
            note=many_lines(told["note"]),
            uuid=told["uuid"],
        )
    except WebinarError as error:
        form.add_error("amount", str(error))
        return False
    messages.success(request, _("%(amount)s goes back as soon as the provider takes the order.") % {"amount": refund})
    return True


def book(request: HttpRequest, start: date | None, end: date | None) -> FileResponse:
    name = "-".join(["payments", *(day.isoformat() for day in (start, end) if day)]) + ".csv"
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    CSV().write(bookkeeping.rows(start, end), file)
    file.seek(0)
    journal.note(request, file=name, what=_("Exported payments."), about=Payment)
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")


class Refunds(TabularInline):  # type: ignore[misc]
    model = Refund
    fields = [
        "created_at",
        "amount",
        "status",
        "reason",
        "requested_by",
        "note",
        "settled_at",
        "returned_at",
        "provider_id",
    ]
    readonly_fields = fields
    extra = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("refunds")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Payment)
class PaymentAdmin(MoneyPages, ModelAdmin):  # type: ignore[misc]
    inlines = [Refunds]
    list_display = [
        "created_at",
        "person",
        "session",
        "amount",
        "currency",
        "state",
        "refunded",
        "receipt_number",
        "look",
    ]
    list_filter = ["status", "notice", "currency", ("registration__session__topic", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["registration__session__topic"]
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "created_at"
    search_fields = [
        "receipt_number",
        "provider_id",
        "registration__email",
        "registration__first_name",
        "registration__last_name",
    ]
    fieldsets = [
        (None, {"fields": ["notice", "problem", "status", ("amount", "currency", "vat_rate"), "refunded"]}),
        (gettext_lazy("Seat"), {"fields": ["registration", "session", "number"]}),
        (
            gettext_lazy("Course"),
            {"fields": ["created_at", "succeeded_at", "receipt_number", "provider_id", "failure"]},
        ),
    ]
    readonly_fields = ["session"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("registration__session__topic")

    @admin.display(description=gettext_lazy("person"), ordering="registration__last_name")
    def person(self, payment: Payment) -> str:
        return str(payment.registration)

    @admin.display(description=gettext_lazy("session"), ordering="registration__session__starts_at")
    def session(self, payment: Payment) -> str:
        return str(payment.registration.session)

    @display(description=gettext_lazy("status"), ordering="status", label=COLOURS)  # type: ignore[untyped-decorator]
    def state(self, payment: Payment) -> tuple[str, str]:
        return payment.status, payment.get_status_display()

    @display(description=gettext_lazy("to be looked at"), ordering="notice", label=URGENT)  # type: ignore[untyped-decorator]
    def look(self, payment: Payment) -> tuple[str, str] | None:
        return (payment.notice, payment.get_notice_display()) if payment.notice else None
