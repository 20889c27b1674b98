"""Importing leads from the admin: upload, preview, confirm; a worker does the rest."""

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from integrations import configuration, lead_imports, runs, tasks
from integrations.models import Delivery, Integration, Run, Upload
from leads import demo
from leads.models import Consent, Lead, Touchpoint

from .conftest import text

IMPORT, CONFIRM, LIST = "/admin/leads/lead/import/", "/admin/leads/lead/process_import/", "/admin/leads/lead/"
ONE = "email,name,captured_at\nada@client.example,Ada,2026-03-01T12:00:00Z\n"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def after_the_export() -> Iterator[None]:
    with time_machine.travel("2026-12-01", tick=False):
        yield


def upload(client: Client, content: str | bytes, name: str = "fair.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"import_file": SimpleUploadedFile(name, data), "resource": "0"})


def confirm(client: Client, previewed: Any) -> Any:
    return client.post(CONFIRM, previewed.context["confirm_form"].initial)


def perform() -> Run:
    """As the worker does."""
    return runs.perform(Run.objects.get(state="waiting"))


def imported(client: Client, content: str | bytes, name: str = "fair.csv") -> Run:
    confirm(client, upload(client, content, name))
    return perform()


def numbers(run: Run) -> list[int]:
    return [run.result[what] for what in ("processed", "created", "merged", "known", "repaired", "rejected")]


def dirty(rows: int) -> str:
    """So many rows of the demo's file, the worst first: no address, no name, invisible characters."""
    header, *lines = csv.reader(StringIO(demo.LEADS_CSV.read_text(encoding="utf-8"), newline=""))
    worst = sorted(lines, key=lambda line: "@" in line[1] and line[0] != "" and "".join(line).isprintable())
    file = StringIO(newline="")
    csv.writer(file).writerows([header, *worst[:rows]])
    return file.getvalue()


def test_dirty_file_becomes_leads_and_deliveries(operator: Client) -> None:
    odoo = Integration.objects.get(slug="odoo")
    configuration.set_enabled(odoo, True)
    demo.create()

    previewed = upload(operator, dirty(50))
    summary = previewed.context["result"].summary
    answer = confirm(operator, previewed)
    run = perform()

    assert answer.url == f"/admin/integrations/run/{run.pk}/change/"
    assert (run.state, run.done, run.total) == ("done", 50, 50)
    assert numbers(run) == [getattr(summary, name) for name in list(vars(summary))[:6]]
    assert 0 < run.result["rejected"] < 50
    assert 0 < run.result["repaired"] < 50
    assert Lead.objects.count() == run.result["created"] == Delivery.objects.filter(subject_type="leads.lead").count()
    assert not Upload.objects.exists()


def test_preview_tells_what_would_happen_and_writes_nothing(operator: Client) -> None:
    page = text(upload(operator, "email,name\nada@client.example,\nnobody,N\n"))

    assert "name derived from the address (name)" in page
    assert "impossible e-mail address" in page
    assert [model.objects.count() for model in (Lead, Touchpoint, Consent, Run)] == [0, 0, 0, 0]


def test_preview_shows_foreign_text_as_text(operator: Client) -> None:
    evil = "<script>alert(1)</script>"

    page = text(upload(operator, f"email,name,company,language\nada@client.example,{evil},{evil},{evil}\n"))

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 2


def test_preview_shows_the_first_rows_and_counts_all(operator: Client) -> None:
    page = text(upload(operator, "email\n" + "".join(f"p{n}@client.example\n" for n in range(203))))

    assert "p199@client.example" in page
    assert "p200@client.example" not in page
    assert "3 more rows are counted above and not shown." in page


def test_same_file_again_adds_nothing(operator: Client) -> None:
    imported(operator, ONE)
    before = [*Lead.objects.values(), *Touchpoint.objects.values()]

    run = imported(operator, ONE)

    assert numbers(run) == [1, 0, 1, 1, 0, 0]
    assert [*Lead.objects.values(), *Touchpoint.objects.values()] == before


def test_workbook_is_imported_with_its_dates(operator: Client) -> None:
    book, file = openpyxl.Workbook(), BytesIO()
    book.active.append(["Email", "name", "captured_at"])  # type: ignore[union-attr]
    book.active.append(["ada@client.example", "Ada", timezone.now().replace(tzinfo=None) - timedelta(days=1)])  # type: ignore[union-attr]
    book.save(file)

    run = imported(operator, file.getvalue(), "fair.xlsx")

    assert numbers(run) == [1, 1, 0, 0, 0, 0]


def test_source_of_a_consent_is_the_file(operator: Client) -> None:
    imported(operator, "email,marketing_consent\nada@client.example,yes\n", "fair 2026.csv")

    assert Consent.objects.get().source == "import: fair 2026.csv"


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        ("email,name\na@b.example,Jürgen\n".encode("latin-1"), "a.csv", "CSV UTF-8"),
        (b"name\nAda\n", "a.csv", "names no column “email”"),
        (b"", "a.csv", "The submitted file is empty."),
        (b"email\n", "a.csv", "There is no row below the first line."),
        (b"email\nnobody\n", "a.csv", "No row of this file can be imported."),
        (b'email\n"' + b"x" * 1_100_000, "a.csv", "Reading stopped"),
        (b"email\na@b.example\n", "a.txt", "File extension “txt” is not allowed."),
        (b"email\na@b.example\n", "a.xlsx", "This is not an XLSX file."),
        (b"x" * 20_000_001, "a.csv", "larger than 20 MB"),
    ],
)
def test_unusable_file_is_refused_with_a_reason(operator: Client, content: bytes, name: str, complaint: str) -> None:
    answer = upload(operator, content, name)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert complaint in page
    assert 'type="file"' in page
    assert CONFIRM not in page


def test_confirming_twice_imports_once(operator: Client) -> None:
    previewed = upload(operator, ONE)

    answers = [confirm(operator, previewed).url for _ in range(2)]

    assert answers[0] == answers[1]
    assert Run.objects.count() == 1


@pytest.mark.parametrize("upload_id", ["", "nonsense", "00000000-0000-4000-8000-000000000000"])
def test_confirming_a_file_that_is_gone_says_so(operator: Client, upload_id: str) -> None:
    data = {"import_file_name": upload_id, "original_file_name": "a.csv", "format": "0", "rows": "1"}

    page = text(operator.post(CONFIRM, data, follow=True))

    assert "The file is not here any more" in page
    assert not Run.objects.exists()


def test_killed_import_can_simply_run_again(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm(operator, upload(operator, ONE))
    monkeypatch.setattr(Upload, "delete", lambda self: 1 / 0)  # at the very end of the work
    failed = perform()
    monkeypatch.undo()

    page = operator.get(f"/admin/integrations/run/{failed.pk}/change/")
    operator.post(CONFIRM, page.context["imported"]["again"].initial)
    run = perform()

    assert (failed.state, run.state) == ("failed", "done")
    assert numbers(run) == [1, 0, 1, 1, 0, 0]
    assert not Upload.objects.exists()


def test_file_that_waited_for_a_day_is_erased_and_its_import_fails(operator: Client) -> None:
    confirm(operator, upload(operator, ONE))
    with time_machine.travel("2026-12-02 01:00", tick=False):
        tasks.prune()
        run = perform()

    assert not Upload.objects.exists()
    assert (run.state, Lead.objects.count()) == ("failed", 0)
    assert "Please upload it again" in run.message


def test_file_is_kept_encrypted(operator: Client) -> None:
    upload(operator, ONE)

    assert b"ada@client.example" not in bytes(Upload.objects.get().encrypted)
    assert Upload.objects.get().content == ONE.encode()


def test_rejected_rows_are_a_file_without_addresses(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_imports, "REJECTIONS_KEPT", 1)
    run = imported(operator, "email\nnobody\na@b.example\nnobody.either\n")

    page = text(operator.get(f"/admin/integrations/run/{run.pk}/change/"))
    answer = operator.get(f"{IMPORT}{run.pk}/rejected.csv")

    assert f"{IMPORT}{run.pk}/rejected.csv" in page
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [["row", "reason"], ["2", "impossible e-mail address"]]
    assert "nobody" not in str(Run.objects.values().get())


def test_run_page_tells_how_it_ended(operator: Client) -> None:
    run = imported(operator, "email\nnobody\nada.l@b.example\n")

    page = text(operator.get(f"/admin/integrations/run/{run.pk}/change/"))

    assert "2 rows: 1 created, 0 merged (0 of them known already), 1 repaired, 1 rejected." in page
    assert "fair.csv" in page


def test_import_is_noted_with_its_user(operator: Client) -> None:
    run = imported(operator, ONE)

    assert (run.trigger, str(run.actor)) == ("admin", "ada")
    assert list(LogEntry.objects.values_list("user__username", "object_repr")) == [("ada", "fair.csv")]


def test_who_may_only_look_cannot_import(staff: Callable[..., Client], operator: Client) -> None:
    bob = staff("view_lead", "view_run")
    run = imported(operator, ONE)

    answers = [
        bob.get(IMPORT),
        upload(bob, ONE),
        confirm(bob, upload(operator, ONE)),
        bob.get(f"{IMPORT}{run.pk}/rejected.csv"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert f'href="{IMPORT}"' not in text(bob.get(LIST))
    assert Run.objects.count() == 1


def test_who_may_import_needs_no_other_right(staff: Callable[..., Client]) -> None:
    bob = staff("view_lead", "add_lead")

    answer = confirm(bob, upload(bob, ONE))

    assert f'href="{IMPORT}"' in text(bob.get(LIST))
    assert answer.url == LIST
    assert perform().state == "done"


def test_confirming_is_a_post(operator: Client) -> None:
    assert operator.get(CONFIRM).status_code == 405


def test_nobody_types_leads_in(operator: Client) -> None:
    assert operator.get(f"{LIST}add/").status_code == 403
