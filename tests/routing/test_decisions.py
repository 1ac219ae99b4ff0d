"""Eligibility, score, order and explanation: pure where they can be, and the explanation agrees with the claim."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from kernel import db
from kernel.errors import Invalid
from kernel.settings import Settings
from routing import intake, projects
from routing.changes import TaskBulk, change_many
from routing.eligibility import judge
from routing.errors import WrongState
from routing.explain import explain
from routing.lanes import Lane, Requirements, annotation_lane, rank, review_lane
from routing.scoring import score
from skills.belief import Belief
from skills.errors import NoSuchDomain
from skills.profiles import Profile
from tests.routing.factory import claim, claim_one, make_annotator, make_project, make_reviewer, make_tasks

PROJECT = uuid4()


def person(**changes: object) -> Profile:
    values: dict[str, object] = {
        "id": uuid4(), "display_name": "P", "vendor_id": None, "state": "active", "state_reason": None, "capacity": 3,
        "roles": ["annotator"], "languages": {"en": 4}, "skills": {"general": Belief(0.0, 0.16), "law": Belief(1.2, 0.16)}, "credentials": [],
    }  # fmt: skip
    return Profile(**{**values, **changes})  # type: ignore[arg-type]


def lane(**changes: object) -> Lane:
    values: dict[str, object] = {
        "project_id": PROJECT, "kind": "annotation", "stage": 0, "domain": "general", "language": "en", "difficulty_band": 3,
        "min_level": 2, "required_role": "annotator", "required_credential": False,
    }  # fmt: skip
    return Lane(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("who", "what", "fails"),
    [
        ({}, {}, []),
        ({"state": "paused"}, {}, ["active"]),
        ({"roles": ["reviewer"]}, {}, ["role"]),
        ({"languages": {"zh-CN": 5}}, {}, ["language"]),
        ({"languages": {"en": 2}}, {}, ["language"]),
        ({}, {"min_level": 5}, ["level"]),
        ({"skills": {"general": Belief(0.0, 4.0)}}, {}, ["level"]),
        ({}, {"required_credential": True}, ["credential"]),
        ({"credentials": ["law"]}, {"domain": "law", "required_credential": True}, []),
        ({"roles": [], "languages": {}}, {"min_level": 4}, ["role", "language", "level"]),
    ],
)
def test_each_predicate(who: dict[str, object], what: dict[str, object], fails: list[str]) -> None:
    failures = judge(person(**who), lane(**what), 3, 0.84)
    assert [failure.predicate for failure in failures] == fails
    assert all(failure.needs and failure.has and failure.mend for failure in failures)


def test_an_expert_is_kept_for_what_experts_are_needed_for() -> None:
    easy, hard = lane(difficulty_band=1, min_level=1), lane(domain="law", difficulty_band=5, min_level=4)
    expert, generalist = (
        person(skills={"general": Belief(0.5, 0.1), "law": Belief(2.0, 0.1)}),
        person(skills={"general": Belief(0.5, 0.1)}),
    )
    assert score(expert, easy, 0, 86400).total < score(generalist, easy, 0, 86400).total
    assert score(expert, hard, 0, 86400).reserve < score(expert, easy, 0, 86400).reserve
    assert score(expert, easy, 3 * 86400, 86400).total > score(expert, hard, 0, 86400).total, "nothing starves"


def test_order_inside_a_lane() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert rank(now, 5, None, 86400) < rank(now, 3, None, 86400) < rank(now, 1, None, 86400)
    assert rank(now, 3, now + timedelta(hours=1), 86400) < rank(now, 3, None, 86400)
    assert rank(now - timedelta(days=5), 1, None, 86400) < rank(now, 5, None, 86400), "age overtakes priority"


def test_lanes_have_one_key_for_one_demand() -> None:
    def made(**requirements: object) -> Lane:
        return annotation_lane(
            PROJECT, domain="law", language="en", band=3, requirements=Requirements(**requirements), project_role=None  # type: ignore[arg-type]
        )  # fmt: skip

    assert made().key == made(min_level=2).key != made(min_level=3).key
    assert review_lane(made()).required_role == "reviewer"
    assert review_lane(made()).min_level == 3


@pytest.mark.usefixtures("pool")
async def test_explanations_agree_with_claims(settings: Settings) -> None:
    """For random people and tasks: who is said to be able to get the only free task gets it, the others do not."""
    rng = random.Random(7)
    project = await make_project(settings)
    outcomes = set()
    for n in range(24):
        domain = rng.choice(["general", "law"])
        draft = intake.TaskDraft(
            external_id=f"x{n}", domain=domain, language=rng.choice(["en", "zh-CN"]), difficulty=rng.randint(1, 5)
        )
        async with db.transaction():
            (task,) = (await intake.import_tasks(project, [draft])).ids.values()
        who = await make_annotator(
            settings, f"P{n}", languages={"en": rng.randint(1, 5), "zh-CN": rng.randint(1, 5)}, skills={"general": rng.randint(1, 5), "law": rng.randint(1, 5)},
        )  # fmt: skip
        told = await explain(task, who, settings)
        got = await claim(settings, who)
        assert told.would_get == bool(got.assignments), (told, got)
        outcomes.add(told.would_get)
        async with db.transaction():
            await db.execute("UPDATE slot SET state = 'cancelled' WHERE state = 'free' AND task = :task", task=task)
    assert outcomes == {True, False}


@pytest.mark.usefixtures("pool")
async def test_the_choice_is_kept_with_its_runners_up(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, difficulty=1)
    await make_tasks(project, difficulty=3)
    held = await claim_one(settings, await make_annotator(settings))
    assert held.why["lane"] == "annotation · general · en · difficulty 1"
    assert [other["lane"] for other in held.why["runners_up"]] == ["annotation · general · en · difficulty 3"]
    assert held.why["score"]["p_acceptable"] > 0.8


@pytest.mark.usefixtures("pool")
async def test_priority_is_served_first_and_can_be_changed_in_bulk(settings: Settings) -> None:
    project = await make_project(settings)
    ids = await make_tasks(project, 3)
    async with db.transaction("person:manager"):
        assert (
            await change_many([ids[2]], TaskBulk(action="set_priority", priority=5, reason="customer called"))
        ).changed == 1
    assert (await claim_one(settings, await make_annotator(settings))).task_id == ids[2]
    async with db.transaction("person:manager"):
        assert [
            line.id
            for line in (await change_many(ids, TaskBulk(action="cancel", reason="wrong batch"))).items
            if line.outcome == "changed"
        ] == sorted(ids[:2]), "what somebody holds stays"
    assert await db.fetch_value("SELECT count(*) FROM audit_entry WHERE reason = 'wrong batch'") == 3, (
        "each task, and the whole"
    )


@pytest.mark.usefixtures("pool")
async def test_intake_is_idempotent_and_says_what_is_wrong(settings: Settings) -> None:
    project = await make_project(settings)
    first = await make_tasks(project, 3)
    assert await make_tasks(project, 3) == first
    assert await db.fetch_value("SELECT count(*) FROM slot") == 3
    double = intake.TaskDraft(external_id="a", domain="general", language="en")
    for drafts, error in (
        ([double, double], Invalid),
        ([intake.TaskDraft(external_id="b", domain="alchemy", language="en")], NoSuchDomain),
        ([intake.TaskDraft(external_id="c", domain="general", language="en", requirements={"min_levle": 3})], Invalid),
        ([intake.TaskDraft(external_id="d", domain="general", language="en", payload={"x": "\x00"})], Invalid),
    ):
        with pytest.raises(error):
            async with db.transaction():
                await intake.import_tasks(project, drafts)


@pytest.mark.usefixtures("pool")
async def test_paused_projects_give_out_nothing(settings: Settings) -> None:
    project = await make_project(settings, publish=False)
    await make_tasks(project)
    who = await make_annotator(settings)
    assert (await claim(settings, who)).assignments == []
    for state, count in (("published", 1), ("paused", 0), ("published", 0)):
        async with db.transaction():
            assert (await projects.change_state(project, state)).state == state
        assert len((await claim(settings, who)).assignments) == count
    with pytest.raises(WrongState):
        async with db.transaction():
            await projects.change_state(project, "draft")


@pytest.mark.usefixtures("pool")
async def test_undrawn_edges_are_refused_by_the_database_itself(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    with pytest.raises(Exception, match="may not go from open to accepted"):
        await db.execute("UPDATE task SET state = 'accepted' WHERE id = :task", task=task)


@pytest.mark.usefixtures("pool")
async def test_a_statement_that_changes_many_is_checked_and_logged_row_by_row(settings: Settings) -> None:
    tasks = await make_tasks(await make_project(settings), count=3)
    changed = "SELECT subject_id, before->>'state' AS was, after->>'state' AS becomes FROM audit_entry WHERE subject_type = 'task'"
    async with db.transaction("person:owner"):
        await db.execute("UPDATE task SET priority = 1")
        assert await db.fetch(changed) == []
        await db.execute("UPDATE task SET state = 'in_progress' WHERE id = ANY (:ids)", ids=tasks[:2])
        await db.execute("UPDATE task SET state = 'in_progress'")
    found = {(row["subject_id"], row["was"], row["becomes"]) for row in await db.fetch(changed)}
    assert found == {(str(task), "open", "in_progress") for task in tasks}
    async with db.transaction("person:owner"):
        await db.execute("UPDATE task SET state = 'cancelled' WHERE id = :id", id=tasks[0])
    with pytest.raises(asyncpg.CheckViolationError, match="a task may not go from cancelled to accepted") as refused:
        await db.execute("UPDATE task SET state = CASE state WHEN 'cancelled' THEN 'accepted' ELSE 'cancelled' END")
    assert refused.value.constraint_name == "legal_transition"
    assert len(await db.fetch(changed)) == 4


@pytest.mark.usefixtures("pool")
async def test_a_reviewer_of_the_authors_vendor_is_refused_where_vendors_must_not_meet(settings: Settings) -> None:
    from tests.routing.factory import submit

    await make_tasks(await make_project(settings, review_other_vendor=True))
    author = await make_annotator(settings, vendor="Acme")
    await submit(settings, await claim_one(settings, author))
    same: UUID = await make_reviewer(settings, "Same", vendor="Acme")
    other: UUID = await make_reviewer(settings, "Other", vendor="Bravo")
    assert (await claim(settings, same)).assignments == []
    assert (await claim_one(settings, other)).kind == "review"
