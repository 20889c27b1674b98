"""Letters about webinars: which fact leads to which, whom they reach, and what they bring for the calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
import vobject

from integrations import outbox
from integrations.email.letters import LETTERS, compose, preview
from integrations.email.letters.webinars import of_start
from integrations.email.sandbox import MailSandbox
from integrations.email.service import EmailService
from integrations.errors import Obsolete
from integrations.models import Delivery, Integration
from leads.models import Lead
from tests.factories import RegistrationFactory, SessionFactory, TopicFactory
from tests.integrations.test_commands import run
from tests.webinars.people import come
from webinars import links
from webinars.actions import accept_offer, cancel, cancel_session, change_session, forget
from webinars.calendar import sequence_of
from webinars.models import Message, Registration, ReminderRule, Session
from webinars.reminders import send_reminders

from .letters import KEY, SETTINGS, as_received, part
from .posting import drain

START = datetime(2027, 4, 20, 8, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
BEFORE = START - timedelta(days=20)
MEETING = "https://meet.example/room"
CONFIRMED, MOVED, REMINDER, WAITING, OFFER, CANCELLED = (
    LETTERS[name]
    for name in (
        "webinar_registration",
        "webinar_moved",
        "webinar_reminder",
        "waiting_list",
        "waiting_list_place",
        "registration_cancelled",
    )
)
Status = Registration.Status
Email = Integration

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def before(db: None) -> Any:
    """It is three weeks before the session; the usual reminders have been there for long."""
    ReminderRule.objects.update(counts_from=datetime(2020, 1, 1, tzinfo=UTC))
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


def a_session(**values: Any) -> Session:
    topic = TopicFactory(title_en="Storage", title_de="Speicher")
    usual = {"topic": topic, "starts_at": START, "zone": "Europe/Berlin", "meeting_url": MEETING}
    return SessionFactory(**{**usual, **values})


def a_registration(**values: Any) -> Registration:
    usual = {"first_name": "Ada", "last_name": "Lovelace", "confirmed_at": BEFORE, "language": "en"}
    session = values.pop("session", None) or a_session()
    return RegistrationFactory(session=session, **{**usual, **values})


def written(letter: Any, registration: Registration, occasion: str = "") -> Any:
    return compose(letter, registration, occasion=occasion, key=KEY, settings=SETTINGS)


def promised() -> list[tuple[str, str]]:
    """(letter, first name) of all that was promised, in that order; of what was promised together, in any."""
    names = dict(Registration.objects.values_list("pk", "first_name"))
    rows = Delivery.objects.filter(integration__slug="email", subject_type="webinars.registration").order_by("pk")
    return [(letter, names[pk]) for letter, pk in rows.values_list("operation", "subject_id")]


# --- Which fact leads to which ----------------------------------------------------------------------------------------


def test_way_through_the_waiting_list_is_told_of_letter_by_letter() -> None:
    session = a_session(capacity=1)
    ada, bob = come(session, "Ada", "Bob")

    cancel(ada)
    bob.refresh_from_db()
    accept_offer(bob)

    assert promised() == [
        ("webinar_registration", "Ada"),
        ("waiting_list", "Bob"),
        ("registration_cancelled", "Ada"),
        ("waiting_list_place", "Bob"),
        ("webinar_registration", "Bob"),
    ]


def test_who_cancels_and_comes_back_is_told_of_each(before: Any) -> None:
    session = a_session()
    for _ in range(2):
        (ada,) = come(session, "Ada")
        cancel(ada)
        before.shift(timedelta(hours=1))

    assert promised() == [("webinar_registration", "Ada"), ("registration_cancelled", "Ada")] * 2


def test_who_gives_the_place_in_line_up_and_comes_back_is_told_of_each(before: Any) -> None:
    session = a_session(capacity=1)
    come(session, "Ada")
    for _ in range(2):
        (bob,) = come(session, "Bob")
        come(session, "Bob")  # says it twice
        cancel(bob)
        before.shift(timedelta(hours=1))

    assert promised()[1:] == [("waiting_list", "Bob"), ("registration_cancelled", "Bob")] * 2


def test_move_is_told_of_each_time_and_other_changes_are_not() -> None:
    session = a_session(capacity=1)
    come(session, "Ada", "Bob")
    for start in (START + timedelta(days=1), START, START + timedelta(days=1)):
        change_session(session, {"starts_at": start})
    change_session(session, {"presenter": "Grace Hopper"})

    assert sorted(promised()[2:]) == [("webinar_moved", name) for name in ("Ada", "Bob") for _ in range(3)]


def test_everybody_is_told_that_a_session_does_not_take_place() -> None:
    session = a_session(capacity=1)
    come(session, "Ada", "Bob")

    cancel_session(session)

    assert sorted(promised()[2:]) == [("registration_cancelled", "Ada"), ("registration_cancelled", "Bob")]
    assert "does not take place" in part(written(CANCELLED, Registration.objects.get(first_name="Ada")), "plain")


def test_letters_to_the_forgotten_are_not_written(before: Any) -> None:
    (ada,) = come(a_session(), "Ada")
    forget([ada.lead])

    for letter in (CONFIRMED, CANCELLED):
        with pytest.raises(Obsolete):
            written(letter, ada)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize(
    ("letter", "wanted"),
    [
        (CONFIRMED, {Status.CONFIRMED}),
        (REMINDER, {Status.CONFIRMED}),
        (MOVED, {Status.CONFIRMED, Status.PENDING_PAYMENT, Status.WAITLISTED, Status.OFFERED}),
        (WAITING, {Status.WAITLISTED}),
        (OFFER, {Status.OFFERED}),
        (CANCELLED, {Status.CANCELLED}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_letter_is_written_while_it_is_true_only(letter: Any, wanted: set[str], status: str) -> None:
    registration = a_registration(status=status)

    if status in wanted:
        assert "Storage" in written(letter, registration).subject
    else:
        with pytest.raises(Obsolete):
            written(letter, registration)


@pytest.mark.parametrize("letter", [CONFIRMED, MOVED, REMINDER, CANCELLED], ids=lambda letter: letter.name)
def test_once_it_is_over_nobody_hears_of_it(before: Any, letter: Any) -> None:
    registration = a_registration(status=Status.CANCELLED if letter is CANCELLED else Status.CONFIRMED)

    before.move_to(registration.session.ends_at)

    with pytest.raises(Obsolete, match=r"over|started"):
        written(letter, registration)


@pytest.mark.parametrize("letter", [MOVED, REMINDER], ids=lambda letter: letter.name)
def test_what_tells_of_a_start_that_moved_on_is_not_sent(letter: Any) -> None:
    registration = a_registration()
    occasion = of_start(1, registration.session)
    assert written(letter, registration, occasion)
    assert written(letter, registration, f"{occasion}|again 1")

    change_session(registration.session, {"starts_at": START + timedelta(days=1)})

    with pytest.raises(Obsolete, match="moved"):
        written(letter, registration, occasion)


def test_offer_that_ran_out_is_not_made(before: Any) -> None:
    registration = a_registration(status=Status.OFFERED)

    before.shift(timedelta(minutes=10))

    with pytest.raises(Obsolete, match="time"):
        written(OFFER, registration)


# --- What they say ----------------------------------------------------------------------------------------------------


def test_letter_speaks_the_registrations_language_and_its_clock() -> None:
    registration = a_registration(language="de", zone="America/New_York")

    text = part(written(CONFIRMED, registration), "plain")

    assert "Speicher" in text
    assert "20. April 2027, 04:00" in text
    assert "America/New_York" in text


def test_who_told_no_zone_reads_the_sessions() -> None:
    text = part(written(CONFIRMED, a_registration(session=a_session(zone="Asia/Tokyo"))), "plain")

    assert "17:00" in text


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_confirmation_has_the_way_in_and_the_way_out(kind: str) -> None:
    registration = a_registration()

    text = part(written(CONFIRMED, registration), kind)

    assert MEETING in text
    assert links.manage(registration) in text


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize(
    ("language", "words"), [("en", "on the waiting list of this webinar"), ("de", "auf der Warteliste dieses Webinars")]
)
def test_who_waits_is_told_so_with_the_way_to_the_own_page(language: str, words: str, kind: str) -> None:
    registration = a_registration(status=Status.WAITLISTED, language=language)

    text = part(written(WAITING, registration), kind)

    assert words in text
    assert links.manage(registration) in text


@pytest.mark.parametrize("letter", [MOVED, WAITING], ids=lambda letter: letter.name)
def test_who_has_no_seat_does_not_learn_where_it_takes_place(letter: Any) -> None:
    letter = as_received(written(letter, a_registration(status=Status.WAITLISTED)))

    assert MEETING not in letter.as_string()
    assert list(letter.iter_attachments()) == []


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(timedelta(days=7), "in 7 days"), (timedelta(hours=11), "tomorrow"), (timedelta(hours=1), "today")],
)
def test_reminder_counts_days_by_the_readers_calendar(before: Any, ahead: timedelta, words: str) -> None:
    registration = a_registration()

    before.move_to(START - ahead)

    assert written(REMINDER, registration).subject.endswith(f"starts {words}")


@pytest.mark.parametrize(
    "name", [CONFIRMED, MOVED, REMINDER, WAITING, OFFER, CANCELLED], ids=lambda letter: letter.name
)
def test_letters_offer_real_registrations_and_samples_to_preview(name: Any) -> None:
    subject = a_registration(status=next(iter(name.statuses)))

    assert list(name.subjects()) == [subject]
    assert preview(name, subject, settings=SETTINGS).subject
    assert preview(name, None, settings=SETTINGS, language="de").subject


# --- The calendar, read by another library ----------------------------------------------------------------------------


def calendar_in(letter: Any) -> tuple[str, Any]:
    """What another library reads in the part that mail programs look at, and the method that its header names."""
    [found] = [each for each in as_received(letter).walk() if each.get_content_type() == "text/calendar"]
    return str(found.get_param("method")), vobject.readOne(found.get_content())


def part_of(letter: Any) -> str:
    """The entry as it is written, without the lines' folds."""
    [found] = [each for each in as_received(letter).walk() if each.get_content_type() == "text/calendar"]
    return str(found.get_content()).replace("\r", "").replace("\n ", "")


SPRING, AUTUMN = datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)
HOURS = [timedelta(hours=hours) for hours in (-25, -2, -1, 0, 1, 2, 25)]


@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("distance", HOURS, ids=str)
def test_entry_is_at_the_right_moment_around_the_change_of_clocks(
    before: Any, change: datetime, distance: timedelta
) -> None:
    before.move_to(change - timedelta(days=3))
    registration = a_registration(session=a_session(starts_at=change + distance, duration_minutes=90))

    _method, found = calendar_in(written(CONFIRMED, registration))

    assert found.vevent.dtstart.value.astimezone(UTC) == change + distance
    assert found.vevent.dtend.value.astimezone(UTC) == change + distance + timedelta(minutes=90)


@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_entry_tells_the_sessions_clock(before: Any, change: datetime) -> None:
    before.move_to(change - timedelta(days=3))
    registration = a_registration(session=a_session(starts_at=change + timedelta(days=1)))

    _method, found = calendar_in(written(CONFIRMED, registration))

    assert found.vtimezone.tzid.value == "Europe/Berlin"
    assert "DTSTART;TZID=Europe/Berlin:" in part_of(written(CONFIRMED, registration))


def test_invitation_tells_what_a_calendar_shows() -> None:
    registration = a_registration(email="ada@client.example")

    method, found = calendar_in(written(CONFIRMED, registration))

    event = found.vevent
    assert (method, found.method.value, event.status.value) == ("REQUEST", "REQUEST", "CONFIRMED")
    assert event.uid.value == f"{registration.uuid.hex}@localhost"
    assert (event.summary.value, event.location.value, event.url.value) == ("Storage", MEETING, MEETING)
    assert MEETING in event.description.value
    assert links.manage(registration) in event.description.value
    assert (event.organizer.value, event.organizer.params["CN"]) == ("mailto:office@firm.example", ["Firm, Söhne"])
    assert (event.attendee.value, event.attendee.params["CN"]) == ("mailto:ada@client.example", ["Ada Lovelace"])
    assert event.attendee.params["PARTSTAT"] == ["ACCEPTED"]


def test_move_brings_the_same_entry_up_to_date() -> None:
    registration = a_registration()
    _method, first = calendar_in(written(CONFIRMED, registration))
    change_session(registration.session, {"starts_at": START + timedelta(days=1)})

    method, moved = calendar_in(written(MOVED, registration))

    assert method == "REQUEST"
    assert moved.vevent.uid.value == first.vevent.uid.value
    assert (first.vevent.sequence.value, moved.vevent.sequence.value) == ("0", "1")
    assert moved.vevent.dtstart.value.astimezone(UTC) == START + timedelta(days=1)


def test_cancellation_takes_the_same_entry_out() -> None:
    registration = a_registration()
    _method, first = calendar_in(written(CONFIRMED, registration))
    cancel(registration)

    method, last = calendar_in(written(CANCELLED, registration))

    assert (method, last.method.value, last.vevent.status.value) == ("CANCEL", "CANCEL", "CANCELLED")
    assert (last.vevent.uid.value, last.vevent.sequence.value) == (first.vevent.uid.value, "1")


def test_who_comes_back_has_the_entry_again(before: Any) -> None:
    (ada,) = come(a_session(), "Ada")
    before.shift(timedelta(minutes=5))
    cancel(ada)
    _method, gone = calendar_in(written(CANCELLED, ada))
    before.shift(timedelta(minutes=5))
    (ada,) = come(ada.session, "Ada")

    _method, back = calendar_in(written(CONFIRMED, ada))

    assert back.vevent.uid.value == gone.vevent.uid.value
    assert int(back.vevent.sequence.value) > int(gone.vevent.sequence.value)


@pytest.mark.parametrize("pause", [timedelta(milliseconds=1), timedelta(seconds=1), timedelta(days=9)])
def test_entry_of_who_goes_and_comes_back_is_counted_upwards(before: Any, pause: timedelta) -> None:
    (ada,) = come(a_session(), "Ada")
    counted = [sequence_in(written(CONFIRMED, ada))]
    before.shift(pause)
    cancel(ada)
    counted.append(sequence_in(written(CANCELLED, ada)))
    before.shift(pause)
    (ada,) = come(ada.session, "Ada")
    counted.append(sequence_in(written(CONFIRMED, ada)))
    cancel(ada)
    counted.append(sequence_in(written(CANCELLED, ada)))

    assert counted == sorted(set(counted))
    assert sequence_in(written(CANCELLED, ada)) == sequence_of(ada)


def sequence_in(letter: Any) -> int:
    _method, entry = calendar_in(letter)
    return int(entry.vevent.sequence.value)


def test_who_never_had_a_seat_has_nothing_to_take_out() -> None:
    letter = as_received(written(CANCELLED, a_registration(status=Status.CANCELLED, confirmed_at=None)))

    assert [each.get_content_type() for each in letter.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_calendar_comes_to_be_read_in_place_and_as_a_file() -> None:
    letter = as_received(written(CONFIRMED, a_registration()))

    kinds = [each.get_content_type() for each in letter.walk() if not each.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    [file] = letter.iter_attachments()
    assert file.get_filename() == "webinar.ics"
    assert vobject.readOne(file.get_content().decode()).vevent.summary.value == "Storage"


@pytest.mark.parametrize("name", ['Ada "x"', "Ada;Lovelace:y,z", "Ada\\nBEGIN:VEVENT", "Ädá ^n"])
def test_names_cannot_break_out_of_the_entry(name: str) -> None:
    _method, found = calendar_in(written(CONFIRMED, a_registration(first_name=name)))

    assert len(list(found.getChildren())) == 5  # what it is by, its version, its method, its zone, the one event
    assert found.vevent.attendee.value.startswith("mailto:")


def test_letter_with_an_entry_travels_in_seven_bits_and_short_lines() -> None:
    raw = written(CONFIRMED, a_registration(first_name="Ädä", language="de")).message().as_bytes()

    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998
    assert b'text/calendar; method="REQUEST"; charset="utf-8"' in raw


def test_same_moment_gives_the_same_bytes() -> None:
    registration = a_registration()

    first, second = (written(CONFIRMED, registration).message().as_bytes() for _ in range(2))

    assert first == second


# --- Reminders, over the wire -----------------------------------------------------------------------------------------


def received(peer: MailSandbox) -> list[tuple[str, str]]:
    return [(letter.recipients[0], str(letter.message["Subject"])) for letter in peer.letters]


def test_everybody_gets_each_reminder_once_whatever_happens(email: Email, peer: MailSandbox, before: Any) -> None:
    """Two beats each time, summer time in between, and a move: the table of who got what."""
    start = datetime(2027, 3, 30, 8, tzinfo=UTC)  # clocks go forward on the 28th
    before.move_to(start - timedelta(days=20))
    session = a_session(starts_at=start)
    come(session, "Ada", "Bob")
    Delivery.objects.all().delete()  # the confirmations are not what this is about

    before.move_to(start - timedelta(days=7) + timedelta(hours=1))
    for _beat in range(2):
        send_reminders(datetime.now(UTC))
    drain()
    (eve,) = come(session, "Eve")
    Delivery.objects.filter(operation="webinar_registration", subject_id=eve.pk).delete()
    before.move_to(start - timedelta(days=2))
    for _beat in range(2):
        send_reminders(datetime.now(UTC))
    drain()
    later = start + timedelta(days=10)
    change_session(session, {"starts_at": later})
    Delivery.objects.filter(operation="webinar_moved").delete()
    for days in (7, 2):
        before.move_to(later - timedelta(days=days))
        for _beat in range(2):
            send_reminders(datetime.now(UTC))
        drain()

    week, two = "Webinar Reminder - Storage starts in 7 days", "Webinar Reminder - Storage starts in 2 days"
    ada, bob, eve_ = "ada@client.example", "bob@client.example", "eve@client.example"
    assert sorted(received(peer)) == sorted(
        [(name, text) for name in (ada, bob) for text in (week, two) for _start in range(2)]
        + [(eve_, two), (eve_, week), (eve_, two)]
    )


def test_reminder_that_waited_too_long_is_not_sent(email: Email, peer: MailSandbox, before: Any) -> None:
    come(a_session(), "Ada")
    Delivery.objects.all().delete()
    send_reminders(START - timedelta(days=2))

    before.move_to(START)
    outbox.reap()
    drain()

    assert received(peer) == []
    assert EmailService.webinar_reminder.name == Delivery.objects.latest("pk").operation


def test_command_reminds_and_says_how_many(before: Any) -> None:
    come(a_session(), "Ada", "Bob")
    before.move_to(START - timedelta(days=2))

    assert [run("send_reminders") for _ in range(2)] == [(0, {"reminded": 4}), (0, {"reminded": 0})]
    assert promised().count(("webinar_reminder", "Ada")) == 2


def test_lead_that_is_forgotten_reads_nothing_more() -> None:
    registration = a_registration()
    Lead.objects.filter(pk=registration.lead.pk).update(status=Lead.Status.FORGOTTEN)

    with pytest.raises(Obsolete):
        written(CONFIRMED, registration)


# --- What operators write --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "line"), [("en", "Bring", "Your bill."), ("de", "Dabei", "Ihr Brief.")]
)
def test_message_reads_in_the_readers_language_paragraph_by_paragraph(language: str, subject: str, line: str) -> None:
    registration = a_registration(language=language)
    message = Message.objects.create(
        session=registration.session,
        subject_en="Bring",
        text_en="Your bill.\n\n<b>Soon</b>",
        subject_de="Dabei",
        text_de="Ihr Brief.\n\n<b>Soon</b>",
    )

    letter = written(LETTERS["webinar_message"], registration, f"{message.pk}|again 1")

    assert letter.subject == subject
    assert f"{line}\n\n<b>Soon</b>" in part(letter, "plain")
    assert "&lt;b&gt;Soon&lt;/b&gt;" in part(letter, "html")
    assert MEETING in part(letter, "plain")


def test_message_that_is_gone_is_not_sent() -> None:
    with pytest.raises(Obsolete):
        written(LETTERS["webinar_message"], a_registration(), "404")


@pytest.mark.parametrize("status", ["attended", "no_show"])
def test_message_after_the_webinar_asks_nobody_to_join_or_to_cancel(before: Any, status: str) -> None:
    registration = a_registration(status=status, session=a_session(status="completed"))
    before.move_to(START + timedelta(days=2))

    letter = part(written(LETTERS["webinar_message"], registration), "plain")

    assert [told for told in ("Can you not make it?", MEETING, links.manage(registration)) if told in letter] == []


def test_message_about_a_webinar_that_is_over_is_not_sent_late(before: Any) -> None:
    registration = a_registration()
    before.move_to(START + timedelta(days=2))

    with pytest.raises(Obsolete):
        written(LETTERS["webinar_message"], registration)
