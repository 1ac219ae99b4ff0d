"""The piece rate for a target per hour, from made-up times whose answer is known."""

from uuid import UUID

from payments.calibration import LEAST_WORKS, Work, calibrate, quartiles
from tests.payments.world import usd

HOURLY = usd(12_000_000)


def works(count: int, *, lane: int = 1, factor: float = 1.0, slow: int = 0) -> list[Work]:
    """People of five works each; the time of person n is 60 s and `slow` more for each."""
    return [
        Work(UUID(int=lane), UUID(int=n // 5), 60 + slow * (n // 5), factor, 100_000, "law", "en", 3) for n in range(count)
    ]  # fmt: skip


def test_a_minute_at_twelve_an_hour_is_a_fifth_of_a_unit_and_factors_divide_it() -> None:
    told = calibrate("annotation", works(30), 3, HOURLY)
    assert told.median is not None
    assert (told.median.base, told.median.low, told.median.high) == (usd(200_000), usd(200_000), usd(200_000))
    assert (told.median.cost, told.paid) == (usd(6_000_000), usd(3_000_000))
    mixed = calibrate("annotation", [*works(30), *works(30, lane=2, factor=3.0)], 0, HOURLY)
    assert mixed.median is not None
    assert mixed.median.base == usd(100_000), "60 minutes of work, 120 units of factor: 12 units"
    assert [lane.hourly for lane in told.lanes] == [usd(6_000_000)]


def test_people_who_differ_widen_the_interval_and_the_same_works_give_the_same() -> None:
    given = works(60, slow=15)
    told = calibrate("annotation", given, 0, HOURLY)
    assert told.median is not None
    assert told.p75 is not None
    assert told.median.low < told.median.base < told.median.high
    assert told.p75.base > told.median.base
    assert calibrate("annotation", given, 0, HOURLY) == told
    assert calibrate("annotation", given[: LEAST_WORKS - 1], 0, HOURLY).median is None
    assert quartiles([1, 2, 3, 4]) == (2.5, 3.25)
