"""From templates to parts: plain text is plain, HTML is safe and complete, and nothing is half done."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.template import TemplateSyntaxError
from django.utils import timezone, translation

from integrations.email.letters import LETTERS, preview
from integrations.email.letters.base import zone_for
from integrations.email.letters.contexts import DaysAhead, Link, Money
from integrations.email.letters.values import as_text
from integrations.errors import Rejected
from tests.factories import LeadFactory

from .letters import SETTINGS, composed, part, telling, write_templates

TEMPLATES = Path(__file__).parents[3] / "templates"
pytestmark = pytest.mark.django_db
Templates = Callable[..., None]


@pytest.fixture
def templates(tmp_path: Path, settings: LazySettings) -> Templates:
    """Write the invitation's templates; those not given are there, too."""
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    write_templates(tmp_path)
    return lambda **parts: write_templates(tmp_path, **parts)


def test_subject_and_text_are_plain(templates: Templates) -> None:
    templates(subject="For {{ guest }}", text="Dear {{ guest }}")

    letter = composed(telling(guest="O'Neil & <Sons>"))

    assert letter.subject == "For O'Neil & <Sons>"
    assert part(letter, "plain").startswith("Dear O'Neil & <Sons>\n")


def test_html_shows_what_people_typed_as_text(templates: Templates) -> None:
    templates(html="<p>Dear {{ guest }}</p>")

    html = part(composed(telling(guest="<b onclick=x>Ada</b>")), "html")

    assert "Dear &lt;b onclick=x&gt;Ada&lt;/b&gt;</p>" in html


def test_the_subject_and_the_preheader_are_text_in_html_too(templates: Templates) -> None:
    templates(subject="{{ guest }}", text="Hello\n\n{{ guest }}")

    html = part(composed(telling(guest="</title><b>Ada")), "html")

    assert "<title>&lt;/title&gt;&lt;b&gt;Ada</title>" in html
    assert "<b>" not in html


def test_a_template_may_extend_another(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "email" / "base.html").write_text("<h1>Welcome</h1>{% block rest %}{% endblock %}")
    templates(html='{% extends "email/base.html" %}{% block rest %}<p>Dear {{ guest }}</p>{% endblock %}')

    html = part(composed(telling(guest="Ada")), "html")

    assert "<h1>Welcome</h1>" in html
    assert ">Dear Ada</p>" in html


def test_the_subject_is_one_line(templates: Templates) -> None:
    templates(subject="For\n {{ guest }}\n")

    assert composed(telling(guest="Ada\r\nBcc: all@firm.example")).subject == "For Ada Bcc: all@firm.example"


def test_rendering_and_sending_again_change_nothing(templates: Templates, mailoutbox: list[Any]) -> None:
    letter = composed()
    before = letter.message().as_bytes()

    letter.render()
    letter.send()
    letter.send()

    assert [sent.message().as_bytes() for sent in mailoutbox] == [before, before]


@pytest.mark.parametrize("broken", ["subject", "text", "html"])
def test_a_template_that_fails_makes_no_letter(templates: Templates, broken: str) -> None:
    templates(**{broken: "{% no_such_tag %}"})

    with pytest.raises(TemplateSyntaxError):
        composed()


@pytest.mark.parametrize("empty", ["subject", "text", "html"])
def test_an_empty_letter_is_not_sent(templates: Templates, empty: str) -> None:
    templates(**{empty: "{# nothing #}\n"})

    with pytest.raises(Rejected, match="would be empty"):
        composed()


def test_what_has_no_value_is_named(templates: Templates) -> None:
    with pytest.raises(Rejected, match="“begins”"):
        composed(telling(begins=None))


def test_only_web_addresses_become_links(templates: Templates) -> None:
    with pytest.raises(Rejected, match="“join_url” is no web address"):
        composed(telling(join_url=Link("javascript:alert(1)")))


def test_a_time_without_a_zone_is_a_mistake_of_ours(templates: Templates) -> None:
    with pytest.raises(TypeError):
        composed(telling(begins=datetime(2026, 12, 1, 9)))  # noqa: DTZ001


def test_ten_megabytes_are_no_letter(templates: Templates) -> None:
    with pytest.raises(Rejected, match="too long"):
        composed(telling(guest="x" * 10_000_000))


def test_an_unknown_language_reads_english(templates: Templates) -> None:
    letter = composed(lead=LeadFactory(language="fr"))

    assert '<html lang="en"' in part(letter, "html")


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("en", "Europe/Berlin", "Tuesday, 1 December 2026, 10:00 (CET)"),
        ("de", "Europe/Berlin", "Dienstag, 1. Dezember 2026, 10:00 Uhr (MEZ)"),
        ("en", "America/New_York", "Tuesday, 1 December 2026, 04:00 (New York)"),
        ("de", "Asia/Tokyo", "Dienstag, 1. Dezember 2026, 18:00 Uhr (Tokio)"),
        ("en", "UTC", "Tuesday, 1 December 2026, 09:00 (UTC)"),
    ],
)
def test_times_are_the_readers(language: str, zone: str, shown: str) -> None:
    with translation.override(language), timezone.override(zone):
        assert as_text(datetime(2026, 12, 1, 9, tzinfo=UTC)) == shown


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["€1,490.00", "today", "tomorrow", "in 2 days"]),
        ("de", ["1.490,00 €", "heute", "morgen", "in 2 Tagen"]),
    ],
)
def test_money_and_days_are_told_as_the_reader_tells_them(language: str, shown: list[str]) -> None:
    values = [Money(Decimal("1490"), "EUR"), DaysAhead(0), DaysAhead(1), DaysAhead(2)]

    with translation.override(language):
        texts = [as_text(value).replace("\xa0", " ") for value in values]

    assert texts == shown


def test_a_zone_that_does_not_exist_is_the_firms_own(templates: Templates) -> None:
    templates(text="{{ begins }}")
    letter = type("Elsewhere", (telling(),), {"zone": "Europe/Atlantis"})

    assert "10:00 (CET)" in part(composed(letter), "plain")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_is_a_whole_one(name: str, language: str) -> None:
    letter = preview(LETTERS[name], None, settings=SETTINGS, language=language)
    html, text = part(letter, "html"), part(letter, "plain")

    assert letter.subject.strip()
    assert len(text) > 100
    assert "{{" not in letter.subject + text + html
    assert f'<html lang="{language}"' in html


@pytest.mark.parametrize(
    ("name", "language", "subject"),
    [
        ("booking_confirmation", "en", "Consultation Confirmed - VLT-20261124-7KQX"),
        ("booking_confirmation", "de", "Beratungstermin bestätigt - VLT-20261124-7KQX"),
        ("webinar_registration", "en", "Webinar Registration Confirmed - Energy storage for small businesses"),
        ("webinar_registration", "de", "Webinar-Anmeldung bestätigt - Stromspeicher für kleine Betriebe"),
        ("webinar_reminder", "en", "Webinar Reminder - Energy storage for small businesses starts in 2 days"),
        ("webinar_reminder", "de", "Webinar-Erinnerung - Stromspeicher für kleine Betriebe beginnt in 2 Tagen"),
    ],
)
def test_subjects_are_those_that_were_agreed_on(name: str, language: str, subject: str) -> None:
    assert preview(LETTERS[name], None, settings=SETTINGS, language=language).subject == subject


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_loads_nothing(name: str) -> None:
    html = part(preview(LETTERS[name], None, settings=SETTINGS), "html")

    assert not re.findall(r"<(?:img|link|script|iframe|form|object)|url\(|@import|\ssrc=", html)


def test_style_is_written_into_the_elements_and_dark_screens_keep_their_rules() -> None:
    html = part(preview(LETTERS["booking_confirmation"], None, settings=SETTINGS), "html")

    assert re.search(r'<a class="button" href="[^"]+" style="[^"]*padding: 12px 24px', html)
    assert "@media (prefers-color-scheme: dark)" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "max-width: 600px" in html


@pytest.mark.parametrize("name", LETTERS)
def test_templates_use_declared_placeholders_only(name: str) -> None:
    sources = "".join(path.read_text() for path in (TEMPLATES / "email" / name).iterdir())

    assert set(re.findall(r"\{\{ (\w+) \}\}|\{% if (\w+) %\}", sources)) != set()
    for found in re.findall(r"\{\{ (\w+) \}\}|\{% if (\w+) %\}", sources):
        assert "".join(found) in LETTERS[name].context_class.placeholders()


def test_logo_stands_above_the_words_and_the_name_where_images_are_off(templates: Templates) -> None:
    with_logo = composed(settings=SETTINGS.model_copy(update={"logo_url": "https://firm.example/logo.png"}))

    assert 'src="https://firm.example/logo.png"' in with_logo.html
    assert 'alt="Magnetiq"' in with_logo.html
    assert "<img" not in composed().html


@pytest.mark.parametrize("zone", ["Europe", "x" * 5000, "../../etc/passwd", "Mars/Olympus"])
def test_zone_that_is_none_gives_way_to_the_firms(zone: str) -> None:
    assert zone_for(zone).key == "Europe/Berlin"
