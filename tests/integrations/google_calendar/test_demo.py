"""The stand-in as the demo connects it: every consultant is signed in at once."""

from pathlib import Path

import pytest

from bookings.models import Consultant
from integrations import sandbox
from integrations.google_calendar.sandbox import PERSON, start
from integrations.google_calendar.service import GoogleCalendarService

from .conftest import a_consultant, service


@pytest.mark.django_db
def test_the_demo_signs_every_consultant_in(tmp_path: Path) -> None:
    ada = a_consultant("ada-lovelace", email="ada@firm.example", busy_calendars=["ada@firm.example"])
    peer = start(tmp_path, port=0)
    try:
        for _ in range(2):  # a second start finds what there is
            sandbox.connect("google_calendar", peer)

        reports = [service(owner).test_connection() for owner in ("", "ada-lovelace")]
        known = GoogleCalendarService.connection_for(Consultant.objects.get(pk=ada.pk))

        assert [report.ok for report in reports] == [True, True]
        assert known
        assert known.owner == "ada-lovelace"
        assert {email for name, email, _ in peer.calls if name == "calendarList.list"} == {PERSON, "ada@firm.example"}
    finally:
        peer.close()
