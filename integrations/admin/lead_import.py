"""Importing leads: upload, preview, confirm; from then on it is a run like any other, with its page."""

from collections import Counter
from io import BytesIO
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import FileExtensionValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from import_export.admin import ImportMixin
from import_export.forms import ConfirmImportForm
from unfold.contrib.import_export.forms import ImportForm

from integrations import lead_imports, runs, trigger, words
from integrations.models import Run
from leads.exchange import journal
from leads.exchange.formats import CSV, FORMATS, extension_of
from leads.exchange.resource import Preview
from leads.importing.files import COLUMNS, UnusableFileError
from leads.importing.rehearsal import MOST_ROWS, Line, Outcome

from . import run_card

MEGABYTES = 20
COLOURS = {
    Outcome.CREATED: "success",
    Outcome.MERGED: "info",
    Outcome.KNOWN: "default",
    Outcome.REJECTED: "danger",
}


class LeadImportForm(ImportForm):  # type: ignore[misc]
    """A file; the end of its name tells the format."""

    import_file = forms.FileField(label=gettext_lazy("File"), validators=[FileExtensionValidator([*FORMATS])])

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["import_file"].widget.attrs["accept"] = ",".join(f".{extension}" for extension in FORMATS)
        self.fields["format"].required = False
        self.fields["format"].widget = forms.HiddenInput()

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MEGABYTES * 1_000_000:
            raise ValidationError(_("This file is larger than %(size)s MB. Please divide it.") % {"size": MEGABYTES})
        return file

    def clean(self) -> None:
        if file := self.cleaned_data.get("import_file"):
            self.cleaned_data["format"] = [*FORMATS].index(extension_of(file.name))


class LeadConfirmForm(ConfirmImportForm):  # type: ignore[misc]
    rows = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=MOST_ROWS)


class LeadImportMixin(ImportMixin):  # type: ignore[misc]
    """For the lead's admin: the flow and the pages are django-import-export's, reading and writing are ours."""

    import_form_class = LeadImportForm
    confirm_form_class = LeadConfirmForm
    import_template_name = "admin/integrations/lead_import/page.html"
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    tmp_storage_class = lead_imports.UploadStorage

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Not `has_add_permission`: nobody types leads in, not even who may import them."""
        return request.user.has_perm("leads.add_lead")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.rejected_rows)
        return [path("import/<int:run>/rejected.csv", view, name="leads_lead_import_rejected"), *super().get_urls()]

    def import_action(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """The upload, and after it the preview. Where something is wrong, the form comes back with what."""
        response: Any = super().import_action(request, **options)
        context = response.context_data
        context |= {
            "title": _("Import leads"),
            "columns": ", ".join(COLUMNS),
            "megabytes": MEGABYTES,
            "rows": run_card.number(MOST_ROWS),
        }
        result = context.get("result")
        if isinstance(result, Preview):
            context["preview"] = preview(result)
        elif result:
            context["form"].add_error("import_file", str(result.base_errors[0].error))
        if "confirm_form" in context:
            context["confirm_form"].initial["rows"] = result.summary.processed
        elif request.method == "POST":
            response.status_code = 422
        return response  # type: ignore[no-any-return]

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        if not isinstance(e, UnusableFileError):
            raise e
        form.add_error("import_file", str(e))

    @method_decorator(require_POST)
    def process_import(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """Confirmed: a worker does it. Confirming twice starts nothing twice."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = self.create_confirm_form(request)
        if not form.is_valid() or lead_imports.find(form.cleaned_data["import_file_name"]) is None:
            messages.error(request, lead_imports.lost())
            return redirect("admin:leads_lead_import")
        run = start(request, **form.cleaned_data)
        if request.user.has_perm("integrations.view_run"):
            return redirect("admin:integrations_run_change", run.pk)
        messages.success(request, _("The import has begun; a worker does it in the background."))
        return redirect("admin:leads_lead_changelist")

    def rejected_rows(self, request: HttpRequest, run: int) -> HttpResponse:
        """What has to be mended in the file, as a file."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        found = get_object_or_404(Run, pk=run, kind=lead_imports.KIND)
        rows = [[str(number), reason] for number, reason in found.result.get("rejected_rows", [])]
        file = BytesIO()
        CSV().write([[_("row"), _("reason")], *rows], file)
        disposition = {"Content-Disposition": 'attachment; filename="rejected.csv"'}
        return HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8", headers=disposition)


def start(request: HttpRequest, *, import_file_name: str, original_file_name: str, rows: int, **rest: str) -> Run:
    with trigger.triggered("admin", request.user.pk):
        run = runs.start(lead_imports.KIND, upload=import_file_name, file=original_file_name[:200], rows=rows)
    journal.note(request, file=original_file_name, what=_("Import started."))
    return run


# --- what the pages show ---------------------------------------------------------------------------------------------


def preview(result: Preview) -> dict[str, Any]:
    """Counts of all rows, and the first rows one by one."""
    headers = [_("Row"), _("Becomes"), _("E-mail address"), _("Name"), _("Company"), _("What we notice")]
    return {
        **figures(vars(result.summary)),
        "left_out": result.summary.processed - len(result.lines),
        "table": {"headers": headers, "rows": [cells(line) for line in result.lines]},
    }


def cells(line: Line) -> list[Any]:
    outcome = words.label(line.outcome.label, COLOURS[line.outcome])
    notes = "; ".join(f"{note.what} ({note.where})" if note.where else str(note.what) for note in line.notes)
    return [line.number, outcome, line.email, line.name, line.company, notes]


def figures(counted: dict[str, Any]) -> dict[str, Any]:
    """Of a summary's counts: (what, colour, number), and (reason, number) of what was repaired and rejected."""
    numbers = {
        Outcome.CREATED: counted["created"],
        Outcome.MERGED: counted["merged"] - counted["known"],  # known ones are told apart
        Outcome.KNOWN: counted["known"],
        Outcome.REJECTED: counted["rejected"],
    }
    outcomes = [(outcome.label, COLOURS[outcome], run_card.number(number)) for outcome, number in numbers.items()]
    return {
        "counts": [*outcomes, (_("repaired"), "warning", run_card.number(counted["repaired"]))],
        "repairs": most_first(counted["repairs"]),
        "rejections": most_first(counted["rejections"]),
    }


def most_first(reasons: dict[str, int]) -> list[tuple[str, str]]:
    return [(reason, run_card.number(number)) for reason, number in Counter(reasons).most_common()]


def outcome_of(run: Run, request: HttpRequest) -> dict[str, Any]:
    """For the page of an import's run: its figures once it is done; the form to try again once it has failed."""
    may_import = request.user.has_perm("leads.add_lead")
    arguments = run.arguments
    again = LeadConfirmForm(
        initial={
            "import_file_name": arguments["upload"],
            "original_file_name": arguments["file"],
            "rows": arguments["rows"],
            "format": extension_of(arguments["file"]),
        }
    )
    may_try_again = may_import and run.state == Run.State.FAILED and lead_imports.find(arguments["upload"])
    return {
        "file": arguments["file"],
        "figures": figures(run.result) if "created" in run.result else None,
        "rejected_rows": run.result.get("rejected_rows", []) if may_import else [],
        "again": again if may_try_again else None,
    }
