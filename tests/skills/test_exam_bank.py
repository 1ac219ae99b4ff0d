"""The bank in its managers' hands: edited before it is shown, retired with a reason, calibrated by what people answered."""

import asyncio
import random
from uuid import UUID

import msgspec
import pytest

from callboard import checks
from kernel import db
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.settings import Settings
from skills import exam_bank, exam_sitting, exams
from skills.belief import sigmoid
from skills.errors import BadExamItem, ExamItemOverExposed, ExamItemShown, NoSuchExamItem
from skills.exams import ItemDraft
from tests.routing.factory import make_annotator
from tests.skills.test_exams import answer, make_exam, run, start

pytestmark = pytest.mark.usefixtures("pool")
DRAFT = ItemDraft(text="Which court decides?", options=["the first", "the second"], answer=1, difficulty=0.3)


async def the_items(exam_id: UUID) -> list[exam_bank.ItemView]:
    return await exam_bank.items(exam_id, 500, limit=200)


async def test_a_question_is_edited_until_somebody_has_seen_it(settings: Settings) -> None:
    exam_id = await make_exam(12)
    view = await start(exam_id, await make_annotator(settings), settings)
    bank = await the_items(exam_id)
    (shown,) = [item for item in bank if item.shown]
    fresh, other = [item for item in bank if not item.shown][:2]
    assert (shown.editable, fresh.editable, shown.exposure_left) == (False, True, 499)
    async with db.transaction():
        with pytest.raises(ExamItemShown):
            await exam_bank.change_item(exam_id, shown.id, DRAFT)
        with pytest.raises(PreconditionFailed):
            await exam_bank.change_item(exam_id, fresh.id, DRAFT, version=fresh.version + 1)
        with pytest.raises(NoSuchExamItem):
            await exam_bank.change_item(exam_id, uuid7(), DRAFT)
        with pytest.raises(BadExamItem):
            await exam_bank.change_item(exam_id, fresh.id, msgspec.structs.replace(DRAFT, answer=2))
        await exam_bank.change_item(exam_id, fresh.id, DRAFT, version=fresh.version)
    changed = await exam_bank.item(exam_id, fresh.id, 500)
    assert (changed.text, changed.answer, changed.version, changed.key) == (DRAFT.text, 1, 2, fresh.key)
    with pytest.raises(BadExamItem):
        async with db.transaction():
            await exam_bank.change_item(exam_id, fresh.id, msgspec.structs.replace(DRAFT, key=other.key))
    assert view.state == "running"


async def test_an_edit_comes_before_or_after_the_showing_never_between(settings: Settings) -> None:
    """One question, shown and edited at the same moment: who sees it, sees what its figures belong to."""
    exam_id = await make_exam(1, min_items=1)
    (only,) = await the_items(exam_id)
    people = [await make_annotator(settings, f"Ann {n}") for n in range(4)]

    async def edit() -> bool:
        try:
            async with db.transaction():
                await exam_bank.change_item(exam_id, only.id, DRAFT)
        except ExamItemShown:
            return False
        return True

    *views, edited = await asyncio.gather(*(start(exam_id, person, settings) for person in people), edit())
    asked = await db.fetch("SELECT difficulty FROM exam_answer")
    assert {row["difficulty"] for row in asked} == {DRAFT.difficulty if edited else only.difficulty}
    for view in views:
        assert view.question is not None
        assert view.question.text == (DRAFT.text if edited else only.text)


async def test_retired_with_a_reason_and_restored_unless_it_was_shown_too_often(settings: Settings) -> None:
    exam_id = await make_exam(6)
    view = await start(exam_id, await make_annotator(settings), settings)
    (shown,) = [item for item in await the_items(exam_id) if item.shown]
    async with db.transaction():
        await exam_bank.retire_item(exam_id, shown.id, "two options are right")
        await exam_bank.retire_item(exam_id, shown.id, "again")
    gone = await exam_bank.item(exam_id, shown.id, 500)
    assert (gone.retired, gone.retired_reason) == (True, "two options are right")
    assert (await exams.exam(exam_id)).items == 5
    assert (await answer(view, settings, right=True)).answered == 1, "whoever has it open answers it"
    async with db.transaction():
        with pytest.raises(ExamItemOverExposed):
            await exam_bank.restore_item(exam_id, shown.id, "it was right after all", exposure_limit=1)
        await exam_bank.restore_item(exam_id, shown.id, "it was right after all", exposure_limit=2)
    back = await exam_bank.item(exam_id, shown.id, 2)
    assert (back.retired, back.retired_reason, back.exposure_left) == (False, None, 1)
    told = [row["action"] for row in await db.fetch("SELECT action FROM audit_entry WHERE subject_id = :id ORDER BY seq", id=str(shown.id))]  # fmt: skip
    assert told == ["exam.item_retired", "exam.item_restored"]


async def test_a_bank_that_runs_out_under_an_attempt_passes_nobody(settings: Settings) -> None:
    exam_id = await make_exam(8)
    view = await answer(await start(exam_id, await make_annotator(settings), settings), settings, right=True)
    async with db.transaction():
        for item in await the_items(exam_id):
            await exam_bank.retire_item(exam_id, item.id, "the law has changed")
    view = await run(view, settings, right=True)
    assert view.result == exam_sitting.Result(False, "last_item", None)
    assert view.answered == 2


async def test_what_retires_under_an_attempt_for_its_showings_may_still_be_asked(settings: Settings) -> None:
    strict, exam_id = msgspec.structs.replace(settings, exam_item_exposure_limit=2), await make_exam(7)
    views = [await start(exam_id, await make_annotator(settings, name), strict) for name in ("Ann", "Bea")]
    for view in views:
        assert (await run(view, strict, right=True)).result == exam_sitting.Result(True, "decided", None)


async def test_figures_and_attempts_and_a_copy(settings: Settings) -> None:
    exam_id, person = await make_exam(), await make_annotator(settings)
    view = await run(await start(exam_id, person, settings), settings, right=True)
    other = await start(exam_id, await make_annotator(settings, "Bea"), settings)
    figures = (await exam_bank.figures([exam_id]))[exam_id]
    assert (figures.attempts, figures.running, figures.passed, figures.pass_rate) == (2, 1, 1, 1.0)
    assert figures.mean_items == view.answered
    newest, oldest = await exam_bank.attempts(exam_id, limit=5)
    assert (newest.id, newest.passed) == (other.id, None)
    assert (oldest.annotator_name, oldest.right_answers, oldest.answered) == ("Ann", view.answered, view.answered)
    async with db.transaction():
        copy = await exams.exam(await exams.duplicate(exam_id, "Law, once more"), everything=True)
    assert (copy.state, copy.items, copy.cut_level) == ("closed", 30, 3)


async def test_calibration_moves_the_bank_and_leaves_what_runs(settings: Settings) -> None:
    exam_id, draw = await make_exam(12, mode="fixed", min_items=12, max_items=12, cooldown_seconds=0), random.Random(5)
    bank = await the_items(exam_id)
    hard = bank[0]
    for n in range(60):
        view, theta = await start(exam_id, await make_annotator(settings, f"P{n}"), settings), draw.gauss(0, 1)
        while view.state == "running":
            assert view.question is not None
            known = next(item for item in bank if item.text == view.question.text)
            real = known.difficulty + (2 if known.id == hard.id else 0)
            view = await answer(view, settings, right=draw.random() < sigmoid(theta - real))
    running = await start(exam_id, await make_annotator(settings, "late"), settings)
    async with db.transaction():
        assert await exam_bank.calibrate_items(least=200) == 0
        assert await exam_bank.calibrate_items(least=50) > 0
    after = await exam_bank.item(exam_id, hard.id, 500)
    assert after.difficulty > hard.difficulty + 0.8
    assert (after.authored_difficulty, after.calibrated_answers) == (hard.difficulty, 60)
    assert await db.fetch_value(
        "SELECT count(*) FROM exam_answer a JOIN exam_item i ON i.id = a.item"
        " WHERE a.attempt = :id AND a.difficulty = i.authored_difficulty", id=running.id,
    ) == 1  # fmt: skip
    changed = await db.fetch("SELECT before, after FROM audit_entry WHERE action = 'exam.item_calibrated' AND subject_id = :id", id=str(hard.id))  # fmt: skip
    assert changed[0]["before"]["difficulty"] == hard.difficulty
    assert await db.fetch_value("SELECT data->>'domain' FROM event WHERE type = 'exam.items_calibrated'") == "law"
    async with db.transaction():
        assert await exam_bank.calibrate_items(least=50) == 0, "no more answers, no other figures"


BREAKAGES = {
    "an answer that is no evidence": ("DELETE FROM evidence WHERE source_type = 'exam_answer'", "exam_answers_are_evidence"),
    "nobody ended it": ("UPDATE exam_attempt SET ends_at = now() - interval '1 hour' WHERE state = 'running'", "exams_end_in_time"),
    "a showing was not counted": ("UPDATE exam_item SET exposure_count = 0", "showings_are_counted"),
    "passed by nothing": ("UPDATE exam SET min_items = 30", "passes_rest_on_enough_answers"),
}  # fmt: skip


async def broken() -> set[str]:
    return {result.name for result in (await checks.check()).invariants if result.violations}


@pytest.mark.parametrize("breakage", BREAKAGES)
async def test_each_invariant_of_exams_is_seen_to_fail(settings: Settings, breakage: str) -> None:
    exam_id = await make_exam(cooldown_seconds=0)
    await run(await start(exam_id, await make_annotator(settings), settings), settings, right=True)
    await start(exam_id, await make_annotator(settings, "Bea"), settings)
    training = await make_exam(8, training=True, name="Practice")
    await run(await start(training, await make_annotator(settings, "Cid"), settings), settings, right=True)
    assert await broken() == set()
    statement, expected = BREAKAGES[breakage]
    await db.execute("ALTER TABLE evidence DISABLE TRIGGER USER")
    await db.execute(statement)
    assert expected in await broken()
