"""What `manage.py forget --json` prints, for programs; what it does is in test_erasure.py."""

import json
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


def test_moments_are_all_in_one_format() -> None:
    out, start = StringIO(), timezone.now()
    call_command("forget", LeadFactory.create().email, "--json", stdout=out)

    answer = json.loads(out.getvalue())
    said = [answer["requested_at"], answer["completed_at"], *(item["done_at"] for item in answer["items"])]
    assert all("T" in moment and start <= datetime.fromisoformat(moment) <= timezone.now() for moment in said)
