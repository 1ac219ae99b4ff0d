"""Units of capacity, and the most that somebody is given: on a day in a project, on a day over all, at a time in a project."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from callboard.checks import check
from kernel import db
from kernel.errors import DomainError
from kernel.settings import Settings
from routing import by_hand, caps, leases, offers, presence, projects
from routing.calendar_store import put_calendar
from routing.calendars import Hours
from routing.errors import NotEligible
from routing.explain import candidates, explain
from routing.memory import Memory
from routing.outlook import outlook
from routing.together import claim_together
from routing.waiting import what_waits
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
from tests.routing.test_together import ask_of

pytestmark = pytest.mark.usefixtures("pool")


async def change(project: UUID, **values: Any) -> projects.ProjectView:
    async with db.transaction("person:test"):
        return await projects.change_project(project, projects.ProjectChange(**values))


async def cap(person: UUID, most: int | None) -> None:
    async with db.transaction("person:test"):
        await caps.set_cap_per_day(person, most, "asked for less")


async def failing(settings: Settings, task: UUID, person: UUID) -> set[str]:
    return {failure.predicate for place in (await explain(task, person, settings)).places for failure in place.failures}


async def available(settings: Settings, person: UUID) -> None:
    async with db.transaction("person:test"):
        await presence.set_presence(person, "available", settings)


async def given(person: UUID) -> int:
    return await db.fetch_value("SELECT count(*) FROM assignment WHERE annotator = :id", id=person)  # type: ignore[no-any-return]


async def free_task(project: UUID) -> UUID:
    task: UUID = await db.fetch_value(
        "SELECT task FROM slot WHERE project = :id AND state = 'free' LIMIT 1", id=project
    )
    return task


# capacity


async def test_a_task_takes_what_its_project_says_and_gives_it_back(settings: Settings) -> None:
    dear = await make_project(settings, capacity_cost=projects.CapacityCost(annotation=2))
    await make_tasks(dear, 5)
    person = await make_annotator(settings, capacity=3)
    held = await claim_one(settings, person)
    got = await claim(settings, person)
    assert (got.reason, "takes 2 units" in str(got.detail)) == ("at_capacity", True)
    assert await failing(settings, await free_task(dear), person) == {"capacity"}
    await change(dear, capacity_cost=projects.CapacityCost(annotation=1))
    second = await claim_one(settings, person)
    assert await db.fetch_value("SELECT live FROM holder WHERE annotator = :id", id=person) == 3
    assert (await check()).ok
    async with db.transaction("annotator:a"):
        await leases.release(held.id, person, held.epoch, settings)
    assert await db.fetch_value("SELECT live FROM holder WHERE annotator = :id", id=person) == 1, (
        "what it took, not today's cost"
    )
    await submit(settings, second)
    assert await db.fetch_value("SELECT live FROM holder WHERE annotator = :id", id=person) == 0
    assert (await check()).ok


async def test_reviews_have_a_cost_of_their_own(settings: Settings) -> None:
    project = await make_project(settings, capacity_cost=projects.CapacityCost(review=3))
    await make_tasks(project, 2)
    author = await make_annotator(settings)
    for _ in range(2):
        await submit(settings, await claim_one(settings, author))
    reviewer = await make_reviewer(settings, capacity=5)
    held = await claim_one(settings, reviewer, kinds=["review"])
    assert (await claim(settings, reviewer, kinds=["review"])).reason == "at_capacity"
    await verdict(settings, held, "accept")
    await claim_one(settings, reviewer, kinds=["review"])
    assert (await check()).ok


async def test_what_is_too_much_is_passed_by_for_what_fits(settings: Settings) -> None:
    dear = await make_project(settings, name="Dear", capacity_cost=projects.CapacityCost(annotation=4))
    cheap = await make_project(settings, name="Cheap")
    await make_tasks(dear, 3, priority=5)
    await make_tasks(cheap, 3)
    person = await make_annotator(settings, capacity=3)
    assert (await claim_one(settings, person)).project_id == cheap
    memory = Memory()
    async with db.transaction("person:vendor"):
        (view,) = await claim_together([ask_of(person)], settings, memory)
    assert view is None or view.project_id == cheap
    assert (await check()).ok


async def test_together_counts_units(settings: Settings) -> None:
    project = await make_project(settings, capacity_cost=projects.CapacityCost(annotation=2))
    await make_tasks(project, 6)
    person = await make_annotator(settings, capacity=5)
    await submit(settings, await claim_one(settings, person))
    memory = Memory()
    views = []
    for _ in range(3):
        async with db.transaction("person:vendor"):
            views += await claim_together([ask_of(person)], settings, memory)
    assert [view is not None for view in views] == [True, True, False]
    assert await db.fetch_value("SELECT live FROM holder WHERE annotator = :id", id=person) == 4
    assert (await check()).ok


# caps


async def project_day(settings: Settings, project: UUID, person: UUID) -> None:
    await change(project, cap_per_person_day=2)


async def project_live(settings: Settings, project: UUID, person: UUID) -> None:
    await change(project, cap_per_person_live=2)


async def person_day(settings: Settings, project: UUID, person: UUID) -> None:
    await cap(person, 2)


Setting = Callable[[Settings, UUID, UUID], Awaitable[None]]
KINDS = [
    pytest.param(project_day, "cap_project_day", id="project_day"),
    pytest.param(project_live, "cap_project_live", id="project_live"),
    pytest.param(person_day, "cap_day", id="person_day"),
]


@pytest.mark.parametrize(("setting", "predicate"), KINDS)
async def test_every_door_keeps_a_cap_and_says_so(settings: Settings, setting: Setting, predicate: str) -> None:
    project = await make_project(settings)
    tasks = await make_tasks(project, 8)
    person = await make_annotator(settings, capacity=9)
    await setting(settings, project, person)
    got = await claim(settings, person, limit=5)
    assert (len(got.assignments), got.reason, got.counts) == (2, "capped", {predicate: 1})
    assert "2" in str(got.detail)
    assert (got.retry_after_seconds is None) == (predicate == "cap_project_live")
    assert 0 < (got.retry_after_seconds or 1) <= 86_401
    assert (await claim(settings, person)).reason == "capped"
    async with db.transaction("person:vendor"):
        assert await claim_together([ask_of(person)], settings, Memory()) == [None]
    free = await free_task(project)
    assert await failing(settings, free, person) == {predicate}
    (place,) = (await explain(free, person, settings)).places
    assert "raise" in place.failures[0].mend
    (who,) = (await candidates(free, settings)).places
    assert [(one.predicate, one.alone) for one in who.kept] == [(predicate, 1)]
    assert [one.predicate for one in (await outlook(person, settings)).kept] == [predicate]
    assert [failure.predicate for one in await what_waits(person, settings) for failure in one.failures] == [predicate]
    async with db.transaction("person:lead"):
        made = await offers.make(free, [person], settings, made_by="person:lead")
    assert [failure.predicate for one in made.refused for failure in one.failures] == [predicate]
    async with db.transaction("person:lead"):
        with pytest.raises(NotEligible):
            await by_hand.assign(free, person, settings, reason="quick", override=["preference", "ladder"])
    async with db.transaction("person:lead"):
        view = await by_hand.assign(free, person, settings, reason="the customer asked for her", override=["cap"])
    assert view.why["by_hand"]["passed_over"] == ["cap"]
    assert (
        await db.fetch_value("SELECT after->'passed_over'->>0 FROM audit_entry WHERE action = 'task.assigned'") == "cap"
    )
    assert len(tasks) == 8
    assert (await check()).ok


@pytest.mark.parametrize(("setting", "predicate"), KINDS)
@pytest.mark.parametrize("how", ["alone", "together"])
async def test_twenty_claims_at_once_never_exceed_a_cap(
    settings: Settings, setting: Setting, predicate: str, how: str
) -> None:
    project = await make_project(settings, budget="10000")
    await make_tasks(project, 30)
    person, other = await make_annotator(settings, capacity=50), await make_annotator(settings, "Bo", capacity=50)
    await submit(settings, await claim_one(settings, other))
    await setting(settings, project, person)
    await claim_one(settings, person)

    async def pull(n: int) -> None:
        if how == "alone" or n % 2:
            await claim(settings, person, limit=1 + n % 3)
            return
        async with db.transaction("person:vendor"):
            await claim_together([ask_of(person), ask_of(other)], settings, Memory())

    results = await asyncio.gather(*(pull(n) for n in range(20)), return_exceptions=True)
    assert not [one for one in results if one is not None]
    assert await given(person) == 2, predicate
    assert (await check()).ok


async def test_offers_accepted_at_once_never_exceed_a_cap(settings: Settings) -> None:
    project = await make_project(settings, cap_per_person_day=2)
    tasks = await make_tasks(project, 6)
    person = await make_annotator(settings, capacity=9)
    await available(settings, person)
    async with db.transaction("person:lead"):
        made = [(await offers.make(task, [person], settings, made_by="person:lead")).offers[0] for task in tasks]

    async def accept(offer: UUID) -> str:
        try:
            async with db.transaction("annotator:a"):
                await offers.accept(offer, person, settings)
        except DomainError as error:
            return error.code
        return "taken"

    said = await asyncio.gather(*(accept(one.id) for one in made))
    assert sorted(said) == ["not_eligible"] * 4 + ["taken"] * 2
    assert (await check()).ok


async def test_pushed_work_goes_to_whoever_no_cap_keeps_away(settings: Settings) -> None:
    project = await make_project(settings, push=True, cap_per_person_live=1)
    await make_tasks(project, 4)
    best, other = await make_annotator(settings, "Best", skills={"general": 5}), await make_annotator(settings, "Bo")
    await claim_one(settings, best)
    await available(settings, other)
    alone = msgspec.structs.replace(settings, offer_parallel=1, offers_per_round=1)
    async with db.transaction():
        assert await offers.make_round(alone) == 1
    assert await db.fetch_value("SELECT annotator FROM offer") == other


async def test_what_comes_back_is_given_once(settings: Settings) -> None:
    """Rework and a task whose lease lapsed are neither counted again nor kept away."""
    project = await make_project(settings, cap_per_person_day=2)
    await make_tasks(project, 5)
    person = await make_annotator(settings)
    await submit(settings, await claim_one(settings, person))
    held = await claim_one(settings, person)
    assert (await claim(settings, person)).reason == "capped"
    await verdict(settings, await claim_one(settings, await make_reviewer(settings)), "rework")
    await lapse(held.id)
    async with db.transaction():
        await leases.sweep(settings)
    back = await claim(settings, person, limit=3)
    assert [set(view.why) for view in back.assignments] == [{"grace"}, {"reserved"}]
    assert back.reason == "capped"
    assert await db.fetch_value("SELECT tasks FROM given") == 2
    assert (await check()).ok


async def test_a_cap_that_is_new_counts_what_was_given_today(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 8)
    person = await make_annotator(settings, capacity=9)
    await claim(settings, person, limit=3)
    assert await db.fetch_value("SELECT count(*) FROM given") == 0, "nothing is counted where there is no cap"
    assert (await change(project, cap_per_person_day=3)).cap_per_person_day == 3
    assert (await claim(settings, person)).reason == "capped"
    await change(project, cap_per_person_day=None)
    await claim_one(settings, person)
    await change(project, cap_per_person_day=5)
    assert len((await claim(settings, person, limit=4)).assignments) == 1
    await cap(person, 6)
    await change(project, cap_per_person_day=None)
    assert len((await claim(settings, person, limit=4)).assignments) == 1
    assert (await check()).ok


async def test_a_day_is_that_of_the_projects_zone(settings: Settings) -> None:
    """Yesterday's counter counts for nothing today; the zone is that of the project's calendar."""
    async with db.transaction("person:test"):
        await put_calendar("far", Hours(zone="Pacific/Kiritimati", weekly={"mon": [("09:00", "17:00")]}))
    project = await make_project(settings, calendar="far", cap_per_person_day=1)
    await make_tasks(project, 4)
    person = await make_annotator(settings)
    await claim_one(settings, person)
    here = await db.fetch_one(
        "SELECT day, (clock_timestamp() AT TIME ZONE 'Pacific/Kiritimati')::date AS today FROM given"
    )
    assert here is not None
    assert here["day"] == here["today"]
    (cap_row,) = (await caps.caps_of([person], [project]))[person]._of.values()
    assert (cap_row.zone, cap_row.given) == ("Pacific/Kiritimati", 1)
    assert (await claim(settings, person)).reason == "capped"
    await db.execute("UPDATE given SET day = day - 1")
    await db.execute("UPDATE assignment SET project_day = project_day - 1")
    await claim_one(settings, person)
    assert (await check()).ok


async def test_other_projects_stay_open(settings: Settings) -> None:
    first = await make_project(settings, name="First", cap_per_person_day=1)
    await make_tasks(first, 3, priority=5)
    await make_tasks(await make_project(settings, name="Second"), 3)
    person = await make_annotator(settings, capacity=9)
    got = await claim(settings, person, limit=4)
    assert sum(view.project_id == first for view in got.assignments) == 1
    assert len(got.assignments) == 4
    async with db.transaction("person:vendor"):
        assert await claim_together([ask_of(person)], settings, Memory()) == [None]


async def test_the_counter_that_is_wrong_is_found(settings: Settings) -> None:
    await make_tasks(await make_project(settings, cap_per_person_day=3), 2)
    await claim_one(settings, await make_annotator(settings))
    await db.execute("UPDATE given SET tasks = tasks + 1")
    report = await check()
    assert [one.name for one in report.invariants if one.violations] == ["given_as_counted"]


async def test_changes_are_audited(settings: Settings) -> None:
    project, person = await make_project(settings), await make_annotator(settings)
    before = (await projects.project(project)).version
    view = await change(
        project, cap_per_person_day=9, cap_per_person_live=2, lease_grace_minutes=7,
        capacity_cost=projects.CapacityCost(annotation=2, review=1), reason="fewer at once",
    )  # fmt: skip
    assert (view.cap_per_person_day, view.cap_per_person_live, view.lease_grace_minutes) == (9, 2, 7)
    assert (view.capacity_cost, view.version) == (projects.CapacityCost(annotation=2, review=1), before + 1)
    await cap(person, 4)
    rows = await db.fetch(
        "SELECT action, after, reason FROM audit_entry WHERE action IN ('project.changed', 'annotator.cap_per_day') ORDER BY at"
    )
    assert [(row["action"], row["reason"]) for row in rows] == [
        ("project.changed", "fewer at once"),
        ("annotator.cap_per_day", "asked for less"),
    ]
    assert rows[0]["after"]["capacity_cost"] == {"annotation": 2, "review": 1}
