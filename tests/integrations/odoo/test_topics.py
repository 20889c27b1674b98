"""Topics from Odoo's products: what is new there, what was edited here, and what both changed."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from integrations import conflicts, errors, registry
from integrations.configuration import service_of
from integrations.jobs import perform
from integrations.models import ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from integrations.odoo.topics import plain
from tests.factories import SessionFactory
from webinars.actions import change_topics
from webinars.models import Topic

from .rooms import states

Answer = ExternalRecord.Answer


@pytest.fixture
def category(odoo: Integration, peer: OdooSandbox) -> int:
    return peer.create("product.category", {"name": "Webinars"})


@pytest.fixture
def product(category: int, peer: OdooSandbox) -> int:
    number = peer.create("product.template", fitting(peer, details(category)))
    peer.translate("product.template", number, "de_DE", {"name": "Datenstrategie", "description": "<p>Zwei Tage</p>"})
    return number


def details(category: int, **fields: Any) -> dict[str, Any]:
    usual = {"name": "Data strategy", "description": "<p>Two <b>days</b></p><ul><li>one</li></ul>", "list_price": 490.5}
    return {**usual, "default_code": "W-1", "categ_id": category, "uom_id": 1, "uom_po_id": 1, **fields}


def fitting(peer: OdooSandbox, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if peer.version == "16.0" or name != "uom_po_id"}


def take(**options: Any) -> dict[str, int]:
    return service_of("odoo").import_topics(**options).counts


def the_topic() -> Topic:
    return Topic.objects.get()


def test_a_product_becomes_a_topic_in_both_languages(product: int) -> None:
    assert take() == {"new": 1}

    topic = the_topic()
    assert (topic.title_en, topic.title_de) == ("Data strategy", "Datenstrategie")
    assert (topic.description_en, topic.description_de) == ("Two days\n\n- one", "Zwei Tage")
    assert (topic.code, topic.default_price, topic.currency) == ("W-1", Decimal("490.50"), "EUR")
    assert (topic.category, topic.status) == ("Imported from Odoo", "active")


def test_imported_again_it_is_the_same(product: int) -> None:
    take()

    assert take() == {"same": 1}
    assert Topic.objects.count() == 1


def test_what_odoo_changes_is_taken_over(product: int, peer: OdooSandbox) -> None:
    take()
    peer.write("product.template", product, {"name": "Data strategy II", "list_price": 500})

    assert take() == {"changed": 1}
    assert (the_topic().title_en, the_topic().default_price) == ("Data strategy II", Decimal(500))
    assert the_topic().title_de == "Datenstrategie"


def test_what_is_edited_here_stays(product: int, peer: OdooSandbox) -> None:
    take()
    change_topics({the_topic(): {"title_en": "Ours", "category": "Data"}})
    peer.write("product.template", product, {"list_price": 500})

    assert take() == {"changed": 1}
    assert (the_topic().title_en, the_topic().category, the_topic().default_price) == ("Ours", "Data", Decimal(500))


class TestBothChanged:
    @pytest.fixture(autouse=True)
    def both(self, product: int, peer: OdooSandbox) -> None:
        take()
        change_topics({the_topic(): {"title_en": "Ours"}})
        peer.write("product.template", product, {"name": "Theirs"})

    def test_is_kept_and_shown(self) -> None:
        assert (take(), take()) == ({"kept": 1}, {"kept": 1})
        assert the_topic().title_en == "Ours"
        assert ExternalRecord.objects.get().kept == {"title_en": {"ours": "Ours", "theirs": "Theirs"}}

    @pytest.mark.parametrize(("given", "title"), [(Answer.OURS, "Ours"), (Answer.THEIRS, "Theirs")])
    def test_is_as_somebody_decides(self, given: Answer, title: str) -> None:
        take()

        conflicts.answer(ExternalRecord.objects.get(), given)

        take()
        assert the_topic().title_en == title
        assert (take(), ExternalRecord.objects.get().kept) == ({"same": 1}, {})

    def test_is_no_difference_once_both_say_the_same(self, product: int, peer: OdooSandbox) -> None:
        take()
        peer.write("product.template", product, {"name": "Ours"})

        assert (take(), ExternalRecord.objects.get().kept) == ({"same": 1}, {})


class TestGoneThere:
    @pytest.mark.parametrize("how", ["archived", "moved", "deleted"])
    def test_topic_is_archived(self, product: int, peer: OdooSandbox, how: str) -> None:
        take()
        if how == "deleted":
            peer.unlink("product.template", product)
        else:
            peer.write("product.template", product, {"active": False} if how == "archived" else {"categ_id": 1})

        assert take() == {"archived": 1}
        assert the_topic().status == "archived"
        assert bool(ExternalRecord.objects.get().gone_at) == (how == "deleted")

    def test_comes_back_as_the_same_topic(self, product: int, peer: OdooSandbox) -> None:
        take()
        peer.write("product.template", product, {"active": False})
        take()
        peer.write("product.template", product, {"active": True})

        assert take() == {"changed": 1}
        assert the_topic().status == "active"

    @pytest.mark.parametrize("given", [None, Answer.THEIRS])
    def test_what_was_different_still_is_when_it_comes_back(
        self, product: int, category: int, peer: OdooSandbox, given: Answer | None
    ) -> None:
        """And whoever has decided meanwhile has decided."""
        take()
        change_topics({the_topic(): {"title_en": "Ours"}})
        peer.write("product.template", product, {"name": "Theirs"})
        take()
        if given:
            conflicts.answer(ExternalRecord.objects.get(), given)
        before = ExternalRecord.objects.get().kept
        peer.write("product.template", product, {"categ_id": 1})
        assert (take(), take()) == ({"archived": 1}, {"same": 1})
        assert ExternalRecord.objects.get().kept == before != {}

        peer.write("product.template", product, {"categ_id": category})

        assert take() == {"changed": 1}
        assert (the_topic().title_en, the_topic().status) == ("Theirs" if given else "Ours", "active")

    def test_renamed_category_archives_nothing(self, product: int, category: int, peer: OdooSandbox) -> None:
        take()
        peer.write("product.category", category, {"name": "Something else"})

        with pytest.raises(errors.Rejected, match="Webinars"):
            take()
        assert the_topic().status == "active"

    def test_archived_product_that_was_never_here_is_no_topic(self, product: int, peer: OdooSandbox) -> None:
        peer.write("product.template", product, {"active": False})

        assert (take(), Topic.objects.count()) == ({}, 0)


def test_product_in_a_category_below_is_a_topic_too(category: int, peer: OdooSandbox) -> None:
    below = peer.create("product.category", {"name": "Data", "parent_id": category})
    lowest = peer.create("product.category", {"name": "Basics", "parent_id": below})
    for number in (below, lowest, 1):
        peer.create("product.template", fitting(peer, details(number, name=f"In {number}")))

    assert take() == {"new": 2}

    assert set(Topic.objects.values_list("title_en", flat=True)) == {f"In {below}", f"In {lowest}"}


class TestOdooWithoutGerman:
    @pytest.fixture(autouse=True)
    def german(self, odoo: Integration, peer: OdooSandbox) -> int:
        (number,) = [row["id"] for row in peer.records("res.lang") if row["code"] == "de_DE"]
        peer.write("res.lang", number, {"active": False})
        return int(number)

    def test_topics_come_in_english_and_that_is_said(self, product: int) -> None:
        report = service_of("odoo").import_topics()

        assert report.counts == {"new": 1}
        assert report.notes == ["German is not installed in Odoo: new topics have English words in both languages."]
        assert (the_topic().title_en, the_topic().title_de) == ("Data strategy", "Data strategy")

    def test_it_is_said_once_however_many_pages_there_are(self, category: int, peer: OdooSandbox) -> None:
        for n in range(501):
            peer.create("product.template", fitting(peer, details(category, name=f"Topic {n}")))

        assert len(perform(registry.job("odoo", "import_topics"))["notes"]) == 1

    def test_german_comes_as_soon_as_it_is_there(self, product: int, german: int, peer: OdooSandbox) -> None:
        take()
        peer.write("product.template", product, {"name": "Data strategy II"})
        assert take() == {"changed": 1}
        assert the_topic().title_de == "Data strategy II"

        peer.write("res.lang", german, {"active": True})

        assert take() == {"changed": 1}
        assert (the_topic().title_en, the_topic().title_de) == ("Data strategy II", "Datenstrategie")

    def test_german_that_was_there_stays(self, product: int, german: int, peer: OdooSandbox) -> None:
        peer.write("res.lang", german, {"active": True})
        take()
        peer.write("res.lang", german, {"active": False})
        peer.write("product.template", product, {"name": "Data strategy II"})

        assert take() == {"changed": 1}
        assert (the_topic().title_en, the_topic().title_de) == ("Data strategy II", "Datenstrategie")


def test_sessions_ahead_are_told_there_by_their_new_words(product: int, peer: OdooSandbox) -> None:
    take()
    SessionFactory.create(topic=the_topic())
    peer.write("product.template", product, {"name": "Data strategy II"})

    take()

    assert states() == {"pending": 1}


def test_a_dry_run_tells_and_writes_nothing(product: int, category: int, peer: OdooSandbox) -> None:
    take()
    peer.write("product.template", product, {"list_price": 500})
    peer.create("product.template", fitting(peer, details(category, name="Another")))
    before = [list(rows.values()) for rows in (Topic.objects.all(), ExternalRecord.objects.all())]

    report = service_of("odoo").import_topics(dry_run=True)

    told = {change["topic"]: change["fields"] for change in report.changes}
    assert report.counts == {"changed": 1, "new": 1}
    assert told["Data strategy"] == {"default_price": {"before": "490.50", "after": "500.00"}}
    assert told["Another"]["code"] == {"before": "", "after": "W-1"}
    assert before == [list(rows.values()) for rows in (Topic.objects.all(), ExternalRecord.objects.all())]


def test_many_products_take_two_calls_a_page(category: int, peer: OdooSandbox) -> None:
    for n in range(1200):
        peer.create("product.template", fitting(peer, details(category, name=f"Topic {n}", description=False)))
    peer.calls.clear()

    assert take() == {"new": 1200}

    assert Topic.objects.count() == 1200
    assert Counter(model for model, _method, _user in peer.calls) == {
        "res.lang": 1,
        "product.category": 1,
        "product.template": 6,
    }
    assert take() == {"same": 1200}


@pytest.mark.parametrize(
    ("rich", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("a<br/>b<br>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<script>alert(1)</script><style>p{}</style>x", "x"),
        ('<a href="javascript:x">link</a>\x01 1 &lt; 2', "link 1 < 2"),
        ("", ""),
    ],
)
def test_rich_text_becomes_plain(rich: str, text: str) -> None:
    assert plain(rich) == text
