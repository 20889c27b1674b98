"""A letter as it is made: whom it is from and to, and the same bytes every time."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from integrations.email.letters import LETTERS, compose
from integrations.email.letters.staff import TestLetter
from integrations.email.settings import EmailSettings
from integrations.errors import Rejected
from tests.integrations.promising import NOON

SETTINGS = EmailSettings(host="127.0.0.1", from_email="office@firm.example", from_name="Firm, Söhne")
KEY = "1:test_letter:auth.user:1#once:"
pytestmark = pytest.mark.django_db


def a_user(**values: Any) -> User:
    return User.objects.create_user("ada", **{"email": "ada@firm.example", "is_staff": True, **values})


def composed(user: User, **options: Any) -> Any:
    return compose(TestLetter, user, **{"occasion": "", "key": KEY, "settings": SETTINGS, **options})


def parsed(message: Any) -> EmailMessage:
    read = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_letters_are_named_as_their_operations() -> None:
    assert LETTERS["test_letter"] is TestLetter


@time_machine.travel(NOON, tick=False)
def test_a_letter_says_whom_it_is_from_and_to() -> None:
    letter = parsed(composed(a_user(first_name="Ada", last_name='Love, "lace"')))

    assert letter["From"] == '"Firm, Söhne" <office@firm.example>'
    assert letter["To"] == '"Ada Love, \\"lace\\"" <ada@firm.example>'
    assert letter["Subject"] == "Test Letter - Magnetiq"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == NOON
    assert letter["Reply-To"] is None


@time_machine.travel(NOON, tick=False)
def test_two_compositions_at_the_same_moment_are_equal_byte_by_byte() -> None:
    user = a_user()

    assert composed(user).message().as_bytes() == composed(user).message().as_bytes()


def test_a_user_without_an_address_gets_no_letter() -> None:
    with pytest.raises(Rejected, match="no e-mail address"):
        composed(a_user(email=""))
