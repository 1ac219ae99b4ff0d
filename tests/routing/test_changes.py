"""What managers change of tasks: one rule of rank, one report, one way back; time that ends and time that stands still."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock, db
from kernel.errors import Invalid, PreconditionFailed
from kernel.settings import Settings
from routing import changes, projects, reports
from routing.calendar_store import put_calendar
from routing.calendars import Clock, Hours
from routing.changes import TaskBulk, TaskBulkReport, TaskChange
from routing.errors import NoSuchTaskChange, WrongState
from routing.explain import explain
from routing.heads import lane_heads
from routing.lanes import rank
from routing.risk import Queue, forecast, risks
from tests.routing.factory import claim, claim_one, make_annotator, make_project, make_tasks, submit

pytestmark = pytest.mark.usefixtures("pool")
MANAGER = "person:manager"


async def bulk(ids: list[UUID], **wish: Any) -> TaskBulkReport:
    async with db.transaction(MANAGER):
        return await changes.change_many(ids, TaskBulk(reason="the customer called", **wish))


async def change(task: UUID, version: int | None = None, **wish: Any) -> None:
    async with db.transaction(MANAGER):
        await changes.change_task(task, TaskChange(**wish), version=version)


async def test_the_rule_of_rank_is_one(settings: Settings) -> None:
    for n in range(200):
        made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n * 86_413_777)
        due = None if n % 3 else made + timedelta(hours=n)
        asked = await db.fetch_value("SELECT task_rank(:made, :priority, :due, :sla)", made=made, priority=n % 5 + 1, due=due, sla=3600 * (n % 7 + 1))  # fmt: skip
        assert asked == rank(made, n % 5 + 1, due, 3600 * (n % 7 + 1))


async def test_a_bulk_change_reports_every_task_and_can_be_taken_back_once(settings: Settings) -> None:
    project = await make_project(settings)
    ids = await make_tasks(project, 4)
    before = {row["task"]: row["rank"] for row in await db.fetch("SELECT task, rank FROM slot")}
    held = await claim_one(settings, await make_annotator(settings))
    report = await bulk([*ids, uuid4()], action="set_priority", priority=5)
    assert (report.changed, report.unchanged, report.refused, report.not_found) == (4, 0, 0, 1)
    after = {row["task"]: row["rank"] for row in await db.fetch("SELECT task, rank FROM slot")}
    assert {before[one] - after[one] for one in ids} == {2 * 6 * 3_600_000}, "also under whoever holds it"
    cancelled = await bulk(ids, action="cancel")
    assert {line.id: line.why for line in cancelled.items if line.outcome == "refused"} == {held.task_id: "held"}
    async with db.transaction(MANAGER):
        back = await changes.undo(cancelled.bulk_id, MANAGER)
    assert back.changed == 3
    assert {(await reports.task(one)).state for one in ids if one != held.task_id} == {"open"}
    assert await db.fetch_value("SELECT count(*) FROM slot WHERE state = 'free'") == 3
    for actor in (MANAGER, "person:other"):
        with pytest.raises(NoSuchTaskChange):
            async with db.transaction(actor):
                await changes.undo(cancelled.bulk_id, actor)
    await bulk([ids[0]], action="set_priority", priority=1)
    async with db.transaction(MANAGER):
        again = await changes.undo(report.bulk_id, MANAGER)
    assert {line.id for line in again.items if line.outcome == "unchanged"} == {ids[0]}, "changed again meanwhile"
    ranks = {row["task"]: row["rank"] for row in await db.fetch("SELECT task, rank FROM slot")}
    assert {one: ranks[one] for one in ids[1:]} == {one: before[one] for one in ids[1:]}


async def test_a_due_time_moves_the_rank_and_is_taken_away_again(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, sla_seconds=3600))
    first = await db.fetch_value("SELECT rank FROM slot")
    due = clock.now() - timedelta(hours=2)
    await bulk([task], action="set_due", due_at=due)
    assert await db.fetch_value("SELECT rank FROM slot") == pytest.approx((due.timestamp() - 3600) * 1000, abs=1000)
    await bulk([task], action="set_due", due_at=None)
    assert await db.fetch_value("SELECT rank FROM slot") == first
    story = [line.detail.get("reason") for line in await reports.history(task)]
    assert story.count("the customer called") == 2


async def test_another_difficulty_is_another_lane_for_the_next_and_not_for_the_holder(settings: Settings) -> None:
    project = await make_project(settings)
    one, two = await make_tasks(project, 2, difficulty=1)
    beginner = await make_annotator(settings, "B", skills={"general": 1})
    held = await claim_one(settings, beginner)
    version = (await reports.task(held.task_id)).version
    with pytest.raises(PreconditionFailed):
        await change(held.task_id, version + 1, difficulty=5)
    for task in (one, two):
        await change(task, difficulty=5)
    assert (await claim(settings, beginner)).reason == "not_eligible"
    await submit(settings, held)
    lanes = await db.fetch("SELECT l.kind, l.min_level FROM slot s JOIN lane l ON l.id = s.lane WHERE s.state = 'free'")
    assert sorted((row["kind"], row["min_level"]) for row in lanes) == [("annotation", 4), ("review", 5)]
    with pytest.raises(Invalid, match="a level from 1 to 5"):
        await change(two if held.task_id == one else one, requirements={"min_level": 9})
    await bulk([one, two], action="cancel")
    with pytest.raises(WrongState):
        await change(two if held.task_id == one else one, priority=1)


async def test_ten_thousand_tasks_change_lane_in_one_request(settings: Settings) -> None:
    project = await make_project(settings)
    for _ in range(10):
        async with db.transaction(MANAGER):
            await changes_import(project)
    ids = await changes.found(reports.TaskFilter(project_id=project))
    assert len(ids) == 10_000
    began = time.perf_counter()
    report = await bulk(ids, action="set_difficulty", difficulty=4)
    took = time.perf_counter() - began
    assert report.changed == 10_000
    assert await db.fetch_value("SELECT count(DISTINCT lane) FROM slot") == 1
    assert took < 60, f"{took:.2f} s"  # 1 s of CPU; the wall clock says how busy the machine is


async def changes_import(project: UUID) -> None:
    from routing.intake import TaskDraft, import_tasks

    drafts = [TaskDraft(external_id=uuid4().hex, domain="general", language="en", difficulty=2) for _ in range(1000)]
    await import_tasks(project, drafts)


async def _expire() -> int:
    async with db.transaction("system:worker"):
        return await changes.expire(100)


async def _past(task: UUID) -> None:
    await db.execute("UPDATE task SET expires_at = clock_timestamp() - interval '1 second' WHERE id = :id", id=task)


async def test_an_expired_task_is_not_given_out_although_the_chore_is_late(settings: Settings) -> None:
    project = await make_project(settings)
    one, two = await make_tasks(project, 2)
    ann = await make_annotator(settings)
    assert (await reports.task(one)).expires_at is not None
    await _past(one)
    explained = await explain(one, ann, settings)
    assert not explained.would_get
    assert [failure.predicate for failure in explained.places[0].failures] == ["expired"]
    assert (await claim_one(settings, ann)).task_id == two
    assert (await claim(settings, ann)).reason == "nothing_waiting"
    await bulk([one], action="extend", days=3)
    held = await claim_one(settings, ann)
    assert held.task_id == one
    for task in (one, two):
        await _past(task)
    assert await _expire() == 0, "what somebody holds does not expire"
    await submit(settings, held)


async def test_the_chore_cancels_what_nobody_touched_and_tells_it(settings: Settings) -> None:
    one, two = await make_tasks(await make_project(settings), 2)
    await _past(one)
    assert await _expire() == 1
    assert await _expire() == 0
    assert [(await reports.task(task)).state for task in (one, two)] == ["cancelled", "open"]
    event = await db.fetch_one("SELECT data FROM event WHERE type = 'task.expired'")
    assert event is not None
    assert event["data"] == {"count": 1, "ids": [str(one)]}
    assert "expired" in [line.detail.get("reason") for line in await reports.history(one)]


async def test_null_days_never_expire(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, task_expires_days=None))
    assert (await reports.task(task)).expires_at is None


async def _state(project: UUID, state: str) -> None:
    async with db.transaction(MANAGER):
        await projects.change_state(project, state)


async def test_clocks_stand_still_while_a_project_is_paused(settings: Settings) -> None:
    project = await make_project(settings, sla_seconds=3600)
    (task,) = await make_tasks(project)
    await db.execute("UPDATE slot SET waits_since = waits_since - interval '30 minutes'")
    await _state(project, "paused")
    # As if the pause had begun ten minutes ago.
    await db.execute("UPDATE project SET paused_at = paused_at - interval '10 minutes'")
    before = (await reports.task(task)).expires_at
    assert [one.forecast.reason for one in await risks(settings, project)] == ["paused"]
    await _state(project, "published")
    (head,) = await lane_heads(["annotation"], [project])
    assert head.waited_seconds == pytest.approx(1200, abs=3)
    after = (await reports.task(task)).expires_at
    assert before is not None
    assert after is not None
    assert abs((after - before).total_seconds()) < 2
    assert (await projects.project(project)).paused_seconds == pytest.approx(600, abs=5)
    await _past(task)
    assert await _expire() == 0, "the pause came on top"


async def test_a_head_waits_by_the_calendar_of_its_project(settings: Settings) -> None:
    async with db.transaction(MANAGER):
        await put_calendar("never-now", Hours("UTC", {_another_day(): [("09:00", "10:00")]}))
    project = await make_project(settings, calendar="never-now")
    await make_tasks(project)
    await db.execute("UPDATE slot SET waits_since = waits_since - interval '1 hour'")
    (head,) = await lane_heads(["annotation"], None)
    assert head.waited_seconds == 0
    async with db.transaction(MANAGER):
        await put_calendar("never-now", Hours("UTC", {day: [("00:00", "24:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}))  # fmt: skip
    (head,) = await lane_heads(["annotation"], None)
    assert head.waited_seconds == pytest.approx(3600, abs=3)


def _another_day() -> str:
    """Neither today nor yesterday."""
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(clock.now().weekday() + 3) % 7]


NOW = datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp()


def queue(**facts: Any) -> Queue:
    values: dict[str, Any] = {
        "waiting": 10, "first_rank_ms": int((NOW - 600) * 1000), "last_rank_ms": int((NOW - 60) * 1000), "handed_in": 24,
        "window_from": NOW - 86_400, "mean_seconds": 300.0, "people_here": 2, "sla_seconds": 86_400,
    }  # fmt: skip
    return Queue(**values | facts)


@pytest.mark.parametrize(
    ("facts", "risk", "reason"),
    [
        ({"waiting": 0}, "low", "nothing_waits"),
        ({}, "low", "on_track"),
        ({"waiting": 20}, "medium", "sla_close"),
        ({"waiting": 30}, "high", "sla_will_be_missed"),
        ({"first_rank_ms": int((NOW - 86_400) * 1000)}, "high", "sla_missed"),
        ({"handed_in": 0}, "medium", "no_rate"),
        ({"handed_in": 0, "people_here": 0}, "medium", "nobody_here"),
        ({"earliest_due": NOW - 1}, "high", "overdue"),
        ({"earliest_due": NOW + 9 * 3600}, "high", "due_will_be_missed"),
        ({"earliest_due": NOW + 11 * 3600}, "low", "on_track"),
        ({"paused": True}, "medium", "paused"),
    ],
)
async def test_the_risk_says_its_reason(facts: dict[str, Any], risk: str, reason: str) -> None:
    found = forecast(queue(**facts), Clock(), NOW)
    assert (found.risk, found.reason) == (risk, reason)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 100))
def test_a_longer_queue_is_never_a_smaller_risk(waiting: int, more: int, handed_in: int) -> None:
    order = {"low": 0, "medium": 1, "high": 2}
    less = forecast(queue(waiting=waiting, handed_in=handed_in), Clock(), NOW)
    longer = forecast(queue(waiting=waiting + more, handed_in=handed_in), Clock(), NOW)
    assert order[less.risk] <= order[longer.risk]


async def test_the_report_counts_what_is_there(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 3)
    await submit(settings, await claim_one(settings, await make_annotator(settings)))
    (found,) = await risks(settings)
    assert (found.forecast.waiting, found.forecast.people_here, found.forecast.risk) == (2, 1, "low")
    assert found.forecast.per_hour == 4.0, "one in the quarter of an hour that a rate is taken from at least"
    assert [(lane.domain, lane.forecast.waiting) for lane in found.lanes] == [("general", 2)]


async def test_the_clocks_of_a_draft_stand_still_until_it_is_published(settings: Settings) -> None:
    project = await make_project(settings, publish=False)
    (task,) = await make_tasks(project)
    await db.execute("UPDATE project SET paused_at = paused_at - interval '20 days'")
    await db.execute("UPDATE slot SET waits_since = waits_since - interval '20 days'")
    await db.execute("UPDATE task SET expires_at = expires_at - interval '20 days'")
    await _state(project, "published")
    (head,) = await lane_heads(["annotation"], None)
    assert head.waited_seconds == pytest.approx(0, abs=3)
    assert (await claim_one(settings, await make_annotator(settings))).task_id == task
