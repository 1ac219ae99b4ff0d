"""Time that counts: the hours in which people work, by a time zone's clock, without holidays and pauses.

Pure. Counting goes over a year's open spans with their running sums, so a question costs two binary searches; what is
counted from a to b and from b to c is, to the microsecond, what is counted from a to c.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from kernel.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = "24:00"
MOST_YEARS = 50
"""As far as `add` looks ahead."""
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Span = tuple[Hour, Hour]


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar as a value: `weekly` names days (`mon` to `sun`) with their spans; a day that is left out is closed."""

    zone: Annotated[str, Meta(min_length=1, max_length=60)] = "UTC"
    weekly: dict[str, list[Span]] = {}
    holidays: list[date] = []

    def check(self) -> None:
        """Raises `Invalid`, naming the day at fault."""
        if self.zone not in available_timezones():
            raise Invalid(f"There is no time zone {self.zone!r}; write it as Europe/Berlin or Asia/Shanghai.")
        for day, spans in self.weekly.items():
            if day not in DAYS:
                raise Invalid(f"There is no day {day!r}; the days are {', '.join(DAYS)}.")
            before = "00:00"
            for start, end in spans:
                if start < before or end <= start:
                    raise Invalid(f"The hours of {day} must go forward and not overlap: {start} to {end} does not fit.")
                before = end
        if not any(self.weekly.values()):
            raise Invalid("The calendar has no open hours in the week; no clock would ever move on.")


def open_hours(weekly: Mapping[str, Sequence[Sequence[str]]]) -> float:
    """Of a week without holidays, by the clock on the wall."""
    return sum(_hour(end) - _hour(start) for spans in weekly.values() for start, end in spans)


def _hour(text: str) -> float:
    hours, _, minutes = text.partition(":")
    return int(hours) + int(minutes) / 60


class _Year(NamedTuple):
    """Open spans of one year by the zone's clock, in seconds since 1970, with what was open before each."""

    starts: list[float]
    ends: list[float]
    before: list[float]
    total: float

    def until(self, moment: float) -> float:
        """Open seconds of this year that lie before the moment."""
        n = bisect_right(self.starts, moment) - 1
        return 0.0 if n < 0 else self.before[n] + min(moment, self.ends[n]) - self.starts[n]

    def at(self, seconds: float) -> float:
        """The first moment by which so many seconds were open; at most `total`."""
        n = max(0, bisect_right(self.before, seconds) - 1)
        if n and seconds <= self.before[n]:
            n -= 1
        return self.starts[n] + seconds - self.before[n]


class Clock:
    """Of one project: its calendar (None: around the clock) and its pauses, (from, to) in seconds since 1970, in order.

    A pause that goes on ends at infinity.
    """

    def __init__(self, hours: Hours | None = None, pauses: tuple[tuple[float, float], ...] = ()) -> None:
        self._hours = hours
        self._pauses = pauses
        self._zone = ZoneInfo(hours.zone) if hours else UTC
        self._years: dict[int, _Year] = {}

    def seconds(self, start: float, end: float) -> float:
        """What counts between two moments (seconds since 1970); below 0 where the end comes first."""
        if end < start:
            return -self.seconds(end, start)
        paused = sum(self._open(max(start, a), min(end, b)) for a, b in self._pauses if a < end and b > start)
        return self._open(start, end) - paused

    def add(self, start: float, seconds: float) -> float | None:
        """The first moment by which so much counts; None where that is not in sight (a pause that goes on).

        `seconds` at least 0.
        """
        at = start
        for begin, end in self._pauses:
            if end <= at:
                continue
            room = self._open(at, begin) if begin > at else 0.0
            if seconds <= room:
                break
            if end == float("inf"):
                return None
            seconds -= room
            at = end
        return self._after(at, seconds)

    def _open(self, start: float, end: float) -> float:
        if end <= start:
            return 0.0
        if self._hours is None:
            return end - start
        first, last = self._year_of(start), self._year_of(end)
        if first == last:
            year = self._year(first)
            return year.until(end) - year.until(start)
        opening = self._year(first)
        whole = sum(self._year(year).total for year in range(first + 1, last))
        return opening.total - opening.until(start) + whole + self._year(last).until(end)

    def _after(self, start: float, seconds: float) -> float | None:
        if self._hours is None or seconds <= 0:
            return start + seconds
        first = self._year_of(start)
        seconds += self._year(first).until(start)
        for number in range(first, first + MOST_YEARS):
            year = self._year(number)
            if seconds <= year.total:
                return year.at(seconds)
            seconds -= year.total
        return None

    def _year_of(self, moment: float) -> int:
        return datetime.fromtimestamp(moment, self._zone).year

    def _year(self, number: int) -> _Year:
        if number not in self._years:
            assert self._hours is not None
            self._years[number] = _spans(self._hours, self._zone, number)
        return self._years[number]


def _spans(hours: Hours, zone: "ZoneInfo | object", number: int) -> _Year:
    starts: list[float] = []
    ends: list[float] = []
    before: list[float] = []
    total, latest = 0.0, float("-inf")
    closed = set(hours.holidays)
    day = date(number, 1, 1)
    while day.year == number:
        for start, end in hours.weekly.get(DAYS[day.weekday()], []) if day not in closed else []:
            # A span that begins in the hour that spring leaves out, or falls together in it, is shortened, never turned round.
            opens = max(latest, _moment(day, start, zone))
            closes = max(opens, _moment(day, end, zone))
            if closes > opens:
                starts.append(opens)
                ends.append(closes)
                before.append(total)
                total, latest = total + closes - opens, closes
        day += timedelta(days=1)
    return _Year(starts, ends, before, total)


def _moment(day: date, hour: str, zone: "ZoneInfo | object") -> float:
    if hour == MIDNIGHT:
        day, hour = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(hour), zone).timestamp()  # type: ignore[arg-type]


AROUND_THE_CLOCK = Clock()


@lru_cache(maxsize=512)
def clock_of(calendar: str | None, pauses: str, paused_since: float | None = None) -> Clock:
    """From what the project's row says, as JSON: `calendar` with zone, weekly and holidays; `pauses` as [from, to] pairs."""
    if calendar is None and pauses == "[]" and paused_since is None:
        return AROUND_THE_CLOCK
    hours = None if calendar is None else msgspec.json.decode(calendar, type=Hours)
    known = msgspec.json.decode(pauses, type=list[tuple[float, float]])
    running = [] if paused_since is None else [(paused_since, float("inf"))]
    return Clock(hours, (*known, *running))
