"""Many at once: the database judges. Each of these was seen to fail with the constraint or the fence taken away."""

import asyncio
import contextlib
from collections import Counter
from uuid import UUID

import asyncpg
import pytest

from callboard.checks import check
from kernel import db
from kernel.settings import Settings
from routing import leases
from routing.errors import LeaseLost
from tests.routing.factory import (
    claim,
    claim_one,
    lapse,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)

pytestmark = pytest.mark.usefixtures("pool")


async def people(settings: Settings, count: int) -> list[UUID]:
    return [await make_annotator(settings, f"A{n}") for n in range(count)]


async def test_one_task_and_32_clients(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    claims = await asyncio.gather(*(claim(settings, person) for person in await people(settings, 32)))
    assert [len(got.assignments) for got in claims].count(1) == 1
    assert await db.fetch_value("SELECT count(*) FROM assignment WHERE task = :task AND state = 'live'", task=task) == 1
    assert (await check()).ok


async def test_overlap_three_gives_three_distinct_people(settings: Settings) -> None:
    await make_tasks(await make_project(settings, overlap=3), 4)
    claims = await asyncio.gather(*(claim(settings, person, limit=3) for person in await people(settings, 16)))
    per_task = Counter(view.task_id for got in claims for view in got.assignments)
    assert sorted(per_task.values()) == [3, 3, 3, 3]
    assert len({(view.task_id, view.annotator_id) for got in claims for view in got.assignments}) == 12
    assert (await check()).ok


async def test_twenty_tabs_of_one_person_stay_within_capacity(settings: Settings) -> None:
    await make_tasks(await make_project(settings, overlap=3), 10)
    (person,) = await people(settings, 1)
    claims = await asyncio.gather(*(claim(settings, person) for _ in range(20)))
    held = [view.task_id for got in claims for view in got.assignments]
    assert len(held) == len(set(held)) == settings.holding_capacity
    assert (await check()).ok


async def test_submit_and_sweep_race_for_a_lapsed_lease(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 10)
    held = [await claim_one(settings, person) for person in await people(settings, 10)]
    for view in held:
        await lapse(view.id)

    async def sweep() -> int:
        async with db.transaction():
            return await leases.sweep(settings)

    results = await asyncio.gather(*(submit(settings, view) for view in held), sweep(), sweep())
    assert {done.state for done in results[:10]} == {"pending"}  # type: ignore[union-attr]
    assert await db.fetch_value("SELECT count(*) FROM submission") == 10
    assert (await check()).ok


async def test_one_verdict_wins_when_a_reviewer_clicks_five_times(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    await submit(settings, await claim_one(settings, await make_annotator(settings)))
    review = await claim_one(settings, await make_reviewer(settings))
    results = await asyncio.gather(*(verdict(settings, review, "accept") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, LeaseLost) for result in results) == 4
    assert await db.fetch_value("SELECT count(*) FROM verdict") == 1
    assert (await check()).ok


async def test_everything_at_once_keeps_every_invariant(settings: Settings) -> None:
    """24 people claim, lapse, hand back, submit and judge 60 tasks under a tight budget, while two sweepers run."""
    await make_tasks(await make_project(settings, overlap=2, budget="330"), 60)
    workers = await people(settings, 16)
    reviewers = [await make_reviewer(settings, f"R{n}") for n in range(8)]
    stop = asyncio.Event()

    async def sweeper() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):  # the next look comes anyway
                async with db.transaction():
                    await leases.sweep(settings)
            await asyncio.sleep(0.01)

    sweepers = [asyncio.create_task(sweeper()) for _ in range(2)]
    jobs = [_work(settings, person, n) for n, person in enumerate(workers)] + [
        _review(settings, person, n) for n, person in enumerate(reviewers)
    ]
    await asyncio.gather(*jobs)
    stop.set()
    await asyncio.gather(*sweepers)
    report = await check()
    assert report.ok, report.to_text()
    assert await db.fetch_value("SELECT count(*) FROM submission WHERE state = 'accepted'") > 20


async def _work(settings: Settings, person: UUID, seed: int) -> None:
    for turn in range(8):
        got = await _again(lambda: claim(settings, person, limit=2))
        for n, view in enumerate(got.assignments):
            if (seed + turn + n) % 5 == 0:
                await lapse(view.id)
            if (seed + turn + n) % 7 == 0:
                await _again(lambda view=view: _hand_back(settings, view))  # type: ignore[misc]
            else:
                await _again(lambda view=view: submit(settings, view))  # type: ignore[misc]


async def _review(settings: Settings, person: UUID, seed: int) -> None:
    for turn in range(14):
        got = await _again(lambda: claim(settings, person))
        for view in got.assignments:
            outcome = ("accept", "accept", "rework", "reject", "accept")[(seed + turn) % 5]
            if outcome == "rework" and view.rework_rounds:
                outcome = "accept"
            await _again(lambda view=view, outcome=outcome: verdict(settings, view, outcome))  # type: ignore[misc]
        await asyncio.sleep(0.02)


async def _hand_back(settings: Settings, view: object) -> None:
    try:
        async with db.transaction():
            await leases.release(view.id, view.annotator_id, view.epoch, settings)  # type: ignore[attr-defined]
    except LeaseLost:
        pass


async def _again(call: object) -> object:  # type: ignore[misc]
    """As the API does: a deadlock is the database's way to order two requests; the loser runs again.

    So does whoever got no connection in time, as a client does that was answered with 503.
    """
    for _ in range(5):
        try:
            return await call()  # type: ignore[operator]
        except (asyncpg.DeadlockDetectedError, TimeoutError):
            continue
    raise AssertionError("five times in a row")
