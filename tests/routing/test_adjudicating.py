"""What stays unclear goes to somebody who had no part in it, sees all answers without names, and decides with a reason."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from callboard.checks import all_invariants
from kernel import db, invariants
from kernel.settings import Settings
from routing import adjudicating, agreeing, overturn, reports, review_plans
from routing.adjudicating import Adjudicated, AdjudicationDraft
from routing.assignments import AssignmentView
from routing.errors import BadRequirement, NoSuchAssignment, UnknownLabel, WrongState
from routing.review_plans import Adjudicator, PlanDraft, Share, Stage
from skills import evidence
from tests.routing.factory import (
    claim,
    claim_one,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)

pytestmark = pytest.mark.usefixtures("pool")
CHOICES = {"choices": ["yes", "no"]}


async def broken() -> list[str]:
    found = [result.name for result in await invariants.run(all_invariants()) if result.violations]
    return found + [f"{person} {node}" for person, node in await evidence.differences()]


async def plan(project: UUID, adjudicator: Adjudicator, *stages: Stage) -> None:
    async with db.transaction("person:manager"):
        draft = PlanDraft(list(stages) or [Stage(name="peer")], "somebody decides", adjudicator)
        made = await review_plans.create_plan(project, draft, "person:manager")
        await review_plans.activate(project, made.version, "from today", "person:manager")


async def unclear(settings: Settings, *stages: Stage, who: Adjudicator | None = None) -> tuple[UUID, list[UUID]]:
    """A task that two people answered differently, and whom."""
    project = await make_project(settings, consensus_target=0.95, overlap=2, most_answers=2)
    await plan(project, who or Adjudicator(who={"min_level": 5}), *stages)
    (task,) = await make_tasks(project, payload=CHOICES)
    people = [
        await make_annotator(settings, name, roles=["annotator", "reviewer"], skills={"general": 5}) for name in "AB"
    ]
    for person, label in zip(people, ("yes", "no"), strict=True):
        await submit(
            settings, await claim_one(settings, person, kinds=["annotation"]), {"label": label, "comment": label}
        )
    return task, people


async def decide(settings: Settings, held: AssignmentView, label: str) -> Adjudicated:
    draft = AdjudicationDraft(epoch=held.epoch, label=label, reason="The source says so.")
    async with db.transaction(f"annotator:{held.annotator_id}"):
        return await adjudicating.decide(held.id, held.annotator_id, draft, settings)


async def value(query: str, **values: Any) -> Any:
    return await db.fetch_value(query, **values)


async def test_somebody_from_outside_decides_and_it_is_the_truth(settings: Settings) -> None:
    task, people = await unclear(settings)
    judge = await make_reviewer(settings, "Judge")
    assert await value("SELECT state FROM task WHERE id = :id", id=task) == "in_review"
    assert await value("SELECT count(*) FROM slot WHERE kind = 'review' AND stage = 1 AND state = 'free'") == 0, (
        "looks wait no longer"
    )
    assert await broken() == []
    for person in people:
        assert not (await claim(settings, person, kinds=["review"])).assignments, "whoever answered does not decide"
    held = await claim_one(settings, judge, kinds=["review"])
    with pytest.raises(WrongState):
        await verdict(settings, held, "accept")
    seen = await adjudicating.work(held.id, judge)
    assert sorted((one.name, one.label) for one in seen.answers) in (
        [("A", "yes"), ("B", "no")],
        [("A", "no"), ("B", "yes")],
    )
    assert (seen.choices, seen.open) == (["yes", "no"], False)
    with pytest.raises(UnknownLabel):
        await decide(settings, held, "perhaps")
    done = await decide(settings, held, "yes")
    assert (done.right, done.answers, done.task_state) == (1, 2, "accepted")
    rows = await db.fetch(
        "SELECT b.author, v.outcome, v.corrected ->> 'label' AS label, b.state FROM verdict v JOIN submission b ON b.id = v.submission ORDER BY b.id"
    )
    assert [(row["author"], row["outcome"], row["label"], row["state"]) for row in rows] == [
        (people[0], "accept", None, "accepted"), (people[1], "fix", "yes", "accepted"),
    ]  # fmt: skip
    learned = "SELECT outcome FROM evidence WHERE annotator = :id AND kind = 'review_verdict'"
    assert [await value(learned, id=person) for person in people] == [1.0, 0.5]
    assert await value("SELECT count(*) FROM transfer WHERE kind = 'post'") == 3, "two who answered, and who decided"
    story = [line.what for line in await reports.history(task)]
    assert {"task.adjudication_wanted", "task.adjudicated"} <= set(story)
    together = await agreeing.of_task(task)
    assert [one.votes for one in together.together] == [{"yes": 1, "no": 1}]
    decided = await adjudicating.of_task(task)
    assert decided is not None
    assert (decided.label, decided.display_name) == ("yes", "Judge")
    assert await broken() == []
    # A second look goes its usual way.
    verdict_id = await value("SELECT id FROM verdict WHERE outcome = 'fix'")
    async with db.transaction("person:manager"):
        await overturn.uphold(verdict_id, "It is right.", by=None)
    assert await broken() == []


async def test_the_database_lets_in_nobody_who_had_a_part(settings: Settings) -> None:
    task, people = await unclear(settings)
    slot = await value("SELECT id FROM slot WHERE stage = 6")
    # As if another had taken the answer's place since: the unique index alone would let them in.
    await db.execute(
        "UPDATE slot SET annotator = NULL, assignment_id = NULL, state = 'free' WHERE task = :task AND stage = 0",
        task=task,
    )
    for person in people:
        with pytest.raises(asyncpg.CheckViolationError, match="had a part"):
            await db.execute("UPDATE slot SET annotator = :person WHERE id = :id", person=person, id=slot)


async def test_what_passed_unseen_waits_for_the_decision(settings: Settings) -> None:
    task, people = await unclear(settings, Stage(name="sample", share=Share(share=0.01)))
    assert await value("SELECT count(*) FROM submission WHERE state = 'accepted'") >= 1, "one in a hundred is looked at"
    assert await value("SELECT state FROM task WHERE id = :id", id=task) == "in_review"
    held = await claim_one(settings, await make_reviewer(settings), kinds=["review"])
    assert (await decide(settings, held, "no")).task_state == "accepted"
    assert await value("SELECT count(*) FROM transfer WHERE kind = 'post' AND annotator_id = :id", id=people[0]) == 1
    assert await broken() == []


async def test_where_somebody_looks_already_that_look_goes_on(settings: Settings) -> None:
    project = await make_project(settings, consensus_target=0.95, overlap=2, most_answers=2)
    await plan(project, Adjudicator())
    await make_tasks(project, payload=CHOICES)
    await submit(settings, await claim_one(settings, await make_annotator(settings, "A")), {"label": "yes"})
    look = await claim_one(settings, await make_reviewer(settings), kinds=["review"])
    await submit(settings, await claim_one(settings, await make_annotator(settings, "B")), {"label": "no"})
    assert await value("SELECT count(*) FROM slot WHERE stage = 6") == 0
    await verdict(settings, look, "accept")
    assert await value("SELECT count(*) FROM slot WHERE stage = 6") == 0, "what a reviewer let stand is the truth"
    with pytest.raises(NoSuchAssignment):
        await adjudicating.work(look.id, look.annotator_id)
    assert await broken() == []


async def test_vendors_are_kept_apart_where_the_plan_says_so(settings: Settings) -> None:
    await unclear(settings, who=Adjudicator(other_vendor=True))
    assert not (await claim(settings, await make_reviewer(settings), kinds=["review"])).assignments, (
        "nobody has a vendor"
    )
    project = await value("SELECT id FROM project")
    with pytest.raises(BadRequirement, match=r"adjudicator\.who"):
        await plan(project, Adjudicator(who={"require": "credential nowhere"}))
