"""Creating, reading, searching and writing records in the stand-in Odoo."""

from datetime import datetime
from typing import Any

import pytest

from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc

EVENT = {"name": "Small", "date_begin": "2026-12-01 10:00:00", "date_end": "2026-12-01 12:00:00"}


def test_lead_reads_back_as_odoo_completes_it(odoo: Rpc) -> None:
    given = {"name": "L", "website": "example.com/x", "email_from": "Ann@Example.com", "description": "1\n2 <b>x</b>"}

    lead = odoo("crm.lead", "create", given | {"tag_ids": [(6, 0, [odoo("crm.tag", "create", {"name": "Hot"})])]})

    (read,) = odoo("crm.lead", "read", [lead])
    expected = {
        "website": "http://example.com/x",
        "email_from": "Ann@Example.com",
        "email_normalized": "ann@example.com",
        "description": "<p>1\n2 <b>x</b></p>",
        "type": "opportunity",
        "stage_id": [1, "New"],
        "user_id": [odoo.uid, "Magnetiq"],
        "partner_id": False,
        "tag_ids": [1],
        "phone": False,
        "active": True,
    }
    assert {name: read[name] for name in expected} == expected


@pytest.mark.parametrize("website", ["https://example.com", "http://example.com"])
def test_website_with_a_scheme_is_left_alone(odoo: Rpc, website: str) -> None:
    lead = odoo("crm.lead", "create", {"name": "L", "website": website})

    assert odoo("crm.lead", "read", [lead], ["website"]) == [{"id": lead, "website": website}]


def test_description_that_is_an_element_is_not_wrapped(odoo: Rpc) -> None:
    lead = odoo("crm.lead", "create", {"name": "L", "description": "<p>a<br/>b</p>"})

    assert odoo("crm.lead", "read", [lead], ["description"])[0]["description"] == "<p>a<br/>b</p>"


@pytest.mark.parametrize(
    ("model", "values", "code", "text"),
    [
        ("crm.lead", {"name": "L", "type": "bogus"}, 1, "ValueError: Wrong value for crm.lead.type: 'bogus'"),
        (
            "crm.lead",
            {"name": "L", "source_id": "Web"},
            1,
            'psycopg2.errors.InvalidTextRepresentation: invalid input syntax for type integer: "Web"',
        ),
        (
            "event.event",
            EVENT | {"event_type_id": 99999},
            2,
            "Record does not exist or has been deleted.\n(Record: event.type(99999,), User: 3)",
        ),
        (
            "event.event",
            EVENT | {"date_end": "2026-11-30 12:00:00"},
            2,
            "The closing date cannot be earlier than the beginning date.",
        ),
    ],
)
def test_bad_value_is_a_fault(odoo: Rpc, model: str, values: dict[str, Any], code: int, text: str) -> None:
    assert odoo.fault(model, "create", values) == (code, text)
    assert odoo.peer.records(model) == []


@pytest.mark.parametrize(
    ("model", "values", "constraint"),
    [
        ("crm.lead", {"name": "L", "source_id": 99999}, "crm_lead_source_id_fkey"),
        ("event.event", EVENT | {"tag_ids": [(6, 0, [99999])]}, "event_event_event_tag_rel_event_tag_id_fkey"),
        ("event.registration", {"event_id": 99999}, "event_registration_event_id_fkey"),
    ],
)
def test_reference_to_nothing_names_the_constraint(
    odoo: Rpc, model: str, values: dict[str, Any], constraint: str
) -> None:
    code, text = odoo.fault(model, "create", values)

    assert (code, text.splitlines()[-1]) == (2, f"Constraint: {constraint}")


def test_unknown_field_fails_the_whole_create(odoo: Rpc, is_19: bool) -> None:
    where = "in" if is_19 else "on model"

    fault = odoo.fault("event.event", "create", [EVENT, EVENT | {"address": "Brussels"}])

    assert fault == (1, f"ValueError: Invalid field 'address' {where} 'event.event'")
    assert odoo.peer.records("event.event") == []


def test_unknown_field_fails_a_read(odoo: Rpc) -> None:
    lead = odoo("crm.lead", "create", {"name": "L"})

    assert odoo.fault("crm.lead", "read", [lead], ["foo"]) == (1, "ValueError: Invalid field 'foo' on model 'crm.lead'")


def test_unknown_field_fails_a_search(odoo: Rpc, is_19: bool) -> None:
    where = "condition" if is_19 else "leaf"

    fault = odoo.fault("crm.lead", "search", [["foo", "=", 1]])

    assert fault == (1, f"ValueError: Invalid field crm.lead.foo in {where} ('foo', '=', 1)")


@pytest.mark.parametrize("field", ["mobile", "title"])
def test_lead_field_that_19_dropped(odoo: Rpc, field: str, is_19: bool) -> None:
    assert (field in odoo("crm.lead", "fields_get", [], ["type"])) is not is_19


@pytest.mark.parametrize("field", ["website_published", "is_published", "website_id"])
def test_publishing_needs_website_event(odoo: Rpc, field: str) -> None:
    with OdooSandbox(odoo.peer.version, website_event=True) as with_website:
        assert field in Rpc(with_website)("event.event", "fields_get", [field], ["type"])
    assert odoo("event.event", "fields_get", [field], ["type"]) == {}


def test_required_field_is_named(odoo: Rpc, is_19: bool) -> None:
    code, text = odoo.fault("event.event", "create", {"name": "E", "date_begin": "2026-12-01 10:00:00"})

    words = "Missing required value for the field 'End Date' (date_end)." if is_19 else "Field: End Date (date_end)"
    assert code == 2
    assert words in text


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-12-01 10:00:00", "2026-12-01 10:00:00"),
        ("2026-12-01 10:00", "2026-12-01 10:00:00"),
        ("2026-12-01", "2026-12-01 00:00:00"),
    ],
)
def test_date_that_odoo_takes(odoo: Rpc, sent: str, stored: str) -> None:
    event = odoo("event.event", "create", EVENT | {"date_begin": sent})

    assert odoo("event.event", "read", [event], ["date_begin"]) == [{"id": event, "date_begin": stored}]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("2026-12-01T10:00:00+01:00", "does not match format '%Y-%m-%d %H:%M:%S'"),
        ("2026-12-01T10:00:00Z", "does not match format '%Y-%m-%d %H:%M:%S'"),
        ("2026-12-01 10:00:00+01:00", "ValueError: unconverted data remains: +01:00"),
        ("2026-12-01 10:00:00.123456", "ValueError: unconverted data remains: .123456"),
    ],
)
def test_date_that_odoo_refuses(odoo: Rpc, sent: str, text: str) -> None:
    code, told = odoo.fault("event.event", "create", EVENT | {"date_begin": sent})

    assert code == 1
    assert told.endswith(text)


def test_datetime_object_is_taken_from_19(odoo: Rpc, is_19: bool) -> None:
    values = EVENT | {"date_begin": datetime(2026, 12, 1, 10)}  # noqa: DTZ001

    if is_19:
        assert odoo("event.event", "create", values) == 1
    else:
        assert odoo.fault("event.event", "create", values) == (1, "TypeError: object of type 'DateTime' has no len()")


def test_unknown_time_zone_is_taken_by_19_only(odoo: Rpc, is_19: bool) -> None:
    values = EVENT | {"date_tz": "Mars/Phobos"}

    if is_19:
        assert odoo("event.event", "create", values) == 1
    else:
        fault = odoo.fault("event.event", "create", values)
        assert fault == (1, "ValueError: Wrong value for event.event.date_tz: 'Mars/Phobos'")


@pytest.mark.parametrize("model", ["utm.source", "utm.medium", "utm.campaign"])
def test_names_of_utm_are_made_unique(odoo: Rpc, model: str) -> None:
    ids = odoo(model, "create", [{"name": "Mag"}, {"name": "Mag"}, {"name": "Mag"}])

    assert [row["name"] for row in odoo(model, "read", ids, ["name"])] == ["Mag", "Mag [2]", "Mag [3]"]


@pytest.mark.parametrize("given", ["name", "title"])
def test_campaign_fills_its_title_and_its_name(odoo: Rpc, given: str) -> None:
    campaign = odoo("utm.campaign", "create", {given: "Spring"})

    expected = [{"id": campaign, "name": "Spring", "title": "Spring"}]
    assert odoo("utm.campaign", "read", [campaign], ["name", "title"]) == expected


def test_crm_tag_is_unique(odoo: Rpc, is_19: bool) -> None:
    odoo("crm.tag", "create", {"name": "Hot"})

    end = "exists!" if is_19 else "exists !"
    fault = odoo.fault("crm.tag", "create", {"name": "Hot"})
    assert fault == (2, f"The operation cannot be completed: Tag name already {end}")


def test_event_tag_needs_a_category_and_is_not_unique(odoo: Rpc) -> None:
    assert odoo.fault("event.tag", "create", {"name": "T"})[0] == 2

    assert len(set(odoo("event.tag", "create", [{"name": "T", "category_id": 1}] * 2))) == 2


def test_batch_is_created_whole_or_not_at_all(odoo: Rpc) -> None:
    assert odoo.fault("crm.lead", "create", [{"name": "A"}, {"phone": "1"}])[0] == 2

    assert odoo("crm.lead", "search_count", []) == 0
    assert odoo("crm.lead", "create", []) == []


def test_archived_records_are_hidden_unless_asked_for(odoo: Rpc) -> None:
    lead = odoo.peer.create("crm.lead", {"name": "L", "active": False})

    assert odoo("crm.lead", "search", []) == []
    assert odoo("crm.lead", "search", [], context={"active_test": False}) == [lead]
    assert odoo("crm.lead", "search", [["active", "=", False]]) == [lead]


def test_missing_record_reads_as_nothing_and_cannot_be_written(odoo: Rpc) -> None:
    assert odoo("crm.lead", "read", [999999], ["name"]) == []

    text = f"Record does not exist or has been deleted.\n(Record: crm.lead(999999,), User: {odoo.uid})"
    assert odoo.fault("crm.lead", "write", [999999], {"name": "x"}) == (2, text)


def test_deleting_a_source_clears_it_in_leads(odoo: Rpc) -> None:
    lead = odoo("crm.lead", "create", {"name": "L", "source_id": 1})

    odoo.peer.unlink("utm.source", 1)

    assert odoo("crm.lead", "read", [lead], ["source_id"]) == [{"id": lead, "source_id": False}]


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ([["email", "=", "Case.Test@Example.com"]], ["Case"]),
        ([["email", "=", "case.test@example.com"]], []),
        ([["email", "=ilike", "case.test@example.com"]], ["Case"]),
        ([["email_normalized", "=", "case.test@example.com"]], ["Case"]),
        ([["email", "=ilike", "under_score@x.com"]], ["Under", "UnderX"]),
        ([["email", "=ilike", r"under\_score@x.com"]], ["Under"]),
        ([["name", "ilike", "NDERx"]], ["UnderX"]),
        ([["name", "in", ["Case", "Under"]]], ["Case", "Under"]),
        ([["name", "not in", ["Case", "Under"]], ["email", "!=", False]], ["UnderX"]),
        (["|", ["name", "=", "Case"], ["name", "=", "Under"]], ["Case", "Under"]),
        (["&", ["name", "ilike", "under"], "!", ["name", "=", "Under"]], ["UnderX"]),
        ([["name", "<", "D"], ["name", ">", "B"]], ["Case"]),
    ],
)
def test_search(odoo: Rpc, domain: list[Any], found: list[str]) -> None:
    emails = {"Case": "Case.Test@Example.com", "Under": "under_score@x.com", "UnderX": "underXscore@x.com"}
    ids = odoo("res.partner", "create", [{"name": name, "email": email} for name, email in emails.items()])

    rows = odoo("res.partner", "search_read", [["id", "in", ids], *domain], ["name"], order="name")

    assert [row["name"] for row in rows] == found


def test_search_pages_and_orders(odoo: Rpc) -> None:
    ids = odoo("utm.source", "create", [{"name": name} for name in ("c", "a", "b")])

    assert odoo("utm.source", "search", [["id", "in", ids]], order="name desc", limit=2) == [ids[0], ids[2]]
    assert odoo("utm.source", "search", [["id", "in", ids]], offset=1, limit=1) == [ids[1]]


def test_relation_is_found_by_name_or_id(odoo: Rpc) -> None:
    lead = odoo("crm.lead", "create", {"name": "L", "medium_id": 1})

    assert odoo("crm.lead", "search", [["medium_id", "=", 1]]) == [lead]
    assert odoo("crm.lead", "search", [["medium_id", "ilike", "webs"]]) == [lead]


def test_company_shows_in_the_name_of_a_contact(odoo: Rpc) -> None:
    partner = odoo("res.partner", "create", {"name": "Ann", "company_name": "ACME"})

    assert odoo("res.partner", "read", [partner], ["display_name"])[0]["display_name"] == "ACME, Ann"


def test_name_create_returns_id_and_name(odoo: Rpc) -> None:
    source, name = odoo("utm.source", "name_create", "Fair")

    assert (odoo("utm.source", "read", [source], ["name"])[0]["name"], name) == ("Fair", "Fair")


def test_fields_get_tells_what_was_asked(odoo: Rpc) -> None:
    told = odoo("crm.lead", "fields_get", ["type", "source_id"], ["type", "required", "relation", "selection"])

    choices = [["lead", "Lead"], ["opportunity", "Opportunity"]]
    assert told == {
        "type": {"type": "selection", "required": True, "selection": choices},
        "source_id": {"type": "many2one", "required": False, "relation": "utm.source"},
    }


def test_won_status_exists_on_19_only(odoo: Rpc, is_19: bool) -> None:
    won = odoo.peer.create("crm.lead", {"name": "won", "stage_id": 4})
    lost = odoo.peer.create("crm.lead", {"name": "lost", "active": False, "probability": 0})

    if is_19:
        rows = odoo("crm.lead", "read", [won, lost], ["won_status"])
        assert [row["won_status"] for row in rows] == ["won", "lost"]
    else:
        rows = odoo("crm.lead", "read", [won, lost], ["probability", "active"])
        assert [(row["probability"], row["active"]) for row in rows] == [(100.0, True), (0.0, False)]


def test_seeds_follow_the_version(odoo: Rpc, is_19: bool) -> None:
    names = [row["name"] for row in odoo("utm.source", "search_read", [], ["name"])]

    assert ("X" in names, "Twitter" in names) == (is_19, not is_19)
    assert odoo("utm.medium", "read", [1], ["name"]) == [{"id": 1, "name": "Website"}]


def test_language_that_is_not_installed_is_refused(odoo: Rpc) -> None:
    product = odoo("product.template", "search", [], limit=1, context={"lang": "de_DE"})

    assert product == []
    assert odoo.fault("product.template", "search", [], context={"lang": "fr_FR"}) == (
        2,
        "Invalid language code: fr_FR",
    )


def test_category_is_found_with_all_that_are_below(odoo: Rpc, peer: OdooSandbox) -> None:
    top = peer.create("product.category", {"name": "Top"})
    below = peer.create("product.category", {"name": "Below", "parent_id": top})
    product = {"name": "P", "uom_id": 1, **({"uom_po_id": 1} if peer.version == "16.0" else {})}
    found = [peer.create("product.template", {**product, "categ_id": number}) for number in (top, below, 1)]

    assert odoo("product.template", "search", [("categ_id", "child_of", [top])], order="id") == found[:2]
    assert odoo("product.template", "search", [("categ_id", "child_of", below)]) == found[1:2]
