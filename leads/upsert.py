"""The statements that the ORM has no words for. Each takes a whole batch as arrays, one array per column."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from leads.captures import Capture
from leads.models import DETAILS, FIRST_UTM_FIELDS, UTM_FIELDS, Consent, Lead

Key = tuple[str, str]  # an address and a touchpoint's key

LEAD_FIELDS = [field.attname for field in Lead._meta.concrete_fields]
LEAD_COLUMNS = ", ".join(f"lead.{field.column}" for field in Lead._meta.concrete_fields)
TOUCHPOINT_TEXTS = ("key", "kind", "message", "referrer", *UTM_FIELDS, *FIRST_UTM_FIELDS)


def arrays(*types: str) -> str:
    return ", ".join(f"%s::{type_}[]" for type_ in types)


FIND_KNOWN = f"""
    SELECT touchpoint.key, {LEAD_COLUMNS}
    FROM unnest({arrays("text", "text")}) AS new (email, key)
    JOIN leads_lead AS lead ON lead.email = new.email
    JOIN leads_touchpoint AS touchpoint ON touchpoint.lead_id = lead.id AND touchpoint.key = new.key
"""  # noqa: S608 - made of constants


def newer_wins(detail: str) -> str:
    """A blank never erases; what was said later overwrites, what was said earlier only fills a gap."""
    return f"""{detail} = CASE
        WHEN EXCLUDED.{detail} = '' THEN lead.{detail}
        WHEN EXCLUDED.last_seen_at >= lead.last_seen_at OR lead.{detail} = '' THEN EXCLUDED.{detail}
        ELSE lead.{detail} END"""


# ORDER BY: all captures lock their leads in one order, so that two of them never wait for each other.
UPSERT_LEADS = f"""
    INSERT INTO leads_lead AS lead (
        uuid, status, email, {", ".join(DETAILS)}, marketing_consent,
        first_seen_at, last_seen_at, created_at, updated_at
    )
    SELECT gen_random_uuid(), '{Lead.Status.NEW.value}', new.email, {", ".join(f"new.{d}" for d in DETAILS)},
        new.consent, new.seen_at, new.seen_at, %s, %s
    FROM unnest({arrays("text", *["text"] * len(DETAILS), "boolean", "timestamptz")})
        AS new (email, {", ".join(DETAILS)}, consent, seen_at)
    ORDER BY new.email
    ON CONFLICT (email) DO UPDATE SET
        {", ".join(newer_wins(detail) for detail in DETAILS)},
        marketing_consent = lead.marketing_consent OR EXCLUDED.marketing_consent,
        first_seen_at = LEAST(lead.first_seen_at, EXCLUDED.first_seen_at),
        last_seen_at = GREATEST(lead.last_seen_at, EXCLUDED.last_seen_at),
        updated_at = EXCLUDED.updated_at
    RETURNING xmax = 0, {LEAD_COLUMNS}
"""  # noqa: S608 - made of constants

# A consent belongs to its touchpoint: both come in one statement, so that neither comes twice or alone.
ADD_TOUCHPOINTS = f"""
    WITH new AS (
        SELECT * FROM unnest(
            {arrays("bigint", "bigint", "timestamptz", "boolean", "text", "text", *["text"] * len(TOUCHPOINT_TEXTS))}
        ) AS new (lead_id, whitepaper_id, captured_at, consent, text_version, source, {", ".join(TOUCHPOINT_TEXTS)})
    ), added AS (
        INSERT INTO leads_touchpoint (lead_id, whitepaper_id, captured_at, {", ".join(TOUCHPOINT_TEXTS)})
        SELECT lead_id, whitepaper_id, captured_at, {", ".join(TOUCHPOINT_TEXTS)} FROM new
        ON CONFLICT (lead_id, key) DO NOTHING
        RETURNING id, lead_id, key
    ), consented AS (
        INSERT INTO leads_consent (lead_id, purpose, given_at, text_version, source)
        SELECT lead_id, '{Consent.Purpose.MARKETING.value}', captured_at, text_version, source
        FROM new JOIN added USING (lead_id, key) WHERE consent
    )
    SELECT id, lead_id FROM added
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
    columns = [[getattr(capture, field) for capture in captures] for field in ("email", *DETAILS)]
    consents = [capture.marketing_consent for capture in captures]
    times = [capture.captured_at for capture in captures]
    found = rows(UPSERT_LEADS, now, now, *columns, consents, times)
    return [(Lead.from_db("default", LEAD_FIELDS, values), bool(created)) for created, *values in found]


def add_touchpoints(captures: Sequence[tuple[Lead, Capture]]) -> list[tuple[int, int]]:
    """Touchpoint and lead id of what was added; what was there already is left alone."""
    new = [touchpoint_values(lead, capture) for lead, capture in captures]
    return [(pk, lead_id) for pk, lead_id in rows(ADD_TOUCHPOINTS, *map(list, zip(*new, strict=True)))]


def touchpoint_values(lead: Lead, capture: Capture) -> tuple[object, ...]:
    utm, first = capture.utm, capture.first_utm
    return (
        lead.pk,
        capture.whitepaper.pk if capture.whitepaper else None,
        capture.captured_at,
        capture.marketing_consent,
        capture.consent_text_version,
        capture.source,
        capture.key,
        capture.kind.value,
        capture.message,
        capture.referrer,
        *(utm.source, utm.medium, utm.campaign, utm.term, utm.content),
        *(first.source, first.medium, first.campaign, first.term, first.content),
    )


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
