"""Operators' own words: what they may say, and what becomes of it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from integrations.email.letters import LETTERS, words
from integrations.email.letters.filling import by_words
from integrations.email.letters.words import check, shipped
from integrations.errors import Rejected
from integrations.models import LetterOverride
from tests.factories import LeadFactory

from .letters import Invitation, composed, part, telling

DOUBLE_OPT_IN, TEST_LETTER = LETTERS["double_opt_in"], LETTERS["test_letter"]
LINK = "https://meet.example/"
pytestmark = pytest.mark.django_db


def drafted(subject: str, body: str, **values: Any) -> Any:
    return composed(telling(**values), draft=(subject, body))


def content(letter: Any) -> str:
    """The operators' part of the HTML, without the style that is written into it."""
    return str(letter.context["content"])


def complaints(letter: Any = Invitation, **given: tuple[str, str]) -> list[tuple[str, str, str]]:
    return [tuple(problem) for problem in check(letter, given)]


@pytest.fixture(autouse=True)
def shipped_invitation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invitation has no templates: what it ships uses two placeholders, in both languages."""
    real = words.shipped
    own = words.Words("Come, {{ guest }}", "{{ join_url }}")
    monkeypatch.setattr(
        words, "shipped", lambda letter, language: own if letter is Invitation else real(letter, language)
    )


# --- What may be said -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LETTERS)
def test_the_shipped_words_are_good_words(name: str) -> None:
    letter = LETTERS[name]

    assert check(letter, {language: shipped(letter, language) for language in ("en", "de")}) == []


def test_the_shipped_words_are_those_that_are_sent_without_any_of_ones_own() -> None:
    user = User.objects.create_user("ada", email="ada@firm.example", first_name="Ada")
    before = composed(TEST_LETTER, user)

    after = composed(TEST_LETTER, user, draft=shipped(TEST_LETTER, "en"))

    assert (after.subject, after.body) == (before.subject, before.body)


def test_good_words_are_accepted() -> None:
    assert complaints(en=("Hi {{guest}}", "{{ join_url }}"), de=("Hallo", "{{ guest }} {{ join_url }}")) == []


@pytest.mark.parametrize(
    ("subject", "body", "complaint"),
    [
        ("", LINK, ("en", "subject", "Please write something here.")),
        ("Hi", "  \n", ("en", "body", "Please write something here.")),
        ("Hi {{ price }}", "{{ join_url }}", ("en", "subject", "This letter has no {{ price }}.")),
        ("Hi\nthere", "{{ join_url }}", ("en", "subject", "The subject has to be one line.")),
        ("Hi {{ guest }}", "Come!", ("en", "body", "The text has to contain {{ join_url }}.")),
    ],
)
def test_what_is_wrong_is_told_in_words(subject: str, body: str, complaint: tuple[str, str, str]) -> None:
    assert complaint in complaints(en=(subject, body))


@pytest.mark.parametrize(
    "trick",
    [
        "{{ guest.password }}",
        "{{ guest|safe }}",
        "{% include 'secret.html' %}",
        "{# note #}",
        "{{ settings.SECRET_KEY }}",
        "{{ }}",
        "{guest}",
        "{{ guest",
        "{{{ guest }}}",
        "{{ guest\n}}",
    ],
)
def test_nothing_but_placeholders_is_part_of_the_language(trick: str) -> None:
    [(_, field, message)] = complaints(en=("Hi {{ guest }}", f"{trick} {{{{ join_url }}}}"))

    assert field == "body"
    assert message == "Curly brackets are for placeholders only, as in {{ company_name }}."


def test_languages_have_to_tell_the_same() -> None:
    found = complaints(en=("Hi {{ guest }}", "{{ begins }} {{ join_url }}"), de=("Hallo {{ guest }}", "{{ join_url }}"))

    assert found == [("de", "body", "{{ begins }} is used in another language, but not here.")]


def test_a_language_without_words_of_its_own_counts_with_the_shipped_ones() -> None:
    found = complaints(en=("Hi", "{{ begins }} {{ join_url }}"))

    assert found == [
        ("en", "body", "{{ guest }} is used in another language, but not here."),
        ("de", "body", "{{ begins }} is used in another language, but not here."),
    ]


# --- What becomes of it ---------------------------------------------------------------------------------------------


def test_the_text_part_is_what_was_written() -> None:
    letter = drafted("For {{ guest }}", "Dear {{ guest }},\n\nit is <great> & {{ begins }}.", guest="Ada")

    assert letter.subject == "For Ada"
    assert part(letter, "plain").startswith("Dear Ada,\n\nit is <great> & Tuesday, 1 December 2026, 10:00 (CET).\n")


def test_html_has_paragraphs_lines_and_links() -> None:
    letter = drafted("Hi", "One <two>\nthree\n\nSee https://firm.example or {{ join_url }}.")

    assert content(letter) == (
        "<p>One &lt;two&gt;<br>\nthree</p>\n"
        '<p>See <a href="https://firm.example">https://firm.example</a> or <a href="https://meet.example/">'
        "https://meet.example/</a>.</p>"
    )


def test_a_line_that_is_nothing_but_a_link_becomes_a_button() -> None:
    letter = drafted("Hi", "Here it is:\n{{ join_url }}\nSee you!")

    assert content(letter) == (
        '<p>Here it is:</p>\n<p class="action"><a class="button" href="https://meet.example/">Come in</a></p>\n'
        "<p>See you!</p>"
    )
    assert "Here it is:\nhttps://meet.example/\nSee you!" in part(letter, "plain")


def test_what_has_no_value_takes_its_line_and_its_paragraph_along() -> None:
    facts = "Guest: {{ guest }}\nWhen: {{ begins }}"
    body = f"Hello {{{{ guest }}}},\n\nMap:\n{{{{ map_url }}}}\n\n{facts}\n\nBye {{{{ guest }}}}{{{{ join_url }}}}"

    letter = drafted("Hi", body, guest="")

    assert part(letter, "plain").startswith(f"When: Tuesday, 1 December 2026, 10:00 (CET)\n\nBye {LINK}\n")
    assert "Map" not in content(letter)


@pytest.mark.parametrize("value", ["{{ company_name }}", "<b>Ada</b>", "{% now %}", "{{ join_url }}", "&amp;"])
def test_values_are_never_looked_at_again(value: str) -> None:
    letter = drafted("For {{ guest }}", "{{ guest }}", guest=value)

    assert letter.subject == f"For {value}"
    assert part(letter, "plain").startswith(f"{value}\n")
    assert content(letter) == f"<p>{value.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</p>"


def test_a_value_cannot_break_out_of_a_link() -> None:
    letter = drafted("Hi", "{{ join_url }}", join_url='https://meet.example/"><script>')

    assert 'href="https://meet.example/&quot;&gt;&lt;script&gt;"' in content(letter)


def test_the_words_of_the_readers_language_are_used() -> None:
    LetterOverride.objects.create(letter="invitation", language="de", subject="Für {{ guest }}", body="Komm!")
    LetterOverride.objects.create(letter="invitation", language="en", subject="For {{ guest }}", body="Come!")

    assert composed(lead=LeadFactory(language="de")).subject == "Für Ada"
    assert composed(lead=LeadFactory(language="en")).subject == "For Ada"
    assert composed(lead=LeadFactory(language="fr")).subject == "For Ada"


def test_words_from_before_the_letter_lost_a_placeholder_are_not_sent() -> None:
    with pytest.raises(Rejected, match=r"no \{\{ price \}\}"):
        drafted("Hi", "It costs {{ price }}.")


PIECES = [
    "{{ guest }}",
    "{{ map_url }}",
    "{{guest}}",
    "{{",
    "}}",
    "{%",
    "a",
    " ",
    "\n",
    "\r\n",
    "\n\n",
    "<b>",
    "&",
    "https://x.example",
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), guest=st.text(max_size=20))
def test_whatever_is_accepted_can_be_written(pieces: list[str], guest: str) -> None:
    given_words = ("Hi {{ guest }}", "".join(pieces) + "{{ join_url }}")
    values = {"guest": guest, "join_url": LINK, "map_url": "", "begins": "now", "company_name": "Firm"}

    if not check(Invitation, {"en": given_words, "de": given_words}):
        written = by_words(Invitation, given_words, values)

        assert LINK in written.body
        assert "<b>" not in written.content
        assert "{{" not in written.body.replace(guest, "")
