"""Importing an uploaded file of leads: kept from the preview on, read by a worker, then erased."""

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.tmp_storages import BaseStorage

from leads.exchange.formats import FORMATS, extension_of
from leads.importing.files import LeadsFile, UnusableFileError
from leads.importing.importer import Importer

from . import progress, runs
from .models import Run, Upload

KIND = "import_leads"
REJECTIONS_KEPT = 1000


class UploadStorage(BaseStorage):  # type: ignore[misc]
    """Where django-import-export keeps the file between its two pages; `name` is the upload's id."""

    def save(self, data: bytes) -> None:
        self.name = str(Upload.keep(data).pk)

    def read(self) -> bytes:
        return Upload.objects.get(pk=self.name).content


class Rejections:
    """The first rejected rows, by number and reason.

    No address: a run outlives whoever asks to be forgotten. Who has the file finds the row by its number.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[int, str]] = []

    def add(self, *cells: str) -> None:
        number, reason, _address = cells
        if len(self.rows) < REJECTIONS_KEPT:
            self.rows.append((int(number), reason))


@runs.kind(KIND, label=gettext_lazy("Import leads"))
def import_leads(run: Run) -> dict[str, Any]:
    """Arguments: upload (its id), file (its name), rows (how many). One whose worker was killed can simply run again.

    Returns {summary: words, processed: n, created: n, merged, known, repaired, rejected, repairs: {reason: n},
    rejections: {reason: n}, rejected_rows: [[row, reason]]}.
    """
    upload = find(run.arguments["upload"])
    if upload is None:
        raise runs.FailedRun(lost())
    rejections = Rejections()
    importer = Importer(source=f"import: {run.arguments['file']}"[:200], rejects=rejections)
    progress.report(0, run.arguments["rows"])
    try:
        file = opened(upload, run.arguments["file"])
        summary = importer.run(file, lambda position: progress.report(importer.summary.processed))
    except UnusableFileError as error:
        raise runs.FailedRun(str(error)) from error
    progress.report(summary.processed, summary.processed)
    upload.delete()
    return {"summary": str(summary), **vars(summary), "rejected_rows": rejections.rows}


def find(upload: str) -> Upload | None:
    try:
        return Upload.objects.filter(pk=upload).first()
    except ValidationError:  # no id at all
        return None


def opened(upload: Upload, name: str) -> LeadsFile:
    try:
        return FORMATS[extension_of(name)]().create_dataset(upload.content)
    except (InvalidToken, KeyError) as error:
        raise UnusableFileError(lost()) from error


def lost() -> str:
    return _("The file is not here any more: it was imported, or a day has passed. Please upload it again.")
