"""Exams: what is asked, when it stops, what it says of a skill; on the real database."""

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import db
from kernel.settings import Settings
from skills import domains, evidence, exam_engine, exam_sitting, exams
from skills.annotators import set_state
from skills.belief import Belief, sigmoid
from skills.errors import (
    AnsweredOtherwise,
    BadExamItem,
    BankTooSmall,
    CoolingDown,
    DomainArchived,
    ExamPassed,
    NoAttemptsLeft,
    NoSuchAttempt,
    NotActive,
    WrongQuestion,
)
from skills.exam_engine import Item, Rules, Standing
from skills.exam_sitting import AttemptView
from skills.exams import ExamDraft, ItemDraft
from skills.profiles import load_profile
from tests.routing.factory import make_annotator

items = st.builds(Item, st.floats(-3, 3), st.floats(0.3, 2.5))


@given(st.lists(items, min_size=6, max_size=40), st.integers(0, 2**62), st.integers(1, 40))
def test_the_next_item_is_one_of_the_five_that_tell_most_and_can_be_drawn_again(
    bank: list[Item], seed: int, position: int
) -> None:
    rules = Rules(0.4)
    item = exam_engine.choose(bank, rules, seed, position)
    better = [one for one in bank if exam_engine.information(one, 0.4) > exam_engine.information(item, 0.4)]
    assert len(better) < exam_engine.RANDOMESQUE
    assert exam_engine.choose(bank, rules, seed, position) is item


@given(items, st.booleans(), st.floats(-2, 2))
def test_a_right_answer_speaks_for_the_person(item: Item, correct: bool, cut: float) -> None:
    rules = Rules(cut)
    before = exam_engine.begin(rules)
    after = exam_engine.answered(before, item, correct, rules)
    assert (after.log_ratio > 0) == correct
    assert (after.belief.mean > before.belief.mean) == correct
    assert after.belief.variance < before.belief.variance


def test_at_the_cut_six_right_answers_are_enough_and_five_are_not() -> None:
    """With a = 1 and b at the cut each answer is worth exactly DELTA; Wald's bound is 2.94."""
    rules, item = Rules(0.0), Item(0.0)
    standing = exam_engine.begin(rules)
    for _ in range(5):
        standing = exam_engine.answered(standing, item, True, rules)
    assert exam_engine.decide(standing, rules, items_left=9) is None
    standing = exam_engine.answered(standing, item, True, rules)
    assert standing.log_ratio == pytest.approx(3.0)
    assert exam_engine.decide(standing, rules, items_left=9) == exam_engine.Decision(True, "decided")


def test_the_other_ends() -> None:
    fixed, bayes = Rules(0.0, 3, 3, fixed=True), Rules(0.0, 1, 30, "bayes")
    sure = Standing(Belief(2.0, 0.1), 9.0, 2)
    assert exam_engine.decide(sure, fixed, items_left=1) is None, "a fixed exam runs to its last item"
    assert exam_engine.decide(sure, bayes, items_left=9) == exam_engine.Decision(True, "decided")
    unsure = Standing(Belief(-0.1, 1.0), -0.2, 2)
    assert exam_engine.decide(unsure, bayes, items_left=9) is None
    assert exam_engine.decide(unsure, bayes, items_left=0) == exam_engine.Decision(False, "last_item")
    bank = [Item(n / 10) for n in range(-20, 20)]
    form = exam_engine.plan(bank, 10, seed=7)
    assert form == exam_engine.plan(bank, 10, seed=7)
    assert len(set(form)) == 10
    assert min(item.difficulty for item in form) < -1.5 < 1.5 < max(item.difficulty for item in form)
    assert len(exam_engine.plan(bank[:4], 10, seed=7)) == 4


def test_those_far_from_the_cut_are_told_apart_with_few_items() -> None:
    rules, draw = Rules(0.0), random.Random(1)
    bank = [Item(draw.gauss(0, 1), 1.3) for _ in range(120)]
    used, right = [], 0
    for person in range(200):
        theta = 1.5 if person % 2 else -1.5
        left, standing, verdict = list(bank), exam_engine.begin(rules), None
        while verdict is None:
            item = exam_engine.choose(left, rules, person, standing.answered)
            left.remove(item)
            correct = draw.random() < sigmoid(item.discrimination * (theta - item.difficulty))
            standing = exam_engine.answered(standing, item, correct, rules)
            verdict = exam_engine.decide(standing, rules, items_left=len(left))
        used.append(standing.answered)
        right += verdict.passed == (theta > 0)
    assert right >= 194
    assert sum(used) / len(used) < 12


# --- in the database

pytestmark = pytest.mark.filterwarnings("error")
RIGHT = "right"


async def make_exam(count: int = 30, **changes: Any) -> UUID:
    """An exam of level 3 with a bank."""
    values: dict[str, Any] = {"name": "Law, level 3", "domain": "law", "language": "en", "cut_level": 3, **changes}
    async with db.transaction("person:test"):
        exam_id = await exams.create_exam(ExamDraft(**values))
        await fill(exam_id, count)
    return exam_id


async def fill(exam_id: UUID, count: int) -> None:
    """Questions whose right option is called `right`, with difficulties around the cut of level 3."""
    drafts = [
        ItemDraft(
            text=f"Question {n}?",
            options=[RIGHT if at == n % 4 else f"wrong {at}" for at in range(4)],
            answer=n % 4,
            difficulty=-0.4 + (n - count / 2) / 20,
            explanation="Because.",
        )
        for n in range(count)
    ]
    if drafts:
        await exams.add_items(exam_id, drafts)


async def start(exam_id: UUID, person: UUID, settings: Settings) -> AttemptView:
    async with db.transaction("person:test"):
        return await exam_sitting.start(exam_id, person, settings)


async def answer(view: AttemptView, settings: Settings, *, right: bool) -> AttemptView:
    assert view.question is not None
    choice = next(at for at, text in enumerate(view.question.options) if (text == RIGHT) == right)
    async with db.transaction("person:test"):
        return await exam_sitting.answer(
            view.exam_id, view.id, view.annotator_id, settings, position=view.question.position, choice=choice
        )


async def run(view: AttemptView, settings: Settings, *, right: bool) -> AttemptView:
    while view.state == "running":
        view = await answer(view, settings, right=right)
    return view


@pytest.mark.usefixtures("pool")
async def test_exams_of_an_archived_domain_are_closed_until_it_is_restored(settings: Settings) -> None:
    sitting, late, exam_id = await make_annotator(settings), await make_annotator(settings), await make_exam()
    view = await start(exam_id, sitting, settings)

    async def nothing_open(_code: str) -> int:
        return 0

    async with db.transaction("person:test"):
        await domains.archive("law", "not needed", nothing_open)
    with pytest.raises(DomainArchived):
        await start(exam_id, late, settings)
    assert await exams.exams(late, limit=5) == []
    (shown,) = await exams.exams(None, everything=True, limit=5)
    assert shown.state == "closed"
    with pytest.raises(DomainArchived):
        async with db.transaction("person:test"):
            await exams.set_state(exam_id, "open")
    assert (await run(view, settings, right=True)).result == exam_sitting.Result(True, "decided", None)
    assert await evidence.differences() == []
    async with db.transaction("person:test"):
        await domains.restore("law", "needed after all")
    assert (await start(exam_id, late, settings)).state == "running"


@pytest.mark.usefixtures("pool")
async def test_from_the_first_question_to_the_evidence(settings: Settings) -> None:
    person, exam_id = await make_annotator(settings), await make_exam()
    before = (await load_profile(person)).belief("law")
    view = await start(exam_id, person, settings)
    assert view.question is not None
    assert view.feedback is None
    assert await start(exam_id, person, settings) == view, "one attempt runs at a time"
    view = await run(view, settings, right=True)
    assert view.result == exam_sitting.Result(True, "decided", None)
    assert 6 <= view.answered <= 8
    after = (await load_profile(person)).belief("law")
    assert after.mean > before.mean
    assert after.variance < before.variance
    assert await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'exam_item'") == view.answered
    assert await evidence.differences() == []
    events = [row["type"] for row in await db.fetch("SELECT type FROM event WHERE type LIKE 'exam.%' ORDER BY seq")]
    assert events == ["exam.created", "exam.started", "exam.finished"]
    with pytest.raises(ExamPassed):
        await start(exam_id, person, settings)


@pytest.mark.usefixtures("pool")
async def test_attempts_cool_down_and_their_number(settings: Settings) -> None:
    person, exam_id = await make_annotator(settings), await make_exam(attempts_allowed=2, cooldown_seconds=3600)
    first = await run(await start(exam_id, person, settings), settings, right=False)
    assert first.result is not None
    assert not first.result.passed
    with pytest.raises(CoolingDown):
        await start(exam_id, person, settings)
    await db.execute("UPDATE exam SET cooldown_seconds = 0")
    second = await run(await start(exam_id, person, settings), settings, right=False)
    assert second.number == 2
    asked = await db.fetch_value("SELECT count(DISTINCT item) FROM exam_answer")
    assert asked == first.answered + second.answered, "another attempt has other questions while there are any"
    with pytest.raises(NoAttemptsLeft):
        await start(exam_id, person, settings)
    async with db.transaction():
        await set_state(person, "paused", "a talk first")
    other = await make_exam(0, name="Another")
    with pytest.raises(NotActive):
        await start(other, person, settings)


@pytest.mark.usefixtures("pool")
async def test_an_answer_is_given_once(settings: Settings) -> None:
    person, exam_id = await make_annotator(settings), await make_exam()
    view = await start(exam_id, person, settings)
    after = await answer(view, settings, right=True)
    assert await answer(view, settings, right=True) == after, "a repeat changes nothing"
    with pytest.raises(AnsweredOtherwise):
        await answer(view, settings, right=False)
    async with db.transaction():
        with pytest.raises(WrongQuestion):
            await exam_sitting.answer(exam_id, view.id, person, settings, position=9, choice=0)
    stranger = await make_annotator(settings, "Bea")
    async with db.transaction():
        with pytest.raises(NoSuchAttempt):
            await exam_sitting.look(exam_id, view.id, stranger, settings)
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.execute("UPDATE exam_answer SET choice = 0, correct = true WHERE choice IS NOT NULL")


@pytest.mark.usefixtures("pool")
async def test_racing_starts_and_answers_make_one(settings: Settings) -> None:
    person, exam_id = await make_annotator(settings), await make_exam()
    started = await asyncio.gather(*(start(exam_id, person, settings) for _ in range(6)))
    assert len({view.id for view in started}) == 1
    after = await asyncio.gather(*(answer(started[0], settings, right=True) for _ in range(6)))
    assert {view.answered for view in after} == {1}
    assert await db.fetch_value("SELECT count(*) FROM exam_answer") == 2


@pytest.mark.usefixtures("pool")
async def test_a_step_that_waited_for_another_one_sees_what_that_one_did(settings: Settings) -> None:
    """A second tab answers the next question while the first answer is still being written."""
    person, exam_id = await make_annotator(settings), await make_exam()
    view = await start(exam_id, person, settings)

    written = asyncio.Event()

    async def second() -> AttemptView:
        await written.wait()
        async with db.transaction("person:test"):
            return await exam_sitting.answer(exam_id, view.id, person, settings, position=2, choice=0)

    waiting = asyncio.create_task(second())
    async with db.transaction("person:test"):
        await exam_sitting.answer(exam_id, view.id, person, settings, position=1, choice=0)
        written.set()
        await asyncio.sleep(0.3)
        assert not waiting.done()
    after = await waiting
    assert after.answered == 2
    assert after.question is not None
    assert after.question.position == 3


@pytest.mark.usefixtures("pool")
async def test_going_on_after_the_time_shows_the_result_and_uses_no_other_attempt(settings: Settings) -> None:
    person, exam_id = await make_annotator(settings), await make_exam(cooldown_seconds=0)
    view = await start(exam_id, person, settings)
    await db.execute("UPDATE exam_attempt SET ends_at = clock_timestamp()")
    ended = await start(exam_id, person, settings)
    assert (ended.id, ended.result) == (view.id, exam_sitting.Result(False, "time_up", None))
    assert (await start(exam_id, person, settings)).number == 2


@pytest.mark.usefixtures("pool")
async def test_time_runs_by_the_databases_clock(settings: Settings) -> None:
    person, exam_id = await make_annotator(settings), await make_exam()
    view = await answer(await start(exam_id, person, settings), settings, right=True)
    await db.execute("UPDATE exam_attempt SET ends_at = clock_timestamp() - interval '1 second'")
    late = await answer(view, settings, right=True)
    assert late.result == exam_sitting.Result(False, "time_up", None)
    assert await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'exam_item'") == 1, "the late one is not"
    await db.execute("UPDATE exam SET cooldown_seconds = 0")
    await start(exam_id, person, settings)
    await db.execute(
        "UPDATE exam_attempt SET ends_at = clock_timestamp() - interval '1 second' WHERE state = 'running'"
    )
    async with db.transaction():
        assert await exam_sitting.sweep(settings) == 1
    assert await db.fetch_value("SELECT count(*) FROM exam_attempt WHERE state = 'running'") == 0


@pytest.mark.usefixtures("pool")
async def test_training_explains_and_does_not_count(settings: Settings) -> None:
    person = await make_annotator(settings)
    exam_id = await make_exam(12, training=True, mode="fixed", max_items=8, attempts_allowed=99, cooldown_seconds=0)
    view = await answer(await start(exam_id, person, settings), settings, right=False)
    assert view.feedback is not None
    assert (view.feedback.correct, view.feedback.right, view.feedback.explanation) == (False, RIGHT, "Because.")
    view = await run(view, settings, right=True)
    assert view.answered == 8
    assert view.result is not None
    assert view.result.right == 7
    assert await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'exam_item'") == 0
    await start(exam_id, person, settings)
    with pytest.raises(BankTooSmall):
        await start(await make_exam(0, name="Real"), person, settings)


@pytest.mark.usefixtures("pool")
async def test_fixed_forms_are_the_same_for_everybody(settings: Settings) -> None:
    exam_id, forms = await make_exam(mode="fixed", max_items=5, min_items=5), []
    for name in ("Ann", "Bea"):
        view = await run(
            await start(exam_id, await make_annotator(settings, name), settings), settings, right=name == "Ann"
        )
        assert view.answered == 5
        rows = await db.fetch("SELECT item FROM exam_answer WHERE attempt = :id ORDER BY position", id=view.id)
        forms.append([row["item"] for row in rows])
    assert forms[0] == forms[1]


@pytest.mark.usefixtures("pool")
async def test_what_too_many_have_seen_retires(settings: Settings) -> None:
    import msgspec

    strict = msgspec.structs.replace(settings, exam_item_exposure_limit=1)
    exam_id = await make_exam(10)
    view = await run(await start(exam_id, await make_annotator(settings), strict), strict, right=True)
    retired = await db.fetch_value("SELECT count(*) FROM exam_item WHERE retired")
    assert retired == view.answered
    assert await db.fetch_value("SELECT count(*) FROM event WHERE type = 'exam.item_retired'") == retired
    with pytest.raises(BankTooSmall):
        await start(exam_id, await make_annotator(settings, "Bea"), strict)


@pytest.mark.usefixtures("pool")
async def test_a_question_needs_its_answer_among_its_options(settings: Settings) -> None:
    exam_id = await make_exam(3)
    async with db.transaction():
        for wrong in ({"options": ["a", "b"], "answer": 2}, {"options": ["a", "a"], "answer": 0}):
            with pytest.raises(BadExamItem):
                await exams.add_items(exam_id, [ItemDraft(text="?", difficulty=0.0, **wrong)])
        same = ItemDraft(text="Question 1?", options=["a", "b"], answer=0, difficulty=0.0)
        assert await exams.add_items(exam_id, [same]) == exams.ItemsAdded(0, 1)
