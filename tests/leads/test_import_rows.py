"""One row of an export: what is repaired, what is kept, what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from leads.captures import Capture
from leads.importing.rows import CUT, REMOVED_INVISIBLE, Rejected, RowReader

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def read(**cells: str) -> tuple[Capture, list[Any]]:
    reader = RowReader(source="import x.csv", whitepapers={}, now=NOW)
    usual = {"email": "ada@client.example", "name": "Ada", "captured_at": "2026-03-01T12:00:00Z"}
    capture, notes = reader.read({**usual, **cells})
    return capture, [note.what for note in notes]


def test_clean_row_needs_no_repair() -> None:
    capture, repairs = read(phone="+49 30 1", marketing_consent="yes")

    assert (capture.name, capture.phone, capture.marketing_consent) == ("Ada", "+49 30 1", True)
    assert (capture.source, repairs) == ("import x.csv", [])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00+01:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-03-01 12:00:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-07-01 12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2126-03-01 12:00:00", NOW),
        ("yesterday", NOW),
        ("0001-01-01T00:00:00+14:00", NOW),
        ("", NOW),
    ],
)
def test_times_become_utc(cell: str, expected: datetime) -> None:
    capture, repairs = read(captured_at=cell)

    assert capture.captured_at == expected
    assert bool(repairs) == (expected == NOW)


@pytest.mark.parametrize(
    ("cell", "consent"),
    [("yes", True), ("1", True), ("TRUE", True), ("0", False), ("false", False), ("no", False), ("", False)],
)
def test_spellings_of_yes_and_no(cell: str, consent: bool) -> None:
    capture, repairs = read(marketing_consent=cell)

    assert (capture.marketing_consent, repairs) == (consent, [])


def test_unclear_consent_is_none() -> None:
    capture, repairs = read(marketing_consent="perhaps")

    assert (capture.marketing_consent, len(repairs)) == (False, 1)


@pytest.mark.parametrize(
    "address", ["", " ", "nobody", "two@at@signs.example", "@b.example", "a@", "a@b", "a b@c.example", "a@-b.example"]
)
def test_missing_or_impossible_address_is_rejected(address: str) -> None:
    with pytest.raises(Rejected):
        read(email=address)


@pytest.mark.parametrize("address", ["prof..roth@client.example", "o'neil+tag@client.example", "jörg@münchen.example"])
def test_unusual_address_is_taken(address: str) -> None:
    assert read(email=address)[0].email == address


def test_missing_name_is_derived_from_the_address() -> None:
    capture, _ = read(name=" ", email="maria.del-rio.7@client.example")

    assert (capture.name, capture.name_is_guess) == ("Maria Del Rio", True)


def test_formula_stays_text() -> None:
    formula = '=HYPERLINK("http://evil.example";"x")'

    assert read(name=formula)[0].name == formula


def test_invisible_characters_go_and_line_breaks_of_messages_stay() -> None:
    capture, repairs = read(name="A\x00da\u200b", message="one\r\ntwo\x0b", company="Two\nLines")

    assert (capture.name, capture.message, capture.company) == ("Ada", "one\ntwo", "Two Lines")
    assert repairs == [REMOVED_INVISIBLE, REMOVED_INVISIBLE]


def test_what_is_too_long_is_cut() -> None:
    capture, repairs = read(name="Ada " * 300)

    assert (len(capture.name), repairs) == (199, [CUT])


@pytest.mark.parametrize(
    ("cell", "website"),
    [("www.a.example", "https://www.a.example"), ("http://a.example", "http://a.example"), ("", "")],
)
def test_websites_get_a_scheme(cell: str, website: str) -> None:
    assert read(website=cell)[0].website == website


def test_key_is_the_same_for_the_same_occasion_however_written() -> None:
    first, _ = read(captured_at="2026-03-01T12:00:00Z", utm_source="Newsletter ", phone="1")
    again, _ = read(captured_at="2026-03-01 13:00:00", utm_source="Newsletter", phone="2")
    other, _ = read(captured_at="2026-03-01T12:00:01Z", utm_source="Newsletter")

    assert first.key == again.key != other.key
