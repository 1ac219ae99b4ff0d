"""What managers see adds up, and a vendor's manager sees that vendor alone."""

from datetime import timedelta

import pytest

from kernel import clock, db
from kernel.settings import Settings
from routing import reports
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")


async def test_the_matrix_counts_every_place_once(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 4)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    held = [await claim_one(settings, author) for _ in range(3)]
    await submit(settings, held[0])
    await submit(settings, held[1])
    await verdict(settings, await claim_one(settings, reviewer), "accept")
    (cell,) = await reports.queue(project)
    assert (cell.waiting, cell.in_work, cell.review_waiting, cell.in_review, cell.accepted) == (1, 1, 1, 0, 1)
    totals = await reports.floor_totals(project)
    assert (totals.accepted_today, totals.rejected_today) == (1, 0)
    minutes = await reports.throughput(60, project)
    assert (len(minutes), sum(m.submitted for m in minutes), sum(m.accepted for m in minutes)) == (60, 2, 1)
    (row,) = await reports.quality(clock.now() - timedelta(hours=1), project)
    assert (row.verdicts, row.first_looks, row.first_pass) == (1, 1, 1)


async def test_a_vendor_sees_its_own_people_alone(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 4)
    acme, bravo = (
        await make_annotator(settings, "A", vendor="Acme"),
        await make_annotator(settings, "B", vendor="Bravo"),
    )
    reviewer = await make_reviewer(settings)
    await submit(settings, await claim_one(settings, acme))
    await claim_one(settings, bravo)
    await verdict(settings, await claim_one(settings, reviewer), "accept")
    vendor = await db.fetch_value("SELECT vendor FROM annotator WHERE id = :id", id=bravo)
    (cell,) = await reports.queue(None, vendor)
    assert (cell.waiting, cell.in_work, cell.accepted) == (0, 1, 0)
    assert (await reports.floor_totals(None, vendor)).accepted_today == 0
    assert sum(minute.submitted for minute in await reports.throughput(60, None, vendor)) == 0
    assert await reports.quality(clock.now() - timedelta(hours=1), None, vendor) == []
    assert [hold.annotator for hold in await reports.live_holds(vendor_id=vendor)] == ["B"]


async def test_a_story_names_every_step(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    await submit(settings, await claim_one(settings, await make_annotator(settings)))
    await verdict(settings, await claim_one(settings, await make_reviewer(settings)), "reject")
    steps = [line.what for line in await reports.history(task)]
    for step in (
        "task.created",
        "annotation.claimed",
        "annotation.submitted",
        "review.claimed",
        "verdict.reject",
        "task.open",
    ):
        assert step in steps
