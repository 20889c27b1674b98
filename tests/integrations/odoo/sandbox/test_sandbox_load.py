"""`load` in the stand-in Odoo: upserts by external id, refuses a batch whole, says which row is at fault."""

import threading
from typing import Any

import pytest

from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc

COLUMNS = ["id", "name", "phone", "source_id/.id", "tag_ids/.id", "type"]


@pytest.fixture
def odoo(peer: OdooSandbox) -> Rpc:
    odoo = Rpc(peer)
    odoo("crm.tag", "create", [{"name": "A"}, {"name": "B"}])
    return odoo


def row(number: int, **changes: str) -> list[str]:
    values = {"id": f"magnetiq.lead_{number}", "name": f"Lead {number}", "phone": "+49 1", "source_id/.id": "1"}
    values |= {"tag_ids/.id": "1,2", "type": "lead"} | {name.replace("_dbid", "/.id"): v for name, v in changes.items()}
    return [values[column] for column in COLUMNS]


def stored(odoo: Rpc, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(lead[name] for name in names) for lead in odoo.peer.records("crm.lead")]


def messages(answer: dict[str, Any]) -> list[Any]:
    assert answer["ids"] is False
    return [message["message"] for message in answer["messages"]]


def test_rows_become_records_in_order(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", COLUMNS, [row(1), row(2)])

    assert answer == {"ids": [1, 2], "messages": [], "nextrow": 0}
    source = [1, "Search engine"]
    assert stored(odoo, "xid", "name", "source_id", "tag_ids", "type") == [
        ("magnetiq.lead_1", "Lead 1", source, [1, 2], "lead"),
        ("magnetiq.lead_2", "Lead 2", source, [1, 2], "lead"),
    ]


def test_load_again_updates_the_same_records(odoo: Rpc) -> None:
    first = odoo("crm.lead", "load", COLUMNS, [row(1), row(2)])

    second = odoo("crm.lead", "load", COLUMNS, [row(1, name="New"), row(2)])

    assert second["ids"] == first["ids"]
    assert stored(odoo, "name") == [("New",), ("Lead 2",)]


def test_missing_column_leaves_and_empty_cell_clears(odoo: Rpc) -> None:
    odoo("crm.lead", "load", COLUMNS, [row(1)])

    odoo("crm.lead", "load", ["id", "source_id/.id", "tag_ids/.id"], [["magnetiq.lead_1", "", ""]])

    assert stored(odoo, "phone", "source_id", "tag_ids") == [("+49 1", False, [])]


def test_deleted_record_is_made_anew(odoo: Rpc) -> None:
    (lead,) = odoo("crm.lead", "load", COLUMNS, [row(1)])["ids"]
    odoo.peer.unlink("crm.lead", lead)

    assert odoo("crm.lead", "load", COLUMNS, [row(1)])["ids"] == [lead + 1]


def test_archived_record_is_updated_and_stays_archived(odoo: Rpc) -> None:
    (lead,) = odoo("crm.lead", "load", COLUMNS, [row(1)])["ids"]
    odoo.peer.write("crm.lead", lead, {"active": False})

    assert odoo("crm.lead", "load", COLUMNS, [row(1, name="New")])["ids"] == [lead]
    assert stored(odoo, "name", "active") == [("New", False)]


def test_last_of_equal_external_ids_wins(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", COLUMNS, [row(1, name="first"), row(1, name="last")])

    assert answer["ids"] == [1, 1]
    assert stored(odoo, "name") == [("last",)]


def test_external_id_without_module_gets_one(odoo: Rpc) -> None:
    odoo("crm.lead", "load", ["id", "name"], [["lead_1", "L"], ["a.b.c", "M"]])

    assert stored(odoo, "xid") == [("__import__.lead_1",), ("a.b.c",)]


def test_database_id_updates(odoo: Rpc) -> None:
    lead = odoo("crm.lead", "create", {"name": "L"})

    assert odoo("crm.lead", "load", [".id", "name"], [[str(lead), "New"]])["ids"] == [lead]
    assert stored(odoo, "name") == [("New",)]


@pytest.mark.parametrize("archived", [False, True])
def test_database_id_unknown_or_archived_is_refused(odoo: Rpc, archived: bool) -> None:
    lead = odoo.peer.create("crm.lead", {"name": "L", "active": False}) if archived else 77

    answer = odoo("crm.lead", "load", [".id", "name"], [[str(lead), "New"]])

    rows = {"from": 0, "to": 0}
    text = f"Unknown database identifier '{lead}'"
    message = {"rows": rows, "record": 0, "type": "error", "field": ".id", "message": text}
    assert answer == {"ids": False, "messages": [message], "nextrow": 0}


def test_database_id_of_an_archived_record_updates_without_active_test(odoo: Rpc) -> None:
    lead = odoo.peer.create("crm.lead", {"name": "L", "active": False})

    answer = odoo("crm.lead", "load", [".id", "name"], [[str(lead), "New"]], context={"active_test": False})

    assert (answer["ids"], stored(odoo, "name")) == ([lead], [("New",)])


@pytest.mark.parametrize(
    ("column", "cell"), [("source_id/.id", "1"), ("source_id/id", "magnetiq.fair"), ("source_id", "Search engine")]
)
def test_relation_by_database_id_external_id_or_name(odoo: Rpc, column: str, cell: str) -> None:
    odoo.peer.create("utm.source", {"name": "Fair"}, xid="magnetiq.fair")

    odoo("crm.lead", "load", ["id", "name", column], [["m.1", "L", cell]])

    assert stored(odoo, "source_id")[0][0][1] == ("Fair" if column == "source_id/id" else "Search engine")


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("source_id/.id", "99999", "database id"),
        ("source_id/id", "magnetiq.nothing", "external id"),
        ("source_id", "Nothing", "name"),
        ("tag_ids", "A,Nothing", "name"),
    ],
)
def test_relation_not_found_is_a_message(odoo: Rpc, column: str, cell: str, kind: str) -> None:
    answer = odoo("crm.lead", "load", ["id", "name", column], [["m.1", "L", cell]])

    label = "Tag" if column == "tag_ids" else "Source"
    value = "Nothing" if column == "tag_ids" else cell
    assert messages(answer) == [f"No matching record found for {kind} '{value}' in field '{label}'"]


def test_unknown_name_is_created_when_the_context_allows(odoo: Rpc) -> None:
    context = {"name_create_enabled_fields": {"source_id": True}}

    odoo("crm.lead", "load", ["id", "name", "source_id"], [["m.1", "L", "Fair"]], context=context)

    assert stored(odoo, "source_id")[0][0][1] == "Fair"


def test_several_matches_are_a_warning_and_the_first_is_taken(odoo: Rpc) -> None:
    ids = odoo("event.tag", "create", [{"name": "T", "category_id": 1}] * 2)

    columns = ["id", "name", "date_begin", "date_end", "tag_ids"]
    cells = ["m.1", "E", "2026-12-01 10:00:00", "2026-12-01 11:00:00", "T"]
    answer = odoo("event.event", "load", columns, [cells])

    assert (answer["ids"], [m["type"] for m in answer["messages"]]) == ([1], ["warning"])
    assert odoo.peer.records("event.event")[0]["tag_ids"] == ids[:1]


@pytest.mark.parametrize("tags", [1, True])
def test_cell_that_is_no_text_crashes_many2many(odoo: Rpc, tags: object) -> None:
    kind = type(tags).__name__

    fault = odoo.fault("crm.lead", "load", ["id", "name", "tag_ids/.id"], [["m.1", "L", tags]])

    assert fault == (1, f"AttributeError: '{kind}' object has no attribute 'split'")


@pytest.mark.parametrize("cell", [1, True])
def test_cell_that_is_no_text_crashes_boolean(odoo: Rpc, cell: object) -> None:
    kind = type(cell).__name__

    fault = odoo.fault("crm.lead", "load", ["id", "name", "active"], [["m.1", "L", cell]])

    assert fault == (1, f"AttributeError: '{kind}' object has no attribute 'lower'")


@pytest.mark.parametrize(("cell", "active"), [("1", True), ("true", True), ("0", False), ("False", False), ("", False)])
def test_boolean_cells(odoo: Rpc, cell: str, active: bool) -> None:
    odoo("crm.lead", "load", ["id", "name", "active"], [["m.1", "L", cell]])

    assert stored(odoo, "active") == [(active,)]


@pytest.mark.parametrize("cell", ["12.50", 12.5])
def test_float_cells(odoo: Rpc, cell: object) -> None:
    odoo("crm.lead", "load", ["id", "name", "expected_revenue"], [["m.1", "L", cell]])

    assert stored(odoo, "expected_revenue") == [(12.5,)]


def test_float_with_a_comma_is_a_message(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", ["id", "name", "expected_revenue"], [["m.1", "L", "12,50"]])

    assert messages(answer) == ["'12,50' does not seem to be a number for field 'Expected Revenue'"]


def test_unknown_column_crashes(odoo: Rpc, is_19: bool) -> None:
    fault = odoo.fault("crm.lead", "load", ["id", "name", "foo"], [["m.1", "L", "x"]])

    assert fault == (1, "ValueError: Invalid field name 'foo'" if is_19 else "KeyError: 'foo'")


@pytest.mark.parametrize("cell", ["lead", "Lead", "LEAD"])
def test_selection_by_value_or_label(odoo: Rpc, cell: str) -> None:
    odoo("crm.lead", "load", COLUMNS, [row(1, type=cell)])

    assert stored(odoo, "type") == [("lead",)]


def test_bad_selection_rolls_the_batch_back_and_names_its_row(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", COLUMNS, [row(1), row(2, type="bogus")])

    message = {
        "rows": {"from": 1, "to": 1},
        "type": "error",
        "record": 1,
        "field": "type",
        "message": "Value 'bogus' not found in selection field 'Type'",
        "moreinfo": ["Lead", "Opportunity"],
        "field_name": "Type",
    }
    assert answer == {"ids": False, "messages": [message], "nextrow": 0}
    assert stored(odoo, "name") == []


def test_missing_required_value_is_a_message(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", COLUMNS, [row(1), row(2, name="")])

    text = "Missing required value for the field 'Opportunity' (name)"
    message = {"rows": {"from": 1, "to": 1}, "record": 1, "type": "error", "message": text, "field": "name"}
    assert answer == {"ids": False, "messages": [message], "nextrow": 0}


def test_failed_batch_leaves_earlier_records_as_they_were(odoo: Rpc) -> None:
    odoo("crm.lead", "load", COLUMNS, [row(1)])

    odoo("crm.lead", "load", COLUMNS, [row(1, name="New"), row(2, type="bogus")])

    assert stored(odoo, "xid", "name") == [("magnetiq.lead_1", "Lead 1")]


def test_conversion_errors_are_all_reported(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", COLUMNS, [row(number, type="bogus") for number in range(15)])

    assert [message["record"] for message in answer["messages"]] == list(range(15))


def test_record_errors_stop_after_ten(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", COLUMNS, [row(number, name="") for number in range(15)])

    kinds = [message["type"] for message in answer["messages"]]
    assert kinds == ["error"] * 10 + ["warning"]
    assert answer["messages"][-1]["message"].startswith("Found more than 10 errors and more than one error")


def test_white_space_in_an_external_id_is_refused(odoo: Rpc) -> None:
    answer = odoo("crm.lead", "load", ["id", "name"], [["magnetiq.a b", "L"]])

    assert 'violates check constraint "ir_model_data_name_nospaces"' in messages(answer)[0]


def test_external_id_of_another_model_is_refused(odoo: Rpc) -> None:
    odoo.peer.create("utm.source", {"name": "Fair"}, xid="magnetiq.fair")

    answer = odoo("crm.lead", "load", ["id", "name"], [["magnetiq.fair", "L"]])

    assert "found record of different model utm.source" in messages(answer)[0]


@pytest.mark.parametrize(
    ("context", "expected"), [({}, "10:00"), ({"tz": "UTC"}, "10:00"), ({"tz": "Europe/Brussels"}, "09:00")]
)
def test_datetimes_are_read_in_the_zone_of_the_context(odoo: Rpc, context: dict[str, str], expected: str) -> None:
    cells = ["m.1", "E", "2026-12-01 10:00:00", "2026-12-01 12:00:00"]

    odoo("event.event", "load", ["id", "name", "date_begin", "date_end"], [cells], context=context)

    assert odoo.peer.records("event.event")[0]["date_begin"] == f"2026-12-01 {expected}:00"


def test_datetime_with_an_offset_is_a_message(odoo: Rpc) -> None:
    cells = ["m.1", "E", "2026-12-01T10:00:00+01:00", "2026-12-01 12:00:00"]

    answer = odoo("event.event", "load", ["id", "name", "date_begin", "date_end"], [cells])

    text = "'2026-12-01T10:00:00+01:00' does not seem to be a valid datetime for field 'Start Date'"
    assert messages(answer) == [text]
    assert answer["messages"][0]["moreinfo"] == "Use the format '2012-12-31 23:59:59'"


def test_update_by_external_id_keeps_a_utm_name(odoo: Rpc) -> None:
    for _ in range(2):
        odoo("utm.source", "load", ["id", "name"], [["magnetiq.fair", "Fair"]])

    names = [source["name"] for source in odoo.peer.records("utm.source") if source["xid"]]
    assert names == ["Fair"]


def test_duplicate_tag_is_a_message(odoo: Rpc, is_19: bool) -> None:
    answer = odoo("crm.tag", "load", ["id", "name"], [["magnetiq.a", "A"]])

    end = "exists!" if is_19 else "exists !"
    assert messages(answer) == [f"The operation cannot be completed: Tag name already {end}"]


def test_of_two_loads_of_the_same_records_one_wins(odoo: Rpc) -> None:
    odoo.peer.faults.set("pace", 300)
    answers: list[Any] = []

    def load() -> None:
        answers.append(Rpc(odoo.peer)("crm.lead", "load", COLUMNS, [row(1)]))

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(str(answer["ids"]) for answer in answers) == ["False", "[1]"]
    (lost,) = [answer for answer in answers if answer["ids"] is False]
    assert messages(lost) == ["could not serialize access due to concurrent update\n"]
    assert len(stored(odoo, "id")) == 1


def test_different_records_load_at_the_same_time(odoo: Rpc) -> None:
    odoo.peer.faults.set("pace", 100)
    answers: list[Any] = []

    def load(number: int) -> None:
        answers.append(Rpc(odoo.peer)("crm.lead", "load", COLUMNS, [row(number)])["ids"])

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [[1], [2], [3], [4]]
