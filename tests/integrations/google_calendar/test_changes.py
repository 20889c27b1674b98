"""What people do to our entries in their calendars comes back, and nobody fights."""

from datetime import UTC, date, timedelta

import pytest
from django.utils import timezone

from bookings import actions
from bookings.models import Booking
from bookings.models.booking import Answer, Problem, Status
from integrations import configuration, errors
from integrations.google_calendar import names, outside
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Delivery, Incident, Integration
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

from .booked import (
    GUEST,
    a_booking,
    an_entry,
    asked,
    begins,
    change,
    deliver,
    delivery,
    entry,
    fresh,
    mails,
    pull,
    record,
)
from .conftest import connection, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
CLOCKS = ("09:00", "10:00", "11:00", "12:00", "13:00")


def synced(peer: GoogleSandbox, clock: str = "10:00") -> Booking:
    """In the calendar, and read back once."""
    booking = an_entry(peer, clock)
    assert pull() == {}
    return booking


def test_five_changes_arrive(peer: GoogleSandbox) -> None:
    """Dragged, made longer, deleted, declined, accepted: in one go, and with what the client is told of it."""
    consultant = ConsultantFactory(email=PERSON)
    dragged, longer, deleted, declined, accepted = (an_entry(peer, clock, consultant=consultant) for clock in CLOCKS)
    assert pull() == {}

    peer.move(names.event_id(dragged), at("15:30"))
    peer.move(names.event_id(longer), at("10:00"), at("10:45"))
    peer.delete(names.event_id(deleted))
    peer.decline(names.event_id(declined), GUEST)
    peer.respond(names.event_id(accepted), GUEST, "accepted")
    assert pull() == {"moved": 2, "deleted": 1, "declined": 1, "accepted": 1}

    assert fresh(dragged).starts_at == at("15:30")
    assert (fresh(longer).starts_at, fresh(longer).ends_at) == (at("10:00"), at("10:45"))
    assert fresh(deleted).status == Status.CANCELLED
    assert (fresh(declined).answer, fresh(declined).problem) == (Answer.DECLINED, Problem.DECLINED)
    assert fresh(declined).status == Status.CONFIRMED
    assert (fresh(accepted).answer, fresh(accepted).problem) == (Answer.ACCEPTED, "")


class TestEcho:
    def test_what_we_wrote_ourselves_means_nothing(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        actions.move(booking, at("11:00"))
        deliver()
        before = asked(peer)
        assert pull() == {}
        assert (fresh(booking).starts_at, fresh(booking).sequence) == (at("11:00"), 1)
        assert asked(peer) == {**before, "events.list": before["events.list"] + 1}

    def test_what_was_moved_there_is_not_written_back(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        peer.move(names.event_id(booking), at("15:30"))
        sent = mails(peer)

        assert pull() == {"moved": 1}
        assert pull() == {}

        assert delivery(booking).state == "delivered"
        assert asked(peer).get("events.patch", 0) == 0
        assert mails(peer) == sent
        assert record(booking).sent["starts_at"] == at("15:30").astimezone(UTC).isoformat()

    def test_read_before_our_own_move_was_told(self, peer: GoogleSandbox) -> None:
        """The calendar is behind us: that is no news."""
        booking = synced(peer)
        actions.move(booking, at("11:00"))
        peer.change(names.event_id(booking), location="Room 7")
        assert pull() == {}
        assert (fresh(booking).starts_at, begins(entry(peer, booking))) == (at("11:00"), at("11:00"))
        assert entry(peer, booking)["location"] == "Room 7"

    def test_what_was_read_before_we_wrote_says_nothing(self, peer: GoogleSandbox) -> None:
        """A list may be older than what another worker has written since."""
        booking = synced(peer)
        before = entry(peer, booking)
        actions.move(booking, at("11:00"))
        deliver()
        assert outside.hear(fresh(booking), record(booking), before, apply=True) == ""
        assert fresh(booking).starts_at == at("11:00")

    def test_our_own_deletion_means_nothing(self, peer: GoogleSandbox) -> None:
        booking, other = synced(peer), an_entry(peer, "12:00")
        actions.cancel(booking)
        deliver()
        assert pull() == {}
        assert fresh(other).status == Status.CONFIRMED

    def test_other_peoples_entries_mean_nothing(self, peer: GoogleSandbox) -> None:
        synced(peer)
        theirs = peer.add_event(at("15:00"), at("16:00"), "Dentist")
        peer.move(theirs, at("16:00"))
        before = asked(peer).get("events.get", 0)
        assert pull() == {}
        assert asked(peer).get("events.get", 0) == before

    def test_nothing_is_asked_where_nothing_of_ours_is_ahead(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        actions.cancel(booking)
        deliver()
        before = asked(peer)
        assert pull() == {}
        assert asked(peer) == before


def test_a_deletion_is_found_when_something_is_to_be_written(peer: GoogleSandbox) -> None:
    """Before the list is read: it is not made again for a corrected detail."""
    booking = synced(peer)
    peer.delete(names.event_id(booking))
    actions.change_details(booking, {"company": "Engines Ltd"})
    deliver()
    assert fresh(booking).status == Status.CANCELLED
    assert (peer.events(), delivery(booking).state) == ([], "delivered")
    assert pull() == {}


class TestNotApplied:
    def test_onto_another_booking(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        actions.book(booking.consultant, at("15:00"), 30, a_client("bob@client.example"))
        peer.move(names.event_id(booking), at("15:00"))

        assert pull() == {"moved": 1}
        assert pull() == {}

        row = fresh(booking)
        assert (row.starts_at, row.problem) == (at("10:00"), Problem.MOVED_OUTSIDE)
        assert row.problem_details == {
            "calendar": "primary",
            "starts_at": at("15:00").astimezone(UTC).isoformat(),
            "ends_at": at("15:30").astimezone(UTC).isoformat(),
        }
        assert begins(entry(peer, booking)) == at("15:00")

    def test_into_the_past(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        peer.move(names.event_id(booking), timezone.now() - timedelta(days=2))
        pull()
        assert (fresh(booking).starts_at, fresh(booking).problem) == (at("10:00"), Problem.MOVED_OUTSIDE)

    def test_made_a_whole_day(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        day: date = at("10:00").date()
        peer.move(names.event_id(booking), day, day + timedelta(days=1))
        pull()
        row = fresh(booking)
        assert (row.starts_at, row.problem) == (at("10:00"), Problem.MOVED_OUTSIDE)
        assert row.problem_details["starts_at"] is None

        actions.put_back(row)
        deliver()
        assert begins(entry(peer, booking)) == at("10:00")

    def test_moved_on_both_sides(self, peer: GoogleSandbox) -> None:
        """Neither is overwritten: somebody decides."""
        booking = synced(peer)
        actions.move(booking, at("11:00"))
        peer.move(names.event_id(booking), at("15:00"))
        deliver()
        assert begins(entry(peer, booking)) == at("15:00")
        assert (fresh(booking).starts_at, fresh(booking).problem) == (at("11:00"), Problem.MOVED_OUTSIDE)

    def test_deleted_while_it_was_moved_here(self, peer: GoogleSandbox) -> None:
        """Whoever deleted it knew the former time only: the client's new one is not lost without a question."""
        booking = synced(peer)
        actions.move(booking, at("11:00"))
        peer.delete(names.event_id(booking))

        deliver()

        row = fresh(booking)
        assert (row.status, row.starts_at, row.problem) == (Status.CONFIRMED, at("11:00"), Problem.DELETED_OUTSIDE)
        assert (pull(), peer.events()) == ({}, [])

        actions.put_back(row)
        deliver()
        assert begins(entry(peer, booking)) == at("11:00")
        assert fresh(booking).problem == ""

    def test_dragged_back_again(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        actions.book(booking.consultant, at("15:00"), 30, a_client("bob@client.example"))
        peer.move(names.event_id(booking), at("15:00"))
        pull()
        peer.move(names.event_id(booking), at("10:00"))
        pull()
        assert fresh(booking).problem == ""

    def test_what_is_over_is_nobodys_concern(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        past = timezone.now() - timedelta(days=1)
        Booking.objects.filter(pk=booking.pk).update(starts_at=past, ends_at=past + timedelta(minutes=30))
        an_entry(peer, "12:00")
        peer.delete(names.event_id(booking))
        assert pull() == {}
        assert fresh(booking).status == Status.CONFIRMED


class TestAsking:
    @pytest.fixture(autouse=True)
    def ask(self, google: Integration) -> None:
        change(on_google_change="ask")

    def moved(self, peer: GoogleSandbox) -> Booking:
        booking = synced(peer)
        peer.move(names.event_id(booking), at("15:30"))
        assert pull() == {"moved": 1}
        row = fresh(booking)
        assert (row.starts_at, row.problem) == (at("10:00"), Problem.MOVED_OUTSIDE)
        return row

    def deleted(self, peer: GoogleSandbox) -> Booking:
        booking = synced(peer)
        peer.delete(names.event_id(booking))
        assert pull() == {"deleted": 1}
        row = fresh(booking)
        assert (row.status, row.problem) == (Status.CONFIRMED, Problem.DELETED_OUTSIDE)
        return row

    def test_whoever_asked_for_alerts_is_told_once_until_it_is_settled(self, peer: GoogleSandbox) -> None:
        booking = self.deleted(peer)
        pull()
        [incident] = Incident.objects.all()
        assert (incident.kind, incident.subject_id, incident.closed_at) == ("calendar_change", booking.pk, None)
        assert incident.summary.endswith("It was deleted in the calendar.")
        assert booking.reference in incident.summary

        actions.settle_problem(booking)
        pull()

        assert not Incident.objects.open().exists()

    def test_moved_and_taken_over(self, peer: GoogleSandbox) -> None:
        booking = self.moved(peer)
        actions.take_over(booking)
        deliver()
        assert (fresh(booking).starts_at, fresh(booking).problem) == (at("15:30"), "")
        assert begins(entry(peer, booking)) == at("15:30")
        assert asked(peer).get("events.patch", 0) == 0

    def test_moved_and_put_back(self, peer: GoogleSandbox) -> None:
        booking = self.moved(peer)
        actions.put_back(booking)
        deliver()
        assert begins(entry(peer, booking)) == at("10:00")
        assert mails(peer)[-1] == ("update", GUEST)
        assert pull() == {}
        assert fresh(booking).problem == ""

    def test_moved_and_changed_here_meanwhile(self, peer: GoogleSandbox) -> None:
        """What is not about the time is written; the time waits for a decision."""
        booking = self.moved(peer)
        actions.change_details(booking, {"company": "Engines Ltd"})
        deliver()
        shown = entry(peer, booking)
        assert "Engines Ltd" in shown["description"]
        assert begins(shown) == at("15:30")
        assert fresh(booking).problem == Problem.MOVED_OUTSIDE

    def test_deleted_and_taken_over(self, peer: GoogleSandbox) -> None:
        booking = self.deleted(peer)
        actions.take_over(booking)
        deliver()
        assert fresh(booking).status == Status.CANCELLED
        assert peer.events() == []

    def test_deleted_and_put_back(self, peer: GoogleSandbox) -> None:
        booking = self.deleted(peer)
        assert record(booking).gone_at
        actions.put_back(booking)
        deliver()
        shown = entry(peer, booking)
        assert (shown["status"], begins(shown), shown["summary"]) == (
            "confirmed",
            at("10:00"),
            "Consultation - Ada Lovelace",
        )
        assert record(booking).gone_at is None
        assert pull() == {}
        assert fresh(booking).problem == ""

    def test_deleted_is_not_made_again_by_itself(self, peer: GoogleSandbox) -> None:
        booking = self.deleted(peer)
        actions.move(booking, at("12:00"))
        deliver()
        assert peer.events() == []
        assert delivery(booking).error_kind == "gone"
        assert fresh(booking).problem == Problem.DELETED_OUTSIDE

    def test_taken_out_of_the_bin(self, peer: GoogleSandbox) -> None:
        booking = self.deleted(peer)
        peer.change(names.event_id(booking), status="confirmed")
        pull()
        assert (fresh(booking).problem, record(booking).gone_at) == ("", None)


class TestAnswers:
    def test_a_refusal_is_told_once_and_taken_back(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        peer.decline(names.event_id(booking), GUEST)
        pull()
        actions.settle_problem(fresh(booking))
        peer.expire_sync_tokens()
        pull()
        assert (fresh(booking).answer, fresh(booking).problem) == (Answer.DECLINED, "")

        peer.respond(names.event_id(booking), GUEST, "accepted")
        pull()
        assert fresh(booking).answer == Answer.ACCEPTED

    def test_whoever_changes_their_mind_settles_it(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        peer.decline(names.event_id(booking), GUEST)
        pull()
        peer.respond(names.event_id(booking), GUEST, "tentative")
        pull()
        assert (fresh(booking).answer, fresh(booking).problem) == (Answer.TENTATIVE, "")

    def test_the_consultants_own_refusal_is_not_the_clients(self, peer: GoogleSandbox) -> None:
        consultant = ConsultantFactory(email="grace@firm.example")
        booking = an_entry(peer, consultant=consultant)
        pull()
        peer.decline(names.event_id(booking), "grace@firm.example")
        pull()
        assert (fresh(booking).answer, fresh(booking).problem) == ("", "")


class TestSyncTokens:
    def test_expired_ones_lose_nothing(self, peer: GoogleSandbox) -> None:
        """Google remembers nothing any more: what was deleted and what was moved meanwhile is found all the same."""
        booking, other = synced(peer), an_entry(peer, "12:00")
        peer.delete(names.event_id(booking))
        peer.move(names.event_id(other), at("15:30"))
        peer.expire_sync_tokens()
        assert pull() == {"deleted": 1, "moved": 1}
        assert (fresh(booking).status, fresh(other).starts_at) == (Status.CANCELLED, at("15:30"))

    def test_dragged_far_into_the_past_meanwhile(self, peer: GoogleSandbox) -> None:
        booking = synced(peer)
        peer.move(names.event_id(booking), timezone.now() - timedelta(days=30))
        peer.expire_sync_tokens()
        pull()
        assert fresh(booking).problem == Problem.MOVED_OUTSIDE

    def test_each_calendar_has_its_own(self, peer: GoogleSandbox) -> None:
        away = peer.add_calendar(PERSON, "Meetings")
        here = an_entry(peer)
        there = an_entry(peer, consultant=ConsultantFactory(calendar=away))
        pull()
        peer.move(names.event_id(here), at("13:00"))
        peer.move(names.event_id(there), at("14:00"), calendar=away)
        assert pull() == {"moved": 2}
        assert (fresh(here).starts_at, fresh(there).starts_at) == (at("13:00"), at("14:00"))


class TestAccounts:
    def test_one_that_is_revoked_keeps_no_other_from_being_read(self, peer: GoogleSandbox) -> None:
        grace = ConsultantFactory(email="grace@firm.example", slug="grace", name="Grace Hopper")
        account = peer.add_person(grace.email, grace.name)
        sign_in(peer, "grace", account)
        hers, shared = an_entry(peer, consultant=grace), an_entry(peer)
        pull()
        peer.move(names.event_id(shared), at("15:30"))
        peer.revoke(account)
        assert pull() == {"moved": 1}
        assert fresh(shared).starts_at == at("15:30")
        assert fresh(hers).status == Status.CONFIRMED

        before = peer.counted()["oauth.token"]
        pull()
        assert peer.counted()["oauth.token"] == before

    def test_where_none_can_be_read_that_is_an_error(self, peer: GoogleSandbox) -> None:
        an_entry(peer)
        peer.faults.set("status", 503)
        with pytest.raises(errors.Unavailable):
            pull()

    def test_what_another_account_knows_nothing_of_was_not_deleted(self, peer: GoogleSandbox) -> None:
        """Somebody signs in with another Google account: meetings stay, and come into the new calendar."""
        first, other = (peer.add_person(f"{name}@firm.example", name) for name in ("first", "other"))
        sign_in(peer, "grace", first)
        booking = an_entry(peer, consultant=ConsultantFactory(email=first, slug="grace"))
        pull()
        configuration.remove_account(connection("grace"))
        sign_in(peer, "grace", other)
        pull()
        assert fresh(booking).status == Status.CONFIRMED
        actions.move(booking, at("11:00"))
        deliver()
        assert begins(entry(peer, booking, other)) == at("11:00")


def test_a_calendar_that_was_taken_away_keeps_no_other_from_being_read(peer: GoogleSandbox) -> None:
    account = peer.add_person("other@firm.example", "Other")
    peer.share(account, PERSON, "writer")
    an_entry(peer, consultant=ConsultantFactory(calendar=account))
    here = an_entry(peer)
    pull()
    peer.share(account, PERSON, "none")
    peer.move(names.event_id(here), at("15:30"))
    assert pull() == {"moved": 1}


def test_unknown_to_any_calendar_is_promised_by_the_way(peer: GoogleSandbox) -> None:
    booking = a_booking()
    Delivery.objects.filter(integration__slug="google_calendar").delete()
    pull()
    assert begins(entry(peer, booking)) == at("10:00")
