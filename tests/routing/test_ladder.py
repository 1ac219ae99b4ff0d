"""The ladder: pure steps, and the same relaxed lane at every door."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.checks import all_invariants
from kernel import db, invariants
from kernel.errors import Invalid
from kernel.settings import Settings
from routing import by_hand, climbing, projects, review_plans, staging, together
from routing.errors import NotEligible
from routing.explain import explain
from routing.ladder import Relax, Step, asked, parse, seconds_until, steps_reached
from routing.lanes import Lane, Requirements, annotation_lane, review_lane
from routing.memory import Memory
from routing.presence import set_presence
from routing.review_plans import PlanDraft, Share, Stage
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

STEPS: list[dict[str, Any]] = [
    {"after_minutes": 30, "relax": {"min_level": -1}},
    {"at_sla_share": 0.5, "relax": {"min_level": -2}, "expedite": False},
]
LADDER = parse(STEPS, set())
SLA = 4 * 3600.0


def lane(**changes: Any) -> Lane:
    values = {"min_level": 4, "role": "expert"} | changes
    return annotation_lane(uuid4(), domain="law", language="en", band=4, requirements=Requirements(**values), project_role=None)  # fmt: skip


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(0, 5), st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_more_waiting_never_leads_down(a: float, b: float, queue: int, present: list[int]) -> None:
    low, high = sorted((a, b))
    assert steps_reached(LADDER, low, SLA, queue, present) <= steps_reached(LADDER, high, SLA, queue, present)


def test_steps_are_taken_by_waiting_by_the_sla_and_by_the_queue() -> None:
    here = [1, 1, 1]
    assert [steps_reached(LADDER, minutes * 60, SLA, 0, here) for minutes in (0, 29, 30, 119, 120)] == [0, 0, 1, 1, 2]
    by_queue = (Step(Relax(role="annotator"), when_queue_over=10),)
    assert [steps_reached(by_queue, 0, SLA, queue, [1, 1]) for queue in (10, 11)] == [0, 1]


def test_a_step_is_skipped_only_where_somebody_who_is_here_could_come() -> None:
    assert steps_reached(LADDER, 0, SLA, 0, [0, 1, 1]) == 1
    assert steps_reached(LADDER, 0, SLA, 0, [0, 0, 0]) == 0, "nobody is here: the night relaxes nothing"
    assert steps_reached(LADDER, 0, SLA, 0, [0, 0, 1]) == 1, "the second step waits for its time"
    assert steps_reached(LADDER, 0, SLA, 0, [1, 2, 3]) == 0


def test_what_a_step_asks_adds_up_and_stays_above_the_floor() -> None:
    assert asked(lane(), 3, LADDER, 1).lane.min_level == 3
    second = asked(lane(), 3, LADDER, 2)
    assert (second.lane.min_level, second.relaxed) == (1, {"min_level": [4, 1]})
    assert asked(lane(min_level=1), 3, LADDER, 2).relaxed == {}
    role = parse([{"after_minutes": 1, "relax": {"role": "annotator", "language_level": -1}}], {"annotator"})
    assert asked(lane(), 3, role, 1).relaxed == {"language_level": [3, 2], "role": ["expert", "annotator"]}
    assert asked(review_lane(lane()), 3, role, 1).lane.required_role == "reviewer", "a review stays a reviewer's"


def test_when_waiting_alone_leads_to_a_step() -> None:
    assert [seconds_until(LADDER, step, SLA) for step in (1, 2)] == [1800, 7200]
    assert seconds_until((Step(Relax(min_level=-1), when_queue_over=1),), 1, SLA) is None


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"after_minutes": 5}], "Step 1.*relax"),
        ([{"after_minutes": 5, "relax": {}}], "Step 1.*relaxes nothing"),
        ([{"relax": {"min_level": -1}}], "Step 1.*never reached"),
        ([{"after_minutes": 5, "relax": {"min_level": 1}}], "Step 1"),
        ([*STEPS, {"after_minutes": 10, "relax": {"min_level": -1}}], "Step 3.*before the one above"),
        ([{"after_minutes": 5, "relax": {"role": "wizard"}}], "wizard"),
        ([{"after_minutes": 5, "relax": {"second_review": True}}], "Step 1.*relaxes nothing"),
        ([STEPS[0]] * 9, "at most 8"),
    ],
)
def test_a_ladder_that_cannot_be_used_is_refused_at_its_step(steps: list[Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse(steps, {"annotator"})


async def _older(minutes: int) -> None:
    await db.execute("UPDATE slot SET waits_since = waits_since - make_interval(mins => :minutes)", minutes=minutes)


async def _climb(settings: Settings) -> int:
    async with db.transaction("system:worker"):
        return await climbing.climb(settings)


@pytest.mark.usefixtures("pool")
async def test_the_ladder_reaches_somebody_and_the_relaxed_claim_is_written_down(settings: Settings) -> None:
    project = await make_project(settings, ladder=STEPS[:1])
    (task,) = await make_tasks(project, difficulty=5)
    ann = await make_annotator(settings, skills={"general": 3})
    assert await _climb(settings) == 0
    assert (await claim(settings, ann)).reason == "not_eligible"
    (place,) = (await explain(task, ann, settings)).places
    assert place.ladder is not None
    assert (place.ladder.stands_on, place.ladder.step, place.ladder.relaxed) == (0, 1, {"min_level": [4, 3]})
    told = await db.fetch_value("SELECT waits_since + interval '30 minutes' FROM slot")
    assert place.ladder.at is not None
    assert abs((place.ladder.at - told).total_seconds()) < 0.01
    await _older(31)
    assert await _climb(settings) == 1
    assert (await explain(task, ann, settings)).would_get
    held = await claim_one(settings, ann)
    assert held.why["ladder"] == {"step": 1, "relaxed": {"min_level": [4, 3]}}
    row = await db.fetch_one("SELECT assignment, task, step, relaxed FROM relaxation")
    assert row is not None
    assert (row["assignment"], row["task"], row["step"], row["relaxed"]) == (held.id, task, 1, {"min_level": [4, 3]})
    assert set(await climbing.ages()) == {"routing.climb"}
    assert await _climb(settings) == 1, "where nothing waits the lane stands on the ground again"


@pytest.mark.usefixtures("pool")
async def test_claims_that_share_a_transaction_judge_by_the_same_step(settings: Settings) -> None:
    project = await make_project(settings, ladder=STEPS[:1])
    await make_tasks(project, 2, difficulty=5)
    ann, memory = await make_annotator(settings, skills={"general": 3}), Memory()
    ask = together.Ask(ann, frozenset({"annotation"}), None, "person:test", everybody=True)
    await make_tasks(project, 1, difficulty=1)
    await claim_one(settings, ann)  # opens the account that shared claims need
    async with db.transaction("person:test"):
        assert await together.claim_together([ask], settings, memory) == [None]
    await _older(31)
    await _climb(settings)
    memory._read_at = float("-inf")
    async with db.transaction("person:test"):
        (view,) = await together.claim_together([ask], settings, memory)
    assert view is not None
    assert view.why["ladder"]["step"] == 1
    assert await db.fetch_value("SELECT count(*) FROM relaxation") == 1


@pytest.mark.usefixtures("pool")
async def test_a_step_is_expedited_for_who_is_here(settings: Settings) -> None:
    project = await make_project(settings, ladder=STEPS[:1])
    await make_tasks(project, 1, difficulty=1)
    ann = await make_annotator(settings, skills={"general": 3})
    await claim_one(settings, ann)
    await make_tasks(project, 1, difficulty=5)
    assert await _climb(settings) == 1
    assert (await claim_one(settings, ann)).difficulty_band == 5


@pytest.mark.usefixtures("pool")
async def test_a_ladder_is_changed_under_the_version_that_was_read(settings: Settings) -> None:
    project = await make_project(settings)
    async with db.transaction("person:manager"):
        view = await projects.change_project(project, projects.ProjectChange(ladder=STEPS), version=2)
    assert [step["relax"] for step in view.ladder] == [{"min_level": -1}, {"min_level": -2}]
    assert (view.version, view.task_expires_days) == (3, 14)


REVIEWED: list[dict[str, Any]] = [{"after_minutes": 30, "relax": {"min_level": -1, "second_review": True}}]


def test_one_review_more_goes_with_what_is_relaxed_and_is_no_matter_of_reviews() -> None:
    ladder = parse([*STEPS[:1], {"after_minutes": 60, "relax": {"second_review": True}}], set())
    assert asked(lane(), 3, ladder, 1).relaxed == {"min_level": [4, 3]}
    assert asked(lane(), 3, ladder, 2).relaxed == {"min_level": [4, 3], "second_review": [False, True]}
    assert asked(lane(min_level=1), 3, ladder, 2).relaxed == {}, "nothing was left to relax"
    assert "second_review" not in asked(review_lane(lane()), 3, ladder, 2).relaxed


@pytest.mark.usefixtures("pool")
async def test_work_that_was_given_out_relaxed_is_looked_at_once_more(settings: Settings) -> None:
    """By somebody else, whatever the plan asks; after a rework by whoever sent it back; not where the author is able enough."""
    project = await make_project(settings, ladder=REVIEWED)
    weak, able = await make_annotator(settings, skills={"general": 3}), await make_annotator(settings, "A", skills={"general": 5})  # fmt: skip
    first, second = [await make_reviewer(settings, str(n), skills={"general": 5}) for n in range(2)]
    await make_tasks(project, 2, difficulty=5)
    await _older(31)
    await _climb(settings)
    for author, looks in ((able, 1), (weak, 2)):
        held = await claim_one(settings, author)
        assert held.why["ladder"]["relaxed"]["second_review"] == [False, True]
        handed_in = await submit(settings, held)
        for n, reviewer in enumerate((first, second)[:looks], 1):
            state = (await verdict(settings, await claim_one(settings, reviewer), "accept" if n == 1 else "rework")).task_state  # fmt: skip
            assert state == ("in_review" if n < looks else "rework" if looks > 1 else "accepted")
    async with db.transaction("person:manager"):
        seldom = PlanDraft([Stage(name="peer", share=Share(share=0.01))], "as little as can be")
        made = await review_plans.create_plan(project, seldom, "person:manager")
        await review_plans.activate(project, made.version, "from today", "person:manager")
    assert await staging.would_look(handed_in.submission_id, settings), "gold, that ends as other work does, is told so"
    again = await claim_one(settings, weak)
    await submit(settings, again, WORK | {"round": 2})
    assert (await claim(settings, first)).assignments == [], "what passed the plan stays passed"
    assert (await verdict(settings, await claim_one(settings, second), "accept")).task_state == "accepted"
    rules = [row["rule"] for row in await db.fetch("SELECT reason ->> 'rule' AS rule FROM review_step WHERE stage = 2 ORDER BY decided_at")]  # fmt: skip
    assert rules == ["second_review", "sent_back"]
    assert [result.name for result in await invariants.run(all_invariants()) if result.violations] == []


@pytest.mark.usefixtures("pool")
async def test_a_manager_passes_over_the_wait_of_a_step(settings: Settings) -> None:
    project = await make_project(settings, ladder=REVIEWED)
    (task,) = await make_tasks(project, difficulty=5)
    ann, weaker = await make_annotator(settings, skills={"general": 3}), await make_annotator(settings, "W", skills={"general": 2})  # fmt: skip
    async with db.transaction("person:manager"):
        for person in (ann, weaker):
            await set_presence(person, "available", settings, by_manager=True)
    for person, override in ((ann, ()), (ann, ("preference",)), (weaker, ("ladder",))):
        with pytest.raises(NotEligible, match="level"):
            async with db.transaction("person:manager"):
                await by_hand.assign(task, person, settings, reason="urgent", override=override)
    async with db.transaction("person:manager"):
        held = await by_hand.assign(task, ann, settings, reason="urgent", override=("ladder",))
    assert held.why["ladder"]["step"] == 1
    assert (
        await db.fetch_value("SELECT relaxed ->> 'min_level' FROM relaxation WHERE task = :task", task=task) == "[4, 3]"
    )
