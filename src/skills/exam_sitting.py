"""Sitting in an exam: begin, one question at a time, the end, and what the answers say of the person's skill.

The key of a question never leaves this module for the person who is asked, except in training, after the answer.
"""

import random
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load
from skills import exam_engine, exams
from skills.belief import Belief
from skills.errors import (
    AnsweredOtherwise,
    BankTooSmall,
    CoolingDown,
    ExamClosed,
    ExamPassed,
    NoAttemptsLeft,
    NoSuchAttempt,
    NotActive,
    WrongQuestion,
)
from skills.events import PaidAttempt, exam_pay
from skills.evidence import Observation, begin_from_exam, observe
from skills.exam_engine import RANDOMESQUE, Decision, Item, Rules, Standing, begin, choose, cut_of, decide, plan
from skills.registry import check_domains

sql = load(__package__)
SEED_BITS = 62
"""Fits a BIGINT."""
TIME_UP, GIVEN_UP = "time_up", "given_up"
LEFT = frozenset({TIME_UP, GIVEN_UP})
"""Ends that earn the pay only with at least `min_items` answers."""


class Question(msgspec.Struct, frozen=True):
    position: int
    """From 1; sent back with the answer."""
    text: str
    options: list[str]
    """In an order of this attempt's own."""


class Feedback(msgspec.Struct, frozen=True):
    """Of training: about the answer before."""

    position: int
    text: str
    correct: bool
    chosen: str
    right: str
    explanation: str


class Result(msgspec.Struct, frozen=True):
    passed: bool
    reason: str
    """`decided`, `last_item`, `time_up` or `given_up`."""
    right: int | None
    """Answers that were right: of training alone, a bank is not to be mapped by trying."""


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    exam_id: UUID
    exam_name: str
    annotator_id: UUID
    domain: str
    language: str
    cut_level: int
    training: bool
    fixed: bool
    number: int
    state: str
    """`running` or `finished`."""
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    answered: int
    max_items: int
    pay: Money | None
    question: Question | None
    feedback: Feedback | None
    result: Result | None


class _Bank(Item, frozen=True, kw_only=True):
    id: UUID
    seen: bool


async def start(exam_id: UUID, annotator_id: UUID, settings: Settings) -> AttemptView:
    """A new attempt, or the running one; one whose time is over is ended and shown, and the next begins when asked again.

    Raises `NoSuchExam`, `ExamClosed`, `ExamPassed`, `NoAttemptsLeft`, `CoolingDown`, `BankTooSmall`, `NotActive`,
    `DomainArchived`, `ExamBudgetExhausted`, `ExamPayerClosed`.
    """
    db.require_transaction()
    person = await db.fetch_one(sql.lock_examinee, annotator_id=annotator_id)
    known = await exams.exam(exam_id, annotator_id, everything=True)
    if known.running_id is not None:
        return await look(exam_id, known.running_id, annotator_id, settings)
    if person is None or person["state"] != "active":
        raise NotActive
    await check_domains({known.domain})
    _check_open(known)
    rules = _rules(known)
    bank = await _bank(known, None, annotator_id)
    seed = secrets.randbits(SEED_BITS)
    # The form of a fixed exam is the same for everybody in every attempt: its seed is the exam's own.
    form = [str(item.id) for item in plan(bank, rules.max_items, exam_id.int)] if rules.fixed else []
    attempt_id, standing = uuid7(), begin(rules)
    await db.execute(
        sql.insert_attempt, id=attempt_id, exam_id=exam_id, annotator_id=annotator_id, number=known.attempts_used + 1,
        seed=seed, plan=db.jsonb(form), mean=standing.belief.mean, variance=standing.belief.variance,
    )  # fmt: skip
    row = await _locked(exam_id, attempt_id, annotator_id)
    paid = _paid(row)
    if paid is not None:
        await exam_pay().reserve(paid)
    await _put_next(row, rules, standing, settings)
    data = {"exam_id": str(exam_id), "attempt_id": str(attempt_id), "annotator_id": str(annotator_id)}
    await outbox.publish("exam.started", data, subject_id=exam_id, vendor_id=person["vendor_id"])
    return await _view(row)


def _check_open(known: exams.ExamView) -> None:
    if known.state != "open":
        raise ExamClosed
    if known.blocked_by_pass:
        raise ExamPassed
    if known.attempts_left == 0:
        raise NoAttemptsLeft
    if known.opens_again_at is not None:
        raise CoolingDown(f"The next attempt opens at {known.opens_again_at.isoformat(timespec='seconds')}.")
    if known.items < known.min_items:
        raise BankTooSmall


async def look(exam_id: UUID, attempt_id: UUID, annotator_id: UUID, settings: Settings) -> AttemptView:
    """How it stands; an attempt whose time is over ends here. Raises `NoSuchAttempt`."""
    db.require_transaction()
    row = await _locked(exam_id, attempt_id, annotator_id)
    if row["state"] == "running" and row["lapsed"]:
        row = await _end(row, Decision(False, TIME_UP), settings)
    return await _view(row)


async def answer(
    exam_id: UUID, attempt_id: UUID, annotator_id: UUID, settings: Settings, *, position: int, choice: int
) -> AttemptView:
    """The next question, or the result. The same answer again changes nothing; one that comes after the time ends the
    attempt and does not count. Raises `NoSuchAttempt`, `WrongQuestion`, `AnsweredOtherwise`.
    """
    db.require_transaction()
    row = await _locked(exam_id, attempt_id, annotator_id)
    asked = {one["position"]: one for one in await db.fetch(sql.questions_of_attempt, attempt_id=attempt_id)}
    question = asked.get(position)
    if question is None or choice >= len(question["options"]):
        raise WrongQuestion
    chosen = _order(row["seed"], question)[choice]
    if question["choice"] is not None:
        if question["choice"] != chosen:
            raise AnsweredOtherwise
        return await look(exam_id, attempt_id, annotator_id, settings)
    if row["state"] != "running":
        return await _view(row)
    if row["lapsed"]:
        return await _view(await _end(row, Decision(False, TIME_UP), settings))
    correct = chosen == question["answer"]
    await db.execute(sql.give_answer, id=question["id"], choice=chosen, correct=correct)
    rules = _rules_of(row)
    standing = exam_engine.answered(
        _standing(row), Item(question["difficulty"], question["discrimination"]), correct, rules
    )
    belief = standing.belief
    await db.execute(
        sql.move_attempt, attempt_id=attempt_id, mean=belief.mean, variance=belief.variance,
        log_ratio=standing.log_ratio,
    )  # fmt: skip
    await _put_next(await _read(attempt_id), rules, standing, settings)
    return await _view(await _read(attempt_id))


async def give_up(exam_id: UUID, attempt_id: UUID, annotator_id: UUID, settings: Settings) -> AttemptView:
    """Ends it as not passed; what was answered counts. Raises `NoSuchAttempt`."""
    db.require_transaction()
    row = await _locked(exam_id, attempt_id, annotator_id)
    if row["state"] == "running":
        row = await _end(row, Decision(False, TIME_UP if row["lapsed"] else GIVEN_UP), settings)
    return await _view(row)


async def sweep(settings: Settings) -> int:
    """Ends attempts that were left; at most `sweep_batch` of them. Their number.

    First the money of all of them, then what they say of skills, person by person: accounts are locked before skills.
    """
    db.require_transaction()
    ended = [
        await _finish(await _read(row["attempt_id"]), Decision(False, TIME_UP))
        for row in await db.fetch(sql.lapsed_attempts, limit=settings.sweep_batch)
    ]
    for row in sorted(ended, key=lambda row: row["annotator_id"]):
        await _count(row, settings)
    return len(ended)


async def _locked(exam_id: UUID, attempt_id: UUID, annotator_id: UUID) -> Any:
    found = await db.fetch_one(sql.lock_attempt, exam_id=exam_id, attempt_id=attempt_id, annotator_id=annotator_id)
    if found is None:
        raise NoSuchAttempt
    return await _read(attempt_id)


async def _read(attempt_id: UUID) -> Any:
    return await db.fetch_one(sql.attempt, attempt_id=attempt_id)


def _paid(row: Any) -> PaidAttempt | None:
    if row["pay_micros"] is None:
        return None
    return PaidAttempt(
        id=UUID(int=row["id"].int), exam_id=UUID(int=row["exam_id"].int), exam_name=row["name"], number=row["number"],
        annotator_id=UUID(int=row["annotator_id"].int), domain=row["domain"],
        cut_level=row["cut_level"], project_id=UUID(int=row["pay_project_id"].int), pay=Money(row["pay_micros"], row["pay_currency"]),
        vendor_id=None if row["vendor_id"] is None else UUID(int=row["vendor_id"].int),
    )  # fmt: skip


def _rules(of: exams.ExamView) -> Rules:
    return Rules(cut_of(of.cut_level), of.min_items, of.max_items, of.stop_rule, of.mode == "fixed")


def _rules_of(row: Any) -> Rules:
    return Rules(cut_of(row["cut_level"]), row["min_items"], row["max_items"], row["stop_rule"], row["mode"] == "fixed")


def _standing(row: Any) -> Standing:
    return Standing(Belief(row["mean"], row["variance"]), row["log_ratio"], row["answered"])


async def _bank(of: Any, attempt_id: UUID | None, annotator_id: UUID) -> list[_Bank]:
    rows = await db.fetch(
        sql.exam_bank, attempt_id=attempt_id or UUID(int=0), annotator_id=annotator_id, domain=of.domain,
        language=of.language, training=of.training, running=attempt_id is not None,
    )  # fmt: skip
    return [_Bank(row["difficulty"], row["discrimination"], id=row["id"], seen=row["seen"]) for row in rows]


async def _put_next(row: Any, rules: Rules, standing: Standing, settings: Settings) -> None:
    """The next question, or the end where none is needed."""
    form = row["plan"]
    bank: list[_Bank] = []
    if not rules.fixed:
        of = await exams.exam(row["exam_id"], everything=True)
        bank = await _bank(of, row["id"], row["annotator_id"])
    left = len(form) - standing.answered if rules.fixed else len(bank)
    decision = decide(standing, rules, items_left=left)
    if decision is not None:
        await _end(row, decision, settings)
        return
    position = standing.answered + 1
    if rules.fixed:
        item_id = UUID(form[standing.answered])
    else:
        # What the person met in an earlier attempt is asked again only when little else is left.
        fresh = [item for item in bank if not item.seen]
        item_id = choose(fresh if len(fresh) >= RANDOMESQUE else bank, rules, row["seed"], position).id
    await db.execute(sql.put_question, id=uuid7(), attempt_id=row["id"], item_id=item_id, position=position)
    if await db.fetch_value(sql.expose_item, item_id=item_id, exposure_limit=settings.exam_item_exposure_limit):
        data = {"item_id": str(item_id), "domain": row["domain"], "language": row["language"]}
        await audit.record("exam.item_retired", "exam_item", item_id, reason="shown too often")
        await outbox.publish("exam.item_retired", data, subject_id=item_id)


async def _end(row: Any, decision: Decision, settings: Settings) -> Any:
    """The result, its money, the news of it, and the evidence."""
    row = await _finish(row, decision)
    await _count(row, settings)
    return row


async def _finish(row: Any, decision: Decision) -> Any:
    enough = row["answered"] >= row["min_items"]
    if decision.passed and not enough:
        decision = Decision(False, decision.reason)  # the bank ran out under the attempt: a pass rests on min_items
    await db.execute(sql.end_attempt, attempt_id=row["id"], passed=decision.passed, reason=decision.reason)
    paid, earned = _paid(row), enough or decision.reason not in LEFT
    if paid is not None:
        await exam_pay().settle(paid, earned=earned, reason=decision.reason)
    after = {"passed": decision.passed, "reason": decision.reason, "exam_id": str(row["exam_id"])}
    await audit.record("exam.finished", "exam_attempt", row["id"], after=after)
    data: dict[str, Any] = {
        "exam_id": str(row["exam_id"]), "attempt_id": str(row["id"]), "annotator_id": str(row["annotator_id"]),
        "domain": row["domain"], "training": row["training"], "passed": decision.passed, "reason": decision.reason,
    }  # fmt: skip
    if paid is not None and earned:
        data["pay"] = paid.pay.to_json()
    await outbox.publish("exam.finished", data, subject_id=row["exam_id"], vendor_id=row["vendor_id"])
    return await _read(row["id"])


async def _count(row: Any, settings: Settings) -> None:
    """Every answer is a piece of evidence of its own: also those of an attempt that was given up. Training is none."""
    if row["training"]:
        return
    # Keys as they are now, also where one was corrected since the answer; none is corrected before this is stored.
    await db.execute(sql.hold_keys_of_attempt, attempt_id=row["id"])
    for one in await db.fetch(sql.questions_of_attempt, attempt_id=row["id"]):
        if one["choice"] is None:
            continue
        await observe(
            Observation(
                annotator_id=row["annotator_id"], domain=row["domain"], kind="exam_item", source_type="exam_answer",
                source_id=one["id"], outcome=float(one["choice"] == one["answer"]), weight=settings.exam_item_evidence_weight,
                difficulty=Belief(one["difficulty"], exam_engine.ITEM_VARIANCE),
            )
        )  # fmt: skip
    await begin_from_exam(row["annotator_id"], row["domain"], row["id"])


def _order(seed: int, question: Any) -> list[int]:
    """The options as this attempt shows them: place on the screen → place in the bank."""
    order = list(range(len(question["options"])))
    random.Random(f"{seed}:{question['item_id']}").shuffle(order)  # noqa: S311  the same again on every screen
    return order


async def _view(row: Any) -> AttemptView:
    row = await _read(row["id"])
    asked = await db.fetch(sql.questions_of_attempt, attempt_id=row["id"])
    given = [one for one in asked if one["choice"] is not None]
    running = row["state"] == "running"
    return AttemptView(
        id=row["id"], exam_id=row["exam_id"], exam_name=row["name"], annotator_id=row["annotator_id"],
        domain=row["domain"], language=row["language"], cut_level=row["cut_level"], training=row["training"],
        fixed=row["mode"] == "fixed", number=row["number"], state=row["state"], started_at=row["started_at"],
        ends_at=row["ends_at"], ended_at=row["ended_at"], answered=len(given),
        max_items=len(row["plan"]) if row["mode"] == "fixed" else row["max_items"],
        pay=None if row["pay_micros"] is None else Money(row["pay_micros"], row["pay_currency"]),
        question=_question(row["seed"], asked[-1]) if running and len(asked) > len(given) else None,
        feedback=_feedback(given[-1]) if given and row["training"] else None,
        result=None if running else _result(row, given),
    )  # fmt: skip


def _question(seed: int, one: Any) -> Question:
    return Question(one["position"], one["text"], [one["options"][at] for at in _order(seed, one)])


def _feedback(one: Any) -> Feedback:
    options = one["options"]
    return Feedback(
        one["position"], one["text"], one["correct"], options[one["choice"]], options[one["answer"]], one["explanation"]
    )


def _result(row: Any, given: list[Any]) -> Result:
    right = sum(one["correct"] for one in given) if row["training"] else None
    return Result(row["passed"], row["reason"], right)
