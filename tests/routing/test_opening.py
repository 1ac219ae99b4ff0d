"""The smallest change opens every place that can be opened: on values for ten thousand pairs, and carried out in the database."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from kernel import db
from kernel.settings import Settings
from routing import leases, projects
from routing import requirements as req
from routing.caps import MOST_LIVE, Cap, Caps, set_cap_per_day
from routing.eligibility import Change, judge
from routing.explain import explain
from routing.lanes import Lane
from routing.mending import applied, opening
from routing.moment import AFTER, Moment, after, hindered
from routing.presence import set_presence
from skills.profiles import Profile
from tests.routing.factory import claim, claim_one, lapse, make_annotator, make_project, make_tasks
from tests.routing.test_requirements import Z, a_lane, somebody

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
ENDS = NOW + timedelta(hours=8)
ONLY_OTHERS = {"not_own_work", "one_place_per_person"}


def a_moment(rng: random.Random, who: Profile, lane: Lane) -> Moment:
    """Often with nothing in the way, often with several things."""

    def maybe(value: Any, otherwise: Any, chance: float = 0.15) -> Any:
        return value if rng.random() < chance else otherwise

    def cap(project: UUID | None) -> Cap:
        given, held = rng.choice((0, 3, 999, 1000)), rng.choice((0, 1, MOST_LIVE))
        day, live = rng.choice((None, 3, 1000)), rng.choice((None, 1, MOST_LIVE))
        return Cap(
            who.id,
            project,
            "P" if project else None,
            day,
            live if project else None,
            "UTC",
            NOW.date(),
            ENDS,
            given,
            held,
        )

    reserved = maybe(rng.choice((who.id, uuid4())), None)
    return Moment(
        project_id=lane.project_id, project_state=maybe(rng.choice(("paused", "draft", "closed")), "published"),
        held=rng.randint(0, 3), cost=maybe(2, 1), caps=Caps([cap(one) for one in (lane.project_id, None) if rng.random() < 0.3]),
        said=rng.choice((None, "available", "offline", "available", "break", "draining")),
        state=maybe(rng.choice(("live", "done", "cancelled")), "free"), reserved_for=reserved,
        kept_until=maybe(ENDS, None, 0.5) if reserved else None, reserved_until=ENDS if reserved else None,
        author_id=maybe(who.id, uuid4(), 0.03), author_vendor_id=maybe(who.vendor_id, uuid4()), other_vendor=rng.random() < 0.3,
        involved=rng.random() < 0.03, expired=rng.random() < 0.1, declined=rng.random() < 0.1,
    )  # fmt: skip


def shut(who: Profile, lane: Lane, level: int, now: Moment, steps: Any = ()) -> bool:
    own = now.own_rework(who.id)
    for step in steps:
        if step.action in AFTER or step.count or step.action.endswith("_cap"):
            now, who = after(step, now, who)
        else:
            who, lane = applied(step, who, lane)
    return bool(judge(who, lane, level, Z, own_rework=own) or hindered(now, who))


def test_the_smallest_change_opens_whatever_can_be_opened() -> None:
    rng = random.Random(11)
    counts = dict.fromkeys(("open", "flipped", "never", "moment", "both"), 0)
    actions: set[str] = set()
    for _ in range(10_000):
        who, lane, level = somebody(rng), a_lane(rng), rng.randint(1, 5)
        if rng.random() < 0.5:  # half of them fit, so that what is in the way is of the moment
            lane = msgspec.structs.replace(lane, language="en", requirement=req.EVERYBODY, min_level=1, required_role="", required_credential=False)  # fmt: skip
            who = msgspec.structs.replace(who, state="active", restrictions=[], languages={"en": 5}, skills=who.skills)
        now = a_moment(rng, who, lane)
        failing = hindered(now, who)
        told = opening(who, lane, level, Z, now)
        if not shut(who, lane, level, now):
            counts["open"] += 1
            assert told is None
        elif told is None:
            counts["never"] += 1
            kept = {one.predicate for one in failing if not one.change}
            assert kept, "no change was found although each failure has one"
            assert kept <= ONLY_OTHERS | {"free", "project"}
            assert "free" not in kept or now.state in ("done", "cancelled")
            assert "project" not in kept or now.project_state == "closed"
        else:
            counts["flipped"] += 1
            assert not shut(who, lane, level, now, told.steps), (failing, told)
            for step in told.steps:
                rest = [one for one in told.steps if one is not step]
                assert shut(who, lane, level, now, rest), f"{step.action} could be spared"
            of_moment = [one for one in told.steps if one.action in AFTER or one.count or one.action.endswith("_cap")]
            counts["moment"] += bool(of_moment)
            counts["both"] += 0 < len(of_moment) < len(told.steps)
            actions |= {one.action for one in of_moment}
            assert told.text
    assert counts["flipped"] > 5000, counts
    assert min(counts.values()) > 100, counts
    assert actions == {*AFTER, "raise_capacity", "raise_day_cap", "raise_project_day_cap", "raise_project_live_cap"}


async def carry_out(change: Change, settings: Settings, project: UUID, task: UUID, who: UUID) -> None:
    """As a manager does it."""
    async with db.transaction("person:manager"):
        match change.action:
            case "raise_capacity":
                await db.execute("UPDATE annotator SET capacity = :n WHERE id = :id", n=change.count, id=who)
            case "raise_day_cap":
                await set_cap_per_day(who, change.count or None, "more")
            case "raise_project_day_cap":
                await projects.change_project(project, projects.ProjectChange(cap_per_person_day=change.count or None))
            case "raise_project_live_cap":
                await projects.change_project(project, projects.ProjectChange(cap_per_person_live=change.count or None))
            case "be_available":
                await set_presence(who, "available", settings, by_manager=True)
            case "publish":
                await projects.change_state(project, "published")
            case "wait":
                await db.execute(
                    "UPDATE slot SET kept_until = clock_timestamp() - interval '1 second' WHERE kept_until IS NOT NULL"
                )
            case "extend":
                await db.execute(
                    "UPDATE task SET expires_at = clock_timestamp() + interval '1 day' WHERE id = :id", id=task
                )
            case _:
                raise AssertionError(change)


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize(
    ("case", "predicate", "action"),
    [
        ("capacity", "capacity", "raise_capacity"),
        ("day", "cap_day", "raise_day_cap"),
        ("project_day", "cap_project_day", "raise_project_day_cap"),
        ("project_live", "cap_project_live", "raise_project_live_cap"),
        ("break", "present", "be_available"),
        ("paused", "project", "publish"),
        ("grace", "grace", "wait"),
        ("expired", "expired", "extend"),
    ],
)
async def test_the_change_that_is_stated_makes_the_claim_succeed(
    settings: Settings, case: str, predicate: str, action: str
) -> None:
    caps = {"project_day": {"cap_per_person_day": 1}, "project_live": {"cap_per_person_live": 1}}.get(case, {})
    project = await make_project(settings, **caps)
    who = await make_annotator(settings, "W", capacity=1 if case == "capacity" else 3)
    tasks = await make_tasks(project, 2)
    if case == "day":
        async with db.transaction("person:manager"):
            await set_cap_per_day(who, 1, "at first")
    if case == "grace":
        holder = await make_annotator(settings, "H")
        held = [await claim_one(settings, holder) for _ in range(2)]
        await lapse(held[1].id)
        task = held[1].task_id
        async with db.transaction("chore:sweep"):
            await leases.sweep(settings)
    else:
        taken = (await claim_one(settings, who)).task_id
        task = next(one for one in tasks if one != taken)
    async with db.transaction("person:manager"):
        if case == "break":
            await set_presence(who, "break", settings, by_manager=True)
        if case == "paused":
            await projects.change_state(project, "paused")
        if case == "expired":
            await db.execute(
                "UPDATE task SET expires_at = clock_timestamp() - interval '1 hour' WHERE id = :id", id=task
            )
    told = await explain(task, who, settings)
    assert not told.would_get
    assert [one.predicate for one in told.places[0].failures] == [predicate]
    assert not (await claim(settings, who)).assignments
    mended = told.places[0].smallest_change
    assert mended is not None
    assert [one.action for one in mended.steps] == [action]
    await carry_out(mended.steps[0], settings, project, task, who)
    assert (await explain(task, who, settings)).would_get
    assert (await claim_one(settings, who)).task_id == task
