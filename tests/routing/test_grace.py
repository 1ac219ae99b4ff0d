"""A task whose lease lapsed is kept for whoever held it, for a while, and for nobody who is away."""

from typing import Any
from uuid import UUID

import pytest

from callboard.checks import check
from kernel import db
from kernel.money import parse_amount
from kernel.settings import Settings
from payments.rates import create_rate_card
from routing import by_hand, leases, presence, review
from routing.assignments import AssignmentView
from routing.errors import NotEligible
from routing.explain import explain
from routing.memory import Memory
from routing.together import claim_together
from routing.waiting import kept_for
from skills import annotators
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
from tests.routing.test_together import ask_of, at_work

pytestmark = pytest.mark.usefixtures("pool")


async def sweep(settings: Settings) -> int:
    async with db.transaction():
        return await leases.sweep(settings)


async def lapsed(settings: Settings, person: UUID, **options: Any) -> AssignmentView:
    """Something that the person held a moment ago, swept."""
    held = await claim_one(settings, person, **options)
    await lapse(held.id)
    assert await sweep(settings) == 1
    return held


async def grace_over(task: UUID) -> None:
    await db.execute(
        "UPDATE slot SET kept_until = clock_timestamp() - interval '1 second' WHERE task = :task AND kept_until IS NOT NULL", task=task
    )  # fmt: skip


async def failing(settings: Settings, task: UUID, person: UUID) -> set[str]:
    place = (await explain(task, person, settings)).places[0]
    return {failure.predicate for failure in place.failures}


async def say(settings: Settings, person: UUID, state: str) -> None:
    async with db.transaction("person:test"):
        if state == "paused":
            await annotators.set_state(person, state, "on leave")
        else:
            await presence.set_presence(person, state, settings)


async def test_who_comes_back_goes_on_with_draft_and_price_and_the_other_one_waits(settings: Settings) -> None:
    project = await make_project(settings)
    (task,) = await make_tasks(project)
    ann, bo = await make_annotator(settings), await make_annotator(settings, "Bo")
    held = await claim_one(settings, ann)
    async with db.transaction("annotator:ann"):
        await leases.save_draft(held.id, ann, {"text": "half"}, version=None)
    await lapse(held.id)
    await sweep(settings)
    async with db.transaction("person:test"):
        await create_rate_card(
            project,
            currency="USD",
            annotation=parse_amount("9", "USD"),
            review=parse_amount("1", "USD"),
            difficulty_factors={},
        )
    other = await claim(settings, bo)
    assert (other.reason, other.counts) == ("nothing_waiting", {"grace": 1})
    assert await failing(settings, task, bo) == {"grace"}
    assert await failing(settings, task, ann) == set()
    assert [one.task_id for one in await kept_for(ann)] == [task]
    assert await review.returned_to(ann) == []
    assert await db.fetch_value("SELECT state FROM task WHERE id = :id", id=task) == "open"
    back = await claim_one(settings, ann)
    assert (back.task_id, back.price_micros, back.epoch) == (task, held.price_micros, held.epoch + 1)
    assert "grace" in back.why
    draft = await leases.draft_of(task, ann)
    assert draft is not None
    assert draft.payload == {"text": "half"}
    assert await kept_for(ann) == []
    assert (await submit(settings, back)).state == "pending"
    assert (await check()).ok


async def test_after_the_grace_anybody_has_it_before_any_sweeper_ran(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    ann, bo = await make_annotator(settings), await make_annotator(settings, "Bo")
    await lapsed(settings, ann)
    await grace_over(task)
    assert await failing(settings, task, bo) == set()
    assert await kept_for(ann) == []
    held = await claim_one(settings, bo)
    assert held.task_id == task
    row = await db.fetch_one(
        "SELECT reserved_for, kept_until, carried_price_micros FROM slot WHERE task = :task", task=task
    )
    assert row is not None
    assert set(row.values()) == {None}
    assert (await check()).ok


async def test_claims_together_pass_by_what_is_kept_and_take_it_when_its_time_is_over(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 3)
    ann, bo, cy = [await make_annotator(settings, name, capacity=5) for name in ("Ann", "Bo", "Cy")]
    await at_work(settings, ann, bo, cy)
    tasks = await make_tasks(project, 2, difficulty=3)
    held = await lapsed(settings, ann)
    async with db.transaction("person:vendor"):
        got = await claim_together([ask_of(ann), ask_of(bo), ask_of(cy)], settings, Memory())
    taken = [view.task_id for view in got if view is not None]
    assert taken == [task for task in tasks if task != held.task_id], "whoever it is kept for is served alone"
    assert got[0] is None
    await grace_over(held.task_id)
    async with db.transaction("person:vendor"):
        got = await claim_together([ask_of(cy)], settings, Memory())
    assert [view.task_id for view in got if view is not None] == [held.task_id]
    assert (await check()).ok


@pytest.mark.parametrize("state", ["offline", "break", "draining", "paused"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_nothing_is_kept_for_the_absent(settings: Settings, state: str, when: str) -> None:
    (task,) = await make_tasks(await make_project(settings))
    ann, bo = await make_annotator(settings), await make_annotator(settings, "Bo")
    held = await claim_one(settings, ann)
    await lapse(held.id)
    if when == "before":
        await say(settings, ann, state)
        await sweep(settings)
    else:
        await sweep(settings)
        assert await failing(settings, task, bo) == {"grace"}
        await say(settings, ann, state)
    assert (await claim_one(settings, bo)).task_id == task
    assert (await check()).ok


@pytest.mark.parametrize("end", ["release", "decline", "take_back", "deadline", "off", "late_sweeper"])
async def test_what_ends_a_hold_for_good(settings: Settings, end: str) -> None:
    (task,) = await make_tasks(await make_project(settings, lease_grace_minutes=0 if end == "off" else 5))
    ann, bo = await make_annotator(settings), await make_annotator(settings, "Bo")
    held = await claim_one(settings, ann)
    async with db.transaction("annotator:ann"):
        if end == "release":
            await leases.release(held.id, ann, held.epoch, settings)
        elif end == "decline":
            await leases.decline(held.id, ann, held.epoch, settings, reason="no")
        elif end == "take_back":
            await by_hand.take_back(held.id, settings, reason="urgent")
        elif end == "deadline":
            await db.execute(
                "UPDATE slot SET lease_until = now() - interval '1 s', deadline = now() - interval '1 s' WHERE state = 'live'"
            )
        elif end == "late_sweeper":
            await db.execute(
                "UPDATE slot SET lease_until = clock_timestamp() - interval '6 minutes' WHERE state = 'live'"
            )
        else:
            await db.execute("UPDATE slot SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'live'")
    await sweep(settings)
    assert (await claim_one(settings, bo)).task_id == task


async def test_a_review_is_kept_for_its_reviewer(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    await submit(settings, await claim_one(settings, await make_annotator(settings)))
    first, second = await make_reviewer(settings), await make_reviewer(settings, "Rex")
    held = await lapsed(settings, first, kinds=["review"])
    assert (await claim(settings, second)).counts == {"grace": 1}
    back = await claim_one(settings, first)
    assert (back.submission_id, back.kind) == (held.submission_id, "review")
    await verdict(settings, back, "accept")
    assert (await check()).ok


async def test_rework_whose_lease_lapses_stays_rework(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    author, bo = await make_annotator(settings), await make_annotator(settings, "Bo")
    await submit(settings, await claim_one(settings, author))
    await verdict(settings, await claim_one(settings, await make_reviewer(settings)), "rework")
    await lapsed(settings, author)
    assert await failing(settings, task, bo) == {"reserved"}
    assert [one.task_id for one in await review.returned_to(author)] == [task]
    assert await kept_for(author) == []
    await say(settings, author, "offline")
    assert await failing(settings, task, bo) == {"reserved"}, "going home does not undo a verdict"
    await say(settings, author, "available")
    assert "reserved" in (await claim_one(settings, author)).why
    assert (await check()).ok


async def test_late_work_counts_during_the_grace(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    ann = await make_annotator(settings)
    held = await lapsed(settings, ann)
    sent = await submit(settings, held)
    assert (sent.state, sent.late) == ("pending", True)
    assert (await check()).ok


async def test_a_manager_gives_it_to_whoever_it_is_kept_for_and_to_nobody_else(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    ann, bo = await make_annotator(settings), await make_annotator(settings, "Bo")
    held = await lapsed(settings, ann)
    await say(settings, bo, "available")
    async with db.transaction("person:lead"):
        with pytest.raises(NotEligible) as refused:
            await by_hand.assign(task, bo, settings, reason="quick")
    assert {failure.predicate for failure in refused.value.extra["failures"]} == {"grace"}
    async with db.transaction("person:lead"):
        back = await by_hand.assign(task, ann, settings, reason="go on")
    assert back.price_micros == held.price_micros
    assert (await check()).ok


async def test_the_sweeper_tidies_what_is_over(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    await lapsed(settings, await make_annotator(settings))
    await grace_over(task)
    await sweep(settings)
    assert (
        await db.fetch_value("SELECT count(*) FROM slot WHERE reserved_for IS NOT NULL OR kept_until IS NOT NULL") == 0
    )
