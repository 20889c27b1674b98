"""The statements that the ORM has no words for. Each takes a whole batch as arrays, one array per column."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from leads.captures import Capture
from leads.models import DETAILS, FIRST_UTM_FIELDS, UTM_FIELDS, Consent, Lead, Touchpoint

Key = tuple[str, str]  # an address and a touchpoint's key

LEAD_FIELDS = [field.attname for field in Lead._meta.concrete_fields]
LEAD_COLUMNS = ", ".join(f"lead.{field.column}" for field in Lead._meta.concrete_fields)


def arrays(types: Iterable[str]) -> str:
    return ", ".join(f"%s::{type_}[]" for type_ in types)


FIND_KNOWN = f"""
    SELECT touchpoint.key, {LEAD_COLUMNS}
    FROM unnest({arrays(["text", "text"])}) AS new (email, key)
    JOIN leads_lead AS lead ON lead.email = new.email
    JOIN leads_touchpoint AS touchpoint ON touchpoint.lead_id = lead.id AND touchpoint.key = new.key
"""  # noqa: S608 - made of constants


NEWER = "EXCLUDED.last_seen_at >= lead.last_seen_at"


def newer_wins(detail: str) -> str:
    """A blank never erases; what was said later overwrites, what was said earlier only fills a gap."""
    return f"""{detail} = CASE
        WHEN EXCLUDED.{detail} = '' THEN lead.{detail}
        WHEN {NEWER} OR lead.{detail} = '' THEN EXCLUDED.{detail}
        ELSE lead.{detail} END"""


# The same, but a guess counts as a gap.
BEST_NAME = f"""name = CASE
        WHEN EXCLUDED.name = '' OR (EXCLUDED.name_is_guess AND lead.name <> '') THEN lead.name
        WHEN {NEWER} OR lead.name = '' OR lead.name_is_guess THEN EXCLUDED.name
        ELSE lead.name END,
    name_is_guess = (lead.name_is_guess OR lead.name = '') AND (EXCLUDED.name_is_guess OR EXCLUDED.name = '')"""

LEAD_INPUT = {
    "email": "text",
    **dict.fromkeys(DETAILS, "text"),
    "name_is_guess": "boolean",
    "captured_at": "timestamptz",
}
GIVEN = ", ".join(column for column in LEAD_INPUT if column != "captured_at")

# ORDER BY: all captures lock their leads in one order, so that two of them never wait for each other.
UPSERT_LEADS = f"""
    INSERT INTO leads_lead AS lead
        ({GIVEN}, marketing_consent, first_seen_at, last_seen_at, created_at, updated_at, uuid, status)
    SELECT {GIVEN}, false, captured_at, captured_at, %s, %s, gen_random_uuid(), '{Lead.Status.NEW.value}'
    FROM unnest({arrays(LEAD_INPUT.values())}) AS new ({", ".join(LEAD_INPUT)})
    ORDER BY email
    ON CONFLICT (email) DO UPDATE SET
        {BEST_NAME},
        {", ".join(newer_wins(detail) for detail in DETAILS if detail != "name")},
        first_seen_at = LEAST(lead.first_seen_at, EXCLUDED.first_seen_at),
        last_seen_at = GREATEST(lead.last_seen_at, EXCLUDED.last_seen_at),
        updated_at = EXCLUDED.updated_at
    RETURNING xmax = 0, {LEAD_COLUMNS}
"""  # noqa: S608 - made of constants

TOUCHPOINT_COLUMNS = {
    "lead_id": "bigint",
    "whitepaper_id": "bigint",
    "captured_at": "timestamptz",
    **dict.fromkeys(("key", "kind", "message", "referrer", *UTM_FIELDS, *FIRST_UTM_FIELDS), "text"),
}
CONSENT_INPUT = {"marketing_consent": "boolean", "consent_text_version": "text", "source": "text"}
TOUCHPOINT_INPUT = {**TOUCHPOINT_COLUMNS, **CONSENT_INPUT}

# A consent belongs to its touchpoint: both come in one statement, so that neither comes twice or alone. Its id is drawn
# beforehand, for what an INSERT returns cannot be told apart when somebody agreed twice.
ADD_TOUCHPOINTS = f"""
    WITH new AS (
        SELECT * FROM unnest({arrays(TOUCHPOINT_INPUT.values())}) AS new ({", ".join(TOUCHPOINT_INPUT)})
    ), added AS (
        INSERT INTO leads_touchpoint ({", ".join(TOUCHPOINT_COLUMNS)})
        SELECT {", ".join(TOUCHPOINT_COLUMNS)} FROM new
        ON CONFLICT (lead_id, key) DO NOTHING
        RETURNING id, lead_id, key
    ), agreed AS (
        SELECT nextval(pg_get_serial_sequence('leads_consent', 'id')) AS id, new.*
        FROM new JOIN added USING (lead_id, key) WHERE marketing_consent
    ), consented AS (
        INSERT INTO leads_consent (id, lead_id, purpose, given_at, text_version, source)
        SELECT id, lead_id, '{Consent.Purpose.MARKETING.value}', captured_at, consent_text_version, source FROM agreed
    )
    SELECT added.id, lead_id, key, agreed.id FROM added LEFT JOIN agreed USING (lead_id, key)
"""  # noqa: S608 - made of constants


def find_known(keys: Iterable[Key]) -> dict[Key, Lead]:
    """The leads of those touchpoints that exist already."""
    emails, names = zip(*keys, strict=True)
    known = {}
    for key, *values in rows(FIND_KNOWN, list(emails), list(names)):
        lead = Lead.from_db("default", LEAD_FIELDS, values)
        known[lead.email, key] = lead
    return known


def upsert_leads(captures: Sequence[Capture], now: datetime) -> list[tuple[Lead, bool]]:
    """One lead for each capture (of different people), and whether it is new."""
    columns = [[getattr(capture, column) for capture in captures] for column in LEAD_INPUT]
    found = rows(UPSERT_LEADS, now, now, *columns)
    return [(Lead.from_db("default", LEAD_FIELDS, values), bool(created)) for created, *values in found]


class Added(NamedTuple):
    """What is new: a touchpoint, and the consent that came with it, if one did."""

    pk: int
    lead_id: int
    key: str
    consent_id: int | None


def add_touchpoints(captures: Sequence[tuple[Lead, Capture]]) -> list[Added]:
    """What was there already is left alone."""
    new = [touchpoint_values(lead, capture) for lead, capture in captures]
    return [Added(*values) for values in rows(ADD_TOUCHPOINTS, *map(list, zip(*new, strict=True)))]


def touchpoint_values(lead: Lead, capture: Capture) -> tuple[object, ...]:
    utm, first = capture.utm, capture.first_utm
    return (
        lead.pk,
        capture.whitepaper.pk if capture.whitepaper else None,
        capture.captured_at,
        capture.key,
        capture.kind.value,
        capture.message,
        capture.referrer,
        *(utm.source, utm.medium, utm.campaign, utm.term, utm.content),
        *(first.source, first.medium, first.campaign, first.term, first.content),
        capture.marketing_consent,
        capture.consent_text_version,
        capture.source,
    )


def touchpoint_of(added: Added, lead: Lead, capture: Capture) -> Touchpoint:
    """The new row, without asking for it."""
    touchpoint = Touchpoint(
        pk=added.pk, **dict(zip(TOUCHPOINT_COLUMNS, touchpoint_values(lead, capture), strict=False))
    )
    touchpoint.lead, touchpoint.whitepaper = lead, capture.whitepaper
    return touchpoint


def consent_of(added: Added, lead: Lead, capture: Capture) -> Consent:
    """The new row, without asking for it."""
    return Consent(
        pk=added.consent_id,
        lead=lead,
        given_at=capture.captured_at,
        text_version=capture.consent_text_version,
        source=capture.source,
    )


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
