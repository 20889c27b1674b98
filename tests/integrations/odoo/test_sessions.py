"""Sessions as events in Odoo, with and without website_event."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from integrations import configuration
from integrations.models import Delivery, ExternalRecord, Integration
from integrations.odoo.sandbox import SALES_ALL, OdooSandbox
from integrations.odoo.service import OdooService
from tests.factories import SessionFactory
from webinars import actions
from webinars.models import Session

from .conftest import connection
from .people import captured
from .rooms import EVERY_ODOO, START, a_session, come, methods, odoo_of, only, ours, push, push_again, states


@pytest.fixture(params=["16.0", "19.0 website"])
def peer(request: pytest.FixtureRequest) -> Iterator[OdooSandbox]:
    with odoo_of(request.param) as peer:
        yield peer


@pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
def test_a_session_arrives_with_all_that_concerns_odoo(odoo: Integration, peer: OdooSandbox) -> None:
    peer.create("event.type", {"name": "Webinar"})
    session = a_session(capacity=40, duration_minutes=90, presenter="Ada", meeting_url="https://meet.example/x")

    push()

    event = only(peer, "event.event")
    expected = {
        "xid": f"magnetiq.session_{session.uuid}",
        "name": "Data <strategy>",
        "date_begin": "2099-03-02 09:00:00",
        "date_end": "2099-03-02 10:30:00",
        "date_tz": "Europe/Berlin",
        "seats_limited": True,
        "seats_max": 40,
        "description": "<p>One<br/>&amp; two<br/>Ada</p>",
        "address_id": False,
        "event_mail_ids": [],
    }
    assert {name: event[name] for name in expected} == expected
    assert event["event_type_id"][1] == "Webinar"
    assert event.get("website_published", True) is True
    assert "meet.example" not in str(peer.records("event.event"))


@pytest.fixture
def sends_links(odoo: Integration) -> None:
    configuration.configure(odoo, {"join_link": True})


@pytest.mark.usefixtures("sends_links")
@pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
def test_the_join_link_is_sent_where_somebody_says_so(peer: OdooSandbox) -> None:
    """16 has no field for it, and no other is put to this use."""
    a_session(meeting_url="https://meet.example/x")

    push()

    event = only(peer, "event.event")
    assert str(event).count("meet.example") == (1 if peer.version == "19.0" else 0)
    assert event.get("event_url") == ("https://meet.example/x" if peer.version == "19.0" else None)


@pytest.mark.usefixtures("sends_links")
@pytest.mark.parametrize("peer", ["19.0", "19.0 website"], indirect=True)
def test_the_join_link_is_taken_away_where_somebody_changes_his_mind(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session(meeting_url="https://meet.example/x")
    push()
    configuration.configure(odoo, {"join_link": False})

    a_session(slug="another", meeting_url="https://meet.example/y")
    push_again(OdooService.push_sessions, [session])

    assert [event["event_url"] for event in ours(peer, "event.event")] == [False, False]
    assert not ExternalRecord.objects.exclude(kept={}).exists()


@pytest.mark.parametrize("peer", ["19.0"], indirect=True)
def test_a_link_of_theirs_asks_nobody_while_ours_stays_here(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session(meeting_url="https://meet.example/x")
    push()
    peer.write("event.event", only(peer, "event.event")["id"], {"event_url": "https://theirs.example"})

    push_again(OdooService.push_sessions, [session])

    assert only(peer, "event.event")["event_url"] == "https://theirs.example"
    assert not ExternalRecord.objects.exclude(kept={}).exists()


@pytest.mark.usefixtures("sends_links")
@pytest.mark.parametrize("peer", ["19.0", "19.0 website"], indirect=True)
def test_a_new_join_link_is_written_alone(peer: OdooSandbox) -> None:
    session = a_session(meeting_url="https://meet.example/x")
    push()
    peer.write("event.event", only(peer, "event.event")["id"], {"name": "Theirs"})

    actions.change_session(session, {"meeting_url": "https://meet.example/new"})
    push()

    event = only(peer, "event.event")
    assert (event["name"], event["event_url"]) == ("Theirs", "https://meet.example/new")


@pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
def test_it_has_the_tag_which_is_made_once_with_its_category(odoo: Integration, peer: OdooSandbox) -> None:
    a_session()
    a_session(slug="another")

    push()

    (tag,) = peer.records("event.tag")
    assert (tag["name"], tag["category_id"][1]) == ("Webinar", "Format")
    assert [event["tag_ids"] for event in ours(peer, "event.event")] == [[tag["id"]]] * 2
    assert [event["event_type_id"] for event in ours(peer, "event.event")] == [False] * 2


def test_without_a_capacity_the_seats_are_not_limited(odoo: Integration, peer: OdooSandbox) -> None:
    a_session(capacity=None)

    push()

    assert (only(peer, "event.event")["seats_limited"], only(peer, "event.event")["seats_max"]) == (False, 0)


@pytest.mark.parametrize("peer", EVERY_ODOO, indirect=True)
def test_pushed_again_it_is_read_and_not_written(odoo: Integration, peer: OdooSandbox) -> None:
    peer.create("event.type", {"name": "Webinar"})
    session = a_session(capacity=40)
    push()
    peer.calls.clear()

    push_again(OdooService.push_sessions, [session])

    assert methods(peer) == ["event.event.read"]
    assert ExternalRecord.objects.get().kept == {}


def test_a_lost_answer_makes_no_second_event(odoo: Integration, peer: OdooSandbox) -> None:
    a_session()
    peer.faults.set("cut_after", call="load", times=3)

    for _try in range(4):
        push()

    assert len(ours(peer, "event.event")) == 1
    assert states() == {"delivered": 1}


def test_only_what_changed_here_is_written_and_theirs_is_shown(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session(capacity=40)
    push()
    peer.write("event.event", only(peer, "event.event")["id"], {"name": "Data for all", "seats_max": 99})

    actions.change_session(session, {"starts_at": START + timedelta(hours=1), "capacity": 50})
    push()

    event = only(peer, "event.event")
    assert (event["date_begin"], event["date_end"]) == ("2099-03-02 10:00:00", "2099-03-02 11:00:00")
    assert (event["name"], event["seats_max"]) == ("Data for all", 99)
    assert ExternalRecord.objects.get().kept == {
        "name": {"ours": "Data <strategy>", "theirs": "Data for all"},
        "seats_max": {"ours": "50", "theirs": "99"},
    }


def test_address_and_letters_that_they_add_are_left_alone(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session()
    push()
    peer.write("event.event", only(peer, "event.event")["id"], {"address_id": 1})

    actions.change_session(session, {"capacity": 7})
    push()

    assert only(peer, "event.event")["address_id"]
    assert ExternalRecord.objects.get().kept == {}


def test_a_cancelled_session_is_cancelled_there(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session()
    push()
    peer.write("event.event", only(peer, "event.event")["id"], {"stage_id": 2})

    actions.cancel_session(session)
    push()

    event = only(peer, "event.event")
    told = event["kanban_state"] if peer.version == "19.0" else event["stage_id"][1]
    assert told == ("cancel" if peer.version == "19.0" else "Cancelled")
    assert not event.get("website_published")
    assert ExternalRecord.objects.get().kept == {}


def test_what_becomes_of_a_cancelled_event_is_up_to_them(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session()
    actions.cancel_session(session)
    push()
    assert ours(peer, "event.event") == []
    another = a_session(slug="another")
    push()
    actions.cancel_session(another)
    push()
    event = only(peer, "event.event")["id"]
    peer.write("event.event", event, {"stage_id": 4, **({"kanban_state": "normal"} if peer.version == "19.0" else {})})

    push_again(OdooService.push_sessions, [another])

    assert only(peer, "event.event")["stage_id"][0] == 4


def test_a_deleted_event_is_shown_and_never_made_again(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session()
    push()
    peer.unlink("event.event", only(peer, "event.event")["id"])

    actions.change_session(session, {"capacity": 7})
    push()
    actions.change_session(session, {"capacity": 8})
    push()

    assert ours(peer, "event.event") == []
    assert ExternalRecord.objects.get().gone_at
    promises = Delivery.objects.filter(operation="push_sessions")
    assert set(promises.values_list("state", "error_kind")) == {("delivered", "gone")}


def test_without_rights_on_events_leads_go_on(odoo: Integration, peer: OdooSandbox) -> None:
    peer.users.set_groups(peer.username, (SALES_ALL,))
    a_session()
    captured()

    push()

    assert len(peer.records("crm.lead")) == 1
    assert states() == {"pending": 1}
    assert connection().is_blocked("push_sessions")
    assert not connection().is_blocked("push_leads")


def test_sync_promises_what_was_never_sent_and_leaves_drafts(odoo: Integration, peer: OdooSandbox) -> None:
    come(a_session(), "ann")
    a_session(slug="another")
    SessionFactory.create(status=Session.Status.DRAFT)
    Delivery.objects.all().delete()

    report = configuration.service_of("odoo").sync_webinars()
    push()

    assert report.promised == 3
    assert len(ours(peer, "event.event")) == 2
    assert configuration.service_of("odoo").sync_webinars().promised == 0


def test_one_session_can_be_synced_alone(odoo: Integration, peer: OdooSandbox) -> None:
    come(a_session(), "ann")
    come(a_session(slug="another"), "bob")
    Delivery.objects.all().delete()

    assert configuration.service_of("odoo").sync_webinars(session="another").promised == 2


def test_a_dry_run_tells_and_marks_nothing(odoo: Integration, peer: OdooSandbox) -> None:
    session = a_session(capacity=40)
    ann, _bob = come(session, "ann", "bob")
    push()
    actions.change_session(session, {"capacity": 50})
    actions.update_registration(ann, {"phone": "+49 30 1"})
    come(session, "cid")
    before = [peer.records(model) for model in ("event.event", "event.registration", "res.partner", "event.tag")]

    report = configuration.service_of("odoo").sync_webinars(dry_run=True)

    told = {change.get("email", change["session"]): change for change in report.changes}
    assert report.counts == {"changed": 2, "same": 1, "new": 1}
    assert told["data-strategy"]["fields"] == {"seats_max": {"before": "40", "after": "50"}}
    assert told["ann@acme.example"]["fields"] == {"phone": {"before": "", "after": "+49 30 1"}}
    assert told["cid@acme.example"]["kind"] == "new"
    assert before == [
        peer.records(model) for model in ("event.event", "event.registration", "res.partner", "event.tag")
    ]


def test_times_are_utc_whatever_zone_the_user_there_has(odoo: Integration, peer: OdooSandbox) -> None:
    peer.write("res.users", peer.records("res.users")[-1]["id"], {"tz": "Asia/Tokyo"})
    a_session()

    push()

    assert only(peer, "event.event")["date_begin"] == "2099-03-02 09:00:00"
