"""Certificates of being forgotten: to look at, and to find by the address that somebody names."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import certificate, erasure, words
from integrations.models import Erasure, ErasureItem
from leads.admin import ReadOnlyInline

from .base import ReadOnlyAdmin

COLOURS = {True: "success", False: "warning"}


class ItemInline(ReadOnlyInline):
    model = ErasureItem
    fields = ["system_label", "what_label", "number", "outcome", "done_at", "delivery"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErasureItem]:
        items: QuerySet[ErasureItem] = super().get_queryset(request)
        return items.select_related("delivery__connection")

    @admin.display(description=gettext_lazy("system"))
    def system_label(self, item: ErasureItem) -> str:
        return certificate.system(item)

    @admin.display(description=gettext_lazy("what"))
    def what_label(self, item: ErasureItem) -> str:
        return certificate.what(item)

    @admin.display(description=gettext_lazy("state"))
    def outcome(self, item: ErasureItem) -> SafeString:
        return words.label(certificate.outcome(item), COLOURS[bool(item.done_at and not item.is_given_up)])


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ["reference", "requested_at", "via", "actor", "state", "completed_at"]
    list_filter = [("completed_at", admin.EmptyFieldListFilter), "via"]
    list_select_related = ["actor"]
    search_fields = ["reference"]
    search_help_text = gettext_lazy("The reference, or the e-mail address of the person who asked.")
    fields = ["reference", ("requested_at", "completed_at"), ("via", "actor"), "state"]
    readonly_fields = ["reference", "state"]
    inlines = [ItemInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Erasure], search_term: str
    ) -> tuple[QuerySet[Erasure], bool]:
        """No address is stored: the one that is searched for is put through the same hash."""
        if "@" in search_term:
            return queryset.filter(erasure.certifying(search_term)), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)
        return found

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Erasure) -> SafeString:
        is_complete = row.completed_at is not None
        return words.label(_("complete") if is_complete else _("open"), COLOURS[is_complete])
