"""Claims that share a transaction decide as claims that go alone, and nothing is held twice."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import pytest

from callboard.api.desk import Desk
from callboard.checks import check
from kernel import db
from kernel.settings import Settings
from routing import projects
from routing.assignments import AssignmentView, named_assignments
from routing.memory import Memory
from routing.together import Ask, NotTakenTogether, claim_together
from skills import annotators
from tests.routing.factory import claim, claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit

pytestmark = pytest.mark.usefixtures("pool")
BOTH = frozenset({"annotation", "review"})


def ask_of(person: UUID, actor: str = "token:frontend", **changes: object) -> Ask:
    return Ask(
        **({"annotator_id": person, "kinds": BOTH, "project_ids": None, "actor": actor, "everybody": True} | changes)
    )  # type: ignore[arg-type]


async def together(settings: Settings, memory: Memory, *people: UUID) -> list[AssignmentView | None]:
    async with db.transaction("token:frontend"):
        return await claim_together([ask_of(person) for person in people], settings, memory)


async def at_work(settings: Settings, *people: UUID) -> None:
    """Their first claim opens their accounts; what they got is done."""
    for person in people:
        held = await claim_one(settings, person)
        await submit(settings, held)


async def test_everybody_decides_as_if_alone(settings: Settings) -> None:
    """The same lane and the same task, whoever asks, over lanes that differ in all that the score looks at."""
    drawn = random.Random(3)
    project = await make_project(settings, budget="100000")
    for domain in ("general", "finance", "law"):
        for difficulty in (1, 2, 4):
            await make_tasks(project, 2, domain=domain, difficulty=difficulty, priority=drawn.randint(1, 5))
    people = [
        await make_annotator(
            settings, f"A{n}", skills={domain: drawn.randint(2, 5) for domain in ("general", "finance", "law")}
        )
        for n in range(12)
    ]
    await make_tasks(project, 24, difficulty=3)
    await at_work(settings, *people)
    for person in people:
        got: list[AssignmentView | None] = []
        with pytest.raises(NotTakenTogether):
            async with db.transaction("token:frontend"):
                got = await claim_together([ask_of(person)], settings, Memory())
                raise NotTakenTogether
        (alone,) = (await claim(settings, person)).assignments
        (shared,) = got
        assert shared is not None
        ties = [other for other in alone.why["runners_up"] if alone.why["score"]["total"] - other["score"] < 1e-3]
        if not ties:
            assert (shared.task_id, shared.price_micros, shared.why["lane"]) == (
                alone.task_id, alone.price_micros, alone.why["lane"],
            )  # fmt: skip
        assert shared.why["score"]["total"] == pytest.approx(alone.why["score"]["total"], abs=0.01)


async def test_a_batch_gives_every_task_once_and_money_is_held_for_each(settings: Settings) -> None:
    people = [await make_annotator(settings, f"A{n}") for n in range(16)]
    await make_tasks(await make_project(settings), 40)
    await at_work(settings, *people)
    got = await together(settings, Memory(), *people)
    held = [view for view in got if view is not None]
    assert len(held) == 16
    assert [view.annotator_id for view in held] == people
    assert max(Counter(view.task_id for view in held).values()) == 1
    assert all(view.task_state == "in_progress" for view in held)
    read = {view.id: view for view in await named_assignments([view.id for view in held])}
    assert [read[view.id] for view in held] == held, "what a claim answers is what is read later"
    report = await check()
    assert report.ok, report.to_text()


async def test_overlap_stays_with_distinct_people(settings: Settings) -> None:
    people = [await make_annotator(settings, f"A{n}", capacity=10) for n in range(4)]
    await make_tasks(await make_project(settings, overlap=3), 8)
    await at_work(settings, *people)
    memory = Memory()
    for _ in range(6):
        await together(settings, memory, *people)
    assert (
        await db.fetch_value(
            "SELECT count(*) FROM (SELECT task, annotator FROM slot WHERE annotator IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1) twice"
        )
        == 0
    )
    assert (await check()).ok


async def test_who_is_not_common_goes_alone(settings: Settings) -> None:
    """Newcomers, the paused, the full, who has rework waiting, and whom the asker does not reach."""
    project = await make_project(settings)
    await make_tasks(project, 12)
    fine, full, paused, new, other = [
        await make_annotator(settings, name, capacity=1) for name in ("fine", "full", "paused", "new", "other")
    ]
    await at_work(settings, fine, full, paused, other)
    await claim_one(settings, full)
    async with db.transaction("person:test"):
        await annotators.set_state(paused, "paused", "away")
    async with db.transaction("person:vendor"):
        asks = [ask_of(person) for person in (fine, full, paused, new)]
        asks.append(ask_of(other, everybody=False, vendor_id=UUID(int=7)))
        got = await claim_together(asks, settings, Memory())
    assert [view is not None for view in got] == [True, False, False, False, False]
    due = "INSERT INTO gold_due (id, annotator, project, drawn_at) VALUES (gen_random_uuid(), :person, :project, now())"
    await db.execute(due, person=other, project=project)
    assert await together(settings, Memory(), other) == [None], "gold is given alone"
    await db.execute("DELETE FROM gold_due")
    assert await together(settings, Memory(), other) != [None]


async def test_a_change_of_the_profile_is_seen_by_the_next_claim(settings: Settings) -> None:
    """The memory is used only as long as the version stands that triggers raise."""
    project = await make_project(settings)
    await make_tasks(project, 10, difficulty=5)
    person = await make_annotator(settings, skills={"general": 5})
    await at_work(settings, person)
    memory = Memory()
    assert (await together(settings, memory, person))[0] is not None
    async with db.transaction("person:test"):
        await annotators.assess(person, "general", 1, "a mistake")
    assert (await together(settings, memory, person))[0] is None


async def test_a_project_that_was_paused_a_moment_ago_gives_out_nothing(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 5)
    person = await make_annotator(settings)
    await at_work(settings, person)
    memory = Memory()
    assert (await together(settings, memory, person))[0] is not None
    async with db.transaction("person:test"):
        await projects.change_state(project, "paused")
    assert (await together(settings, memory, person))[0] is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE skill SET mean = mean + 0.1 WHERE annotator = :id",
        "INSERT INTO annotator_role (id, annotator, role) VALUES (gen_random_uuid(), :id, 'reviewer')",
        "DELETE FROM annotator_role WHERE annotator = :id",
        "UPDATE annotator_language SET level = 1 WHERE annotator = :id",
        "DELETE FROM annotator_language WHERE annotator = :id",
        "INSERT INTO credential (id, annotator, domain, kind, title, issuer) VALUES (gen_random_uuid(), :id, 'law', 'degree', 'LLB', 'X')",
        "UPDATE annotator SET state = 'paused' WHERE id = :id",
        "INSERT INTO standing (id, annotator, action, reason_en, reason_zh, measured, imposed_by) VALUES (gen_random_uuid(), :id, 'pause', 'r', 'r', '{}', 'm')",
    ],
)  # fmt: skip
async def test_whatever_a_profile_is_read_from_raises_its_version(settings: Settings, change: str) -> None:
    person = await make_annotator(settings)
    read = "SELECT version FROM profile_version WHERE annotator = :id"
    before = await db.fetch_value(read, id=person)
    async with db.transaction("person:test"):
        await db.execute(change, id=person)
    assert await db.fetch_value(read, id=person) > before


async def test_the_tree_of_domains_raises_the_version_of_all(settings: Settings) -> None:
    read = (
        "SELECT coalesce(max(version), 0) FROM profile_version WHERE annotator = '00000000-0000-0000-0000-000000000000'"
    )
    before = await db.fetch_value(read)
    async with db.transaction("person:test"):
        await db.execute("UPDATE domain SET parent_code = 'law' WHERE code = 'finance'")
    assert await db.fetch_value(read) > before


async def test_the_audit_log_names_each_asker(settings: Settings) -> None:
    first, second = await make_annotator(settings, "A"), await make_annotator(settings, "B")
    await make_tasks(await make_project(settings), 6)
    await at_work(settings, first, second)
    async with db.transaction("person:one"):
        got = await claim_together([ask_of(first, "person:one"), ask_of(second, "person:two")], settings, Memory())
    for view, actor in zip(got, ("person:one", "person:two"), strict=True):
        assert view is not None
        rows = await db.fetch(
            "SELECT actor FROM audit_entry WHERE (action = 'slot.live' AND subject_id = :slot) OR (action = 'task.in_progress' AND subject_id = :task)",
            slot=str(view.slot_id), task=str(view.task_id),
        )  # fmt: skip
        assert [row["actor"] for row in rows] == [actor, actor]


async def test_reviews_are_served_together_and_never_of_ones_own_work(settings: Settings) -> None:
    author = await make_annotator(settings, "Author", roles=["annotator", "reviewer"], skills={"general": 5})
    reviewer = await make_reviewer(settings)
    await make_tasks(await make_project(settings), 3)
    for _ in range(3):
        await submit(settings, await claim_one(settings, author))
    warm = await claim_one(settings, reviewer)
    got = await together(settings, Memory(), author, reviewer)
    assert got[0] is None
    assert got[1] is not None
    assert (got[1].kind, got[1].task_id == warm.task_id) == ("review", False)
    assert await named_assignments([got[1].id]) == [got[1]]


async def test_the_desk_answers_every_retry_with_the_first_reply(settings: Settings) -> None:
    """Forty visitors at once, half of them repeating the key of the other half."""
    people = [await make_annotator(settings, f"A{n}", capacity=5) for n in range(20)]
    await make_tasks(await make_project(settings), 60)
    await at_work(settings, *people)
    desk = Desk(settings)
    replies = await asyncio.gather(
        *(desk.claim(ask_of(person), f"key-{person}", b"same") for person in [*people, *people])
    )
    assert all(reply is not None for reply in replies[:20])
    assert replies[20:] == [None] * 20
    stored = {
        row["key"]: bytes(row["body"])
        for row in await db.fetch("SELECT key, body FROM idempotency_key WHERE status = 200")
    }
    assert stored == {f"key-{person}": reply for person, reply in zip(people, replies, strict=False)}
    assert (await check()).ok
