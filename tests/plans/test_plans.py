"""Every hot statement by its index, with few rows touched, however many tasks wait.

60,000 waiting tasks here; `make plans` does the same with a million (CALLBOARD_PLAN_TASKS).
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from callboard.embedded.postgres import EmbeddedPostgres
from callboard.wiring import wire
from kernel import clock, db, outbox
from kernel.outbox import START
from kernel.settings import Settings, load_settings
from routing import changes, dispatch, estimating, explain, leases, quality, refitting, reports
from routing.assignments import assignments
from routing.memory import Memory
from routing.quality import QualityFilter, WorksWish
from routing.reports import TaskFilter
from routing.review import VerdictDraft, give_verdict
from routing.submission import submit
from routing.together import claim_together
from skills.evidence import refold
from skills.profiles import load_profile
from tests.conftest import TEMPLATE
from tests.plans.reading import Plan, explained, recorded
from tests.plans.world import RARE, build
from tests.routing.factory import WORK
from tests.routing.test_together import ask_of

WAITING = int(os.environ.get("CALLBOARD_PLAN_TASKS", "60000"))
FEW = 3000
"""Rows of big tables that one statement may touch: a few for each of the 300 lanes, a page of a list, a batch of a chore."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


class World:
    def __init__(self, settings: Settings, dsn: str) -> None:
        self.settings, self.dsn = settings, dsn

    async def plans(self, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]]) -> dict[str, Plan]:
        """By the name of the statement, the costliest where it ran several times."""
        plans = await explained(self.dsn, await recorded(monkeypatch, act))
        return {plan.name: plan for plan in sorted(plans, key=lambda plan: plan.rows)}

    async def person(self, name: str = "A0") -> UUID:
        found = await db.fetch_value("SELECT id FROM annotator WHERE display_name = :name", name=name)
        return UUID(int=found.int)

    async def held(self, kind: str = "annotation") -> tuple[UUID, UUID, int]:
        row = await db.fetch_one(
            "SELECT id, annotator, epoch FROM assignment WHERE state = 'live' AND kind = :kind LIMIT 1", kind=kind
        )
        assert row is not None
        return UUID(int=row["id"].int), UUID(int=row["annotator"].int), row["epoch"]


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, servers_folder: object) -> AsyncIterator[World]:
    """One database for all of these tests; whatever they do is undone."""
    admin = await asyncpg.connect(postgres.dsn("postgres", superuser=True))
    wire()
    try:
        await admin.execute(f"CREATE DATABASE plans TEMPLATE {TEMPLATE} OWNER callboard")
        url = postgres.dsn("plans")
        settings = load_settings(servers_folder, environ={}, database_url=url)  # type: ignore[arg-type]
        async with db.pool(url, settings):
            await build(settings, postgres.dsn("plans", superuser=True), WAITING)
            yield World(settings, url)
        await admin.execute("DROP DATABASE plans WITH (FORCE)")
    finally:
        await admin.close()


def check(plans: dict[str, Plan], *names: str, few: int = FEW) -> None:
    """`names` must be among them; every one of them goes by an index and touches few rows."""
    assert set(names) <= set(plans), f"not run: {set(names) - set(plans)}"
    assert not {name: plan.whole for name, plan in plans.items() if plan.whole}
    assert not {name: plan.scans for name, plan in plans.items() if plan.rows > few}


async def test_the_world_is_as_big_as_it_says(world: World) -> None:
    count = await db.fetch_value("SELECT count(*) FROM slot WHERE state = 'free'")
    assert count >= 0.99 * WAITING
    assert await db.fetch_value("SELECT count(DISTINCT lane) FROM slot WHERE state = 'free'") == 300
    assert await db.fetch_value("SELECT count(*) FROM assignment") > 0.1 * WAITING


async def test_a_claim_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await world.person()
    plans = await world.plans(monkeypatch, lambda: dispatch.claim(person, world.settings, limit=2))
    check(
        plans,
        "profile",
        "lock_holder",
        "lane_heads",
        "reserved_slots",
        "claim_slot",
        "settle_task",
        "hold",
        "named_assignments",
    )
    assert ("slot", "slot_free_head") in {scan[:2] for scan in plans["lane_heads"].scans}
    assert plans["claim_slot"].rows < 50


async def test_claims_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asks = [ask_of(await world.person(f"A{n}")) for n in range(8)]
    plans = await world.plans(monkeypatch, lambda: claim_together(asks, world.settings, Memory()))
    check(
        plans,
        "lock_holders",
        "free_lanes",
        "lock_lane_heads",
        "claim_slots",
        "hold_together",
    )
    assert plans["claim_slots"].rows < 100


async def test_claims_under_caps_count_no_history(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person, other = await world.person(), await world.person("A1")

    async def act() -> None:
        await db.execute("UPDATE project SET cap_per_person_day = 40, cap_per_person_live = 40")
        await db.execute("UPDATE annotator SET cap_per_day = 40 WHERE id = ANY (:ids)", ids=[person, other])
        await dispatch.claim(person, world.settings, limit=2)
        await claim_together([ask_of(other)], world.settings, Memory())

    plans = await world.plans(monkeypatch, act)
    check(plans, "caps_of", "claim_slot", "claim_slots")
    assert plans["caps_of"].rows < 20
    assert plans["claim_slots"].rows < 100


async def test_a_hold_and_its_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = await world.held()
    renewed = await world.plans(monkeypatch, lambda: leases.heartbeat(*held, world.settings))
    check(renewed, "heartbeat", few=60)
    handed_in = await world.plans(monkeypatch, lambda: submit(*held, WORK, world.settings))
    check(handed_in, "lock_assignment", "finish_slot", "insert_submission", "settle_task", few=50)
    back = await world.plans(monkeypatch, lambda: leases.release(*held, world.settings))
    check(back, "free_slot", "end_assignment", "resolve_hold", few=50)
    declined = await world.plans(monkeypatch, lambda: leases.decline(*held, world.settings, reason="no"))
    check(declined, "remember_declined", few=50)


async def test_a_verdict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assignment_id, reviewer, epoch = await world.held("review")
    draft = VerdictDraft(epoch=epoch, outcome="accept")
    plans = await world.plans(monkeypatch, lambda: give_verdict(assignment_id, reviewer, draft, world.settings))
    check(
        plans,
        "submission_for_review",
        "insert_verdict",
        "decide_submission",
        "update_difficulty",
        "resolve_hold",
        few=100,
    )


async def test_the_sweeper(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        await db.execute("UPDATE slot SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'live'")
        await leases.sweep(world.settings)

    plans = await world.plans(monkeypatch, act)
    check(plans, "lapsed_leases", "lock_lapsed", "end_old_reservations", few=500)


async def test_feed_jobs_and_profile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await world.person()

    async def act() -> None:
        await outbox.events_after(START, 500)
        await outbox.take_due_jobs(world.settings)
        await load_profile(person, world.settings.skill_half_life_days)
        await assignments(annotator_id=person, limit=50)
        await assignments(annotator_id=person, state="live", limit=50)

    plans = await world.plans(monkeypatch, act)
    check(plans, "events_after", "take_due_jobs", "profile", "assignments")


async def test_a_person_learned_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads all that was ever said of one person, and nothing of anybody else."""
    person = await world.person()
    own = await db.fetch_value("SELECT count(*) FROM evidence WHERE annotator = :id", id=person)
    plans = await world.plans(monkeypatch, lambda: refold(person))
    check(plans, "evidence_of_person", few=4 * own)


async def test_lists_and_explanations(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    project = UUID(int=(await db.fetch_value("SELECT project FROM task LIMIT 1")).int)
    task = UUID(int=(await db.fetch_value("SELECT id FROM task WHERE state = 'accepted' LIMIT 1")).int)
    person = await world.person("A1")
    for wanted in (
        TaskFilter(),
        TaskFilter(project_id=project),
        TaskFilter(state="open"),
        TaskFilter(project_id=project, state="accepted"),
    ):
        check(await world.plans(monkeypatch, partial(reports.tasks, wanted, limit=100)), "tasks")
    check(await world.plans(monkeypatch, lambda: reports.task(task)), "task", few=50)
    check(await world.plans(monkeypatch, lambda: reports.history(task)), "task_history", few=100)
    check(await world.plans(monkeypatch, lambda: explain.explain(task, person, world.settings)), "slots_of_task")
    check(await world.plans(monkeypatch, lambda: reports.live_holds(limit=200)), "live_holds")


async def test_tasks_by_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What few hold is found in the index of pieces, also by two characters; what many hold, among the newest."""
    for text, found in (("LAW-en-3:123", 6), (RARE, 1), (RARE[1:3], 1), ("question", 100)):
        wanted = TaskFilter(search=text)
        assert len(await reports.tasks(wanted, limit=100)) >= found
        plans = await world.plans(monkeypatch, partial(reports.tasks, wanted, limit=100))
        # A text that has all pieces of the words is looked at again: at a million tasks six thousand have those of a name's number.
        check(plans, "tasks_by_words", few=3 * FEW)
    few = TaskFilter(search="LAW-en-3:123", state="open")
    check(await world.plans(monkeypatch, lambda: changes.found(few)), "task_ids_by_words", few=3 * FEW)


async def test_the_difficulty_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads its 5,000 newest closed tasks and no more."""
    plans = await world.plans(monkeypatch, lambda: estimating.report(world.settings))
    check(plans, "count_closed_tasks", "difficulty_by_band", few=5 * estimating.NEWEST)


async def test_the_estimate_of_a_crowd(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked every two minutes and by every scrape; a refit reads its newest answers and no more."""
    projects = await db.fetch("UPDATE project SET consensus_target = 0.9 RETURNING id")
    project = UUID(int=projects[0]["id"].int)
    await db.execute(
        "INSERT INTO consensus_model (project, version, read_at, domains, temperature, evidence)"
        " SELECT id, 1, clock_timestamp(), 1, 0.7, 0 FROM project"
    )
    try:
        check(await world.plans(monkeypatch, refitting.lag), "consensus_lag")
        check(await world.plans(monkeypatch, refitting.ask_all), "consensus_behind")
        check(await world.plans(monkeypatch, lambda: refitting.beliefs(project, [project])), "consensus_beliefs")
        plans = await world.plans(monkeypatch, lambda: refitting.refit(project, world.settings))
        answers = plans["consensus_answers"]
        assert answers.rows <= 3 * refitting.NEWEST
    finally:
        await db.execute("DELETE FROM consensus_model")
        await db.execute("UPDATE project SET consensus_target = NULL")


async def test_the_floor_counts_in_the_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix counts what waits: as many entries of the index as tasks, but no task and no slot is read for it."""
    plans = await world.plans(monkeypatch, lambda: reports.queue(None))
    matrix = plans["queue_matrix"]
    assert not matrix.whole
    assert {how for _, how, _ in matrix.scans} == {"slot_unfinished", "task_finished"}
    assert matrix.buffers < 0.05 * WAITING


async def test_the_view_of_quality(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are read of folded days; lists of works and what changed go by time, and what waits by its own index."""
    project = UUID(int=(await db.fetch_value("SELECT project FROM submission LIMIT 1")).int)
    person = await world.person()
    today = clock.now().date()
    for of, what in ((project, ""), (None, "judged"), (project, "accept")):
        wanted = QualityFilter(project_id=of, from_day=today - timedelta(days=84), to_day=today)
        plans = await world.plans(monkeypatch, partial(quality.works, wanted, WorksWish(what=what)))
        check(plans, "quality_works", few=2 * FEW)
        check(await world.plans(monkeypatch, partial(quality.report, wanted)), "quality_by", "quality_open", few=1000)
    narrow = QualityFilter(project_id=project, from_day=today, to_day=today, annotator_id=person)
    # A day of the project is read for one person's works in it: 25,000 of them with a million tasks, all of which were handed in on one day.
    overdue = await world.plans(monkeypatch, partial(quality.works, narrow, WorksWish(what="overdue")))
    check(overdue, "quality_works", few=10 * FEW)

    async def little_changed() -> None:
        await db.execute(
            "INSERT INTO upkeep (name, ran_at) VALUES (:name, clock_timestamp() + interval '5 minutes')",
            name=quality.JOB,
        )
        await quality.fold()

    check(await world.plans(monkeypatch, little_changed), "quality_changed", few=100)
