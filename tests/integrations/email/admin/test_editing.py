"""The editor: words in both languages, checked before they count, and never lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.email.letters import LETTERS
from integrations.email.letters.words import Words, shipped
from integrations.models import IntegrationLog, LetterOverride
from tests.integrations.admin.conftest import queries, text

from .conftest import BODY, HELLO, in_own_words, last_log, typed, url, words

pytestmark = pytest.mark.django_db
NEW = {"subject_en": HELLO, "subject_de": "Hallo {{ name }}", "body_en": BODY, "body_de": BODY}


def test_list_shows_every_letter_with_whose_words_it_is_in(operator: Client) -> None:
    in_own_words(updated_by=User.objects.create_user("grace"))

    page = text(operator.get(url("changelist")))

    assert all(f'href="{url("edit", name)}"' in page for name in LETTERS)
    assert page.count("own words") == 2
    assert page.count("shipped words") == 2 * len(LETTERS) - 2
    assert page.count("grace") == 2


def test_list_takes_the_same_queries_however_many_letters_have_own_words(operator: Client) -> None:
    none = queries(operator, url("changelist"))

    for number, name in enumerate(LETTERS):
        in_own_words(name, updated_by=User.objects.create_user(f"user-{number}"))

    assert queries(operator, url("changelist")) == none


def test_editor_begins_with_the_shipped_words_and_lists_the_placeholders(operator: Client) -> None:
    page = operator.get(url("edit", "test_letter"))

    for language in ("en", "de"):
        begun = Words(*(page.context["form"][f"{field}_{language}"].value() for field in Words._fields))
        assert begun == shipped(LETTERS["test_letter"], language)
    assert "<code>{{ written_at }}</code>" in text(page)
    assert "When this letter was written" in text(page)


def test_saved_words_are_in_use_in_both_languages_and_logged_without_them(operator: Client) -> None:
    operator.post(url("edit", "test_letter"), typed(**NEW))

    assert words() == {"en": Words(HELLO, BODY), "de": Words("Hallo {{ name }}", BODY)}
    assert last_log() == ("letter_changed", "operator", {"letter": "test_letter", "languages": ["en", "de"]})


def test_who_changed_words_is_remembered(operator: Client) -> None:
    operator.post(url("edit", "test_letter"), typed(**NEW))

    assert set(LetterOverride.objects.values_list("updated_by__username", flat=True)) == {"operator"}


def test_the_shipped_words_saved_are_no_own_words(operator: Client) -> None:
    operator.post(url("edit", "test_letter"), typed())

    assert words() == {}
    assert not IntegrationLog.objects.filter(operation="letter_changed").exists()


@pytest.mark.parametrize(
    ("field", "content", "complaint"),
    [
        ("subject_de", "Hallo {{ price }}", "This letter has no {{ price }}."),
        ("body_en", "Written {{ written_at }}.", "{{ company_name }} is used in another language, but not here."),
        ("body_de", "", "Please write something here."),
        ("subject_en", "{{ name }} {% now %}", "Curly brackets are for placeholders only, as in {{ company_name }}."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(
    operator: Client, field: str, content: str, complaint: str
) -> None:
    page = operator.post(url("edit", "test_letter"), typed(**{**NEW, field: content}))

    assert page.status_code == 200
    assert page.context["form"].errors == {field: [complaint]}
    assert {name: page.context["form"][name].value() for name in NEW} == {**NEW, field: content}
    assert words() == {}


def test_letter_whose_link_is_missing_is_not_saved(operator: Client) -> None:
    without = {f"{field}_{language}": "Hello" for field in ("subject", "body") for language in ("en", "de")}

    page = operator.post(url("edit", "double_opt_in"), typed("double_opt_in", **without))

    told = ["The text has to contain {{ confirm_url }}."]
    assert page.context["form"].errors == {"body_en": told, "body_de": told}


def test_subject_that_is_too_long_is_refused(operator: Client) -> None:
    page = operator.post(url("edit", "test_letter"), typed(**NEW | {"subject_en": f"{'x' * 200} {{{{ name }}}}"}))

    assert list(page.context["form"].errors) == ["subject_en"]


def test_colleagues_change_is_not_overwritten_unseen(operator: Client, colleague: Callable[[str], Client]) -> None:
    mine, theirs = typed(**NEW), typed(**NEW | {"subject_en": "Hi {{ name }}"})
    colleague("Administrator").post(url("edit", "test_letter"), theirs)

    page = operator.post(url("edit", "test_letter"), mine)

    assert page.status_code == 409
    assert "Somebody else has changed this letter meanwhile" in page.content.decode()
    assert page.context["form"]["subject_en"].value() == HELLO
    assert words()["en"].subject == "Hi {{ name }}"


def test_going_back_to_the_shipped_words_is_a_change_too(operator: Client) -> None:
    in_own_words()
    mine = typed(**NEW)
    operator.post(url("restore", "test_letter", "de"))

    assert operator.post(url("edit", "test_letter"), mine).status_code == 409


def test_one_language_goes_back_to_the_shipped_words(operator: Client) -> None:
    in_own_words()

    page = operator.post(url("restore", "test_letter", "de"), follow=True)

    assert list(words()) == ["en"]
    assert "the shipped words are in use again" in text(page)
    assert last_log() == ("letter_restored", "operator", {"letter": "test_letter", "languages": ["de"]})


def test_going_back_where_there_is_nothing_to_go_back_from_leaves_no_trace(operator: Client) -> None:
    operator.post(url("restore", "test_letter", "de"))

    assert not IntegrationLog.objects.filter(operation="letter_restored").exists()


def test_auditor_reads_and_changes_nothing(colleague: Callable[[str], Client]) -> None:
    auditor = colleague("Auditor")
    in_own_words()

    page = text(auditor.get(url("edit", "test_letter")))
    answers = [
        auditor.post(url("edit", "test_letter"), typed(**NEW)),
        auditor.post(url("restore", "test_letter", "de")),
        auditor.post(url("preview", "test_letter"), typed(**NEW)),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert words()["en"] == Words(HELLO, BODY)
    assert "back to the shipped words" not in page
    assert 'icon">save' not in page


@pytest.mark.parametrize(("role", "can_type"), [("Auditor", False), ("Operator", True)])
def test_only_who_may_write_can_type(colleague: Callable[[str], Client], role: str, can_type: bool) -> None:
    form = colleague(role).get(url("edit", "test_letter")).context["form"]

    assert {not form.fields[name].disabled for name in NEW} == {can_type}


@pytest.mark.parametrize("address", [("edit", "nothing"), ("preview", "nothing"), ("restore", "test_letter", "fr")])
def test_what_there_is_not_is_not_found(operator: Client, address: tuple[str, ...]) -> None:
    method: Any = operator.post if address[0] == "restore" else operator.get

    assert method(url(*address)).status_code == 404
