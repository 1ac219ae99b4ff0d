"""A verdict that was wrong: what counts, what is paid and what is believed end where the right one would have led."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from callboard.checks import all_invariants
from callboard.wiring import wire
from kernel import db, invariants
from kernel.settings import Settings
from routing import overturn, review
from routing.errors import NoSuchVerdict, OwnVerdict, SameOutcome, VerdictSuperseded
from routing.events import BudgetExhausted
from routing.overturn import OverturnDraft
from skills import evidence, standing_judging
from skills.belief import Belief
from skills.evidence import Observation, observe
from skills.profiles import load_profile, skills_of
from skills.standing_conditions import Rejected
from skills.standing_rules import RuleDraft, create_rule, switch_rule
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

WHY = "The year is right: page 12 of the source."


async def broken() -> list[str]:
    found = [result.name for result in await invariants.run(all_invariants()) if result.violations]
    return found + [f"{person} {node}" for person, node in await evidence.differences()]


async def one(query: str, **values: Any) -> Any:
    return await db.fetch_value(query, **values)


async def judged(settings: Settings, project: UUID, author: UUID, reviewer: UUID, outcome: str) -> UUID:
    """The author's next work in the project, judged by this reviewer; the verdict's id."""
    held = await claim_one(settings, author, project_ids=[project])
    await submit(settings, held)
    looked = await claim_one(settings, reviewer, project_ids=[project])
    return (await verdict(settings, looked, outcome)).verdict_id


async def decide(verdict_id: UUID, outcome: str, by: UUID | None = None) -> overturn.Overturned:
    async with db.transaction("person:manager"):
        draft = OverturnDraft(outcome=outcome, reason=WHY)  # type: ignore[arg-type]
        return await overturn.overturn(verdict_id, draft, by=by)


async def paid(author: UUID) -> list[int]:
    rows = await db.fetch("SELECT amount_micros FROM transfer WHERE kind = 'post' AND annotator_id = :id", id=author)
    return [row["amount_micros"] for row in rows]


async def record(reviewer: UUID) -> tuple[float, float]:
    row = await db.fetch_one(
        "SELECT outcome, weight FROM evidence e WHERE annotator = :id AND kind = 'review_given' AND retracts IS NULL "
        "AND task_kind = 'review' AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)",
        id=reviewer,
    )
    assert row is not None
    return row["outcome"], row["weight"]


@pytest.mark.usefixtures("pool")
async def test_a_rejection_that_was_wrong_is_paid_once_and_told_to_both(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer, third = [
        await make_annotator(settings),
        await make_reviewer(settings),
        await make_annotator(settings),
    ]
    (task,) = await make_tasks(project)
    given = await judged(settings, project, author, reviewer, "reject")
    assert await paid(author) == []
    low = (await load_profile(author)).belief("general").mean
    found = await decide(given, "accept")
    assert (found.submission_state, found.task_state, found.relearned.people) == ("accepted", "accepted", 2)
    assert await paid(author) == [2_500_000]
    assert (await load_profile(author)).belief("general").mean > low
    assert await record(reviewer) == (0.0, 1.0)
    told = await review.feedback(task, author)
    assert told is not None
    assert (told.outcome, told.given, told.overturned_because) == ("accept", "reject", WHY)
    events = await db.fetch("SELECT type, data->>'annotator_id' AS who FROM event WHERE type LIKE '%.overturned'")
    assert {(row["type"], row["who"]) for row in events} == {
        ("verdict.overturned", str(author)),
        ("review.overturned", str(reviewer)),
    }
    assert (await claim(settings, third)).assignments == [], "the place that the reject had opened is gone"
    assert await one("SELECT outcome FROM verdict WHERE id = :id", id=given) == "reject"
    # Back, and forth again: each is a row of its own, and money moved once.
    await decide(given, "reject")
    assert await record(reviewer) == (1.0, 1.0)
    assert (await decide(given, "accept")).task_state == "accepted"
    assert await paid(author) == [2_500_000]
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_what_was_paid_stays_paid_when_an_acceptance_was_wrong(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer, third = [
        await make_annotator(settings),
        await make_reviewer(settings),
        await make_annotator(settings),
    ]
    (task,) = await make_tasks(project)
    given = await judged(settings, project, author, reviewer, "accept")
    before = await one("SELECT difficulty_mean FROM task WHERE id = :id", id=task)
    found = await decide(given, "reject")
    assert (found.submission_state, found.task_state) == ("rejected", "open")
    assert await paid(author) == [2_500_000]
    assert await one("SELECT difficulty_mean FROM task WHERE id = :id", id=task) > before
    assert (await claim_one(settings, third)).task_id == task, "somebody else's answer is wanted"
    assert (await claim(settings, author)).assignments == []
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_work_that_was_sent_back_counts_unless_it_was_taken_again(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await make_tasks(project, 3)
    kept = await judged(settings, project, author, reviewer, "rework")
    assert (await decide(kept, "accept")).task_state == "accepted"
    assert await paid(author) == [2_500_000]
    gone = await judged(settings, project, author, reviewer, "rework")
    assert (await decide(gone, "reject")).task_state == "open"
    taken = await judged(settings, project, author, reviewer, "rework")
    await claim_one(settings, author)
    with pytest.raises(VerdictSuperseded):
        await decide(taken, "accept")
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_who_may_not_and_what_cannot_be_overturned(settings: Settings) -> None:
    project = await make_project(settings, budget="2.90")
    author, reviewer, third = [
        await make_annotator(settings),
        await make_reviewer(settings),
        await make_annotator(settings),
    ]
    (task,) = await make_tasks(project)
    given = await judged(settings, project, author, reviewer, "reject")
    for who in (author, reviewer):
        with pytest.raises(OwnVerdict):
            await decide(given, "accept", by=who)
    with pytest.raises(SameOutcome):
        await decide(given, "reject")
    with pytest.raises(NoSuchVerdict):
        await decide(uuid4(), "accept")
    await claim_one(settings, third)  # what was left of the budget is set aside for the next answer
    state = await one("SELECT state FROM task WHERE id = :id", id=task)
    with pytest.raises(BudgetExhausted):
        await decide(given, "accept")
    assert await one("SELECT state FROM task WHERE id = :id", id=task) == state == "in_progress"
    assert await one("SELECT count(*) FROM overturn") == 0
    async with db.transaction("person:manager"):
        upheld = await overturn.uphold(given, "I read it, too.", by=None)
    assert (upheld.upheld, upheld.outcome, upheld.relearned.evidence) == (True, "reject", 1)
    assert await record(reviewer) == (1.0, 1.0)
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_reviewers_are_judged_by_their_reviews(settings: Settings) -> None:
    """Who was never looked at is as good as the domain says, nearly; each overturned verdict counts against reviewing."""
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    before = await load_profile(reviewer)
    assert before.belief("general", "review").mean == before.belief("general").mean
    assert before.belief("general", "dialogue") == before.belief("general"), "a kind without a skill of its own"
    await make_tasks(project, 6)
    for _ in range(3):
        await decide(await judged(settings, project, author, reviewer, "reject"), "accept")
    after = await load_profile(reviewer)
    assert after.belief("general", "review").mean < before.belief("general").mean - 0.1
    views = {(view.domain, view.task_kind): view for view in await skills_of(reviewer, settings.skill_lower_bound_z)}
    assert views["general", "review"].mean == pytest.approx(after.belief("general", "review").mean, abs=1e-3)
    assert views["general", "review"].evidence_count == 3
    assert ("law", "review") not in views
    assert await broken() == []


# --- equality with the history in which the right verdict was given

a_round = st.sampled_from(["accept", "reject"])
an_author = st.tuples(st.booleans(), a_round)
"""Whether the work went back once before, and what became of it."""
news = st.tuples(st.integers(0, 2), st.sampled_from(["general", "law", "medicine"]), st.sampled_from([0.0, 0.5, 1.0]))


class World:
    """Three authors and six reviewers, one task that wants three answers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.authors: list[UUID] = []
        self.reviewers: list[UUID] = []
        self.project = self.task = UUID(int=0)

    async def build(self) -> None:
        settings = self.settings
        self.project = await make_project(settings, name=str(uuid4()), overlap=3, answer_limit=6, budget="1000")
        self.authors = [await make_annotator(settings, str(n)) for n in range(3)]
        self.reviewers = [await make_reviewer(settings, str(n)) for n in range(6)]
        (self.task,) = await make_tasks(self.project)

    async def stands(self, *people: UUID) -> None:
        """What rules say of them, as the job after each change does."""
        for person in people:
            async with db.transaction("system:worker"):
                await standing_judging.judge(person)

    async def say(self, author: int, reviewer: int, outcome: str) -> UUID:
        return await judged(self.settings, self.project, self.authors[author], self.reviewers[reviewer], outcome)

    async def see(self, who: int, domain: str, outcome: float) -> None:
        async with db.transaction():
            await observe(
                Observation(annotator_id=self.authors[who], domain=domain, kind="gold", source_type="item",
                            source_id=uuid4(), outcome=outcome, difficulty=Belief(0.2, 0.25))
            )  # fmt: skip

    async def looked_at(self, reviewer: int) -> None:
        """As if the second look at this reviewer's only verdict had come at once."""
        given = await one(
            "SELECT id FROM evidence WHERE annotator = :id AND kind = 'review_given'", id=self.reviewers[reviewer]
        )
        async with db.transaction():
            await evidence.correct(given, "at once", outcome=0.0, weight=1.0)

    async def end(self) -> dict[str, Any]:
        people = [*self.authors, *self.reviewers]
        rows = await db.fetch(
            "SELECT annotator, domain, task_kind, mean, variance, evidence_count, own_precision, own_shift, edge_mean "
            "FROM skill WHERE annotator = ANY (:ids)",
            ids=people,
        )
        task = await db.fetch_one(
            "SELECT difficulty_mean, difficulty_variance, state FROM task WHERE id = :id", id=self.task
        )
        assert task is not None
        beliefs = {
            (people.index(row["annotator"]), row["domain"], row["task_kind"]): tuple(row.values())[3:] for row in rows
        }
        await self.stands(*people)
        stands = await db.fetch(
            "SELECT annotator, domain, action FROM standing WHERE state = 'active' AND annotator = ANY (:ids)",
            ids=people,
        )
        pay = await db.fetch(
            "SELECT annotator_id, sum(amount_micros) AS micros FROM transfer WHERE kind = 'post' AND annotator_id = ANY (:ids) GROUP BY 1",
            ids=people,
        )
        # A look that nobody has checked weighs nothing; what its work's difficulty was then is put right when somebody does.
        records = await db.fetch(
            "SELECT annotator, outcome, weight, weight * difficulty_mean AS mean, weight * difficulty_variance AS variance FROM evidence e WHERE annotator = ANY (:ids) "
            "AND kind = 'review_given' AND retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)",
            ids=people,
        )
        return {
            "beliefs": beliefs, "difficulty": tuple(task.values()),
            "standing": sorted((people.index(row["annotator"]), row["domain"] or "", row["action"]) for row in stands),
            "pay": {people.index(row["annotator_id"]): int(row["micros"]) for row in pay},
            "records": sorted((people.index(row["annotator"]), *tuple(row.values())[1:]) for row in records),
        }  # fmt: skip


async def live(
    world: World, plan: list[tuple[bool, str]], seen: list[Any], wrong: int, late: int, *, err: bool
) -> None:
    """With `err` one verdict is the opposite of the plan's, and is overturned before author `late` is judged, or last."""
    await world.build()
    pieces, mistaken = iter(seen), None
    for n, (back, outcome) in enumerate(plan):
        if mistaken is not None and n == late:
            await decide(mistaken, plan[wrong][1])
            mistaken = None
        if back:
            await world.say(n, 2 * n, "rework")
        for piece in [piece for _, piece in zip(range(2), pieces, strict=False)]:
            await world.see(*piece)
        said = outcome if n != wrong or not err else {"accept": "reject", "reject": "accept"}[outcome]
        verdict_id = await world.say(n, 2 * n + 1, said)
        if n == wrong and err:
            mistaken = verdict_id
            await world.stands(world.authors[n])  # whatever followed from it at once is taken back, too
        elif n == wrong:
            await world.looked_at(2 * n + 1)
    for piece in pieces:
        await world.see(*piece)
    if mistaken is not None:
        await decide(mistaken, plan[wrong][1])


# Without shrinking: each example is two small operations on a real database, and a failing one is short enough.
@effort(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@example(plan=[(False, "accept"), (False, "accept"), (False, "accept")], seen=[], wrong=0, late=2)
@example(plan=[(True, "accept"), (True, "reject"), (False, "accept")], seen=[(0, "law", 1.0)] * 5, wrong=0, late=9)
@given(
    plan=st.lists(an_author, min_size=3, max_size=3),
    seen=st.lists(news, max_size=8),
    wrong=st.integers(0, 2),
    late=st.integers(1, 4),
)
def test_an_overturned_verdict_leaves_nothing_behind(
    settings: Settings, plan: list[tuple[bool, str]], seen: list[Any], wrong: int, late: int
) -> None:
    """Pay, belief, standing, the reviewer's record and the task's difficulty, to the last bit; so does everybody's else.

    What was paid for work that was accepted by mistake stays paid: there the author kept to what was asked.
    """

    async def compare() -> None:
        assert settings.database_url is not None
        async with db.pool(settings.database_url, settings):
            async with db.transaction("person:boss"):
                condition = Rejected(count=1, last=3)
                rule = RuleDraft(name=str(uuid4()), condition=condition, action="ask_manager", reason_en="Too many.")
                await switch_rule(await create_rule(rule), on=True)
            hour = datetime.now(UTC).hour
            right, mended = World(settings), World(settings)
            await live(right, plan, seen, wrong, late, err=False)
            await live(mended, plan, seen, wrong, late, err=True)
            found = await broken()
            ends = await right.end(), await mended.end()
            if plan[wrong][1] == "reject":
                assert wrong not in ends[0]["pay"]
                assert ends[1]["pay"].pop(wrong) == 2_500_000
            if datetime.now(UTC).hour == hour:  # across a full hour the two worlds are not equally old
                assert ends[0] == ends[1]
            assert found == []

    wire()
    asyncio.run(compare())
