"""The demo file as a plain reader sees it, to compare with what arrives: shares nothing with the import."""

import csv
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from leads.demo import LEADS_CSV

BERLIN = ZoneInfo("Europe/Berlin")
POSSIBLE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FIELDS = {"name": 200, "phone": 50, "company": 200, "website": 200, "job_title": 150}


def people() -> dict[str, dict[str, str]]:
    """{address: what the newest row that says anything about it says}."""
    found: dict[str, dict[str, str]] = {}
    for row in sorted(possible_rows(), key=lambda row: moment(row["captured_at"])):
        person = found.setdefault(address(row), dict.fromkeys(FIELDS, ""))
        person |= {name: plain(row[name])[:most].rstrip() for name, most in FIELDS.items() if plain(row[name])}
    return found


def rows() -> list[dict[str, str]]:
    with LEADS_CSV.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def possible_rows() -> list[dict[str, str]]:
    return [row for row in rows() if POSSIBLE.fullmatch(address(row))]


def address(row: dict[str, str]) -> str:
    return row["email"].strip().lower()


def plain(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x08\x0b-\x1f\u200b]", "", text).split())


def moment(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=BERLIN)).astimezone(UTC)
