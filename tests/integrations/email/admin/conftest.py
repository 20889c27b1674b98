"""Colleagues by group, and what they do with letters."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from integrations.email import editing
from integrations.email.letters import LETTERS
from integrations.email.letters.words import Words
from integrations.models import IntegrationLog, LetterOverride

HELLO = "Hello {{ name }}"
BODY = "Written {{ written_at }} for {{ company_name }}."


@pytest.fixture
def colleague(email: Any) -> Callable[[str], Client]:
    """A browser in which somebody of this group is logged in."""

    def log_in(group: str) -> Client:
        user = User.objects.create_user(group.lower(), f"{group.lower()}@firm.example", is_staff=True)
        user.groups.set([Group.objects.get(name=group)])
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def operator(colleague: Callable[[str], Client]) -> Client:
    return colleague("Operator")


def url(page: str, *args: object) -> str:
    return reverse(f"admin:integrations_letteroverride_{page}", args=args)


def typed(letter: str = "test_letter", **changes: str) -> dict[str, str]:
    """The editor's fields as they come, apart from what was typed into them."""
    kind = LETTERS[letter]
    fields = {
        f"{field}_{language}": text
        for language, words in editing.current(kind).items()
        for field, text in words._asdict().items()
    }
    return {"seen": editing.version(kind), **fields, **changes}


def in_own_words(letter: str = "test_letter", **columns: Any) -> None:
    for language in ("en", "de"):
        LetterOverride.objects.create(letter=letter, language=language, subject=HELLO, body=BODY, **columns)


def words(letter: str = "test_letter") -> dict[str, Words]:
    """{language: the operators' own words}."""
    rows = LetterOverride.objects.filter(letter=letter)
    return {row.language: Words(row.subject, row.body) for row in rows}


def last_log() -> tuple[str, str, dict[str, Any]]:
    """(what, whose doing, about what) of the latest log row."""
    row = IntegrationLog.objects.select_related("actor").latest("pk")
    return row.operation, row.actor.username if row.actor else "", row.metadata
