"""Which hours are offered: on every day on which some clock is changed, and beside whatever may be in the way."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import Calendar, Reason, Rules, Taken
from bookings.hours import Hours
from bookings.spans import Span
from leads.clocks import changes
from tests.bookings import brute

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)  # a Tuesday
SIX_ZONES = (
    "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Sydney", "Pacific/Auckland", "Africa/Cairo",
)  # fmt: skip


def every_day(*stretches: tuple[time, time]) -> list[Hours]:
    return [Hours(weekday, start, end) for weekday in range(7) for start, end in stretches]


OFFICE = every_day((time(9), time(17)))
AFTERNOON = every_day((time(13), time(18)))


def beginnings(
    rules: Rules, start: datetime, end: datetime, *, now: datetime = NOW, length: timedelta = HOUR
) -> list[datetime]:
    return [slot.start for slot in Calendar(rules, length, now).slots(start, end)]


def moment(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """On the wall in that zone, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@cache
def transitions(zone: str) -> list[datetime]:
    return list(changes(ZoneInfo(zone), datetime(2026, 6, 1, tzinfo=UTC), datetime(2028, 6, 1, tzinfo=UTC)))


@pytest.mark.parametrize("zone", SIX_ZONES)
@pytest.mark.parametrize("hours", [OFFICE, AFTERNOON], ids=["9-17", "13-18"])
def test_slots_are_right_on_every_day_whose_clock_is_changed(zone, hours):
    rules = Rules(zone=ZoneInfo(zone), hours=hours)
    assert len(transitions(zone)) >= 3
    for change in transitions(zone):
        start, end, now = change - DAY, change + DAY, change - 10 * DAY
        found = beginnings(rules, start, end, now=now)
        assert found == brute.slots(rules, HOUR, now, start, end)
        walls = {slot.astimezone(rules.zone).strftime("%H:%M") for slot in found}
        assert min(walls) == f"{hours[0].start:%H:%M}"
        assert max(walls) == f"{hours[0].end.hour - 1:02}:00"


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(sorted(name for name in available_timezones() if transitions(name))),
    number=st.integers(0, 20),
    from_to=st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda pair: pair[0] < pair[1]),
    length=st.sampled_from([15, 45, 60]),
)
def test_whatever_the_hours_around_a_change_the_clock_on_the_wall_is_kept(zone, number, from_to, length):
    """Hours within the night in which it happens, too: one left out is not worked, one that comes twice is, twice."""
    start, end = (time(quarter // 4 % 24, quarter % 4 * 15) for quarter in from_to)
    rules = Rules(zone=ZoneInfo(zone), hours=every_day((start, end)), step=timedelta(minutes=15))
    change = transitions(zone)[number % len(transitions(zone))]
    now, minutes = change - 10 * DAY, timedelta(minutes=length)
    window = change - 14 * HOUR, change + 14 * HOUR
    assert beginnings(rules, *window, now=now, length=minutes) == brute.slots(rules, minutes, now, *window)


spans = st.builds(
    lambda start, minutes: Span(NOW + start * 5 * MINUTE, NOW + (start * 5 + minutes) * MINUTE),
    st.integers(0, 4 * 288),
    st.integers(5, 600),
)
taken = st.builds(
    lambda span, before, after: Taken(span, span.widened(before * MINUTE, after * MINUTE)),
    spans,
    st.integers(0, 30),
    st.integers(0, 30),
)


@settings(max_examples=40, deadline=None)
@given(
    time_off=st.lists(spans, max_size=2),
    busy=st.lists(spans, max_size=4),
    taken=st.lists(taken, max_size=4),
    before=st.integers(0, 45),
    after=st.integers(0, 45),
    notice=st.integers(0, 30),
    horizon=st.integers(20, 100),
    per_day=st.sampled_from([None, 1, 2]),
    per_week=st.sampled_from([None, 1, 3]),
    holiday=st.integers(0, 6),
)
def test_offered_is_what_nothing_is_in_the_way_of(
    time_off, busy, taken, before, after, notice, horizon, per_day, per_week, holiday
):
    rules = Rules(
        zone=BERLIN,
        hours=every_day((time(8), time(12)), (time(12), time(16)), (time(20), time(0))),
        holidays=frozenset({date(2026, 11, 24) + holiday * DAY}),
        time_off=time_off,
        taken=taken,
        busy=busy,
        before=before * MINUTE,
        after=after * MINUTE,
        notice=notice * HOUR,
        horizon=horizon * HOUR,
        per_day=per_day,
        per_week=per_week,
    )
    window = NOW, NOW + 4 * DAY
    found = beginnings(rules, *window)
    assert found == brute.slots(rules, HOUR, NOW, *window)
    calendar = Calendar(rules, HOUR, NOW)
    assert [each for each in brute.minutes(*window) if calendar.why_not(each) is None] == found


def test_work_that_goes_on_over_midnight_has_slots_over_midnight():
    night = Rules(zone=BERLIN, hours=every_day((time(22), time(0)), (time(0), time(2))))
    found = beginnings(night, moment("2026-11-25T20:00"), moment("2026-11-26T04:00"))
    assert found == brute.slots(night, HOUR, NOW, moment("2026-11-25T20:00"), moment("2026-11-26T04:00"))
    assert moment("2026-11-25T23:30") in found


RULES = Rules(
    zone=BERLIN,
    hours=OFFICE,
    holidays=frozenset({date(2026, 12, 25)}),
    time_off=[Span(moment("2026-11-26T00:00"), moment("2026-11-27T00:00"))],
    taken=[
        Taken(
            Span(moment("2026-11-30T10:00"), moment("2026-11-30T11:00")),
            Span(moment("2026-11-30T09:45"), moment("2026-11-30T11:15")),
        )
    ],
    busy=[Span(moment("2026-12-01T12:00"), moment("2026-12-01T13:00"))],
    after=15 * MINUTE,
    notice=24 * HOUR,
    horizon=30 * DAY,
    per_day=1,
)


@pytest.mark.parametrize(
    ("wall", "reason"),
    [
        ("2026-11-24T08:30", Reason.TOO_SOON),
        ("2026-11-25T08:59", Reason.TOO_SOON),
        ("2026-12-24T10:00", Reason.TOO_FAR),
        ("2026-12-02T08:30", Reason.NOT_WORKING),
        ("2026-12-02T16:30", Reason.NOT_WORKING),
        ("2026-12-02T10:10", Reason.BETWEEN),
        ("2026-11-26T10:00", Reason.TIME_OFF),
        ("2026-11-30T10:30", Reason.BOOKED),
        ("2026-11-30T11:00", Reason.BOOKED),
        ("2026-11-30T15:00", Reason.DAY_FULL),
        ("2026-12-01T11:00", Reason.BUSY),
        ("2026-12-01T13:00", None),
        ("2026-12-01T10:30", None),
    ],
)
def test_it_says_why_not(wall, reason):
    objection = Calendar(RULES, HOUR, NOW).why_not(moment(wall))
    assert (objection and objection.reason) == reason


def test_it_says_what_is_in_the_way():
    objection = Calendar(RULES, HOUR, NOW).why_not(moment("2026-12-01T11:30"))
    assert objection is not None
    assert objection.span == RULES.busy[0]


def test_a_holiday_is_told_as_one():
    later = NOW + 20 * DAY
    objection = Calendar(RULES, HOUR, later).why_not(moment("2026-12-25T10:00"))
    assert objection is not None
    assert objection.reason == Reason.HOLIDAY
