"""Receipts are numbered without gaps, year by year."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

NEXT = """
INSERT INTO webinars_receiptcounter AS counter (year, last) VALUES (%s, 1)
ON CONFLICT (year) DO UPDATE SET last = counter.last + 1
RETURNING last
"""


def next_number(now: datetime) -> str:
    """`2026-000042`, of the year on our own clock. Its counter stays locked until the transaction ends."""
    year = timezone.localdate(now, timezone.get_default_timezone()).year
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [year])
        return f"{year}-{cursor.fetchone()[0]:06d}"
