"""Previews: what would be sent, in whatever words, and nothing but that."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client

from integrations import outbox
from integrations.email.letters import LETTERS
from integrations.email.sandbox import MailSandbox
from integrations.email.service import EmailService
from integrations.models import Delivery
from leads.models import Touchpoint
from tests.factories import LeadFactory, TouchpointFactory, WhitepaperFactory
from tests.integrations.email.posting import drain

from .conftest import BODY, HELLO, in_own_words, typed, url, words

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = re.compile(rb"/my/[\w.-]{80,}/")


def request_for_a_whitepaper(**columns: Any) -> Touchpoint:
    lead = LeadFactory(**{"email": "jo@client.example", "name": "Jo Client", "language": "de", **columns})
    return TouchpointFactory(lead=lead, whitepaper=WhitepaperFactory())


def preview(client: Client, letter: str = "test_letter", **asked: str) -> str:
    return client.get(url("preview", letter), asked).content.decode()


def promised(user: User) -> Delivery:
    outbox.once(EmailService.test_letter, user)
    return Delivery.objects.get(operation="test_letter")


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("part", ["html", "text", "source"])
def test_every_letter_can_be_looked_at_where_there_is_nothing_yet(operator: Client, letter: str, part: str) -> None:
    answers = [operator.get(url("preview", letter), {"part": part, "language": language}) for language in ("en", "de")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content != answers[1].content


def test_letter_is_shown_about_a_real_object_in_its_readers_language(operator: Client) -> None:
    touchpoint = request_for_a_whitepaper()

    shown = preview(operator, "whitepaper_delivery", number=str(touchpoint.pk))

    assert "Jo Client" in shown
    assert touchpoint.whitepaper.title_de in shown
    assert '<html lang="de"' in shown


def test_latest_objects_are_offered_to_who_may_see_people(operator: Client) -> None:
    touchpoints = [request_for_a_whitepaper(email=f"jo-{number}@client.example") for number in range(22)]
    page = operator.get(url("edit", "whitepaper_delivery"))

    assert [pk for pk, name in page.context["choices"]] == [each.pk for each in reversed(touchpoints)][:20]
    assert page.context["choices"][0][1].startswith("Jo Client")


def test_who_may_not_see_people_sees_made_up_ones_only(email: Any) -> None:
    touchpoint = request_for_a_whitepaper()
    writer = User.objects.create_user("writer", is_staff=True)
    codenames = ["view_letteroverride", "change_letteroverride", "view_delivery"]
    writer.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    outbox.once(EmailService.whitepaper_delivery, touchpoint)
    client = Client()
    client.force_login(writer)

    asked = [
        client.get(url("preview", "whitepaper_delivery"), {"subject": touchpoint.pk}),
        client.get(url("promised", Delivery.objects.get().pk)),
        client.get(url("edit", "whitepaper_delivery")),
    ]

    assert [answer.status_code for answer in asked] == [422, 422, 200]
    assert not any(b"Jo Client" in answer.content or b"jo@client" in answer.content for answer in asked)


@pytest.mark.parametrize("number", ["0", "999999999", "x", "-1", "9" * 30, "1 OR 1=1", "²"])
def test_number_of_nothing_shows_no_letter(operator: Client, number: str) -> None:
    assert operator.get(url("preview", "whitepaper_delivery"), {"number": number}).status_code == 422


def test_saved_words_are_shown_by_get_and_typed_ones_by_post(operator: Client) -> None:
    in_own_words()

    saved = preview(operator, part="text", language="en")
    draft = typed(subject_en="Hi {{ name }}", part="text", language="en")
    now = operator.post(url("preview", "test_letter"), draft).content.decode()

    assert saved.startswith("Subject: Hello Ada Lovelace\n")
    assert now.startswith("Subject: Hi Ada Lovelace\n")
    assert words()["en"].subject == HELLO


def test_half_written_words_can_be_looked_at_before_the_other_language_follows(operator: Client) -> None:
    draft = typed(body_de="", body_en="Only {{ company_name }}.", part="text", language="en")

    assert "Only " in operator.post(url("preview", "test_letter"), draft).content.decode()


def test_words_of_which_no_letter_can_be_made_are_explained(operator: Client) -> None:
    answer = operator.post(url("preview", "test_letter"), typed(body_en="{{ price }}", language="en"))

    assert answer.status_code == 422
    assert "This letter has no {{ price }}." in answer.content.decode()


def test_what_is_typed_cannot_bring_a_script(operator: Client) -> None:
    draft = typed(body_en=f"<script>alert(1)</script> {BODY}", language="en")

    assert "<script" not in operator.post(url("preview", "test_letter"), draft).content.decode()


def test_file_is_byte_by_byte_what_a_mail_server_receives(operator: Client, peer: MailSandbox) -> None:
    touchpoint = request_for_a_whitepaper(name="Jürgen Größe")
    with time_machine.travel(NOON, tick=False):
        outbox.once(EmailService.whitepaper_delivery, touchpoint)
        operator.force_login(User.objects.get(username="operator"))
        by_promise = operator.get(url("promised", Delivery.objects.get().pk), {"part": "file"})
        by_number = operator.get(url("preview", "whitepaper_delivery"), {"part": "file", "number": touchpoint.pk})
        drain()

    (received,) = peer.letters
    assert by_promise.content == by_number.content == received.raw
    assert by_promise["Content-Disposition"] == 'attachment; filename="letter.eml"'


def test_only_previews_may_stand_in_a_frame_and_only_in_ours(operator: Client) -> None:
    frame, page = operator.get(url("preview", "test_letter")), operator.get(url("edit", "test_letter"))

    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in frame["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "frame-src 'self'" in page["Content-Security-Policy"]


def test_preview_is_kept_by_nobody(operator: Client) -> None:
    assert "no-store" in operator.get(url("preview", "test_letter"))["Cache-Control"]


def test_letter_of_a_promise_is_shown_with_whom_it_goes_to(operator: Client) -> None:
    delivery = promised(User.objects.get(username="operator"))

    page = operator.get(url("read", delivery.pk)).content.decode()
    letter = operator.get(url("promised", delivery.pk), {"part": "text"}).content.decode()

    assert f'src="{url("promised", delivery.pk)}?part=html"' in page
    assert "To: operator@firm.example" in letter


@pytest.mark.parametrize("part", ["html", "text", "file"])
def test_who_may_not_forget_people_gets_no_key_to_their_page(
    operator: Client, colleague: Callable[[str], Client], part: str
) -> None:
    touchpoint = request_for_a_whitepaper()
    outbox.once(EmailService.whitepaper_delivery, touchpoint)
    delivery, auditor = Delivery.objects.get(), colleague("Auditor")

    for asked in (
        (url("preview", "whitepaper_delivery"), {"subject": touchpoint.pk}),
        (url("promised", delivery.pk), {}),
    ):
        pages = [reader.get(asked[0], {**asked[1], "part": part}) for reader in (operator, auditor)]
        theirs, ours = (unfolded(page.content) for page in pages)

        assert KEY.search(theirs)
        assert not KEY.search(ours)
        assert b"/my/[secret]/" in ours


def unfolded(content: bytes) -> bytes:
    return content.replace(b"=\r\n", b"")


def test_letter_that_nobody_wants_any_more_is_not_made_up(operator: Client) -> None:
    touchpoint = request_for_a_whitepaper()
    outbox.once(EmailService.whitepaper_delivery, touchpoint)
    delivery = Delivery.objects.get()
    touchpoint.delete()

    answer = operator.get(url("promised", delivery.pk))

    assert answer.status_code == 422
    assert "What this letter was about is gone." in answer.content.decode()


def test_mail_that_is_no_letter_of_ours_cannot_be_read(operator: Client, colleague: Callable[[str], Client]) -> None:
    delivery = promised(User.objects.create_user("jo", "jo@firm.example"))
    Delivery.objects.update(operation="stored_mail")

    assert operator.get(url("read", delivery.pk)).status_code == 404


def test_colleagues_are_for_those_who_may_see_users(operator: Client) -> None:
    somebody = User.objects.create_user("grace", "grace@firm.example")

    assert "grace" not in operator.get(url("edit", "test_letter")).content.decode()
    assert "grace" not in preview(operator, subject=str(somebody.pk))
    assert "grace" not in operator.get(url("promised", promised(somebody).pk)).content.decode()
