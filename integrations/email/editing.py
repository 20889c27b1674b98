"""What operators do with the words of letters: read them, change them, go back to the shipped ones."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max

from integrations import gate
from integrations.models import Connection, LetterOverride

from .letters import Letter
from .letters.words import Words, shipped

NAMES = dict(settings.LANGUAGES)  # {language: what people call it}
LANGUAGES = list(NAMES)


class ChangedMeanwhile(Exception):
    """Somebody else saved other words since these were read."""


def current(letter: type[Letter[Any]]) -> dict[str, Words]:
    """{language: the words in use}."""
    own = {row.language: Words(row.subject, row.body) for row in overrides(letter)}
    return {language: own.get(language) or shipped(letter, language) for language in LANGUAGES}


def overrides(letter: type[Letter[Any]]) -> Any:
    return LetterOverride.objects.filter(letter=letter.name)


def version(letter: type[Letter[Any]]) -> str:
    """Another one after every change of the letter's words."""
    found = overrides(letter).aggregate(number=Count("pk"), latest=Max("updated_at"))
    return f"{found['number']}, {found['latest']}"


@transaction.atomic
def save(letter: type[Letter[Any]], words: Mapping[str, Words], *, actor_id: int | None, seen: str) -> list[str]:
    """Put `words` into use; returns the languages in which they are new. What equals the shipped words is no override.

    Raises ChangedMeanwhile unless `seen` is the version that they were made from.
    """
    connection = own_connection(lock=True)
    if seen != version(letter):
        raise ChangedMeanwhile
    before = current(letter)
    changed = [language for language, new in words.items() if new != before[language]]
    for language in changed:
        write(letter, language, words[language], actor_id)
    if changed:
        gate.log(connection, "letter_changed", metadata={"letter": letter.name, "languages": changed})
    return changed


def write(letter: type[Letter[Any]], language: str, words: Words, actor_id: int | None) -> None:
    if words == shipped(letter, language):
        overrides(letter).filter(language=language).delete()
        return
    LetterOverride.objects.update_or_create(
        letter=letter.name, language=language, defaults={**words._asdict(), "updated_by_id": actor_id}
    )


@transaction.atomic
def restore(letter: type[Letter[Any]], language: str) -> bool:
    """Go back to the shipped words of one language; says whether there were others."""
    connection = own_connection(lock=True)
    removed, _rows = overrides(letter).filter(language=language).delete()
    if removed:
        gate.log(connection, "letter_restored", metadata={"letter": letter.name, "languages": [language]})
    return bool(removed)


def own_connection(*, lock: bool = False) -> Connection:
    """The integration's. Locked, it lets one change of words through after the other."""
    rows = Connection.objects.select_for_update(of=("self",), no_key=True) if lock else Connection.objects.all()
    return rows.select_related("integration").get(integration__slug="email", owner="")
