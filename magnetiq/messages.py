"""Translations without a system gettext: `python -m magnetiq.messages extract|compile|check`.

Babel does the reading and writing. Templates become Python by Django's own `templatize`; whatever Django would look up
at run time is therefore what lands in the catalog.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

BASE_DIR = Path(__file__).resolve().parent.parent
LANGUAGES = ("en", "de")
TRANSLATED = ("de",)  # English is what the code says itself
TEMPLATES = {".html", ".txt"}
SKIPPED = {"migrations", "tests", "locale", "docs", "staticfiles", "node_modules"}
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop", "noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
HEADER = "# Translations of Magnetiq. `make messages` adds and drops entries; only the translations are typed by hand."
# Lines of a catalog's head that would differ from run to run, or from machine to machine.
CHURN = re.compile(
    r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team'
    r"|Report-Msgid-Bugs-To|Project-Id-Version): .*\n",
    re.MULTILINE,
)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="magnetiq.messages", description="Keep the translations.")
    parser.add_argument("action", choices=["extract", "compile", "check"])
    action = {"extract": extract_all, "compile": compile_all, "check": check_all}[parser.parse_args().action]
    return action(BASE_DIR)


def extract_all(root: Path) -> int:
    """Bring the entries of every language in step with the code; translations stay as they are."""
    found = messages_of(root)
    for language in LANGUAGES:
        path = po_file(root, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(updated(read(path, language), found)))
    return 0


def compile_all(root: Path) -> int:
    """Write the .mo files, which Django reads and git ignores."""
    for path in sorted(root.glob("locale/*/LC_MESSAGES/django.po")):
        compiled = BytesIO()
        write_mo(compiled, read(path, path.parts[-3]))
        unfinished = path.with_suffix(".mo.new")
        unfinished.write_bytes(compiled.getvalue())
        unfinished.replace(path.with_suffix(".mo"))
    return 0


def check_all(root: Path) -> int:
    """Name every message that a visitor would read in the wrong language; 1 if there is one."""
    found = messages_of(root)
    problems = [
        f"{po_file(root, language).relative_to(root)}: {problem}"
        for language in TRANSLATED
        for problem in problems_of(read(po_file(root, language), language), found)
    ]
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


def messages_of(root: Path) -> Catalog:
    """Everything the code and the templates under `root` may ask a translation for."""
    catalog = Catalog()
    for path in sources(root):
        text = path.read_text()
        python = as_python(text, path) if path.suffix in TEMPLATES else text
        for _line, message, _comments, context in extract("python", BytesIO(python.encode()), keywords=KEYWORDS):
            # Line numbers would change with every edit above the message.
            catalog.add(message, locations=[(path.relative_to(root).as_posix(), 1)], context=context)
    return catalog


def sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        folders = path.relative_to(root).parts[:-1]
        if SKIPPED.intersection(folders) or any(folder.startswith(".") for folder in folders):
            continue
        if path.suffix == ".py" or (path.suffix in TEMPLATES and "templates" in folders):
            yield path


def as_python(template: str, path: Path) -> str:
    """The template's calls for a translation, without the indentation that only means something in HTML."""
    return "\n".join(line.lstrip() for line in templatize(template, origin=str(path)).splitlines())


def po_file(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(catalog: Catalog, found: Catalog) -> Catalog:
    catalog.update(found, no_fuzzy_matching=True)
    catalog.header_comment = HEADER
    return catalog


def written(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_po(buffer, catalog, width=110, include_lineno=False, ignore_obsolete=True, sort_by_file=True)
    return CHURN.sub("", buffer.getvalue().decode()).encode()


def problems_of(catalog: Catalog, found: Catalog) -> Iterator[str]:
    for message in found:
        if not message.id:
            continue  # the head
        translation = catalog.get(message.id, context=message.context)
        if translation is None or not all(forms(translation.string)):
            yield f"not translated: {forms(message.id)[0]!r}"
        elif translation.fuzzy:
            yield f"marked as fuzzy: {forms(message.id)[0]!r}"
        elif placeholders(translation.string) != placeholders(message.id):
            yield f"other placeholders than the original: {forms(message.id)[0]!r}"


def forms(words: object) -> tuple[str, ...]:
    """Singular and plural, or the only form there is."""
    return tuple(words) if isinstance(words, list | tuple) else (str(words),)


def placeholders(words: object) -> set[str]:
    return {placeholder for form in forms(words) for placeholder in PLACEHOLDER.findall(form)}


if __name__ == "__main__":
    sys.exit(main())
