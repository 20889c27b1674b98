"""Translations without a system gettext."""

import gettext
from pathlib import Path

import django.contrib.auth
import django_celery_beat
import pytest
import unfold

from magnetiq import borrowed_texts, messages

PYTHON = """
name = _("Lead")
count = ngettext_lazy("%(n)s lead", "%(n)s leads", "n")
"""
TEMPLATE = """
{% load i18n %}
<ul>
    <li>{% trans "Save" context "button" %}</li>
  {% blocktrans count n=leads|length trimmed %}
      {{ n }} new lead
    {% plural %}
      {{ n }} new leads
  {% endblocktrans %}
    <li title="{% translate 'It is 100 % sure' %}">{{ x|default:_("nobody") }}</li>
</ul>
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(PYTHON)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "list.html").write_text(TEMPLATE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_app.py").write_text('_("not for visitors")')
    return tmp_path


def po(project):
    return messages.po_file(project, "de")


def translate(project, **strings):
    """Write the German catalog as a person would: the entries are there, the strings get filled in."""
    text = po(project).read_text()
    for message, string in strings.items():
        text = text.replace(f'msgid "{message}"\nmsgstr ""', f'msgid "{message}"\nmsgstr "{string}"')
    po(project).write_text(text)


def test_messages_are_found_in_python_and_templates(project):
    found = {(message.context, message.id) for message in messages.messages_of(project) if message.id}

    assert found == {
        (None, "Lead"),
        (None, ("%(n)s lead", "%(n)s leads")),
        ("button", "Save"),
        (None, ("%(n)s new lead", "%(n)s new leads")),
        (None, "It is 100 %% sure"),
        (None, "nobody"),
    }


def test_extraction_keeps_translations_and_drops_what_is_gone(project):
    messages.extract_all(project)
    translate(project, Lead="Kontakt", nobody="niemand")

    (project / "templates" / "list.html").unlink()
    messages.extract_all(project)

    assert 'msgstr "Kontakt"' in po(project).read_text()
    assert "niemand" not in po(project).read_text()


def test_extraction_changes_nothing_the_second_time(project):
    messages.extract_all(project)
    first = po(project).read_bytes()

    (project / "app.py").write_text("\n\n\n" + PYTHON)
    messages.extract_all(project)

    assert po(project).read_bytes() == first
    assert b"Date" not in first
    assert str(project).encode() not in first


def test_compiled_catalog_is_what_gettext_reads(project):
    messages.extract_all(project)
    translate(project, Lead="Kontakt")

    messages.compile_all(project)

    with po(project).with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Lead") == "Kontakt"


def test_check_names_what_is_not_translated(tmp_path, capsys):
    (tmp_path / "app.py").write_text('_("Lead"); _("Save")')
    messages.extract_all(tmp_path)
    translate(tmp_path, Lead="Kontakt")

    assert messages.check_all(tmp_path) == 1
    assert capsys.readouterr().err == "locale/de/LC_MESSAGES/django.po: not translated: 'Save'\n"


def test_check_names_what_is_fuzzy_or_lost_a_placeholder(tmp_path, capsys):
    (tmp_path / "app.py").write_text('_("Lead"); _("%(n)s rows")')
    messages.extract_all(tmp_path)
    translate(tmp_path, Lead="Kontakt", **{"%(n)s rows": "Zeilen"})
    po(tmp_path).write_text(po(tmp_path).read_text().replace('msgid "Lead"', '#, fuzzy\nmsgid "Lead"'))

    assert messages.check_all(tmp_path) == 1
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == [
        "marked as fuzzy",
        "other placeholders than the original",
    ]


def test_check_is_content_with_a_complete_catalog(tmp_path, capsys):
    (tmp_path / "app.py").write_text('_("Lead")')
    messages.extract_all(tmp_path)
    translate(tmp_path, Lead="Kontakt")

    assert messages.check_all(tmp_path) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("package", "texts"),
    [
        (unfold, borrowed_texts.UNFOLD),
        (django.contrib.auth, borrowed_texts.DJANGO),
        (django_celery_beat, borrowed_texts.CELERY_BEAT),
    ],
)
def test_texts_borrowed_from_others_are_still_theirs(package, texts):
    asked_for = {message.id for message in messages.messages_of(Path(package.__file__).parent)}

    assert set(texts) <= asked_for
