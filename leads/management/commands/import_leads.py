"""`manage.py import_leads FILE.csv`: leads from a marketing export."""

import json
import sys
from argparse import ArgumentParser
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import reset_queries
from django.utils.translation import gettext as _
from tqdm import tqdm

from leads.importing.files import CsvFile, UnusableFileError
from leads.importing.importer import Importer, Report, Summary

FAILED, USAGE = 1, 2


class Command(BaseCommand):
    help = _("Import leads from a CSV file. Running it again adds nothing twice.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv", help=_("UTF-8, with a header line"))
        parser.add_argument("--rejects", type=Path, help=_("where to list rejected rows (default: beside the file)"))
        parser.add_argument("--repairs", type=Path, help=_("where to list repaired rows (default: beside the file)"))
        parser.add_argument("--json", action="store_true", help=_("print the summary as JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        rejects: Path = options["rejects"] or path.with_name(f"{path.stem}.rejects.csv")
        repairs: Path = options["repairs"] or path.with_name(f"{path.stem}.repairs.csv")
        if len({file.resolve() for file in (path, rejects, repairs)}) < 3:
            raise CommandError(_("The import, its rejects and its repairs must be three files."), returncode=USAGE)
        try:
            summary = self.import_file(path, rejects, repairs, quiet=options["verbosity"] == 0)
        except UnusableFileError as error:
            raise CommandError(str(error), returncode=FAILED) from error
        self.tell(summary, rejects, repairs, as_json=options["json"])

    def import_file(self, path: Path, rejects: Path, repairs: Path, *, quiet: bool) -> Summary:
        with ExitStack() as stack:
            file = CsvFile(stack.enter_context(open_file(path)))
            try:
                rejected = stack.enter_context(closing(Report(rejects, "row", "reason", "email")))
                repaired = stack.enter_context(closing(Report(repairs, "row", "repair", "column")))
            except OSError as error:
                message = _("%(path)s cannot be written: %(error)s. Name other places with --rejects, --repairs.")
                raise UnusableFileError(message % {"path": error.filename, "error": error.strerror}) from error
            bar = stack.enter_context(
                tqdm(total=file.size, desc=path.name, unit="B", unit_scale=True, file=sys.stderr, disable=quiet)
            )

            def progress(position: int) -> None:
                bar.update(position - bar.n)
                reset_queries()  # with DEBUG, Django keeps every statement in memory

            return Importer(source=f"import {path.name}"[:200], rejects=rejected, repairs=repaired).run(file, progress)

    def tell(self, summary: Summary, rejects: Path, repairs: Path, *, as_json: bool) -> None:
        if as_json:
            successful = summary.processed - summary.rejected
            counts = {**vars(summary), "successful": successful, "failed": summary.rejected}
            errors = [f"{count} × {reason}" for reason, count in summary.rejections.items()]
            files = {"rejects_file": str(rejects), "repairs_file": str(repairs)}
            self.stdout.write(json.dumps({**counts, "errors": errors, **files}, ensure_ascii=False))
            return
        self.stdout.write(str(summary))
        for counts, path in ((summary.repairs, repairs), (summary.rejections, rejects)):
            for what, count in counts.most_common():
                self.stdout.write(f"  {count:>6} × {what}")
            if counts:
                self.stdout.write(f"         -> {path}")


def open_file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise UnusableFileError(_("There is no file at %(path)s.") % {"path": path}) from None
    except OSError as error:
        message = _("%(path)s cannot be read: %(error)s.") % {"path": path, "error": error.strerror}
        raise UnusableFileError(message) from error
