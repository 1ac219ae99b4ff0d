"""Looks that only measure: doubles beside a verdict and pieces of a set. To whoever does one it is a review like any other."""

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from callboard.api.shapes import outward
from callboard.checks import all_invariants
from kernel import db, invariants
from kernel.settings import Settings
from payments import costing
from routing import calibration_sets, measured, quality, reports, review_plans
from routing.assignments import assignment
from routing.calibration_sets import CalibrationPiece, SetDraft
from routing.errors import BadCalibration, CalibrationRetired
from routing.memory import Memory
from routing.review_plans import PlanDraft, Share, Stage
from skills import evidence
from tests.routing.factory import (
    WORK,
    claim,
    claim_one,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)
from tests.routing.test_together import together

pytestmark = pytest.mark.usefixtures("pool")


async def broken() -> list[str]:
    found = [result.name for result in await invariants.run(all_invariants()) if result.violations]
    return found + [f"{person} {node}" for person, node in await evidence.differences()]


async def plan(project: UUID, *stages: Stage) -> None:
    async with db.transaction("person:manager"):
        made = await review_plans.create_plan(project, PlanDraft(list(stages), "measured"), "person:manager")
        await review_plans.activate(project, made.version, "from today", "person:manager")


async def looks() -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch("SELECT * FROM measured_look ORDER BY id")]


async def record(reviewer: UUID) -> list[tuple[str, float, float]]:
    rows = await db.fetch(
        "SELECT source_type, outcome, weight FROM evidence WHERE annotator = :id AND kind = 'review_given' ORDER BY id",
        id=reviewer,
    )
    return [(row["source_type"], row["outcome"], row["weight"]) for row in rows]


async def world(settings: Settings, *stages: Stage, tasks: int = 2) -> tuple[UUID, list[UUID], UUID, UUID]:
    """A project with work, and two reviewers who have both reviewed there."""
    project = await make_project(settings)
    await plan(project, *stages)
    made = await make_tasks(project, tasks)
    author = await make_annotator(settings, capacity=10)
    for _ in range(tasks):
        await submit(settings, await claim_one(settings, author))
    return project, made, await make_reviewer(settings, "One"), await make_reviewer(settings, "Two")


@pytest.mark.parametrize("shared", [False, True])
async def test_a_double_is_blind_decides_nothing_and_is_on_both_records(settings: Settings, *, shared: bool) -> None:
    _, _, one, two = await world(settings, Stage(name="peer", double_share=1.0))
    await verdict(settings, await claim_one(settings, one), "accept")
    assert await looks() == [], "nobody else has reviewed here yet, who could take it"
    real = await claim_one(settings, two)
    usual = await outward(real)
    await verdict(settings, real, "accept")
    (look,) = await looks()
    assert (look["kind"], look["outcome"]) == ("double", None)
    author = await db.fetch_value("SELECT author FROM submission LIMIT 1")
    assert not (await claim(settings, two, kinds=["review"])).assignments, "not whoever looked first"
    held = (await together(settings, Memory(), one))[0] if shared else await claim_one(settings, one, kinds=["review"])
    assert held is not None
    assert held == await assignment(held.id), "by either door"
    shown = await outward(held)
    assert (shown.task.state, shown.rework_rounds, shown.price, shown.kind) == ("in_review", 0, usual.price, usual.kind)
    assert (held.stage, shown.task.id) == (real.stage, real.task_id)
    states = "SELECT jsonb_agg(jsonb_build_array(id, state) ORDER BY id) FROM submission"
    before = await db.fetch_value(states)
    given = await verdict(settings, held, "reject")
    assert (given.outcome, given.task_state) == ("reject", "open")
    assert await db.fetch_value(states) == before, "what counts is the first verdict"
    assert (await assignment(held.id)).task_state == "open", "as after any other"
    assert await reports.shown_state(held.task_id, one) == "open"
    assert await reports.shown_state(held.task_id, two) is None
    assert ("measured_look", 0.5, 0.5) in await record(one)
    assert ("measured_look", 0.5, 0.5) in await record(two)
    assert (
        await db.fetch_value(
            "SELECT count(*) FROM evidence WHERE annotator = :id AND source_type = 'measured_look'", id=author
        )
        == 0
    )
    assert (
        await db.fetch_value("SELECT count(*) FROM transfer WHERE kind = 'post' AND assignment_id = :id", id=held.id)
        == 1
    )
    async with db.transaction("system:test"):
        await quality.fold()
    cost = "SELECT sum(review_micros) FROM quality_day WHERE stage = :stage"
    assert [await db.fetch_value(cost, stage=stage) for stage in (0, 1)] == [3 * 400_000] * 2, "two verdicts, one look"
    assert [
        (one.stage, one.lines)
        for one in await costing.costs(["stage"], costing.CostFilter(), "name")
        if one.stage == "second_look"
    ] == [("second_look", 1)]
    assert await broken() == []
    with pytest.raises(asyncpg.CheckViolationError, match="stays"):
        await db.execute("UPDATE measured_look SET outcome = 'reject'")


async def test_nobody_with_a_part_in_the_task_is_let_in_by_the_database(settings: Settings) -> None:
    _, _, one, two = await world(settings, Stage(name="peer", double_share=1.0))
    await verdict(settings, await claim_one(settings, one), "accept")
    await verdict(settings, await claim_one(settings, two), "accept")
    (look,) = await looks()
    for person in (two, await db.fetch_value("SELECT author FROM submission LIMIT 1")):
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.UniqueViolationError)):
            await db.execute("UPDATE slot SET annotator = :person WHERE id = :id", person=person, id=look["slot"])
        # As somebody whose place was given to another since: the place is free of them, and still not theirs.
        with pytest.raises(asyncpg.CheckViolationError, match="had a part"):
            await db.execute("UPDATE measured_look SET reviewer = :person WHERE id = :id", person=person, id=look["id"])


async def test_pieces_of_a_set_come_among_the_others_and_never_twice(settings: Settings) -> None:
    project, tasks, one, two = await world(settings, Stage(name="peer"), tasks=3)
    await verdict(settings, await claim_one(settings, one), "fix", corrected=WORK)
    known = await db.fetch_value("SELECT id FROM verdict")
    async with db.transaction("person:manager"):
        made = await calibration_sets.make(
            project, SetDraft(name="Known", share=0.5, items=[CalibrationPiece(verdict_id=known)]), "person:manager"
        )
        with pytest.raises(BadCalibration):
            await calibration_sets.make(
                project, SetDraft(name="Other", items=[CalibrationPiece(verdict_id=project)]), "x"
            )
    await verdict(settings, await claim_one(settings, two), "accept")
    async with db.transaction("person:manager"):
        # By chance one verdict in two would do it.
        await db.execute("DELETE FROM job")
        if not await looks():
            assert await measured.place("calibration", known, await db.fetch_value("SELECT id FROM calibration_item"))
    (look,) = await looks()
    assert look["kind"] == "calibration"
    held = [
        one_held
        for one_held in (await claim(settings, two, kinds=["review"], limit=5)).assignments
        if one_held.slot_id == look["slot"]
    ]
    assert len(held) == 1
    await verdict(settings, held[0], "accept")
    assert ("measured_look", 0.5, 1.0) in await record(two)
    assert [row[0] for row in await record(one)] == ["submission"], (
        "whoever gave the known verdict is not measured by it"
    )
    async with db.transaction("person:manager"):
        assert not await measured.place("calibration", known, look["item"]), "everybody here has had it"
    (view,) = await calibration_sets.sets(project)
    assert (view.items, view.looks, view.right) == (1, 1, 0)
    async with db.transaction("person:manager"):
        await calibration_sets.retire(made, "It is known by now.")
        with pytest.raises(CalibrationRetired):
            await calibration_sets.retire(made, "Again.")
    assert await broken() == []
    assert len(tasks) == 3


async def test_whoever_joins_later_is_passed_by_and_what_nobody_takes_goes(settings: Settings) -> None:
    _, _, one, two = await world(settings, Stage(name="peer", double_share=1.0))
    await verdict(settings, await claim_one(settings, one), "accept")
    await verdict(settings, await claim_one(settings, two), "accept")
    (look,) = await looks()
    await db.execute("UPDATE slot SET judges = '{}' WHERE id = :id", id=look["slot"])
    async with db.transaction("clock"):
        assert await measured.tidy() == 0
    author = await db.fetch_value("SELECT author FROM submission WHERE id = :id", id=look["submission"])
    assert {author, two} <= set(await db.fetch_value("SELECT judges FROM slot WHERE id = :id", id=look["slot"]))
    await db.execute("UPDATE slot SET waits_since = now() - interval '15 days' WHERE id = :id", id=look["slot"])
    async with db.transaction("clock"):
        assert await measured.tidy() == 1
    assert not (await claim(settings, one, kinds=["review"])).assignments
    assert await broken() == []


@pytest.mark.parametrize("seed", [1, 2])
async def test_over_random_work_and_races_nobody_is_measured_by_work_that_they_had_a_part_in(
    settings: Settings, seed: int
) -> None:
    """Everybody does everything, two claims at once; tasks of two answers, rework and rejections among them."""
    chance = random.Random(seed)
    project = await make_project(settings, overlap=2, rework_limit=1)
    await plan(
        project, Stage(name="peer", double_share=1.0), Stage(name="expert", share=Share(share=0.5), double_share=0.5)
    )
    people = [
        await make_annotator(settings, str(n), roles=["annotator", "reviewer"], skills={"general": 5}) for n in range(9)
    ]
    await make_tasks(project, 6)
    for _ in range(80):
        got = await asyncio.gather(*(claim(settings, who) for who in chance.sample(people, 2)))
        for held in [one for claimed in got for one in claimed.assignments]:
            if held.kind == "annotation":
                await submit(settings, held, WORK | {"by": str(held.id)})
            else:
                word = chance.choice(["accept", "accept", "fix", "reject" if held.rework_rounds else "rework"])
                await verdict(settings, held, word, corrected=WORK | {"by": "x"} if word == "fix" else None)
    given = await db.fetch_value("SELECT count(*) FROM measured_look WHERE given_at IS NOT NULL")
    assert given >= 1, "there is something to look at"
    assert await broken() == []


def test_likeness() -> None:
    assert [measured.likeness("accept", other) for other in ("accept", "fix", "rework", "reject")] == [1, 0.5, 0, 0]
    assert measured.likeness("reject", "rework") == 0.5
