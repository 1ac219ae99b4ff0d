"""Who is on shift is known to claims: work waits a little for whoever fits much better, and never for long."""

import pytest

from callboard.checks import check
from kernel import clock, db
from kernel.settings import Settings
from routing.choice import Waiting
from routing.explain import explain
from routing.heads import KINDS, lane_heads
from routing.memory import Memory
from routing.situation import STALE_SECONDS, Stock, age_seconds, situation
from routing.stock import take_stock
from routing.waiting import what_waits
from routing.weights import POLICY
from skills.credentials import CredentialDraft
from tests.routing.factory import claim, claim_one, make_annotator, make_project, make_tasks, submit
from tests.routing.test_together import together

pytestmark = pytest.mark.usefixtures("pool")
STRONG, WEAK = {"general": 3, "law": 5}, {"general": 3, "law": 3}
HARD = {"domain": "law", "difficulty": 5, "requirements": {"min_level": 1}}


async def looked(settings: Settings, memory: Memory | None = None) -> Stock:
    async with db.transaction("system:test"):
        return await take_stock(settings, memory or Memory())


async def waited(seconds: float) -> None:
    await db.execute(
        "UPDATE slot SET waits_since = waits_since - make_interval(secs => :seconds) WHERE state = 'free'",
        seconds=float(seconds),
    )


async def shift(settings: Settings) -> tuple[object, object, object]:
    """A strong and a weak person at work, and a hard task that waits."""
    project = await make_project(settings, budget="10000")
    strong = await make_annotator(settings, "Strong", skills=STRONG)
    weak = await make_annotator(settings, "Weak", skills=WEAK)
    await make_tasks(project, 4, difficulty=1)
    for person in (strong, weak):
        await submit(settings, await claim_one(settings, person, kinds=["annotation"]))
        await claim_one(settings, person, kinds=["annotation"])
    (task,) = await make_tasks(project, **HARD)
    return strong, weak, task


async def test_work_waits_for_whoever_fits_better_and_then_for_nobody(settings: Settings) -> None:
    strong, weak, task = await shift(settings)
    stock = await looked(settings)
    assert stock.people == 2
    refused = await claim(settings, weak, kinds=["annotation"])  # type: ignore[arg-type]
    assert (refused.assignments, refused.reason) == ([], "kept_for_better_fit")
    assert refused.retry_after_seconds == 60
    told = await explain(task, weak, settings)  # type: ignore[arg-type]
    assert (told.would_get, told.places[0].kept_for_better_fit, told.places[0].eligible) == (False, True, True)
    assert (await explain(task, strong, settings)).would_get  # type: ignore[arg-type]
    assert [view for view in await together(settings, Memory(), weak) if view] == [], "together as alone"  # type: ignore[arg-type]
    await waited(POLICY.patience_ends_slas * 3600 + 1)
    assert (await claim_one(settings, weak, kinds=["annotation"])).task_id == task  # type: ignore[arg-type]


async def test_the_better_one_gets_it_at_once(settings: Settings) -> None:
    strong, _, task = await shift(settings)
    await looked(settings)
    assert (await claim_one(settings, strong, kinds=["annotation"])).task_id == task  # type: ignore[arg-type]


async def test_old_stock_keeps_nobody_waiting(settings: Settings) -> None:
    _, weak, task = await shift(settings)
    await looked(settings)
    await db.execute("UPDATE stock SET taken_at = taken_at - make_interval(secs => :s)", s=STALE_SECONDS + 1)
    assert not (await situation()).patient
    assert (await claim_one(settings, weak, kinds=["annotation"])).task_id == task  # type: ignore[arg-type]


async def test_whoever_went_home_is_not_waited_for(settings: Settings) -> None:
    strong, weak, task = await shift(settings)
    await db.execute("UPDATE presence SET last_seen = last_seen - interval '2 hours' WHERE annotator = :id", id=strong)
    assert (await looked(settings)).people == 1
    assert (await claim_one(settings, weak, kinds=["annotation"])).task_id == task  # type: ignore[arg-type]


async def test_what_is_found(settings: Settings) -> None:
    """Best worth rises with priority; experts' pay is in units of everybody else's; a second look moves nothing else."""
    project = await make_project(settings)
    degree = CredentialDraft(domain="law", kind="degree", isced_level=7, title="LL.M.", verified=True)
    expert = await make_annotator(settings, "E", skills={"general": 4, "law": 5}, credentials=[degree])
    await make_tasks(project, 1, difficulty=1)
    held = await claim_one(settings, expert)
    await make_tasks(project, 3, domain="law", difficulty=4)
    memory = Memory()
    first = await looked(settings, memory)
    (lane,) = first.best
    assert list(first.best[lane]) == sorted(first.best[lane])
    assert first.expert_pay == {lane: 1.5}
    assert (first.people, first.waiting, first.backlog, first.frame) == (1, 3, 3.0, 1)
    assert "law" in first.medians
    again = await looked(settings, memory)
    assert (again.frame, again.best, again.medians) == (1, first.best, first.medians)
    assert 0 <= (await age_seconds() or 9) < 5
    read = (await situation()).stock
    assert read.best[lane] == pytest.approx(again.best[lane], abs=1e-5)
    assert (read.medians, read.expert_pay, read.people) == (again.medians, again.expert_pay, again.people)
    got = await claim_one(settings, expert)
    assert got.why["inputs"]["pay"] == 1.5
    assert got.why["score"]["pay"] == pytest.approx(1.5 * POLICY.pay_weight)
    assert held.why["inputs"]["pay"] == 1.0


async def test_age_is_apart_from_priority_and_a_late_lane_shows_a_second_head(settings: Settings) -> None:
    project = await make_project(settings, sla_seconds=3600)
    (old,) = await make_tasks(project, 1)
    await db.execute("UPDATE slot SET waits_since = waits_since - interval '2 hours', rank = rank - 7200000")
    drafts = await make_tasks(project, 3, priority=3)
    new = [task for task in drafts if task != old]
    (head,) = await lane_heads(KINDS, None)
    late, fresh = head.waiting
    assert late == Waiting(0, pytest.approx(7200, abs=5), 3)
    assert (fresh.waited_seconds, fresh.priority) == (pytest.approx(0, abs=5), 3)
    person = await make_annotator(settings)
    got = await claim_one(settings, person)
    assert got.task_id == old, "at twice its SLA it comes before everything else"
    assert len(await what_waits(person, settings)) == 1
    for task, minutes in ((new[0], 61), (new[1], 30)):
        await db.execute(
            """UPDATE slot SET waits_since = waits_since - make_interval(mins => :minutes), rank = rank - 60000 * :minutes
               WHERE task = :task""",
            minutes=minutes,
            task=task,
        )
    other = await make_annotator(settings, "B")
    assert (await claim_one(settings, other)).task_id == new[1], "just late: what can be in time comes first"
    assert (await check()).ok


async def test_a_due_time_counts_as_the_end_of_the_sla(settings: Settings) -> None:
    project = await make_project(settings, sla_seconds=86400)
    due = clock.now().replace(microsecond=0)
    await make_tasks(project, 1, due_at=due)
    (head,) = await lane_heads(KINDS, None)
    assert head.waiting[0].waited_seconds == pytest.approx(86400, abs=30)
