"""Events and registrations in the stand-in Odoo: seats, states, mail schedules, publishing."""

import pytest

from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc

EVENT = {"name": "Small", "date_begin": "2026-12-01 10:00:00", "date_end": "2026-12-01 12:00:00"}
ONE_SEAT = EVENT | {"seats_limited": True, "seats_max": 1}
COLUMNS = ["id", "event_id/.id", "name", "email", "state"]


def states(odoo: Rpc) -> list[str]:
    return [registration["state"] for registration in odoo.peer.records("event.registration")]


def test_event_starts_new_and_belongs_to_the_caller(odoo: Rpc) -> None:
    odoo("event.event", "create", EVENT)

    (event,) = odoo.peer.records("event.event")
    told = (event["stage_id"], event["user_id"], event["organizer_id"], event["date_tz"])
    assert told == ([1, "New"], [odoo.uid, "Magnetiq"], [1, "My Company"], "UTC")


def test_seats_max_alone_does_not_limit(odoo: Rpc) -> None:
    odoo("event.event", "create", EVENT | {"seats_max": 50})

    (event,) = odoo.peer.records("event.event")
    assert (event["seats_max"], event["seats_limited"], event["seats_available"]) == (50, False, 0)


@pytest.mark.parametrize(("given", "schedules"), [({}, 3), ({"event_mail_ids": []}, 0)])
def test_event_gets_mail_schedules_unless_told_otherwise(odoo: Rpc, given: dict[str, object], schedules: int) -> None:
    odoo("event.event", "create", EVENT | given)

    assert len(odoo.peer.records("event.event")[0]["event_mail_ids"]) == schedules
    assert len(odoo.peer.records("event.mail")) == schedules


def test_event_loads_as_the_least_rights_user(odoo: Rpc) -> None:
    columns = [*EVENT, "id", "date_tz", "seats_limited", "seats_max", "address_id/.id", "event_mail_ids/.id"]

    odoo("event.event", "load", columns, [[*EVENT.values(), "m.1", "Europe/Berlin", "1", "5", "", ""]])

    (event,) = odoo.peer.records("event.event")
    told = {name: event[name] for name in ("seats_limited", "seats_available", "address_id", "event_mail_ids")}
    assert told == {"seats_limited": True, "seats_available": 5, "address_id": False, "event_mail_ids": []}


@pytest.mark.parametrize("name", ["website_published", "is_published"])
def test_published_under_either_name(peer: OdooSandbox, name: str) -> None:
    with OdooSandbox(peer.version, website_event=True) as website:
        Rpc(website)("event.event", "create", EVENT | {name: True})

        (event,) = website.records("event.event")
        assert (event["website_published"], event["is_published"]) == (True, True)


def test_registration_takes_its_words_from_the_partner(odoo: Rpc) -> None:
    event = odoo("event.event", "create", EVENT)
    partner = odoo("res.partner", "create", {"name": "Ann", "email": "ann@x.com", "phone": "1"})

    odoo("event.registration", "create", {"event_id": event, "partner_id": partner})

    (registration,) = odoo.peer.records("event.registration")
    assert [registration[name] for name in ("name", "email", "phone")] == ["Ann", "ann@x.com", "1"]


def test_first_state_of_a_registration(odoo: Rpc, is_19: bool) -> None:
    event = odoo("event.event", "create", EVENT)

    odoo("event.registration", "create", [{"event_id": event, "name": "A"}, {"event_id": event, "state": "done"}])

    assert states(odoo) == ["open" if is_19 else "draft", "done"]


def test_auto_confirm_comes_from_the_event_type(odoo: Rpc, is_19: bool) -> None:
    if is_19:
        assert odoo("event.type", "search", []) == []
        return
    event = odoo("event.event", "create", EVENT | {"event_type_id": 1})

    odoo("event.registration", "create", {"event_id": event, "name": "A"})

    assert states(odoo) == ["open"]


def test_unknown_state_is_a_fault(odoo: Rpc) -> None:
    event = odoo("event.event", "create", EVENT)

    fault = odoo.fault("event.registration", "create", {"event_id": event, "state": "confirmed"})

    assert fault == (1, "ValueError: Wrong value for event.registration.state: 'confirmed'")


def test_creating_open_registrations_beyond_the_seats(odoo: Rpc, is_19: bool) -> None:
    event = odoo("event.event", "create", ONE_SEAT)
    two = [{"event_id": event, "name": name, "state": "open"} for name in "AB"]

    if is_19:
        text = "There are not enough seats available for Small:\nSmall: missing 1 seat(s)"
        assert odoo.fault("event.registration", "create", two) == (2, text)
        assert states(odoo) == []
    else:
        odoo("event.registration", "create", two)
        assert odoo.peer.records("event.event")[0]["seats_available"] == -1


def test_confirming_beyond_the_seats(odoo: Rpc, is_19: bool) -> None:
    event = odoo("event.event", "create", ONE_SEAT)
    drafts = [{"event_id": event, "name": name, "state": "draft"} for name in "AB"]
    ids = odoo("event.registration", "create", drafts)

    fault = odoo.fault("event.registration", "write", ids, {"state": "open"})

    on_16 = 'There are not enough seats available for:\n- "Small": Missing 1 seats.'
    on_19 = "There are not enough seats available for Small:\nSmall: missing 1 seat(s)"
    assert fault == (2, on_19 if is_19 else on_16)
    assert states(odoo) == ["draft", "draft"]


def test_loading_beyond_the_seats_refuses_the_whole_batch_on_19(odoo: Rpc, is_19: bool) -> None:
    event = str(odoo("event.event", "create", ONE_SEAT))

    rows = [[f"m.{name}", event, name, "", "open"] for name in "ABC"]
    answer = odoo("event.registration", "load", COLUMNS, rows)

    if is_19:
        text = "There are not enough seats available for Small:\nSmall: missing 1 seat(s)"
        assert answer == {"ids": False, "messages": [{"type": "error", "message": text}], "nextrow": 0}
    else:
        assert answer["ids"] == [1, 2, 3]


def test_cancelling_frees_a_seat(odoo: Rpc) -> None:
    event = str(odoo("event.event", "create", ONE_SEAT))
    odoo("event.registration", "load", COLUMNS, [["m.A", event, "A", "", "open"]])

    odoo("event.registration", "load", ["id", "state"], [["m.A", "cancel"]])

    answer = odoo("event.registration", "load", COLUMNS, [["m.B", event, "B", "", "open"]])
    assert (answer["messages"], states(odoo)) == ([], ["cancel", "open"])


def test_loading_open_sets_an_attended_registration_back(odoo: Rpc) -> None:
    event = str(odoo("event.event", "create", EVENT))
    (registration,) = odoo("event.registration", "load", COLUMNS, [["m.A", event, "A", "", "open"]])["ids"]
    odoo.peer.write("event.registration", registration, {"state": "done"})

    odoo("event.registration", "load", ["id", "state"], [["m.A", "open"]])

    assert states(odoo) == ["open"]


@pytest.mark.parametrize(("action", "state"), [("action_set_done", "done"), ("action_cancel", "cancel")])
def test_action_does_its_work_and_then_cannot_say_so(odoo: Rpc, action: str, state: str) -> None:
    event = odoo("event.event", "create", EVENT)
    registration = odoo("event.registration", "create", {"event_id": event, "name": "A"})

    fault = odoo.fault("event.registration", action, [registration])

    assert fault == (1, "TypeError: cannot marshal None unless allow_none is enabled")
    assert states(odoo) == [state]
