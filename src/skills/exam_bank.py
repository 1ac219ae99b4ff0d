"""The bank of an exam as its managers see it: what each question went through, changes to it, and its calibration."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.money import Money
from kernel.sql import load
from skills import exam_calibration, exams
from skills.errors import BadExamItem, ExamItemOverExposed, ExamItemShown, NoSuchExamItem
from skills.exam_engine import Item
from skills.exams import ItemDraft

sql = load(__package__)
MOST_ANSWERS = 30_000
"""Of one bank, newest first, that a calibration reads: two hundred for each of 150 questions, and a few seconds."""
LEAST_MOVE = 0.02
"""In logits: a figure that moves by less stays, so that the history tells of changes."""


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its key: for those who manage exams, never for those who sit in them."""

    id: UUID
    key: str
    text: str
    options: list[str]
    answer: int
    """Place of the right option, from 0."""
    explanation: str
    difficulty: float
    discrimination: float
    authored_difficulty: float | None
    authored_discrimination: float | None
    """What the author said, where the figures are calibrated."""
    exposure_count: int
    exposure_left: int | None
    """Showings until it retires; none for training, which shows without limit."""
    shown: int
    answered: int
    right_share: float | None
    calibrated_answers: int
    calibrated_at: datetime | None
    retired: bool
    retired_reason: str | None
    version: int
    created_at: datetime

    @property
    def editable(self) -> bool:
        return self.shown == 0


class ExamFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How an exam went, over everybody."""

    attempts: int = 0
    running: int = 0
    finished: int = 0
    passed: int = 0
    mean_items: float | None = None
    """Answers of an ended attempt."""
    mean_seconds: float | None = None

    @property
    def pass_rate(self) -> float | None:
        return self.passed / self.finished if self.finished else None


class AttemptLine(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    annotator_id: UUID
    annotator_name: str
    number: int
    state: str
    passed: bool | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    answered: int
    right_answers: int
    pay: Money | None


async def items(
    exam_id: UUID, exposure_limit: int, *, retired: bool | None = None, after: UUID | None = None, limit: int
) -> list[ItemView]:
    """By id. Raises `NoSuchExam`."""
    of = await exams.exam(exam_id, everything=True)
    rows = await db.fetch(sql.exam_items, exam_id=exam_id, item_id=None, retired=retired, after_id=after, limit=limit)
    return [_view(row, None if of.training else exposure_limit) for row in rows]


async def item(exam_id: UUID, item_id: UUID, exposure_limit: int) -> ItemView:
    """Raises `NoSuchExam`, `NoSuchExamItem`."""
    of = await exams.exam(exam_id, everything=True)
    row = await db.fetch_one(
        sql.exam_items, exam_id=exam_id, item_id=item_id, retired=None, after_id=None, limit=1
    )  # fmt: skip
    if row is None:
        raise NoSuchExamItem
    return _view(row, None if of.training else exposure_limit)


def _view(row: Any, exposure_limit: int | None) -> ItemView:
    values = dict(row)
    correct, answered = values.pop("correct"), values["answered"]
    values["right_share"] = correct / answered if answered else None
    values["exposure_left"] = None if exposure_limit is None else max(0, exposure_limit - values["exposure_count"])
    return msgspec.convert(values, ItemView, from_attributes=True)


async def change_item(exam_id: UUID, item_id: UUID, draft: ItemDraft, version: int | None = None) -> None:
    """Of a question that nobody has seen. Raises `NoSuchExamItem`, `ExamItemShown`, `BadExamItem`, `PreconditionFailed`."""
    row = await _locked(exam_id, item_id)
    if version is not None and version != row["version"]:
        raise PreconditionFailed
    exams.check_item(draft, "item")
    given = msgspec.structs.asdict(draft) | {"options": db.jsonb(draft.options)}
    try:
        changed = await db.fetch_value(sql.change_exam_item, item_id=item_id, **given)
    except asyncpg.UniqueViolationError as error:
        raise BadExamItem(f"The bank has another question under the key {draft.key}.") from error
    if changed is None:
        raise ExamItemShown
    await audit.record("exam.item_changed", "exam_item", item_id, after=_facts(draft))


def _facts(draft: ItemDraft) -> dict[str, Any]:
    """What the history keeps: the key of a question stands in no log."""
    return {"text": draft.text, "difficulty": draft.difficulty, "discrimination": draft.discrimination}


async def retire_item(exam_id: UUID, item_id: UUID, reason: str) -> None:
    """It is asked no more, in every exam of the bank; whoever has it open answers it. Raises `NoSuchExamItem`."""
    row = await _locked(exam_id, item_id)
    if row["retired"]:
        return
    await db.execute(sql.retire_exam_item, item_id=item_id, reason=reason)
    await audit.record("exam.item_retired", "exam_item", item_id, reason=reason)
    of = await exams.exam(exam_id, everything=True)
    data = {"item_id": str(item_id), "domain": of.domain, "language": of.language}
    await outbox.publish("exam.item_retired", data, subject_id=item_id)


async def restore_item(exam_id: UUID, item_id: UUID, reason: str, exposure_limit: int) -> None:
    """Back into the bank. Raises `NoSuchExamItem`, `ExamItemOverExposed`."""
    row = await _locked(exam_id, item_id)
    if not row["retired"]:
        return
    if not row["training"] and row["exposure_count"] >= exposure_limit:
        raise ExamItemOverExposed(f"It was shown {row['exposure_count']} times; {exposure_limit} are the limit.")
    await db.execute(sql.retire_exam_item, item_id=item_id, reason=None)
    await audit.record("exam.item_restored", "exam_item", item_id, reason=reason)


async def _locked(exam_id: UUID, item_id: UUID) -> Any:
    db.require_transaction()
    row = await db.fetch_one(sql.lock_exam_item, exam_id=exam_id, item_id=item_id)
    if row is None:
        raise NoSuchExamItem
    return row


async def figures(exam_ids: list[UUID]) -> dict[UUID, ExamFigures]:
    """Of each that was given; zeros where nobody sat in it."""
    rows = await db.fetch(sql.exam_figures, exam_ids=exam_ids)
    found = {}
    for row in rows:
        values = dict(row)
        exam_id = UUID(int=values.pop("exam_id").int)
        found[exam_id] = ExamFigures(**values)
    return {exam_id: found.get(exam_id, ExamFigures()) for exam_id in exam_ids}


async def attempts(exam_id: UUID, *, before: UUID | None = None, limit: int) -> list[AttemptLine]:
    """Newest first. Raises `NoSuchExam`."""
    await exams.exam(exam_id, everything=True)
    found = []
    for row in await db.fetch(sql.exam_attempts, exam_id=exam_id, before=before, limit=limit):
        values = dict(row)
        micros, currency = values.pop("pay_micros"), values.pop("pay_currency")
        values["pay"] = None if micros is None else Money(micros, currency)
        found.append(msgspec.convert(values, AttemptLine, from_attributes=True))
    return found


async def calibrate_items(least: int) -> int:
    """Fits the questions that have at least `least` answers, and a quarter more than the last time. Their number.

    An attempt that runs keeps the figures that its questions had when they were put.
    """
    db.require_transaction()
    changed = 0
    for bank in await db.fetch(sql.banks_to_calibrate, least=least):
        moved = await _calibrate_bank(bank["domain"], bank["language"], least)
        if moved:
            data = {"domain": bank["domain"], "language": bank["language"], "items": moved}
            await outbox.publish("exam.items_calibrated", data)
        changed += moved
    return changed


async def _calibrate_bank(domain: str, language: str, least: int) -> int:
    rows = await db.fetch(sql.answers_of_bank, domain=domain, language=language, limit=MOST_ANSWERS)
    counts = Counter(row["item_id"] for row in rows)
    authored = {row["item_id"]: Item(row["difficulty"], row["discrimination"]) for row in rows}
    answers = [(row["annotator_id"], row["item_id"], row["correct"]) for row in rows]
    fitted = await asyncio.to_thread(exam_calibration.calibrate, answers, authored, least)
    moved = 0
    for row in await db.fetch(sql.lock_bank, domain=domain, language=language, ids=list(fitted)):
        old, new = Item(row["difficulty"], row["discrimination"]), fitted[row["id"]]
        if (
            abs(new.difficulty - old.difficulty) < LEAST_MOVE
            and abs(new.discrimination - old.discrimination) < LEAST_MOVE
        ):
            new = old
        await db.execute(
            sql.put_calibration, item_id=row["id"], difficulty=new.difficulty, discrimination=new.discrimination,
            answers=counts[row["id"]],
        )  # fmt: skip
        if new is not old:
            moved += 1
            before, after = (msgspec.to_builtins(one) for one in (old, new))
            after["answers"] = counts[row["id"]]
            await audit.record("exam.item_calibrated", "exam_item", row["id"], before=before, after=after)
    return moved
