"""Topics of webinars from Odoo's products.

A product belongs to two, as every record does, only the other way round: what Odoo changed since we last looked is
taken over where nobody changed it here. `sent` in the book is what we last took, in the words of `theirs`.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import errors
from integrations.book import Book, Values
from integrations.models import Connection, ExternalRecord
from integrations.service import JobReport
from webinars import actions
from webinars.models import Topic
from webinars.models.topic import default_currency

from .client import OdooClient, Row
from .mapping import clean

MODEL = "product.template"
FIELDS = ["name", "description", "description_sale", "default_code", "list_price", "currency_id", "active"]
TRANSLATED = ["name", "description", "description_sale"]
GERMAN = "de_DE"
PAGE = 500
CATEGORY = "Imported from Odoo"
LABELS = {
    "title_en": gettext_lazy("Title (English)"),
    "title_de": gettext_lazy("Title (German)"),
    "description_en": gettext_lazy("Description (English)"),
    "description_de": gettext_lazy("Description (German)"),
    "code": gettext_lazy("Code"),
    "default_price": gettext_lazy("Price"),
    "currency": gettext_lazy("Currency"),
    "status": gettext_lazy("State"),
}
Answer = ExternalRecord.Answer
Status = Topic.Status


@dataclass
class Found:
    """A product beside its topic. `kind`: new, changed, archived, kept (ours), same, gone."""

    kind: str
    remote_id: str
    title: str
    theirs: Values
    record: ExternalRecord | None = None
    topic: Topic | None = None
    taken: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    unasked: dict[str, dict[str, str]] = field(default_factory=dict)  # kept before, and not compared now


class TopicImport:
    """One run. Every page is compared and written under a lock: two imports at once make no topic twice."""

    def __init__(self, client: OdooClient, connection: Connection, remote_system: str, *, dry_run: bool) -> None:
        self.client = client
        self.connection = connection
        self.book = Book(remote_system, MODEL)
        self.dry_run = dry_run
        self.report = JobReport()

    def run(self) -> JobReport:
        """Raises Rejected when Odoo has no such category: a renamed one must not archive every topic."""
        seen: set[str] = set()
        categories = self.categories()
        german = self.speaks_german()
        for rows in self.pages(categories, german=german):
            products = {str(row["id"]): theirs(row) for row in rows}
            seen |= products.keys()
            self.take(products)
        self.take_missing(seen)
        return self.report

    def categories(self) -> list[int]:
        name = self.client.settings.topic_category
        found = [row["id"] for row in self.client.search_read("product.category", [["name", "=", name]], ["name"])]
        if not found:
            raise errors.Rejected(_("Odoo has no product category “%(name)s”.") % {"name": name})
        return found

    def speaks_german(self) -> bool:
        """Odoo refuses to answer in a language that is not installed there: then the import goes on without it."""
        if self.client.search_read("res.lang", [["code", "=", GERMAN]], ["code"]):
            return True
        self.report.notes.append(_("German is not installed in Odoo: new topics have English words in both languages."))
        return False

    def pages(self, categories: list[int], *, german: bool) -> Iterator[list[Row]]:
        """The products of these categories and of those below, archived ones too, with their German words as
        "name@de"; by id, so that none is left out when others come or go meanwhile."""
        last, full = 0, True
        while full:
            wanted = [["categ_id", "child_of", categories], ["id", ">", last]]
            rows = self.client.page(MODEL, wanted, FIELDS, size=PAGE)
            full = len(rows) == PAGE
            if rows:
                last = rows[-1]["id"]
                yield self.with_german(rows) if german else rows

    def with_german(self, rows: list[Row]) -> list[Row]:
        ids = [["id", "in", [row["id"] for row in rows]]]
        german = {row["id"]: row for row in self.client.page(MODEL, ids, TRANSLATED, size=PAGE, lang=GERMAN)}
        return [{**row, **{f"{n}@de": german.get(row["id"], row)[n] for n in TRANSLATED}} for row in rows]

    # --- one page ---------------------------------------------------------------------------------------------------

    @transaction.atomic
    def take(self, products: Mapping[str, Values]) -> None:
        records = self.locked_records(list(products))
        topics = Topic.objects.in_bulk([record.subject_id for record in records.values()])
        found = []
        for remote_id, values in products.items():
            record = records.get(remote_id)
            topic = topics.get(record.subject_id) if record else None
            values = in_both_languages(values, record.sent if record else {})
            if record and topic:
                found.append(compare(values, record, topic))
            elif record is None and values["status"] == Status.ACTIVE:
                found.append(Found("new", remote_id, values["title_en"], values, taken=values))
        self.tell(found)
        if not self.dry_run:
            self.create([each for each in found if each.kind == "new"])
            self.update([each for each in found if each.topic])

    def locked_records(self, remote_ids: list[str]) -> dict[str, ExternalRecord]:
        Connection.objects.select_for_update(no_key=True).get(pk=self.connection.pk)
        rows = self.all_records().filter(remote_id__in=remote_ids)
        return {row.remote_id: row for row in rows}

    def all_records(self) -> Any:
        return ExternalRecord.objects.filter(
            remote_system=self.book.remote_system, remote_model=MODEL, subject_type=Topic._meta.label_lower
        )

    def take_missing(self, seen: set[str]) -> None:
        """Products that left the category, or were deleted: their topics are archived."""
        ids = [row.remote_id for row in self.all_records().filter(gone_at=None) if row.remote_id not in seen]
        if not ids:
            return
        there = self.client.read(MODEL, [int(remote_id) for remote_id in ids], ["active"])
        self.take({remote_id: {"status": Status.ARCHIVED} for remote_id in ids})
        if not self.dry_run:
            gone = [remote_id for remote_id in ids if int(remote_id) not in there]
            self.book.gone(list(self.all_records().filter(remote_id__in=gone)))

    def tell(self, found: Sequence[Found]) -> None:
        for each in found:
            if self.dry_run and each.kind != "same":
                fields = {n: {"before": each.before.get(n, ""), "after": value} for n, value in each.taken.items()}
                self.report.tell({"topic": each.title, "kind": each.kind, "fields": fields, "kept": each.kept})
            else:
                self.report.count(each.kind)

    def create(self, new: Sequence[Found]) -> None:
        topics = actions.create_topics([{**as_fields(each.taken), "category": CATEGORY} for each in new])
        if new:
            self.book.enter([self.entry(topic, each) for topic, each in zip(topics, new, strict=True)])

    def update(self, known: Sequence[Found]) -> None:
        actions.change_topics({each.topic: as_fields(each.taken) for each in known if each.topic and each.taken})
        news = []
        for each in known:
            agreed = {name: value for name, value in each.theirs.items() if name not in each.kept}
            if (
                each.topic
                and each.record
                and (agreed.items() - each.record.sent.items() or each.kept | each.unasked != each.record.kept)
            ):
                each.record.sent, each.record.kept = {**each.record.sent, **agreed}, each.kept | each.unasked
                news.append((each.topic, each.record))
        self.book.update(news)

    def entry(self, topic: Topic, found: Found) -> tuple[Topic, str, str, Values]:
        url = f"{self.client.settings.base_url}/web#id={found.remote_id}&model={MODEL}&view_type=form"
        return topic, found.remote_id, url, found.theirs


def compare(values: Values, record: ExternalRecord, topic: Topic) -> Found:
    """Theirs where it is news and nobody changed ours; what both changed is kept and shown, until somebody decides."""
    found = Found("same", record.remote_id, topic.title, values, record, topic)
    found.unasked = {name: both for name, both in record.kept.items() if name not in values}
    mine = ours(topic)
    for name, value in values.items():
        if value in (record.sent.get(name), mine[name]):
            continue
        both = {"ours": mine[name], "theirs": value}
        before = record.kept.get(name, {})
        answer = before.get("answer") if {**before, **both} == before else None
        if mine[name] == record.sent.get(name) or answer == Answer.THEIRS:
            found.taken[name], found.before[name] = value, mine[name]
        elif answer != Answer.OURS:
            found.kept[name] = both
    if found.taken:
        found.kind = "archived" if found.taken.get("status") == Status.ARCHIVED else "changed"
    elif found.kept:
        found.kind = "kept"
    return found


# --- words ------------------------------------------------------------------------------------------------------------


def theirs(row: Row) -> Values:
    """A product in our words; all values are text. Its note for customers, or else its description."""
    currency = str(row["currency_id"][1]) if row["currency_id"] else ""
    english = {"title_en": cut(row["name"], 200), "description_en": text(row, "")}
    return {
        **english,
        **(german(row, english) if "name@de" in row else {}),
        "code": cut(row["default_code"], 64),
        "default_price": price(row["list_price"]),
        "currency": currency if re.fullmatch("[A-Z]{3}", currency) else default_currency(),
        "status": Status.ACTIVE if row["active"] else Status.ARCHIVED,
    }


def german(row: Row, english: Values) -> Values:
    return {
        "title_de": cut(row["name@de"], 200) or english["title_en"],
        "description_de": text(row, "@de") or english["description_en"],
    }


def in_both_languages(values: Values, sent: Values) -> Values:
    """Where this Odoo has no German: the German that it had when we last took it, or else the English."""
    filled = dict(values)
    for name in ("title", "description"):
        if f"{name}_en" in values and f"{name}_de" not in values:
            before = sent.get(f"{name}_de", "")
            is_german = before and before != sent.get(f"{name}_en")
            filled[f"{name}_de"] = before if is_german else values[f"{name}_en"]
    return filled


def ours(topic: Topic) -> Values:
    return {name: str(getattr(topic, name) or "") for name in LABELS} | {"default_price": price(topic.default_price)}


def as_fields(values: Values) -> dict[str, Any]:
    return {name: Decimal(value) if name == "default_price" else value for name, value in values.items()}


def text(row: Row, language: str) -> str:
    return clean(row[f"description_sale{language}"] or "").strip() or plain(row[f"description{language}"] or "")


def price(value: float | Decimal) -> str:
    """Two places; what no price of ours can be is none."""
    amount = Decimal(str(value)).quantize(Decimal("0.01"))
    return str(amount if 0 <= amount < 10**8 else Decimal("0.00"))


def cut(value: str | bool, length: int) -> str:
    return " ".join(clean(value or "").split())[:length] if isinstance(value, str) else ""


def plain(rich: str) -> str:
    """Rich text as lines of plain text: paragraphs, line breaks and list items start new ones."""
    seen = re.sub(r"<(script|style)\b.*?</\1\s*>", " ", rich, flags=re.IGNORECASE | re.DOTALL)
    seen = re.sub(r"\s+", " ", seen)
    seen = re.sub(r"<li\b[^>]*>", "\n- ", seen, flags=re.IGNORECASE)
    seen = re.sub(r"<br\s*/?>|</(p|div|ul|ol|h[1-6]|tr)>", "\n", seen, flags=re.IGNORECASE)
    lines = [" ".join(line.split()) for line in html.unescape(strip_tags(seen)).splitlines()]
    return clean(re.sub(r"\n{3,}", "\n\n", "\n".join(lines))).strip()
