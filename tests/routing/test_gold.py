"""Gold on the real database: hidden among work, scored, doubted, corrected, and kept apart from what is work."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from callboard.importing.write import judge_by_database
from callboard.persons.evidence import Wish, evidence, story_of
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import gold_answers, gold_bank, gold_doubts, gold_giving, gold_keys, gold_rules, leases
from routing.assignments import AssignmentView, assignment
from routing.dispatch import Claim
from routing.errors import (
    BadGold,
    GoldContested,
    GoldContestOver,
    LessQualified,
    NoSuchGold,
    OwnGoldContest,
    SameGoldKey,
)
from routing.gold_bank import GoldDraft, GoldFilter, GoldOfTask
from routing.gold_doubts import Doubter, GoldDoubtDecision, GoldDoubtDraft
from routing.gold_rules import GoldRateDraft, GoldRuleDraft
from routing.gold_scoring import GoldKey
from routing.intake import TaskDraft
from skills.evidence import differences
from skills.profiles import load_profile
from tests.routing.factory import lapse, make_annotator, make_project, make_reviewer, make_tasks, submit
from tests.routing.test_overturn import broken, judged, paid

pytestmark = pytest.mark.usefixtures("pool")
sql = load("routing")
BY, OTHER = Doubter("person:m", None), Doubter("person:n", None)
CHOICE = {"question": "Which is red?", "choices": ["Sencha", "Assam"], "title": "Tea"}
WORK = {"question": "Which is green?", "choices": ["Sencha", "Assam"], "title": "Work"}
RIGHT, WRONG = {"label": "Assam"}, {"label": "Sencha"}


async def opened(
    settings: Settings, *, gold: int = 1, feedback: bool = True, **project: Any
) -> tuple[UUID, list[UUID]]:
    """A project with work of one kind that waits, and gold of it."""
    project_id = await make_project(settings, **project)
    await make_tasks(project_id, 6, kind="choice", payload=WORK)
    async with db.transaction("person:m"):
        await gold_rules.put_rule(
            project_id, GoldRuleDraft(enabled=True, feedback=feedback, share=0, newcomer_share=0), settings
        )
        drafts = [
            GoldDraft(name=f"g{n}", kind="choice", domain="general", language="en", difficulty=2, payload=CHOICE,
                      key=GoldKey(answer="Assam"))
            for n in range(gold)
        ]  # fmt: skip
        ids = await gold_bank.enter(project_id, drafts, "person:m")
    return project_id, list(ids.values())


async def due(person: UUID, project_id: UUID) -> None:
    await db.execute(sql.gold_falls_due, id=uuid7(), annotator_id=person, project_id=project_id)


async def claimed(settings: Settings, person: UUID, **options: Any) -> Claim:
    async with db.transaction(f"annotator:{person}"):
        return await gold_giving.claim_hiding(person, settings, **options)


async def given(settings: Settings, person: UUID, project_id: UUID) -> AssignmentView:
    await due(person, project_id)
    return (await claimed(settings, person, project_ids=[project_id])).assignments[0]


async def is_gold(view: AssignmentView) -> bool:
    return bool(await db.fetch_value("SELECT gold FROM task WHERE id = :id", id=view.task_id))


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return type(value).__name__


async def decided(contest_id: UUID, settings: Settings, by: Doubter = OTHER, **decision: Any) -> Any:
    async with db.transaction(by.label):
        return await gold_keys.decide(contest_id, GoldDoubtDecision(reason="looked it up", **decision), by, settings)


async def doubted(gold_id: UUID, settings: Settings, by: Doubter = BY) -> UUID:
    async with db.transaction(by.label):
        return await gold_doubts.doubt(gold_id, GoldDoubtDraft(reason="Assam is black."), by, settings)


async def test_nothing_tells_gold_from_work(settings: Settings) -> None:
    project_id, _ = await opened(settings, feedback=False)
    person = await make_annotator(settings, capacity=9)
    gold, work = await given(settings, person, project_id), (await claimed(settings, person)).assignments[0]
    assert [await is_gold(gold), await is_gold(work)] == [True, False]
    for name in AssignmentView.__struct_fields__:
        one, other = getattr(gold, name), getattr(work, name)
        assert shape(one) == shape(other), name
        if name not in {
            "id",
            "slot_id",
            "task_id",
            "external_id",
            "payload",
            "why",
            "lease_until",
            "deadline",
            "claimed_at",
        }:
            assert one == other, name
    assert len(gold.external_id) == len(work.external_id)
    assert gold.external_id.startswith("t")
    assert gold.task_id.int >> 80 == work.task_id.int >> 80, "as old as the work beside it"
    assert (gold.task_id.version, gold.task_id.variant, gold.slot_id.version) == (
        7,
        work.task_id.variant,
        work.slot_id.version,
    )
    ages = await db.fetch(
        "SELECT created_at, import_batch, expires_at, lane FROM task WHERE id = ANY (:ids)",
        ids=[gold.task_id, work.task_id],
    )
    assert dict(ages[0]) == dict(ages[1])
    events = await db.fetch(
        "SELECT type, data FROM event WHERE subject_id = ANY (:ids) ORDER BY id", ids=[gold.task_id, work.task_id]
    )
    assert len(events) == 2
    assert shape(dict(events[0])) == shape(dict(events[1]))
    done = [await submit(settings, one, RIGHT) for one in (gold, work)]
    assert shape(msgspec.to_builtins(done[0])) == shape(msgspec.to_builtins(done[1]))
    assert [one.state for one in done] == ["pending", "pending"]
    again = [await assignment(one.id) for one in (gold, work)]
    assert (again[0].task_state, again[0].state) == (again[1].task_state, again[1].state) == ("in_review", "submitted")
    assert await broken() == []


async def test_never_twice_never_to_who_made_it_and_paid_like_work(settings: Settings) -> None:
    project_id, (gold_id,) = await opened(settings)
    person = await make_annotator(settings, capacity=9)
    first = await given(settings, person, project_id)
    done = await submit(settings, first, RIGHT)
    second = await given(settings, person, project_id)
    assert not await is_gold(second), "there is no other gold"
    assert await db.fetch_value("SELECT count(*) FROM gold_due") == 1, "it stays due"
    with pytest.raises(asyncpg.UniqueViolationError, match="gold_never_twice"):
        await db.execute(
            "INSERT INTO gold_serving (id, gold, annotator, task) SELECT gen_random_uuid(), gold, annotator, task FROM gold_serving"
        )
    await db.execute("UPDATE gold_serving SET passes_at = clock_timestamp()")
    async with db.transaction("system:test"):
        assert await gold_answers.pass_due(settings) == 1
    state = await db.fetch_value("SELECT state FROM submission WHERE id = :id", id=done.submission_id)
    assert (state, await paid(person)) == ("accepted", [first.price_micros])
    async with db.transaction("person:m"):
        assert await gold_bank.set_state(project_id, [gold_id], "retired", "known by now") == 1
    other = await make_annotator(settings, "Bob", capacity=9)
    assert not await is_gold(await given(settings, other, project_id))
    assert await broken() == []


async def test_given_up_it_goes_to_nobody_and_a_lapsed_lease_keeps_it(settings: Settings) -> None:
    project_id, _ = await opened(settings, gold=2)
    ann, bob = await make_annotator(settings, capacity=9), await make_annotator(settings, "Bob", capacity=20)
    left = await given(settings, ann, project_id)
    async with db.transaction("t"):
        await leases.release(left.id, ann, left.epoch, settings)
    assert (await assignment(left.id)).task_state == "open", "as of work that is handed back"
    kept = await given(settings, ann, project_id)
    assert await is_gold(kept)
    assert kept.task_id != left.task_id
    await lapse(kept.id)
    async with db.transaction("system:test"):
        await leases.sweep(settings)
    back = (await claimed(settings, ann)).assignments[0]
    assert (back.task_id, back.why) == (kept.task_id, {"grace": "your lease on it lapsed a moment ago"})
    await lapse(back.id)
    async with db.transaction("system:test"):
        await leases.sweep(settings)
    await db.execute(
        "UPDATE slot SET kept_until = clock_timestamp() - interval '1 second' WHERE kept_until IS NOT NULL"
    )
    got = [one for _ in range(2) for one in (await claimed(settings, bob, limit=20)).assignments]
    assert [await is_gold(one) for one in got] == [False] * 6
    async with db.transaction("system:test"):
        await leases.sweep(settings)
    assert {row["state"] for row in await db.fetch("SELECT state FROM slot WHERE gold")} == {"cancelled"}
    assert await broken() == []


async def test_a_corrected_key_leaves_what_the_right_one_would_have_left(settings: Settings) -> None:
    """Two people answer alike: one under a key that is corrected later, the other under the right one from the start."""
    people = [await make_annotator(settings, name) for name in ("Ann", "Bob")]
    for person, key in zip(people, ("Assam", "Sencha"), strict=True):
        project_id, (gold_id,) = await opened(settings, name=f"Chat {key}")
        if key == "Sencha":
            async with db.transaction("person:m"):
                await gold_keys.change(gold_id, GoldKey(answer=key), "it is", "person:m", settings)
        held = await given(settings, person, project_id)
        await submit(settings, held, WRONG)
        result = await gold_answers.result(held.id, person, settings)
        assert result is not None
        assert (result.met, result.answer, result.corrected) == (key == "Sencha", key, False)
        assert await gold_answers.result(held.id, people[person == people[0]], settings) is None
        if key == "Assam":
            assert await gold_answers.gold_met_by(held.id, person) == gold_id
            contest = await doubted(gold_id, settings, Doubter("annotator:ann", person))
            with pytest.raises(GoldContested):
                await doubted(gold_id, settings)
            with pytest.raises(OwnGoldContest):
                await decided(contest, settings, Doubter("x", person), outcome="uphold")
            with pytest.raises(LessQualified):
                novice = await make_annotator(settings, "New", skills={"general": 1})
                await decided(contest, settings, Doubter("x", novice), outcome="uphold")
            with pytest.raises(BadGold):
                await decided(contest, settings, outcome="correct")
            before = (await load_profile(person, 90)).belief("general")
            found = await decided(contest, settings, outcome="correct", key=GoldKey(answer="Sencha"))
            assert (found.answers, found.evidence, found.version) == (1, 1, 2)
            assert (await load_profile(person, 90)).belief("general").mean > before.mean
            with pytest.raises(GoldContestOver):
                await decided(contest, settings, outcome="uphold")
            told = await gold_answers.result(held.id, person, settings)
            assert told is not None
            assert told.doubt is not None
            assert (told.met, told.corrected) == (True, True)
            assert (told.doubt.state, told.doubt.own, told.doubt.decision) == ("corrected", True, "looked it up")
            with pytest.raises(SameGoldKey):
                async with db.transaction("person:m"):
                    await gold_keys.change(gold_id, GoldKey(answer="Sencha"), "again", "person:m", settings)
            assert await db.fetch_value("SELECT count(*) FROM job WHERE name = 'skills.judge_standing'") >= 1
    assert await differences() == []
    query = """SELECT domain, evidence_count, round(own_precision::numeric, 6), round(own_shift::numeric, 6)
               FROM skill WHERE annotator = :id ORDER BY domain"""
    left = [[tuple(row.values()) for row in await db.fetch(query, id=person)] for person in people]
    assert left[0] == left[1]
    assert await broken() == []


async def test_what_the_able_miss_comes_into_doubt_by_itself(settings: Settings) -> None:
    project_id, (gold_id,) = await opened(settings, feedback=False)
    for n in range(settings.gold_doubt_people):
        person = await make_annotator(settings, f"A{n}", skills={"general": 5})
        held = await given(settings, person, project_id)
        assert await is_gold(held)
        await submit(settings, held, WRONG)
        assert await gold_answers.result(held.id, person, settings) is None, "this project does not tell"
        assert (
            await db.fetch_value("SELECT count(*) FROM evidence WHERE annotator = :id AND kind = 'gold'", id=person)
            == 0
        )
        with pytest.raises(NoSuchGold):
            await gold_answers.gold_met_by(held.id, person)
    await db.execute("UPDATE gold_serving SET passes_at = clock_timestamp()")
    async with db.transaction("system:test"):
        assert await gold_answers.pass_due(settings) == settings.gold_doubt_people
    for silent in (False, True):  # for whoever works, and for managers
        rows = await evidence(person, await story_of(person, settings), Wish(silent=silent, kind="gold"), limit=9)
        assert len(rows) == silent
    view = await gold_bank.gold(gold_id, settings)
    assert (view.state, view.answered, view.met_share, view.flags) == ("contested", 5, 0.0, ["missed"])
    (contest,) = await gold_doubts.contests(project_id)
    assert contest.automatic
    assert (contest.opened_by, contest.reason) == (gold_doubts.ITSELF, "0 of 5 able people met it.")
    extra = await make_annotator(settings, "B", skills={"general": 5})
    assert not await is_gold(await given(settings, extra, project_id)), "nobody is given what is in doubt"
    await db.execute("UPDATE gold_contest SET due_at = clock_timestamp() - interval '1 hour'")
    async with db.transaction("system:test"):
        assert [await gold_doubts.tell_overdue(), await gold_doubts.tell_overdue()] == [1, 0]
    await decided(contest.id, settings, outcome="uphold", retire=True)
    assert (await gold_bank.gold(gold_id, settings)).state == "retired"
    assert await broken() == []


async def test_dialogues_are_held_against_bands(settings: Settings) -> None:
    project_id = await make_project(settings)
    ann, rev = await make_annotator(settings, capacity=9), await make_reviewer(settings)
    await make_tasks(project_id, 5)
    await judged(settings, project_id, ann, rev, "accept")
    task_id = await db.fetch_value("SELECT id FROM task WHERE state = 'accepted'")
    task = UUID(int=task_id.int)
    async with db.transaction("person:m"):
        await gold_rules.put_rule(project_id, GoldRuleDraft(enabled=True, feedback=True), settings)
        made = await gold_bank.from_tasks(
            project_id, [GoldOfTask(task_id=task), GoldOfTask(task_id=uuid7())], "good", "person:m"
        )
        assert [one.reason for one in made.refused] == ["There is no such task in this project."]
        with pytest.raises(BadGold, match="bands stay bands"):
            await gold_keys.change(made.made[0], GoldKey(), "?", "person:m", settings)
    gold = await gold_bank.gold(made.made[0], settings, project_id)
    assert (gold.key.bands, gold.origin, gold.source_task_id) == ({"rating": (3.0, 5.0)}, "task", task)
    assert not await is_gold(await given(settings, ann, project_id)), "they made it"
    bob = await make_annotator(settings, "Bob")
    held = await given(settings, bob, project_id)
    assert await is_gold(held)
    low = {"turns": [{"role": "user", "text": "?"}, {"role": "assistant", "text": "!", "rating": 1}]}
    await submit(settings, held, low)
    evidence = await db.fetch_one(
        "SELECT outcome, weight FROM evidence WHERE annotator = :id AND kind = 'gold'", id=bob
    )
    assert evidence is not None
    assert tuple(evidence.values()) == (0.0, settings.gold_band_weight)
    result = await gold_answers.result(held.id, bob, settings)
    assert result is not None
    assert (result.missed, result.share) == (["rating"], 0.0)
    async with db.transaction("person:m"):
        await gold_keys.change(gold.id, GoldKey(bands={"rating": (1, 3)}), "milder", "person:m", settings)
    assert (await gold_bank.gold(gold.id, settings)).met == 1
    assert await db.fetch_value("SELECT count(*) FROM slot WHERE kind = 'review' AND gold") == 0
    assert await broken() == []


async def test_the_draw_follows_the_share_of_project_and_person(settings: Settings) -> None:
    project_id, _ = await opened(settings)
    person = await make_annotator(settings)
    hits = 0
    async with db.transaction("t"):
        await gold_rules.put_rule(project_id, GoldRuleDraft(enabled=True), settings, version=1)
        rule = await gold_rules.rule_of(project_id, settings)
        assert (rule.newcomer_share, rule.newcomer_tasks, rule.share, rule.version) == (0.2, 20, 0.04, 2)
        for _ in range(400):
            await gold_giving.falls_due(project_id, person, uuid7(), settings)
            hits += await db.execute(sql.gold_is_served, annotator_id=person, project_id=project_id)
        assert 50 < hits < 115, hits
        await gold_rules.put_rate(project_id, person, GoldRateDraft(0, "knows them all"), "person:m")
        for _ in range(50):
            await gold_giving.falls_due(project_id, person, uuid7(), settings)
        assert await gold_giving.due_of(person) == set()
        await gold_rules.put_rate(project_id, person, GoldRateDraft(None, "like everybody"), "person:m")
        assert await gold_rules.rates(project_id) == []


async def test_a_column_of_an_import_fills_the_bank(settings: Settings) -> None:
    project_id = await make_project(settings)
    payload = {**CHOICE, "gold": '{"answer": "Assam"}'}
    ids = await make_tasks(project_id, 2, kind="choice", payload=payload)
    (one,) = await gold_bank.bank(project_id, GoldFilter(sort="met", search="T0"), settings)
    assert one.id in ids
    assert (one.key.answer, one.origin, "gold" in one.payload) == ("Assam", "import", False)
    assert await db.fetch_value("SELECT count(*) FROM task") == 0
    with pytest.raises(BadGold, match="known answer does not fit"):
        await make_tasks(project_id, 1, kind="choice", domain="law", payload={**CHOICE, "gold": "Rooibos"})
    fault = await judge_by_database(project_id)
    row = TaskDraft(external_id="x", kind="choice", domain="law", language="en", payload={**CHOICE, "gold": "Rooibos"})
    assert fault(row) == "gold: The known answer does not fit choice: This task does not offer that"
    assert fault(msgspec.structs.replace(row, payload=CHOICE | {"gold": "Assam"})) is None
    assert "cannot be read" in (fault(msgspec.structs.replace(row, payload=CHOICE | {"gold": "{"})) or "")
    await make_tasks(project_id, 3, kind="choice", domain="law", payload=WORK)
    assert (await gold_bank.totals(project_id)).active == 2


class Undone(Exception):  # noqa: N818  a signal
    pass


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("UPDATE gold_serving SET share = 0, met = false", "gold_as_scored"),
        ("UPDATE gold_serving SET passes_at = NULL", "gold_as_scored"),
        ("UPDATE gold SET state = 'contested'", "gold_in_doubt_waits"),
        (
            "UPDATE gold_serving SET annotator = (SELECT n.id FROM annotator n WHERE n.id <> gold_serving.annotator LIMIT 1)",
            "gold_apart",
        ),
        (
            (
                "UPDATE gold SET origin = 'task', source_task = (SELECT task FROM gold_serving);"
                "UPDATE gold_serving SET served_at = clock_timestamp() + interval '1 hour'"
            ),
            "gold_never_twice",
        ),
    ],
)
async def test_the_invariants_can_fail(settings: Settings, change: str, name: str) -> None:
    project_id, _ = await opened(settings)
    person = await make_annotator(settings)
    await make_annotator(settings, "Bob")
    await submit(settings, await given(settings, person, project_id), RIGHT)
    assert await broken() == []
    with pytest.raises(Undone):
        async with db.transaction("t"):
            await db.execute("ALTER TABLE gold_serving DISABLE TRIGGER USER")
            await db.execute("ALTER TABLE gold DISABLE TRIGGER USER")
            for part in change.split(";"):
                await db.execute(part)
            assert name in await broken()
            raise Undone
