"""Counting the time that counts: additive, monotone, undone by its opposite, whatever the clocks do."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from routing.calendars import AROUND_THE_CLOCK, DAYS, Clock, Hours

OFFICE = Hours(
    "Europe/Berlin",
    {day: [("09:00", "12:30"), ("13:00", "18:00")] for day in DAYS[:5]},
    [date(2026, 12, 25), date(2026, 1, 1)],
)
NIGHTS = Hours("America/New_York", {day: [("00:00", "05:00"), ("22:00", "24:00")] for day in DAYS})
"""Open in the hours that spring leaves out and autumn has twice."""
HOUR, DAY = 3600, 86_400


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


moments = st.floats(at("2024-06-01"), at("2028-06-01"))
pauses = st.lists(moments, max_size=6, unique=True).map(
    lambda found: tuple(zip(*[iter(sorted(found))] * 2, strict=False))
)
clocks = st.builds(Clock, st.sampled_from([None, OFFICE, NIGHTS]), pauses)


@given(clocks, moments, moments, moments)
def test_it_adds_up(clock: Clock, a: float, b: float, c: float) -> None:
    assert clock.seconds(a, b) + clock.seconds(b, c) == pytest.approx(clock.seconds(a, c), abs=1e-3)


@given(clocks, moments, moments, moments)
def test_it_never_runs_backwards_and_never_faster_than_time(clock: Clock, a: float, b: float, c: float) -> None:
    first, middle, last = sorted((a, b, c))
    assert -1e-3 <= clock.seconds(first, middle) <= clock.seconds(first, last) + 1e-3
    assert clock.seconds(first, last) <= last - first + 1e-3


@given(clocks, moments, st.floats(0, 60 * DAY))
def test_what_is_added_is_what_counts(clock: Clock, start: float, seconds: float) -> None:
    end = clock.add(start, seconds)
    assert end is not None
    assert clock.seconds(start, end) == pytest.approx(seconds, abs=1e-2)


@pytest.mark.parametrize(
    ("hours", "start", "end", "counted"),
    [
        (OFFICE, "2026-11-20T16:00", "2026-11-23T08:30", 1 * HOUR + 0.5 * HOUR),  # over a weekend, from 17:00 in Berlin
        (OFFICE, "2026-12-24T00:00", "2026-12-26T00:00", 8.5 * HOUR),  # a holiday does not count
        (OFFICE, "2026-03-30T06:00", "2026-03-30T08:00", 1 * HOUR),  # the Monday after spring: nine is seven UTC
        (NIGHTS, "2026-03-08T05:00", "2026-03-08T10:00", 4 * HOUR),  # the hour from two to three is not there
        (NIGHTS, "2026-11-01T04:00", "2026-11-01T10:00", 6 * HOUR),  # and in autumn it is there twice
    ],
)  # fmt: skip
def test_known_spans(hours: Hours, start: str, end: str, counted: float) -> None:
    assert Clock(hours).seconds(at(start), at(end)) == pytest.approx(counted)


def test_pauses_do_not_count_and_a_pause_that_goes_on_stops_the_clock() -> None:
    clock = Clock(None, ((100.0, 200.0), (500.0, float("inf"))))
    assert clock.seconds(0, 1000) == 400
    assert clock.add(0, 150) == 250
    assert clock.add(0, 401) is None
    assert AROUND_THE_CLOCK.seconds(5, 2) == -3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zone": "Mars/Base"}, "Mars/Base"),
        ({"weekly": {"funday": [("09:00", "10:00")]}}, "funday"),
        ({"weekly": {"mon": [("09:00", "12:00"), ("11:00", "13:00")]}}, "mon"),
        ({"weekly": {"mon": [("12:00", "09:00")]}}, "mon"),
        ({"weekly": {}}, "no open hours"),
    ],
)
def test_what_is_no_calendar_is_refused_by_name(change: dict[str, object], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        msgspec.structs.replace(OFFICE, **change).check()
