"""Letters about consultations: which fact leads to which, whom they reach, when, and what they bring for calendars."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
import vobject

from bookings import links
from bookings.actions import book, cancel, confirm, move, note_meeting_url
from bookings.calendar import uid_of
from bookings.models import Booking, ReminderRule
from bookings.ports import NoCalendars
from bookings.reminders import send_reminders
from integrations import outbox
from integrations.email.letters import LETTERS, compose, preview
from integrations.email.letters.bookings import link_digest, of_start
from integrations.email.sandbox import MailSandbox
from integrations.email.service import EmailService
from integrations.errors import Obsolete
from integrations.models import Delivery, Integration
from tests.factories import ConsultantFactory, a_client
from tests.integrations.test_commands import run

from .letters import KEY, SETTINGS, as_received, part
from .posting import drain

START = datetime(2027, 4, 20, 8, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
BEFORE = START - timedelta(days=20)
LATER = START + timedelta(days=1)
MEETING = "https://meet.example/room"
NAMES = ("requested", "confirmation", "meeting_link", "moved", "reminder", "cancelled")
REQUESTED, CONFIRMED, LINK, MOVED, REMINDER, CANCELLED = TO_CLIENT = [LETTERS[f"booking_{name}"] for name in NAMES]
TO_CONSULTANT = [LETTERS[f"consultant_{name}"] for name in ("request", "booking", "moved", "reminder", "cancelled")]
Status = Booking.Status

pytestmark = pytest.mark.django_db


class MakesLinks(NoCalendars):
    def makes_links(self, consultant: Any) -> bool:
        return True


@pytest.fixture(autouse=True)
def before(db: None) -> Any:
    """It is three weeks before the meeting; the usual reminders have been there for long."""
    ReminderRule.objects.update(counts_from=datetime(2020, 1, 1, tzinfo=UTC))
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def makes_links(settings: Any) -> None:
    """Video meetings get their links from a calendar."""
    settings.BOOKINGS_CALENDAR = f"{__name__}.MakesLinks"


def booked(*, pending: bool = False, consultant: dict[str, Any] | None = None, **client: Any) -> Booking:
    usual = {"name": "Charles Babbage", "email": "charles@firm.example", "meeting_types": ["video", "phone"]}
    told = {"language": "en", "phone": "+49 30 1", "company": "Analytical", "message": "Hello\nthere", **client}
    made = ConsultantFactory(**{**usual, **(consultant or {})})
    return book(made, START, 60, a_client(**told), pending=pending, lenient=True)


def in_state(status: str) -> Booking:
    booking = booked()
    Booking.objects.update(status=status, meeting_url=MEETING)
    booking.refresh_from_db()
    return booking


def written(letter: Any, booking: Booking, occasion: str = "") -> Any:
    return compose(letter, booking, occasion=occasion, key=KEY, settings=SETTINGS)


def promised() -> list[str]:
    """The letters that were promised, in that order."""
    return list(Delivery.objects.filter(integration__slug="email").order_by("pk").values_list("operation", flat=True))


# --- Which fact leads to which ----------------------------------------------------------------------------------------


def test_both_are_told_of_every_step() -> None:
    booking = booked(pending=True)
    move(booking, LATER)
    confirm(booking)
    move(booking, START)
    cancel(booking)

    assert promised() == [
        *("booking_requested", "consultant_request") * 2,
        *("booking_confirmation", "consultant_booking"),
        *("booking_moved", "consultant_moved"),
        *("booking_cancelled", "consultant_cancelled"),
    ]


def test_both_are_reminded_once_for_each_rule() -> None:
    booked()

    for before in (timedelta(days=1), timedelta(days=1), timedelta(hours=2)):
        send_reminders(START - before)

    assert promised()[2:] == ["booking_reminder", "consultant_reminder"] * 2
    assert set(Delivery.objects.filter(operation__endswith="reminder").values_list("expires_at", flat=True)) == {START}


def test_command_reminds_of_consultations_too(before: Any) -> None:
    booked()
    before.move_to(START - timedelta(days=1))

    assert [run("send_reminders") for _ in range(2)] == [(0, {"reminded": 1}), (0, {"reminded": 0})]


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.HELD}))
@pytest.mark.parametrize("letter", [*TO_CLIENT, *TO_CONSULTANT], ids=lambda letter: letter.name)
def test_letter_is_written_while_it_is_true_only(letter: Any, status: str) -> None:
    booking = in_state(status)

    if status in letter.statuses:
        assert written(letter, booking).subject
    else:
        with pytest.raises(Obsolete, match="state"):
            written(letter, booking)


@pytest.mark.parametrize("letter", [*TO_CLIENT, *TO_CONSULTANT], ids=lambda letter: letter.name)
def test_nobody_hears_of_what_is_over_or_of_whom_we_forgot(before: Any, letter: Any) -> None:
    booking = in_state(next(iter(letter.statuses)))
    before.move_to(booking.ends_at)
    with pytest.raises(Obsolete, match=r"over|started"):
        written(letter, booking)

    before.move_to(BEFORE)
    booking.anonymise()
    booking.save()
    with pytest.raises(Obsolete, match="forgotten"):
        written(letter, booking)


@pytest.mark.parametrize(
    "letter", [each for each in [*TO_CLIENT, *TO_CONSULTANT] if each is not LINK and each is not CANCELLED], ids=str
)
def test_what_tells_of_a_start_that_moved_on_is_not_sent(letter: Any) -> None:
    booking = in_state(next(iter(letter.statuses)))
    occasion = of_start(1, booking, BEFORE)
    assert written(letter, booking, occasion)
    assert written(letter, booking, f"{occasion}|again 1")

    Booking.objects.update(starts_at=START + timedelta(minutes=1))

    with pytest.raises(Obsolete, match="moved"):
        written(letter, booking, occasion)


# --- Waiting for the link ---------------------------------------------------------------------------------------------


def letters(peer: MailSandbox) -> list[tuple[str, str]]:
    """(address, subject without the reference) of what arrived, in order."""
    return [(letter.recipients[0], letter.subject.rpartition(" - ")[0]) for letter in peer.letters]


def body(letter: Any) -> str:
    return str(letter.message.get_body(("plain",)).get_content())


@pytest.mark.usefixtures("email", "makes_links")
def test_confirmation_waits_for_the_link_and_brings_it(peer: MailSandbox) -> None:
    booking = booked()
    drain()
    assert letters(peer) == [("charles@firm.example", "New Consultation: Ada Lovelace")]

    note_meeting_url(booking, MEETING)
    drain()

    assert letters(peer)[1:] == [("ada@client.example", "Consultation Confirmed")]
    assert MEETING in body(peer.letters[1])
    assert "booking_meeting_link" not in promised()


@pytest.mark.usefixtures("email", "makes_links")
def test_after_five_minutes_it_goes_without_and_a_second_letter_brings_the_link(peer: MailSandbox, before: Any) -> None:
    booking = booked()
    before.shift(timedelta(minutes=4, seconds=59))
    drain()
    assert len(letters(peer)) == 1

    before.shift(timedelta(seconds=1))
    drain()
    assert letters(peer)[1:] == [("ada@client.example", "Consultation Confirmed")]
    assert "meet.example" not in body(peer.letters[1])

    for _again in range(2):
        note_meeting_url(booking, MEETING)
        drain()

    assert letters(peer)[2:] == [("ada@client.example", "Meeting Link")]
    assert MEETING in body(peer.letters[2])


@pytest.mark.usefixtures("email", "makes_links")
def test_another_place_is_told_of_and_the_former_one_is_not(peer: MailSandbox, before: Any) -> None:
    booking = booked()
    before.shift(timedelta(minutes=5))
    drain()
    note_meeting_url(booking, MEETING)
    note_meeting_url(booking, "https://meet.example/other")

    drain()

    assert letters(peer)[2:] == [("ada@client.example", "Meeting Link")]
    assert "https://meet.example/other" in body(peer.letters[2])


@pytest.mark.usefixtures("makes_links")
@pytest.mark.parametrize("client", [{"meeting_type": "phone"}, {}])
def test_nothing_is_waited_for_where_no_link_will_come(client: dict[str, Any], settings: Any) -> None:
    if not client:
        settings.BOOKINGS_CALENDAR = "bookings.ports.NoCalendars"

    booked(**client)

    assert set(Delivery.objects.values_list("due_at", flat=True)) == {BEFORE}


@pytest.mark.usefixtures("email", "makes_links")
def test_whoever_moves_it_before_the_link_came_reads_one_letter_with_all_of_it(peer: MailSandbox) -> None:
    booking = booked()
    move(booking, LATER)
    note_meeting_url(booking, MEETING)

    drain()

    assert sorted(letters(peer)) == [
        ("ada@client.example", "Consultation Moved"),
        ("charles@firm.example", "Consultation Moved: Ada Lovelace"),
    ]
    assert MEETING in body(next(each for each in peer.letters if each.recipients == ["ada@client.example"]))


def test_request_is_told_of_no_link() -> None:
    note_meeting_url(booked(pending=True), MEETING)

    assert promised() == ["booking_requested", "consultant_request"]


def test_link_that_is_another_one_by_now_is_not_sent() -> None:
    booking = in_state(Status.CONFIRMED)
    assert written(LINK, booking, link_digest(booking))

    with pytest.raises(Obsolete, match="elsewhere"):
        written(LINK, booking, "0123")


# --- What they say ----------------------------------------------------------------------------------------------------


def test_client_and_consultant_read_their_own_language_and_clock() -> None:
    booking = booked(
        language="de",
        zone="America/New_York",
        consultant={"language": "en", "zone": "Asia/Tokyo"},
        meeting_type="phone",
    )

    client = part(written(CONFIRMED, booking), "plain")
    consultant = part(written(LETTERS["consultant_booking"], booking), "plain")

    assert all(words in client for words in ("Dienstag, 20. April 2027, 04:00 Uhr", "America/New_York"))
    assert all(words in consultant for words in ("Tuesday, 20 April 2027, 17:00", "Asia/Tokyo"))
    assert "Wir rufen Sie an: +49 30 1" in client
    assert "You call: +49 30 1" in consultant


def test_consultant_who_says_nothing_reads_the_firms_language(settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"

    assert written(LETTERS["consultant_booking"], booked()).subject.startswith("Neue Beratung: Ada Lovelace - VLT-")


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("letter", [REQUESTED, CONFIRMED, LINK, MOVED, REMINDER], ids=lambda letter: letter.name)
def test_client_can_go_to_the_own_page_from_every_letter(letter: Any, kind: str) -> None:
    booking = in_state(next(iter(letter.statuses)))

    text = part(written(letter, booking), kind)

    assert links.manage(booking) in text
    assert (MEETING in text) == (letter is not REQUESTED)


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("letter", TO_CONSULTANT, ids=lambda letter: letter.name)
def test_consultant_reads_who_comes_and_no_way_into_the_clients_page(letter: Any, kind: str) -> None:
    booking = in_state(next(iter(letter.statuses)))

    message = written(letter, booking)
    text = part(message, kind)

    assert message.to == ["charles@firm.example"]
    for told in ("Charles Babbage", "Ada Lovelace", "ada@client.example", "+49 30 1", "Analytical", "there"):
        assert told in text
    assert "/book/meeting/" not in text
    assert "Your data" not in text


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(timedelta(days=1), "tomorrow"), (timedelta(hours=2), "today"), (timedelta(days=3), "in 3 days")],
)
def test_reminder_counts_days_by_the_readers_calendar(before: Any, ahead: timedelta, words: str) -> None:
    booking = booked()

    before.move_to(START - ahead)

    assert written(REMINDER, booking).subject == f"Consultation Reminder - Charles Babbage, {words}"


def test_moved_letter_tells_the_former_time() -> None:
    booking = in_state(Status.CONFIRMED)

    text = part(written(MOVED, booking, of_start(1, booking, BEFORE)), "plain")

    assert "It was to begin on Wednesday, 31 March 2027, 10:00 (CEST)." in text
    for unknown in ("", of_start(1, booking, START)):  # a meeting may only have become longer
        assert "It was to begin" not in part(written(MOVED, booking, unknown), "plain")


def test_whoever_is_to_confirm_a_request_finds_it_in_the_admin() -> None:
    booking = booked(pending=True)

    assert f"/admin/bookings/booking/{booking.pk}/" in part(written(TO_CONSULTANT[0], booking), "html")


def test_address_in_a_clients_name_does_not_go_out_as_ours() -> None:
    booking = booked(name="Win at https://evil.example")

    assert "evil.example" not in as_received(written(CONFIRMED, booking)).as_string()


@pytest.mark.parametrize("letter", [*TO_CLIENT, *TO_CONSULTANT], ids=lambda letter: letter.name)
def test_letters_offer_real_bookings_and_samples_to_preview(letter: Any) -> None:
    booking = in_state(next(iter(letter.statuses)))

    assert list(letter.subjects()) == [booking]
    assert preview(letter, booking, settings=SETTINGS).subject
    assert preview(letter, None, settings=SETTINGS, language="de").subject


@pytest.mark.usefixtures("email")
def test_ten_letters_take_few_queries(django_assert_max_num_queries: Any) -> None:
    for _number in range(10):
        booked()

    with django_assert_max_num_queries(60):
        outbox.drain_operations([EmailService.booking_confirmation])


# --- The calendar, read by another library ----------------------------------------------------------------------------


def calendar_in(letter: Any) -> tuple[str, Any]:
    """(method, event) of the part that mail programs offer to accept; the file besides is the same."""
    received = as_received(letter)
    [found] = [each for each in received.walk() if each.get_content_type() == "text/calendar"]
    [file] = [each for each in received.iter_attachments() if each.get_content_type() == "application/ics"]
    assert file.get_content().decode() == found.get_content().replace("\n", "\r\n")
    assert file.get_filename() == "consultation.ics"
    return str(found["Content-Type"].params["method"]), vobject.readOne(found.get_content()).vevent


def test_client_gets_the_entry_that_google_sends_too() -> None:
    booking = in_state(Status.CONFIRMED)

    method, event = calendar_in(written(CONFIRMED, booking))

    assert (method, event.status.value, event.uid.value) == ("REQUEST", "CONFIRMED", uid_of(booking))
    assert (event.summary.value, event.location.value) == ("Consultation with Charles Babbage", MEETING)
    assert event.organizer.value == "mailto:charles@firm.example"
    assert (event.attendee.value, event.attendee.params["PARTSTAT"]) == ("mailto:ada@client.example", ["ACCEPTED"])
    assert links.manage(booking) in event.description.value


def test_consultants_entry_is_organised_by_the_firm() -> None:
    booking = in_state(Status.CONFIRMED)

    _method, event = calendar_in(written(LETTERS["consultant_booking"], booking))

    assert (event.uid.value, event.summary.value) == (uid_of(booking), "Consultation - Ada Lovelace")
    assert event.organizer.value == "mailto:office@firm.example"
    guests = Counter(each.value for each in event.contents["attendee"])
    assert guests == {"mailto:charles@firm.example": 1, "mailto:ada@client.example": 1}
    assert "/book/meeting/" not in event.description.value


@pytest.mark.parametrize("reader", ["booking", "consultant"])
def test_entry_is_brought_up_to_date_and_taken_out_again(reader: str) -> None:
    booking = booked()
    first = "booking_confirmation" if reader == "booking" else "consultant_booking"
    read = [calendar_in(written(LETTERS[first], booking))]
    move(booking, LATER)
    read.append(calendar_in(written(LETTERS[f"{reader}_moved"], booking)))
    cancel(booking)
    read.append(calendar_in(written(LETTERS[f"{reader}_cancelled"], booking)))

    told = [(method, event.sequence.value, event.status.value) for method, event in read]
    assert told == [("REQUEST", "0", "CONFIRMED"), ("REQUEST", "1", "CONFIRMED"), ("CANCEL", "2", "CANCELLED")]
    assert {event.uid.value for _method, event in read} == {uid_of(booking)}
    assert read[1][1].dtstart.value.astimezone(UTC) == LATER


@pytest.mark.parametrize("letter", [REQUESTED, CANCELLED, TO_CONSULTANT[0], TO_CONSULTANT[-1]], ids=str)
def test_what_was_never_agreed_is_in_no_calendar(letter: Any) -> None:
    booking = booked(pending=True)
    if letter.statuses == {Status.CANCELLED}:
        cancel(booking)

    assert list(as_received(written(letter, booking)).iter_attachments()) == []


def test_every_letter_about_a_booking_is_here() -> None:
    about = {name for name, letter in LETTERS.items() if name.startswith(("booking_", "consultant_"))}

    assert about == {letter.name for letter in [*TO_CLIENT, *TO_CONSULTANT]}
    assert Integration.objects.filter(slug="email").exists()
