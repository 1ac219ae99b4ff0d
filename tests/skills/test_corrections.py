"""Keys that were wrong, single rows that were wrong, and where somebody starts after an exam. On the real database."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from callboard.wiring import wire
from kernel import db
from kernel.settings import Settings
from skills import evidence, exam_sitting, exams, gold, upkeep
from skills.belief import Belief
from skills.errors import BadExamItem, NoSuchExamItem, SameKey
from skills.evidence import LEAST_COHORT, Observation, observe
from skills.exam_sitting import AttemptView
from skills.exams import ExamDraft, ItemDraft
from skills.profiles import load_profile
from tests.routing.factory import make_annotator

OPTIONS = ["yes", "no", "perhaps"]


async def make_exam(language: str, *, key: int, items: int = 1, **changes: Any) -> UUID:
    """Fixed, of the whole bank of its language, which is its own."""
    draft = ExamDraft(
        name=f"Law in {language}", domain="law", language=language, cut_level=3, mode="fixed",
        **{"min_items": items, "max_items": items, **changes},
    )  # fmt: skip
    drafts = [
        ItemDraft(text=f"{language} {n}?", options=OPTIONS, answer=key, difficulty=0.1, explanation="")
        for n in range(items)
    ]
    async with db.transaction("person:test"):
        exam_id = await exams.create_exam(draft)
        await exams.add_items(exam_id, drafts)
    return exam_id


async def sit(exam_id: UUID, person: UUID, settings: Settings, choices: list[int]) -> AttemptView:
    async with db.transaction("person:test"):
        view = await exam_sitting.start(exam_id, person, settings)
    for choice in choices:
        assert view.question is not None
        async with db.transaction("person:test"):
            view = await exam_sitting.answer(
                exam_id, view.id, person, settings, position=view.question.position,
                choice=view.question.options.index(OPTIONS[choice]),
            )  # fmt: skip
    assert view.state == "finished"
    return view


async def at_work(person: UUID, outcome: float, domain: str = "law") -> None:
    async with db.transaction():
        await observe(
            Observation(annotator_id=person, domain=domain, kind="gold", source_type="item", source_id=uuid4(),
                        outcome=outcome, difficulty=Belief(0.2, 0.25))
        )  # fmt: skip


async def person(settings: Settings) -> UUID:
    return await make_annotator(settings, skills={})


async def item_of(language: str) -> UUID:
    found = await db.fetch_value("SELECT id FROM exam_item WHERE language = :language LIMIT 1", language=language)
    return UUID(int=found.int)


async def beliefs(of: UUID) -> dict[str, Any]:
    rows = await db.fetch(
        "SELECT domain, mean, variance, evidence_count, own_precision, own_shift FROM skill WHERE annotator = :id",
        id=of,
    )
    return {row["domain"]: tuple(row.values())[1:] for row in rows}


seen = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(["law", "general", "medicine"])), max_size=4
)


@effort(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(before=seen, choices=st.lists(st.integers(0, 2), min_size=1, max_size=3), after=seen)
def test_a_corrected_key_leaves_nothing_behind(
    settings: Settings, before: list[Any], choices: list[int], after: list[Any]
) -> None:
    """Everybody who answered ends, to the last bit, where the right key would have brought them."""

    async def live(language: str, key: int) -> list[UUID]:
        exam_id = await make_exam(language, key=key)
        people = [await person(settings) for _ in choices]
        for one, choice in zip(people, choices, strict=True):
            await at_work(one, 1.0)  # nobody starts from the crowd of earlier examples: that moves on
            for outcome, domain in before:
                await at_work(one, outcome, domain)
            await sit(exam_id, one, settings, [choice])
            for outcome, domain in after:
                await at_work(one, outcome, domain)
        return people

    async def compare() -> None:
        assert settings.database_url is not None
        async with db.pool(settings.database_url, settings):
            await db.execute("TRUNCATE exam_answer, exam_attempt, exam_item, exam CASCADE")
            hour = datetime.now(UTC).hour
            right, mended = await live("en", 0), await live("de", 1)
            async with db.transaction("person:manager"):
                found = await gold.correct_key(await item_of("de"), 0, "the book says yes")
            moved = sum(choice in (0, 1) for choice in choices)
            assert (found.evidence, found.people, len(found.would_differ)) == (moved, moved, moved)
            ends = [[await beliefs(one) for one in people] for people in (right, mended)]
            if datetime.now(UTC).hour == hour:
                assert ends[0] == ends[1]
            assert await evidence.differences() == []

    wire()
    asyncio.run(compare())


@pytest.mark.usefixtures("pool")
async def test_results_stand_and_are_named(settings: Settings) -> None:
    exam_id, passed, failed = await make_exam("en", key=1), await person(settings), await person(settings)
    await sit(exam_id, passed, settings, [1])
    await sit(exam_id, failed, settings, [0])
    item = await item_of("en")
    for key, error in ((7, BadExamItem), (1, SameKey)):
        with pytest.raises(error):
            async with db.transaction():
                await gold.correct_key(item, key, "no")
    with pytest.raises(NoSuchExamItem):
        async with db.transaction():
            await gold.correct_key(uuid4(), 0, "no")
    async with db.transaction():
        found = await gold.correct_key(item, 0, "the book says yes")
    assert {(one.annotator_id, one.passed, one.would_pass) for one in found.would_differ} == {
        (passed, True, False),
        (failed, False, True),
    }
    assert (await load_profile(passed)).exams == {"law": 3}, "what somebody was told stands"
    assert (await load_profile(failed)).belief("law").mean > (await load_profile(passed)).belief("law").mean
    late = await person(settings)
    await sit(exam_id, late, settings, [0])
    assert (await load_profile(late)).exams == {"law": 3}
    assert await evidence.differences() == []


@pytest.mark.usefixtures("pool")
async def test_a_key_that_is_corrected_in_the_middle_of_an_exam_counts_at_its_end(settings: Settings) -> None:
    exam_id, one = await make_exam("en", key=1, items=2), await person(settings)
    async with db.transaction():
        view = await exam_sitting.start(exam_id, one, settings)
    assert view.question is not None
    async with db.transaction():
        view = await exam_sitting.answer(
            exam_id, view.id, one, settings, position=1, choice=view.question.options.index("yes")
        )
    item = await db.fetch_value("SELECT item FROM exam_answer WHERE position = 1")
    async with db.transaction():
        assert (await gold.correct_key(item, 0, "the book says yes")).evidence == 0
    async with db.transaction():
        await exam_sitting.give_up(exam_id, view.id, one, settings)
    assert await db.fetch_value("SELECT outcome FROM evidence WHERE kind = 'exam_item' AND outcome IS NOT NULL") == 1.0


@pytest.mark.usefixtures("pool")
async def test_newcomers_start_from_those_with_the_same_exam_result(settings: Settings) -> None:
    exam_id = await make_exam("en", key=0, items=4)
    for n in range(LEAST_COHORT):
        lucky = await person(settings)
        await sit(exam_id, lucky, settings, [0] * 4)
        for _ in range(20):
            await at_work(lucky, float(n % 3 == 0))
        other = await person(settings)
        await sit(exam_id, other, settings, [2] * 4)  # a cohort of their own, never seen at work
    assert await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'exam_item' AND source_type = 'prior'") == 0
    mean = await db.fetch_value(
        "SELECT avg(mean) FROM skill s WHERE domain = 'law' AND EXISTS (SELECT FROM evidence e "
        "WHERE e.annotator = s.annotator AND e.kind = 'gold')"
    )
    newcomer, known, stated, unlucky = [await person(settings) for _ in range(4)]
    await at_work(known, 1.0)
    stated = await make_annotator(settings, skills={"law": 5})
    own = (await load_profile(stated)).belief("law").mean
    for one in (newcomer, known, stated):
        await sit(exam_id, one, settings, [0] * 4)
    await sit(exam_id, unlucky, settings, [2] * 4)
    assert (await load_profile(newcomer)).belief("law").mean == pytest.approx(mean)
    assert (await load_profile(known)).belief("law").mean > mean + 0.3, "what was seen at work is not overruled"
    assert (await load_profile(stated)).belief("law").mean >= own
    assert (await load_profile(unlucky)).belief("law").mean != pytest.approx(mean)
    starts = await db.fetch("SELECT annotator FROM evidence WHERE kind = 'exam_item' AND source_type = 'prior'")
    assert [row["annotator"] for row in starts] == [newcomer]
    assert await upkeep.rebuild(fix=False) == []
    # With another key all of them had three of four right: the start is taken again from the same people.
    async with db.transaction():
        await gold.correct_key(await item_of("en"), 2, "the book says perhaps")
    starts = await db.fetch(
        "SELECT retracts IS NULL AS counts FROM evidence WHERE annotator = :id AND source_id IN "
        "(SELECT id FROM exam_attempt) ORDER BY revision",
        id=newcomer,
    )
    assert [row["counts"] for row in starts] == [True, True]
    await at_work(newcomer, 1.0)
    assert await upkeep.rebuild(fix=False) == []


@pytest.mark.usefixtures("pool")
async def test_whatever_changes_evidence_asks_for_standing(settings: Settings) -> None:
    one = await person(settings)
    await at_work(one, 1.0)
    row = await db.fetch_value("SELECT id FROM evidence WHERE annotator = :id AND kind = 'gold'", id=one)

    async def asked() -> int:
        query = "SELECT count(*) FROM job WHERE name = 'skills.judge_standing' AND payload->>'annotator_id' = :id"
        count: int = await db.fetch_value(query, id=str(one))
        await db.execute("DELETE FROM job")
        return count

    assert await asked() == 1
    async with db.transaction():
        row = await evidence.correct(row, "mistyped", outcome=0.0)
    assert await asked() == 1
    async with db.transaction():
        await evidence.retract(row, "another person's")
    assert await asked() == 1
