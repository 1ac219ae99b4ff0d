"""The piece rate for a target per hour, from made-up times whose answer is known."""

from uuid import UUID

import pytest

from kernel import db
from payments.calibration import LEARNING, LEAST_WORKS, Work, calibrate, calibration, quartiles
from tests.payments import world
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


async def _work(project_id: UUID, person: UUID, seconds: int, state: str = "accepted", *, expert: bool = False) -> None:
    """Claimed, handed in with that active time, judged; one lane for all of a kind, as dispatch has it."""
    work = await world.claim(project_id, person, expert=expert)
    await db.execute(
        "UPDATE slot SET lane = (SELECT min(s.lane::text)::uuid FROM slot s WHERE s.project = :project_id)"
        " WHERE id = (SELECT slot FROM assignment WHERE id = :work)",
        project_id=project_id, work=work,
    )  # fmt: skip
    await db.execute("UPDATE assignment SET active_seconds = :seconds WHERE id = :work", seconds=seconds, work=work)
    await world.submit(work)
    await world.decide(work, state)


@pytest.mark.usefixtures("pool")
async def test_work_of_the_ledger_is_measured_without_its_learners_and_without_what_was_not_paid() -> None:
    project_id, elsewhere = [await world.make_project(funded_micros=10_000_000) for _ in range(2)]
    people = [await world.make_annotator() for _ in range(2)]
    for one in (project_id, elsewhere):
        await world.make_card(one, annotation=10_000, review=1_000, expert="2")
    for person in people:
        for _ in range(LEARNING):
            await _work(project_id, person, 900)  # while they learn
        for _ in range(LEAST_WORKS // 2 - 1):
            await _work(project_id, person, 60)
        await _work(project_id, person, 60, expert=True)
    await _work(project_id, people[0], 5_000, "rejected")
    await _work(project_id, people[0], 0)  # nothing was measured
    await _work(elsewhere, people[0], 7_000)
    annotation, review = await calibration(project_id, HOURLY)
    assert (annotation.works, annotation.left_out, review.works) == (LEAST_WORKS, 2 * LEARNING, 0)
    assert annotation.median is not None
    assert annotation.median.base.micros == round(200_000 * LEAST_WORKS / (LEAST_WORKS + 2)), "two count twice"
    assert annotation.paid == usd(10_000 * (LEAST_WORKS + 2))
    assert [(lane.works, lane.median_seconds, lane.p75_seconds) for lane in annotation.lanes] == [(LEAST_WORKS, 60, 60)]
    await _work(project_id, people[1], 0)
    await _work(project_id, await world.make_annotator(), 900)  # a newcomer's first
    again, _ = await calibration(project_id, HOURLY)
    assert (again.median, again.left_out) == (annotation.median, 2 * LEARNING + 1)
