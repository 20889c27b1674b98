"""Registrations in Odoo: who comes, who does not, and whose contact it is."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from integrations import configuration
from integrations.models import Attempt, Delivery, ExternalRecord, Integration
from integrations.odoo.sandbox import OdooSandbox
from integrations.odoo.service import OdooService
from leads.actions import forget as forget_leads
from webinars import actions
from webinars.models import Registration, Session
from webinars.models.registration import Status

from .rooms import EVERY_ODOO, a_session, come, methods, odoo_of, only, ours, push, push_again, states

READ_ONLY = {"event.registration.read"}


@pytest.fixture(params=["16.0 website", "19.0"])
def peer(request: pytest.FixtureRequest) -> Iterator[OdooSandbox]:
    with odoo_of(request.param) as peer:
        yield peer


@pytest.fixture
def room(odoo: Integration) -> Session:
    return a_session()


@pytest.fixture
def ann(room: Session, peer: OdooSandbox) -> Registration:
    """Somebody who has arrived there."""
    (ann,) = come(room, "ann", phone="+49 30 1", company="ACME")
    push()
    peer.calls.clear()
    return ann


def there(peer: OdooSandbox) -> dict[str, str]:
    """{name: state} of all who are registered there."""
    return {row["name"].partition(" ")[0]: row["state"] for row in peer.records("event.registration")}


def number(peer: OdooSandbox) -> int:
    return int(only(peer, "event.registration")["id"])


class TestWhoComes:
    @pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
    def test_arrives_with_event_and_contact(self, ann: Registration, peer: OdooSandbox) -> None:
        registration, contact = only(peer, "event.registration"), only(peer, "res.partner")
        assert registration["xid"] == f"magnetiq.registration_{ann.uuid}"
        assert registration["event_id"][0] == only(peer, "event.event")["id"]
        assert registration["partner_id"][0] == contact["id"]
        told = [registration[name] for name in ("name", "email", "phone", "state")]
        assert told == ["ann Lovelace", "ann@acme.example", "+49 30 1", "open"]
        assert [contact[name] for name in ("name", "email", "company_name")] == [*told[:2], "ACME"]

    def test_goes_with_what_must_be_there_before_in_one_try(self, room: Session, peer: OdooSandbox) -> None:
        """Though the promise about the registration is kept first."""
        come(room, "ann")
        Delivery.objects.filter(operation="push_sessions").delete()

        push()

        assert there(peer) == {"ann": "open"}
        assert set(Delivery.objects.filter(integration__slug="odoo").values_list("attempts", flat=True)) == {1}

    def test_is_read_and_not_written_the_second_time(self, ann: Registration, peer: OdooSandbox) -> None:
        push_again(OdooService.push_registrations, [ann])

        assert set(methods(peer)) == READ_ONLY
        assert not ExternalRecord.objects.exclude(kept={}).exists()

    def test_is_not_told_of_who_waits_or_has_yet_to_pay(self, odoo: Integration, peer: OdooSandbox) -> None:
        come(a_session(capacity=1), "ann", "bob")

        push()

        assert there(peer) == {"ann": "open"}
        assert [partner["name"] for partner in ours(peer, "res.partner")] == ["ann Lovelace"]

    def test_takes_a_known_contact_whatever_its_spelling(self, room: Session, peer: OdooSandbox) -> None:
        contact = peer.create("res.partner", {"name": "Ann A.", "email": "Ann@ACME.example", "phone": "1"})
        peer.create("res.partner", {"name": "Younger", "email": "ann@acme.example"})

        come(room, "ann", phone="+49 30 1")
        push()

        assert only(peer, "event.registration")["partner_id"][0] == contact
        assert ours(peer, "res.partner") == []
        assert next(row for row in peer.records("res.partner") if row["id"] == contact)["phone"] == "1"

    def test_is_one_contact_in_two_sessions(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.write("res.partner", only(peer, "res.partner")["id"], {"email": "ann.example@new.example"})

        come(a_session(slug="another"), "ann")
        push()

        assert only(peer, "res.partner")["email"] == "ann.example@new.example"
        assert {row["partner_id"][0] for row in ours(peer, "event.registration")} == {only(peer, "res.partner")["id"]}

    def test_needs_no_contact_that_was_deleted_there(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.unlink("res.partner", only(peer, "res.partner")["id"])

        come(a_session(slug="another"), "ann")
        push()

        assert ours(peer, "res.partner") == []
        assert [row["state"] for row in ours(peer, "event.registration")] == ["open", "open"]

    def test_finds_the_event_deleted(self, ann: Registration, room: Session, peer: OdooSandbox) -> None:
        peer.unlink("event.event", only(peer, "event.event")["id"])
        push_again(OdooService.push_sessions, [room])

        come(room, "bob")
        push()

        bob = Delivery.objects.get(operation="push_registrations", subject_id=Registration.objects.latest("pk").pk)
        assert (bob.state, bob.error_kind, bob.error) == ("delivered", "gone", "The event was deleted in Odoo.")
        assert configuration.service_of("odoo").sync_webinars().promised == 0


class TestWhatChanges:
    def test_is_written_alone(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.write("event.registration", number(peer), {"name": "Dr. Ann"})

        actions.update_registration(ann, {"phone": "+49 30 2"})
        push()

        row = only(peer, "event.registration")
        assert (row["name"], row["phone"], row["state"]) == ("Dr. Ann", "+49 30 2", "open")
        record = ExternalRecord.objects.get(remote_model="event.registration")
        assert record.kept == {"name": {"ours": "ann Lovelace", "theirs": "Dr. Ann"}}

    def test_cancelled_here_is_cancelled_there(self, ann: Registration, peer: OdooSandbox) -> None:
        actions.cancel(ann)
        push()

        assert there(peer) == {"ann": "cancel"}

    def test_session_cancelled_here_cancels_everybody_there(self, room: Session, peer: OdooSandbox) -> None:
        come(room, "ann", "bob")
        push()

        actions.cancel_session(room)
        push()

        assert there(peer) == {"ann": "cancel", "bob": "cancel"}

    def test_who_comes_back_is_registered_again(self, ann: Registration, room: Session, peer: OdooSandbox) -> None:
        actions.cancel(ann)
        push()
        come(room, "ann")
        push()

        assert there(peer) == {"ann": "open"}

    def test_who_was_never_sent_is_not_cancelled_there(self, room: Session, peer: OdooSandbox) -> None:
        (ann,) = come(room, "ann")
        actions.cancel(ann)
        push()

        assert there(peer) == {}
        assert states() == {"delivered": 2}

    def test_who_was_sent_by_a_call_without_an_answer_is_cancelled_there(
        self, room: Session, peer: OdooSandbox
    ) -> None:
        (ann,) = come(room, "ann")
        push_again(OdooService.push_sessions, [room])
        Delivery.objects.filter(operation="push_registrations").update(state="pending")
        ExternalRecord.objects.filter(remote_model="event.registration").delete()
        peer.faults.set("cut_after", call="load", times=1)
        push()

        actions.cancel(ann)
        push()

        assert there(peer) == {"ann": "cancel"}

    @pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
    @pytest.mark.parametrize(
        ("became", "stays"), [("done", "done"), ("open", "open"), ("draft", "open"), ("cancel", "cancel")]
    )
    def test_what_became_of_who_was_sent_without_an_answer_stays_so(
        self, room: Session, peer: OdooSandbox, became: str, stays: str
    ) -> None:
        """Somebody was quicker there than our next try. Only a draft is nobody's decision."""
        self.lose_the_answer(room, peer, "ann", "bob")
        peer.write("event.registration", number_of(peer, "ann"), {"state": became})

        push()

        assert there(peer) == {"ann": stays, "bob": "open"}
        assert states() == {"delivered": 3}
        assert len(ours(peer, "event.registration")) == 2
        kept = ExternalRecord.objects.exclude(kept={}).values_list("kept", flat=True)
        expected = [{"state": {"ours": "open", "theirs": "cancel"}}] if became == "cancel" else []
        assert list(kept) == expected

    def test_who_was_checked_in_after_a_lost_answer_attended(
        self, room: Session, peer: OdooSandbox, time_machine: Any
    ) -> None:
        self.lose_the_answer(room, peer, "ann")
        peer.write("event.registration", number(peer), {"state": "done"})
        push()
        time_machine.move_to(room.starts_at)

        assert configuration.service_of("odoo").sync_webinars().counts == {"attended": 1}

    def test_who_never_arrived_though_it_was_in_doubt_comes_with_the_next_try(
        self, room: Session, peer: OdooSandbox
    ) -> None:
        self.lose_the_answer(room, peer, "ann", "bob")
        peer.unlink("event.registration", number_of(peer, "ann"))

        push()

        assert there(peer) == {"ann": "open", "bob": "open"}

    def lose_the_answer(self, room: Session, peer: OdooSandbox, *names: str) -> None:
        """These people register, and Odoo takes them, but we do not hear of it."""
        for name in names:  # known there: the only `load` is that of registrations
            peer.create("res.partner", {"name": name, "email": f"{name}@acme.example"})
        push_again(OdooService.push_sessions, [room])
        come(room, *names)
        peer.faults.set("cut_after", call="load", times=1)
        push()
        assert there(peer).keys() == set(names)
        assert not ExternalRecord.objects.filter(remote_model="event.registration").exists()

    @pytest.mark.parametrize("what", ["nothing", "details", "cancel"])
    def test_who_was_checked_in_there_stays_so(self, ann: Registration, peer: OdooSandbox, what: str) -> None:
        peer.write("event.registration", number(peer), {"state": "done"})

        if what == "details":
            actions.update_registration(ann, {"phone": "+49 30 2"})
        if what == "cancel":
            actions.cancel(ann)
        push_again(OdooService.push_registrations, [ann])

        assert there(peer) == {"ann": "done"}
        assert not ExternalRecord.objects.exclude(kept={}).exists()

    def test_who_was_marked_as_present_here_is_checked_in_there(
        self, ann: Registration, peer: OdooSandbox, time_machine: Any
    ) -> None:
        time_machine.move_to(ann.session.starts_at)

        actions.mark_attendance([ann], attended=True)
        push()

        assert there(peer) == {"ann": "done"}


class TestSeats:
    def test_who_leaves_goes_before_who_comes(self, odoo: Integration, peer: OdooSandbox) -> None:
        room = a_session(capacity=1)
        (ann,) = come(room, "ann")
        push()
        actions.cancel(ann)
        come(room, "bob")
        push()

        assert there(peer) == {"ann": "cancel", "bob": "open"}

    def test_more_seats_are_there_before_more_people(self, odoo: Integration, peer: OdooSandbox) -> None:
        room = a_session(capacity=1)
        come(room, "ann")
        push()

        actions.change_session(room, {"capacity": 3})
        come(room, "bob", "cid")
        Delivery.objects.filter(operation="push_sessions").delete()
        push()

        assert there(peer) == {"ann": "open", "bob": "open", "cid": "open"}

    def test_a_seat_that_they_gave_away_is_waited_for(self, odoo: Integration, peer: OdooSandbox) -> None:
        """As many as fit are registered, the last one soon. (16 takes any number, when it is told the state.)"""
        room = a_session(capacity=4)
        push()
        own = peer.create("event.registration", {"event_id": only(peer, "event.event")["id"], "name": "Theirs"})
        peer.write("event.registration", own, {"state": "open"})

        come(room, "ann", "bob", "cid", "dan")
        push()

        conflicts = Delivery.objects.filter(error_kind="conflict", state="pending").count()
        assert conflicts == (1 if peer.version == "19.0" else 0)
        peer.write("event.registration", own, {"state": "cancel"})
        push()
        assert Counter(there(peer).values()) == {"open": 4, "cancel": 1}


class TestPresence:
    def sync(self) -> dict[str, Any]:
        report = configuration.service_of("odoo").sync_webinars()
        push()
        return report.counts

    def begin(self, room: Session) -> None:
        Session.objects.filter(pk=room.pk).update(starts_at="2026-01-01T09:00Z")
        ExternalRecord.objects.filter(remote_model="event.event").update(as_of=room.updated_at)

    def test_who_was_checked_in_there_attended(self, ann: Registration, peer: OdooSandbox, time_machine: Any) -> None:
        peer.write("event.registration", number(peer), {"state": "done"})
        assert self.sync() == {}  # so long before, nobody came yet

        time_machine.move_to(ann.session.starts_at)

        assert self.sync() == {"attended": 1}

        ann.refresh_from_db()
        assert ann.status == Status.ATTENDED
        assert self.sync() == {}

    def test_the_others_did_not_come_once_it_is_over(
        self, ann: Registration, room: Session, peer: OdooSandbox, time_machine: Any
    ) -> None:
        come(room, "bob")
        push()
        peer.write("event.registration", number_of(peer, "ann"), {"state": "done"})
        time_machine.move_to(room.starts_at)
        assert self.sync() == {"attended": 1}

        time_machine.move_to(room.ends_at)

        assert self.sync() == {"no_show": 1}
        assert there(peer) == {"ann": "done", "bob": "open"}

    def test_nobody_is_missed_where_nobody_is_checked_in(
        self, ann: Registration, room: Session, time_machine: Any
    ) -> None:
        time_machine.move_to(room.ends_at)

        assert self.sync() == {}

    def test_what_is_decided_here_afterwards_is_not_taken_back(
        self, ann: Registration, peer: OdooSandbox, time_machine: Any
    ) -> None:
        peer.write("event.registration", number(peer), {"state": "done"})
        time_machine.move_to(ann.session.starts_at)
        self.sync()

        actions.mark_attendance([ann], attended=False)
        push()

        assert self.sync() == {}
        assert there(peer) == {"ann": "done"}

    def test_who_was_cancelled_there_is_shown(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.write("event.registration", number(peer), {"state": "cancel"})

        self.sync()

        ann.refresh_from_db()
        assert ann.status == Status.CONFIRMED
        record = ExternalRecord.objects.get(remote_model="event.registration")
        assert record.kept == {"state": {"ours": "open", "theirs": "cancel"}}


def number_of(peer: OdooSandbox, name: str) -> int:
    return next(row["id"] for row in peer.records("event.registration") if row["name"].startswith(name))


class TestForgotten:
    def forget(self, registration: Registration) -> None:
        actions.forget([registration.lead])
        forget_leads([registration.lead])
        push()

    def test_is_nobody_there_and_the_contact_that_we_made_too(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.write("res.partner", only(peer, "res.partner")["id"], {"street": "Ann's street 1"})

        self.forget(ann)

        row, contact = only(peer, "event.registration"), only(peer, "res.partner")
        assert [row[name] for name in ("name", "email", "phone", "partner_id")] == ["Forgotten", False, False, False]
        assert row["state"] == "cancel"
        assert [contact[name] for name in ("name", "email", "company_name", "street")] == ["Forgotten", *[False] * 3]
        assert "ann" not in str([*ExternalRecord.objects.values()]).lower()

    def test_leaves_a_contact_that_was_theirs_before(self, room: Session, peer: OdooSandbox) -> None:
        peer.create("res.partner", {"name": "Ann A.", "email": "ann@acme.example"})
        (ann,) = come(room, "ann")
        push()

        self.forget(ann)

        assert "Ann A." in [row["name"] for row in peer.records("res.partner")]
        assert only(peer, "event.registration")["partner_id"] is False

    def test_was_there_all_the_same(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.write("event.registration", number(peer), {"state": "done"})

        self.forget(ann)

        assert only(peer, "event.registration")["state"] == "done"

    def test_is_never_sent_when_it_comes_before(self, room: Session, peer: OdooSandbox) -> None:
        (ann,) = come(room, "ann")

        self.forget(ann)

        assert (ours(peer, "event.registration"), ours(peer, "res.partner")) == ([], [])
        assert set(states()) == {"delivered"}

    def test_goes_through_though_it_was_deleted_there(self, ann: Registration, peer: OdooSandbox) -> None:
        peer.unlink("event.registration", number(peer))

        self.forget(ann)

        assert only(peer, "res.partner")["name"] == "Forgotten"
        assert set(states()) == {"delivered"}


@pytest.mark.parametrize("people", [60, pytest.param(500, marks=pytest.mark.soak)])
@pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
def test_a_full_room_is_there_once_each_though_answers_are_lost(
    odoo: Integration, peer: OdooSandbox, people: int, time_machine: Any, request: pytest.FixtureRequest
) -> None:
    """First those about contacts, then, tried again, those about registrations. The clock stands between the tries."""
    time_machine.move_to(timezone.now(), tick=False)
    room = a_session(capacity=500)
    push()
    configuration.configure(odoo, {"batch_size": 25})
    come(room, *(f"person{n}" for n in range(people)))
    peer.calls.clear()
    for _round in ("contacts", "registrations"):
        peer.faults.set("cut_after", call="load", times=2)
        push()
    peer.faults.clear()
    while "pending" in states():
        push()

    assert Attempt.objects.filter(outcome="ambiguous").count() == 2 * 2 * 25
    assert len(ours(peer, "event.event")) == 1
    assert len(ours(peer, "event.registration")) == len(ours(peer, "res.partner")) == people
    assert {row["state"] for row in ours(peer, "event.registration")} == {"open"}
    assert states() == {"delivered": people + 1}
    counted = Counter(methods(peer))
    peer.calls.clear()
    push_again(OdooService.push_registrations, list(room.registrations.all()))
    again = Counter(methods(peer))
    print(f"{people} people, {request.node.callspec.params['peer']}: {dict(counted)}; again: {dict(again)}")  # noqa: T201
    batches = -(-people // 25)
    assert (counted["res.partner.load"], counted["event.registration.load"]) == (batches, batches + 2)
    assert again == {"event.registration.read": batches}


def test_a_full_room_takes_few_calls(odoo: Integration, peer: OdooSandbox) -> None:
    """Of each batch of 200: look for contacts, make them, register them; what is asked once per connection besides."""
    room = a_session(capacity=500)
    come(room, *(f"person{n}" for n in range(60)))

    push()

    counted = Counter(methods(peer))
    assert counted["event.registration.load"] == counted["res.partner.load"] == 1
    assert counted["res.partner.search_read"] == counted["event.event.load"] == 1
    assert sum(counted.values()) <= 16
