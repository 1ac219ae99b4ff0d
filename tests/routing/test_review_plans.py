"""Plans of review: stages one after the other, what is let pass, what time decides, and who never looks."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from callboard.checks import all_invariants
from callboard.wiring import wire
from kernel import db, invariants
from kernel.settings import Settings
from routing import leases, overdue, overturn, promises, review, review_plans
from routing.errors import BadPlan, BadRequirement, NoSuchPlan, PlanInForce, VerdictSuperseded
from routing.review_plans import ONE_LOOK, PlanDraft, Share, Stage, differences
from routing.sampling import Promise
from routing.staging import stratified
from skills import evidence
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

FIXED_WORK = {"turns": [{"role": "user", "text": "?"}, {"role": "assistant", "text": "Mended.", "rating": 4}]}


async def broken() -> list[str]:
    found = [result.name for result in await invariants.run(all_invariants()) if result.violations]
    return found + [f"{person} {node}" for person, node in await evidence.differences()]


async def put(project: UUID, *stages: Stage) -> int:
    async with db.transaction("person:manager"):
        made = await review_plans.create_plan(
            project, PlanDraft(list(stages), "as the customer asks"), "person:manager"
        )
        await review_plans.activate(project, made.version, "from today", "person:manager")
    return made.version


async def one(query: str, **values: Any) -> Any:
    return await db.fetch_value(query, **values)


async def state(task: UUID) -> str:
    return str(await one("SELECT state FROM task WHERE id = :id", id=task))


async def paid(person: UUID) -> int:
    return int(await one("SELECT count(*) FROM transfer WHERE kind = 'post' AND annotator_id = :id", id=person))


async def record(reviewer: UUID) -> list[tuple[float, float]]:
    rows = await db.fetch(
        "SELECT outcome, weight FROM evidence e WHERE annotator = :id AND kind = 'review_given' AND retracts IS NULL "
        "AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)",
        id=reviewer,
    )
    return [(row["outcome"], row["weight"]) for row in rows]


@pytest.mark.usefixtures("pool")
async def test_work_goes_from_stage_to_stage_and_counts_after_the_last(settings: Settings) -> None:
    project = await make_project(settings)
    await put(project, Stage(name="peer"), Stage(name="expert", who={"min_level": 5}))
    author, peer = await make_annotator(settings), await make_reviewer(settings, skills={"general": 4})
    expert = await make_reviewer(settings, "Exp", skills={"general": 5})
    (task,) = await make_tasks(project)
    await submit(settings, await claim_one(settings, author))
    looked = await claim_one(settings, peer)
    assert (await verdict(settings, looked, "fix", corrected=FIXED_WORK)).task_state == "in_review"
    assert (await paid(author), await paid(peer)) == (0, 1), "a look is paid when it is given, the work when it counts"
    assert (await claim(settings, peer)).assignments == [], "nobody looks at the same work twice"
    second = await claim_one(settings, expert)
    assert second.submission_id is not None
    assert await review.standing(second.submission_id, 2) == FIXED_WORK
    first = await one("SELECT id FROM verdict WHERE stage = 1")
    with pytest.raises(VerdictSuperseded):
        async with db.transaction("person:manager"):
            await overturn.overturn(first, overturn.OverturnDraft(outcome="reject", reason="no"), by=None)
    assert (await verdict(settings, second, "accept")).task_state == "accepted"
    assert (await state(task), await paid(author), await paid(expert)) == ("accepted", 1, 1)
    assert await record(peer) == [(1.0, 1.0)], "the next stage found it right"
    learned = await one("SELECT outcome FROM evidence WHERE kind = 'review_verdict' AND annotator = :id", id=author)
    assert learned == 0.5, "the author's work was half right, whoever mended it"
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_a_later_stage_that_sends_back_counts_against_the_earlier_and_looks_again(settings: Settings) -> None:
    project = await make_project(settings)
    await put(project, Stage(name="peer"), Stage(name="expert", second_look="same"))
    author = await make_annotator(settings)
    peer, expert, other = [await make_reviewer(settings, str(n)) for n in range(3)]
    await make_tasks(project)
    await submit(settings, await claim_one(settings, author))
    await verdict(settings, await claim_one(settings, peer), "accept")
    await verdict(settings, await claim_one(settings, expert), "rework")
    assert await record(peer) == [(0.0, 1.0)]
    again = await claim_one(settings, author)
    await submit(settings, again, WORK | {"round": 2})
    assert (await claim(settings, other)).assignments == [], "kept for whoever sent it back"
    assert (await claim(settings, peer)).assignments == []
    looked = await claim_one(settings, expert)
    assert (await verdict(settings, looked, "accept")).task_state == "accepted"
    assert await one("SELECT count(*) FROM verdict WHERE stage = 1") == 1, "what passed the first stage stays passed"
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_what_a_stage_lets_pass_counts_at_once_and_teaches_nothing(settings: Settings) -> None:
    project = await make_project(settings)
    await put(project, Stage(name="sample", share=Share(share=0.5)))
    author, reviewer = await make_annotator(settings, capacity=20), await make_reviewer(settings, capacity=20)
    await make_tasks(project, 12)
    states = [(await submit(settings, await claim_one(settings, author))).state for _ in range(12)]
    passed = states.count("accepted")
    assert 0 < passed < 12
    assert await paid(author) == passed
    assert await one("SELECT count(*) FROM evidence WHERE kind = 'review_verdict'") == 0
    for _ in range(12 - passed):
        await verdict(settings, await claim_one(settings, reviewer), "accept")
    assert await one("SELECT count(*) FROM task WHERE state = 'accepted'") == 12
    assert await one("SELECT count(*) FROM review_step WHERE chance = 0.5 AND reason ->> 'rule' = 'fixed'") == 12
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_time_decides_as_the_plan_says(settings: Settings) -> None:
    project = await make_project(settings)
    await put(
        project,
        Stage(name="peer", due_hours=24, overdue="escalate"),
        Stage(name="customer", due_hours=72, overdue="accept"),
    )
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    (task,) = await make_tasks(project)
    await submit(settings, await claim_one(settings, author))

    async def pass_time() -> None:
        await db.execute("UPDATE review_step SET due_at = clock_timestamp() - interval '1 minute'")
        async with db.transaction("system:clock"):
            await overdue.act()

    held = await claim_one(settings, reviewer)
    await pass_time()
    assert await one("SELECT count(*) FROM review_step") == 1, "what somebody has taken is theirs"
    await db.execute(
        "UPDATE slot SET lease_until = clock_timestamp() - interval '1 second' WHERE assignment_id = :id", id=held.id
    )
    async with db.transaction("system:clock"):
        await leases.sweep(settings)
    await pass_time()
    assert await one("SELECT string_agg(stage || state, ' ' ORDER BY stage) FROM slot WHERE kind = 'review'") == (
        "1cancelled 2free"
    )
    await pass_time()
    assert (await state(task), await paid(author)) == ("accepted", 1)
    told = await db.fetch("SELECT data ->> 'did' AS did FROM event WHERE type = 'review.overdue' ORDER BY id")
    assert [row["did"] for row in told] == ["next_stage", "accepted"]
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_versions_are_kept_compared_and_gone_back_to(settings: Settings) -> None:
    project = await make_project(settings)
    assert await put(project, Stage(name="all")) == 1
    assert await put(project, Stage(name="all", share=Share(share=0.2)), Stage(name="expert")) == 2
    compared = await review_plans.compare(project, 1, 2)
    assert (compared.looks_a, compared.looks_b) == (100.0, 120.0)
    assert [(one.stage, one.field) for one in compared.differences] == [(1, "share"), (2, "stage")]
    async with db.transaction("person:manager"):
        assert (await review_plans.activate(project, 0, "too dear", "m")).active
        with pytest.raises(PlanInForce):
            await review_plans.activate(project, 0, "again", "m")
        with pytest.raises(NoSuchPlan):
            await review_plans.activate(project, 7, "?", "m")
        with pytest.raises(BadPlan):
            await review_plans.create_plan(project, PlanDraft([Stage(name="a", overdue="accept")], "x"), "m")
        with pytest.raises(BadRequirement) as refused:
            await review_plans.create_plan(project, PlanDraft([Stage(name="a", who={"role": "wizard"})], "x"), "m")
    assert refused.value.extra["at"] == "stages[0].who"
    assert [(one.version, one.active) for one in await review_plans.plans(project)] == [
        (2, False),
        (1, False),
        (0, True),
    ]
    assert [one.version for one in await review_plans.activations(project)] == [0, 2, 1]
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("UPDATE review_plan SET note = 'other'")


def test_a_stratum_keeps_to_its_share_and_nobody_is_sure_to_pass() -> None:
    assert stratified(0.2, 10, 0, 0.99).looked, "far behind"
    assert stratified(0.2, 10, 6, 0.04).looked, "far ahead, and still not safe"
    assert not stratified(0.2, 10, 6, 0.06).looked
    assert differences(ONE_LOOK, ONE_LOOK) == []


@pytest.mark.usefixtures("pool")
async def test_a_promise_decides_how_much_is_looked_at_and_says_why(settings: Settings) -> None:
    project = await make_project(settings)
    await put(
        project,
        Stage(name="sample", share=Share(mode="adaptive", promise=Promise(defects=0.5, newcomers=4, floor=0.1))),
    )
    author, reviewer = await make_annotator(settings, capacity=40), await make_reviewer(settings, capacity=40)
    await make_tasks(project, 40)

    async def hand_in(count: int) -> list[str]:
        states = [(await submit(settings, await claim_one(settings, author))).state for _ in range(count)]
        for _ in range(states.count("pending")):
            await verdict(settings, await claim_one(settings, reviewer), "accept")
        async with db.transaction("system:clock"):
            assert await promises.refresh_all() == 1
            assert await promises.refresh_all() == 0, "nothing came in since"
        return states

    assert await hand_in(20) == ["pending"] * 20, "newcomers, and then nothing was worked out yet"
    assert (await hand_in(20)).count("accepted") > 8
    whys = await db.fetch("SELECT reason ->> 'why' AS why, min(chance) AS least FROM review_step GROUP BY 1")
    assert {row["why"]: row["least"] for row in whys} == {"newcomer": 1.0, "unknown": 1.0, "promise": 0.1}
    (said,) = await promises.promises(project)
    assert said.passed == said.handed_in == 40
    assert 0 < said.estimate < said.upper < 0.5
    assert said.surely_least == 0 < said.estimate
    assert await broken() == []


a_stage = st.builds(
    lambda n, who, share, same, apart: Stage(
        name=n, who=who, share=Share(mode="stratified", share=share), second_look=same, other_vendor=apart,
        double_share=share,
    ),
    st.uuids().map(str), st.sampled_from([{}, {"min_level": 5}, "role reviewer or role annotator"]),
    st.sampled_from([0.4, 1.0]), st.sampled_from(["same", "anybody"]), st.booleans(),
)  # fmt: skip


async def refused_by_the_database(project: UUID) -> None:
    """Each look of the project, given by hand to its author, or to somebody who looked at another stage."""
    rows = await db.fetch(
        "SELECT s.id, s.author_id AS whom FROM slot s WHERE s.project = :project AND s.kind = 'review' UNION "
        "SELECT s.id, v.reviewer FROM slot s JOIN submission b ON b.slot = s.answers_slot AND b.author = s.author_id JOIN verdict v ON v.submission = b.id "
        "WHERE s.project = :project AND s.kind = 'review' AND v.stage <> s.stage",
        project=project,
    )
    for row in rows:
        with pytest.raises(asyncpg.PostgresError):
            await db.execute("UPDATE slot SET annotator = :whom WHERE id = :id", **dict(row))


# Without shrinking: each example is a small operation on a real database, and a failing one is short enough.
@effort(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(
    stages=st.lists(a_stage, min_size=1, max_size=3),
    change=st.tuples(st.lists(a_stage, min_size=1, max_size=3), st.integers(1, 2)),
    roster=st.lists(st.tuples(st.booleans(), st.sampled_from([4, 5]), st.integers(0, 1)), min_size=4, max_size=6),
    said=st.lists(st.sampled_from(["accept", "accept", "fix", "rework", "reject"]), min_size=8, max_size=16),
)
def test_nobody_looks_at_their_own_work_or_at_the_same_work_twice(
    settings: Settings,
    stages: list[Stage],
    change: tuple[list[Stage], int],
    roster: list[tuple[bool, int, int]],
    said: list[str],
) -> None:
    """Over random plans and overlaps, another of which comes into force on the way, and rosters; everybody claims at once, and afterwards the database is
    asked to give each look to each of those who had a hand in the work.
    """
    later, overlap = change

    async def live() -> None:
        project = await make_project(settings, name=str(uuid4()), rework_limit=3, overlap=overlap)
        await put(project, *stages)
        people = [
            await make_annotator(
                settings, str(n), roles=["reviewer"] * reviews, skills={"general": level}, vendor=f"V{of}"
            )
            for n, (reviews, level, of) in enumerate(roster)
        ]
        await make_tasks(project, 2)
        words = iter(said)
        for turn in range(len(said)):
            if turn == len(said) // 2:
                await put(project, *later)
            got = await asyncio.gather(*(claim(settings, who, project_ids=[project]) for who in people))
            for held in [one for claimed in got for one in claimed.assignments]:
                if held.kind == "annotation":
                    await submit(settings, held, WORK | {"turn": turn})
                    continue
                word = next(words, "accept")
                rounds = await one(
                    "SELECT count(*) FROM submission b JOIN slot s ON s.answers_slot = b.slot WHERE s.submission_id = :id "
                    "AND b.state = 'rework'",
                    id=held.submission_id,
                )
                word = "reject" if word == "rework" and rounds >= 3 else word
                await verdict(settings, held, word, corrected=WORK if word == "fix" else None)
        looks = await db.fetch(
            "SELECT b.slot, b.author, v.reviewer, v.stage, r.vendor AS theirs, w.vendor AS own, s.plan_version FROM verdict v JOIN submission b "
            "ON b.id = v.submission JOIN assignment r ON r.id = v.assignment JOIN assignment w ON w.id = b.assignment "
            "JOIN review_step s ON s.submission = b.id AND s.stage = v.stage WHERE b.project = :project",
            project=project,
        )
        where: dict[tuple[Any, ...], set[int]] = {}
        plans = {1: stages, 2: later}
        for look in looks:
            assert look["author"] != look["reviewer"]
            where.setdefault((look["slot"], look["author"], look["reviewer"]), set()).add(look["stage"])
            asked = plans[look["plan_version"]]
            if look["stage"] <= len(asked) and asked[look["stage"] - 1].other_vendor:
                assert look["theirs"] != look["own"]
        assert all(len(found) == 1 for found in where.values())
        assert await broken() == []
        await refused_by_the_database(project)

    async def on_a_pool() -> None:
        assert settings.database_url is not None
        async with db.pool(settings.database_url, settings):
            await live()
            await db.execute("UPDATE project SET state = 'closed' WHERE state = 'published'")

    wire()
    asyncio.run(on_a_pool())


@pytest.mark.usefixtures("pool")
async def test_the_database_refuses_a_second_stage_by_the_same_person(settings: Settings) -> None:
    """Through rounds, too: who looked at the first round at one stage cannot hold the next one's other stage."""
    project = await make_project(settings)
    await put(project, Stage(name="peer"), Stage(name="expert"))
    author, first, second = [
        await make_annotator(settings),
        await make_reviewer(settings, "1"),
        await make_reviewer(settings, "2"),
    ]
    await make_tasks(project)
    await submit(settings, await claim_one(settings, author))
    await verdict(settings, await claim_one(settings, first), "rework")
    await submit(settings, await claim_one(settings, author), WORK | {"round": 2})
    await verdict(settings, await claim_one(settings, second), "accept")
    assert (await claim(settings, first)).assignments == []
    with pytest.raises(asyncpg.PostgresError, match="earlier stage"):
        await db.execute("UPDATE slot SET annotator = :id WHERE stage = 2", id=first)
    assert await broken() == []
