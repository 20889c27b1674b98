"""Carrying leads away: the list as it is filtered, or the ticked ones, as a file."""

from tempfile import TemporaryFile
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from import_export.admin import ExportMixin
from unfold.contrib.import_export.forms import ExportForm

from leads.exchange import journal
from leads.exchange.formats import CSV, FORMATS, XLSX
from leads.exchange.resource import LeadResource, exportable
from leads.models import Lead


class LeadExportForm(ExportForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["format"] = "0"


class LeadExportMixin(ExportMixin):  # type: ignore[misc]
    """For the lead's admin. Ticked leads need no page in between, which would carry their ids as form fields."""

    resource_classes = [LeadResource]
    formats = [*FORMATS.values()]
    export_form_class = LeadExportForm
    export_template_name = "admin/leads/lead/export.html"
    actions = ["export_csv", "export_xlsx"]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Looking at leads is one thing, carrying all addresses away another."""
        return self.has_view_permission(request) and request.user.has_perm("leads.export_lead")

    def export_action(self, request: HttpRequest) -> HttpResponse:
        try:
            response: HttpResponse = super().export_action(request)
        except IncorrectLookupParameters:  # a filter that somebody typed into the address
            return redirect(request.path)
        return response

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().init_request_context_data(request, form)
        number = exportable(self.get_export_queryset(request)).count()
        shown = number_format(number, force_grouping=True)
        return {**context, "title": _("Export leads"), "number": number, "shown_number": shown}

    @admin.action(description=_("Export selected leads as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Lead]) -> FileResponse:
        return self._do_file_export(CSV(), request, queryset)

    @admin.action(description=_("Export selected leads as XLSX"), permissions=["export"])
    def export_xlsx(self, request: HttpRequest, queryset: QuerySet[Lead]) -> FileResponse:
        return self._do_file_export(XLSX(), request, queryset)

    def _do_file_export(
        self, file_format: CSV | XLSX, request: HttpRequest, queryset: QuerySet[Lead], export_form: Any = None
    ) -> FileResponse:
        """The library's own makes the whole file in memory."""
        resource, name = LeadResource(), self.get_export_filename(request, queryset, file_format)
        file = TemporaryFile()  # noqa: SIM115 - the response closes it
        file_format.write(resource.rows(queryset), file)
        file.seek(0)
        exported = ngettext("Exported %(n)s lead.", "Exported %(n)s leads.", resource.exported)
        journal.note(request, file=name, what=exported % {"n": resource.exported})
        return FileResponse(file, as_attachment=True, filename=name, content_type=file_format.get_content_type())
