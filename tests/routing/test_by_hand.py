"""Managers give, take back and move tasks, through the door that everybody uses."""

import asyncio
from uuid import UUID, uuid4

import pytest

from callboard.checks import check
from kernel import db
from kernel.settings import Settings
from routing import by_hand, leases, projects
from routing.assignments import AssignmentView
from routing.errors import NoSuchAssignment, NotEligible, NotHeld, PlaceTaken, WrongState
from routing.events import BudgetExhausted
from routing.presence import set_presence
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")


async def there(settings: Settings, name: str = "Ann", **changes: object) -> UUID:
    person = await make_annotator(settings, name, **changes)
    await say(settings, person, "available")
    return person


async def say(settings: Settings, person: UUID, state: str) -> None:
    async with db.transaction("person:test"):
        await set_presence(person, state, settings)


async def give(settings: Settings, task: UUID, person: UUID, *override: str) -> AssignmentView:
    async with db.transaction("person:boss"):
        return await by_hand.assign(task, person, settings, reason="knows the customer", override=override)


async def refused(settings: Settings, task: UUID, person: UUID, *override: str) -> set[str]:
    with pytest.raises(NotEligible) as found:
        await give(settings, task, person, *override)
    return {failure.predicate for failure in found.value.extra["failures"]}


async def test_a_task_is_given_like_a_claim(settings: Settings) -> None:
    _, task = await make_tasks(await make_project(settings), 2)
    person = await there(settings)
    view = await give(settings, task, person)
    assert (view.task_id, view.annotator_id, view.epoch, view.price_micros) == (task, person, 1, 2_500_000)
    assert view.why["by_hand"]["reason"] == "knows the customer"
    entry = await db.fetch_one("SELECT actor, reason, after FROM audit_entry WHERE action = 'task.assigned'")
    assert entry is not None
    assert (entry["actor"], entry["reason"]) == ("person:boss", "knows the customer")
    assert await db.fetch_value("SELECT count(*) FROM event WHERE type = 'assignment.given'") == 1
    assert (await submit(settings, view)).round == 1
    assert (await check()).ok


async def test_requirements_hold_for_the_hand_too(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings), 1, difficulty=5)
    weak = await there(settings, "weak", skills={"general": 1}, languages={"de": 5})
    assert await refused(settings, task, weak, "preference", "ladder") == {"level", "language"}
    paused = await there(settings, "paused", skills={"general": 5})
    await db.execute("UPDATE annotator SET state = 'paused' WHERE id = :id", id=paused)
    assert "active" in await refused(settings, task, paused)
    full = await there(settings, "full", skills={"general": 5}, capacity=1)
    await give(settings, (await make_tasks(await make_project(settings, name="other"), 1))[0], full)
    assert await refused(settings, task, full) == {"capacity"}


@pytest.mark.parametrize("state", ["break", "draining", "offline"])
async def test_nothing_is_held_for_the_absent(settings: Settings, state: str) -> None:
    (task,) = await make_tasks(await make_project(settings))
    person = await there(settings)
    await say(settings, person, state)
    assert await refused(settings, task, person, "preference") == {"present"}


async def test_only_a_preference_is_passed_over(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    person = await there(settings)
    held = await claim_one(settings, person)
    async with db.transaction("test"):
        await leases.decline(held.id, person, held.epoch, settings, reason="not mine")
    assert await refused(settings, task, person) == {"not_declined"}
    view = await give(settings, task, person, "preference")
    assert view.why["by_hand"]["passed_over"] == ["preference"]


async def test_nobody_is_made_to_review_their_own_work(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    person = await make_reviewer(settings, roles=["reviewer", "annotator"])
    await submit(settings, await claim_one(settings, person, kinds=["annotation"]))
    assert "not_own_work" in await refused(settings, task, person, "preference", "ladder")


async def test_the_budget_and_the_project_say_no(settings: Settings) -> None:
    project = await make_project(settings, budget="1")
    (task,) = await make_tasks(project)
    person = await there(settings)
    with pytest.raises(BudgetExhausted):
        await give(settings, task, person)
    async with db.transaction("test"):
        await projects.change_state(project, "paused")
    assert await refused(settings, task, person) == {"project"}
    assert await db.fetch_value("SELECT count(*) FROM assignment") == 0
    assert (await check()).ok


async def test_taken_back_and_given_on(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    first, second = await there(settings, "first"), await there(settings, "second")
    held = await claim_one(settings, first)
    async with db.transaction("test"):
        await leases.save_draft(held.id, first, {"turns": []}, version=None)
    async with db.transaction("person:boss"):
        moved = await by_hand.reassign(held.id, second, settings, reason="first is ill")
    assert (moved.annotator_id, moved.slot_id, moved.epoch) == (second, held.slot_id, 2)
    assert await leases.draft_of(task, first) is not None, "the draft stays its author's"
    with pytest.raises(WrongState):
        await submit(settings, held)
    async with db.transaction("person:boss"):
        await by_hand.take_back(moved.id, settings, reason="not today")
        with pytest.raises(NotHeld):
            await by_hand.take_back(moved.id, settings, reason="again")
        with pytest.raises(NoSuchAssignment):
            await by_hand.take_back(uuid4(), settings, reason="whose")
    actions = [
        row["action"] for row in await db.fetch("SELECT action FROM audit_entry WHERE reason IS NOT NULL ORDER BY at")
    ]
    assert [one for one in actions if one.endswith(("taken_back", "assigned"))] == [
        "assignment.taken_back", "task.assigned", "assignment.taken_back",
    ]  # fmt: skip
    assert (await check()).ok


async def test_a_move_that_fails_leaves_everything(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    first, second = (
        await there(settings, "first"),
        await there(settings, "second", skills={"general": 1}, languages={"de": 1}),
    )
    held = await claim_one(settings, first)
    with pytest.raises(NotEligible):
        async with db.transaction("person:boss"):
            await by_hand.reassign(held.id, second, settings, reason="mistake")
    await submit(settings, held)


async def test_own_rework_keeps_its_price_and_stays_with_its_author(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    author, other = await there(settings, "author"), await there(settings, "other")
    reviewer = await make_reviewer(settings)
    await submit(settings, await claim_one(settings, author))
    await verdict(settings, await claim_one(settings, reviewer), "rework")
    assert await refused(settings, task, other, "preference") == {"reserved"}
    again = await give(settings, task, author)
    assert again.price_micros == 2_500_000
    async with db.transaction("person:boss"):
        moved = await by_hand.reassign(again.id, other, settings, reason="the author left")
    assert moved.annotator_id == other
    assert (await check()).ok


async def test_32_hands_and_claims_at_one_place(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    people = [await there(settings, f"A{n}") for n in range(32)]
    tries = [give(settings, task, one) if n % 2 else claim_one(settings, one) for n, one in enumerate(people)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, AssignmentView) for one in done) == 1
    assert all(isinstance(one, (AssignmentView, NotEligible, PlaceTaken, AssertionError)) for one in done), done
    assert (await check()).ok


async def test_the_picker_shows_who_can_first(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings), 1, difficulty=4)
    good, weak = (
        await there(settings, "good", skills={"general": 5}),
        await there(settings, "weak", skills={"general": 1}),
    )
    away = await make_annotator(settings, "away", skills={"general": 5})
    found = await by_hand.candidates(task, settings)
    assert found[0].annotator_id == good
    by_id = {one.annotator_id: one for one in found}
    assert by_id[good].eligible
    assert [one.predicate for one in by_id[weak].failures] == ["level"]
    assert [one.predicate for one in by_id[away].failures] == ["present"]
    assert [one.name for one in await by_hand.candidates(task, settings, q="WEA")] == ["weak"]
