"""A letter as it is made: whom it is from and to, who gets none, and the same bytes every time."""

from email.header import decode_header, make_header
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from integrations import outbox, own_page, registry
from integrations.email.addresses import as_sent
from integrations.email.letters import LETTERS, compose, preview
from integrations.email.letters.base import Recipient
from integrations.errors import Obsolete, Rejected
from integrations.models import Connection
from leads import links
from leads.models import Consent, Lead, Touchpoint
from tests.factories import LeadFactory, TouchpointFactory, WhitepaperFactory
from tests.integrations.promising import NOON

from .letters import KEY, SETTINGS, Invitation, as_received, composed, part, telling

WHITEPAPER, DOUBLE_OPT_IN, TEST_LETTER = (LETTERS[n] for n in ("whitepaper_delivery", "double_opt_in", "test_letter"))
WORDS = ("Hi {{ guest }}", "{{ join_url }}")
pytestmark = pytest.mark.django_db


class News(Invitation):
    marketing = True


def a_request(**lead: Any) -> Touchpoint:
    return TouchpointFactory(
        lead=LeadFactory(**lead), whitepaper=WhitepaperFactory(title_en="Storage", title_de="Speicher")
    )


def a_consent(**values: Any) -> Consent:
    return Consent.objects.create(**{"lead": LeadFactory(), "given_at": NOON, "text_version": "2026-11", **values})


def invited(lead: Lead | None = None, **options: Any) -> Any:
    return composed(Invitation, lead, **{"draft": WORDS, **options})


# --- Headers --------------------------------------------------------------------------------------------------------


@time_machine.travel(NOON, tick=False)
def test_a_letter_says_whom_it_is_from_and_to() -> None:
    letter = as_received(invited(LeadFactory(email="ada@client.example", name='Love, "lace"')))

    assert letter["From"] == '"Firm, Söhne" <office@firm.example>'
    assert letter["To"] == '"Love, \\"lace\\"" <ada@client.example>'
    assert letter["Subject"] == "Hi Ada"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == NOON
    assert letter["Reply-To"] is None


def test_answers_go_where_the_operator_wants_them() -> None:
    settings = SETTINGS.model_copy(update={"reply_to": "hello@bücher.example"})

    assert as_received(invited(settings=settings))["Reply-To"] == "hello@xn--bcher-kva.example"


def test_the_message_id_is_the_promises() -> None:
    first, again = invited(), invited(settings=SETTINGS.model_copy(update={"from_name": "Another"}))
    other = invited(key=f"{KEY}|again 1")

    assert first.message()["Message-ID"] == again.message()["Message-ID"] != other.message()["Message-ID"]
    assert first.message()["Message-ID"].endswith("@firm.example>")


@pytest.mark.parametrize(
    "name",
    [
        "Müller, Ada",
        'A "B" C',
        "Ada\r\nBcc: all@firm.example",
        "<script>",
        "Ada; x@y.example,",
        "Ω=?utf-8?q?x?=",
        "=?utf-8?q?=0d=0aBcc:_all?=",
    ],
)
def test_a_name_stays_a_name(name: str) -> None:
    [to] = as_received(invited(LeadFactory(email="ada@client.example", name=name)))["To"].addresses

    assert to.display_name == " ".join(name.split())
    assert to.addr_spec == "ada@client.example"


def test_a_long_name_arrives_whole() -> None:
    raw = invited(LeadFactory(email="ada@client.example", name="Ä" * 200)).message()["To"]

    assert str(make_header(decode_header(raw))) == f"{'Ä' * 200} <ada@client.example>"


@pytest.mark.parametrize("header", ["Bcc", "X-Evil"])
def test_no_value_adds_a_header(header: str) -> None:
    lead = LeadFactory(name=f"Ada\n{header}: all@firm.example")

    letter = as_received(composed(telling(guest=f"Ada\r\n{header}: all@firm.example"), lead, draft=WORDS))

    assert letter[header] is None
    assert letter["Subject"] == f"Hi Ada {header}: all@firm.example"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("ada@client.example", "ada@client.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("a..b@client.example", '"a..b"@client.example'),
        (".ada@client.example", '".ada"@client.example'),
        ('"a b"@client.example', '"a b"@client.example'),
        ("ädä@bücher.example", "ädä@xn--bcher-kva.example"),
    ],
)
def test_addresses_are_written_as_they_travel(address: str, sent: str) -> None:
    raw = invited(LeadFactory(email=address, name="")).message().as_bytes().decode()

    assert as_sent(address) == sent
    assert f"\nTo: {sent}\n" in raw


def test_a_domain_that_no_server_can_have_is_refused() -> None:
    with pytest.raises(Rejected, match="No domain"):
        invited(LeadFactory(email="ada@bü_cher.example"))


# --- The same bytes -------------------------------------------------------------------------------------------------


@time_machine.travel(NOON, tick=False)
def test_two_compositions_at_the_same_moment_are_equal_byte_by_byte() -> None:
    lead = LeadFactory()

    assert invited(lead).message().as_bytes() == invited(lead).message().as_bytes()


def test_a_letter_travels_in_seven_bits_and_short_lines() -> None:
    raw = composed(WHITEPAPER, a_request(language="de", name="Ä" * 200)).message().as_bytes()

    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


@time_machine.travel(NOON, tick=False)
def test_the_preview_of_an_object_is_what_is_sent() -> None:
    request = a_request()
    connection = Connection.objects.get(integration__slug="email", owner="")
    key = outbox.key_of(registry.operation("email", "whitepaper_delivery"), connection, request)

    shown = preview(WHITEPAPER, request, settings=SETTINGS)

    sent = compose(WHITEPAPER, request, occasion="", key=key, settings=SETTINGS)
    assert shown.message().as_bytes() == sent.message().as_bytes()


def test_a_preview_can_be_in_the_other_language() -> None:
    request = a_request(language="en")

    assert "Storage" in preview(WHITEPAPER, request, settings=SETTINGS).subject
    assert "Speicher" in preview(WHITEPAPER, request, settings=SETTINGS, language="de").subject


@pytest.mark.parametrize("name", ["whitepaper_delivery", "double_opt_in", "test_letter"])
def test_letters_offer_real_objects_to_preview(name: str) -> None:
    a_request()
    a_consent()
    User.objects.create_user("ada", email="ada@firm.example", is_staff=True)
    subjects = LETTERS[name].subjects()

    assert subjects is not None
    assert preview(LETTERS[name], subjects[0], settings=SETTINGS).subject


# --- Who gets one ---------------------------------------------------------------------------------------------------


def test_the_whitepaper_comes_as_a_link_in_the_readers_language() -> None:
    request = a_request(language="de")

    text = part(composed(WHITEPAPER, request), "plain")

    assert "/de/whitepapers/" in text
    assert "“Speicher”" in text or "„Speicher“" in text


def test_letters_to_people_link_to_their_own_page() -> None:
    request = a_request()

    letter = composed(WHITEPAPER, request)

    assert own_page.link(request.lead) in part(letter, "plain")
    assert own_page.link(request.lead) in part(letter, "html")


def test_letters_to_staff_have_no_such_page() -> None:
    user = User.objects.create_user("ada", email="ada@firm.example")

    assert "/my/" not in part(composed(TEST_LETTER, user), "html")


@time_machine.travel(NOON, tick=False)
def test_the_link_in_the_letter_opens_the_request() -> None:
    request = a_request()

    assert links.download(request) in part(composed(WHITEPAPER, request), "plain")


def test_the_confirmation_has_the_words_that_were_agreed_to() -> None:
    text = part(composed(DOUBLE_OPT_IN, a_consent()), "plain")

    assert "may send me news about its whitepapers, webinars and services by e-mail." in text


@pytest.mark.parametrize("column", ["confirmed_at", "withdrawn_at"])
def test_a_settled_consent_is_not_asked_for(column: str) -> None:
    with pytest.raises(Obsolete):
        composed(DOUBLE_OPT_IN, a_consent(**{column: NOON}))


def test_who_confirmed_once_is_not_asked_again() -> None:
    with pytest.raises(Obsolete):
        composed(DOUBLE_OPT_IN, a_consent(lead=LeadFactory(marketing_consent=True)))


def test_what_was_forgotten_since_the_batch_was_read_is_not_written_to() -> None:
    request = a_request()
    Lead.objects.filter(pk=request.lead.pk).update(status=Lead.Status.FORGOTTEN)

    with pytest.raises(Obsolete):
        composed(WHITEPAPER, request)


def test_a_subject_that_is_gone_gets_no_letter() -> None:
    request = a_request()
    Touchpoint.objects.filter(pk=request.pk).delete()

    with pytest.raises(Obsolete, match="is gone"):
        composed(WHITEPAPER, request)


def test_a_forgotten_person_gets_no_letter() -> None:
    lead = LeadFactory(status=Lead.Status.FORGOTTEN)

    with pytest.raises(Obsolete):
        composed(WHITEPAPER, TouchpointFactory(lead=lead, whitepaper=WhitepaperFactory()))
    with pytest.raises(Obsolete):
        composed(DOUBLE_OPT_IN, a_consent(lead=lead))


def test_a_whitepaper_that_is_not_published_is_not_sent() -> None:
    with pytest.raises(Rejected, match="not published"):
        composed(WHITEPAPER, TouchpointFactory(whitepaper=WhitepaperFactory(published=False)))


def test_a_user_without_an_address_gets_no_letter() -> None:
    with pytest.raises(Rejected, match="no e-mail address"):
        composed(TEST_LETTER, User.objects.create_user("ada"))


@pytest.mark.parametrize("name", ["Win at evil.example", "www.evil", "https://evil", "me@evil"])
def test_nobody_sends_a_message_of_his_own_as_a_name(name: str) -> None:
    letter = composed(DOUBLE_OPT_IN, a_consent(lead=LeadFactory(name=name)))

    assert "evil" not in part(letter, "plain") + part(letter, "html") + str(as_received(letter)["To"])


def test_ordinary_names_with_dots_are_names() -> None:
    assert Recipient.of(LeadFactory.build(name="Dr.Ada K. Love")).name == "Dr.Ada K. Love"


# --- Marketing ------------------------------------------------------------------------------------------------------


def test_news_go_to_who_confirmed_only() -> None:
    with pytest.raises(Obsolete, match="no confirmed consent"):
        composed(News, LeadFactory(marketing_consent=False), draft=WORDS)


def test_news_can_be_ended_with_one_click() -> None:
    lead = LeadFactory(marketing_consent=True)

    letter = composed(News, lead, draft=WORDS)

    received = as_received(letter)
    assert received["List-Unsubscribe"].strip() == f"<{links.unsubscribe(lead)}>"
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert links.unsubscribe(lead) in part(letter, "plain")
    assert links.unsubscribe(lead) in part(letter, "html")


def test_what_people_wait_for_has_no_unsubscribe_header() -> None:
    assert as_received(composed(WHITEPAPER, a_request()))["List-Unsubscribe"] is None
