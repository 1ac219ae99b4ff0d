"""A question whose key was wrong: everybody's evidence is corrected, as if it had been right from the start.

What was answered stays as it was, and so does the result of an exam: people were told it, and may have been paid. The
reply names the results that would have been others; whether that changes anything is a manager's decision.
"""

from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.sql import load
from skills import exam_engine
from skills.errors import BadExamItem, NoSuchExamItem, SameKey
from skills.evidence import correct, exam_start, lock_people, restart
from skills.exam_engine import Item, Rules, cut_of, decide

sql = load(__package__)


class OtherResult(msgspec.Struct, frozen=True):
    """A result that stands, and would have been another with the right key."""

    attempt_id: UUID
    exam_id: UUID
    annotator_id: UUID
    passed: bool
    would_pass: bool


class KeyCorrected(msgspec.Struct, frozen=True):
    item_id: UUID
    evidence: int
    """Answers whose evidence was retracted and added anew."""
    people: int
    would_differ: list[OtherResult]


async def correct_key(item_id: UUID, answer: int, reason: str) -> KeyCorrected:
    """`answer` is the place of the right option in the bank, from 0. Raises `NoSuchExamItem`, `BadExamItem`, `SameKey`."""
    db.require_transaction()
    item = await db.fetch_one(sql.lock_item_key, item_id=item_id)
    if item is None:
        raise NoSuchExamItem
    if not 0 <= answer < len(item["options"]):
        raise BadExamItem(f"The key is the place of an option, from 0 to {len(item['options']) - 1}.")
    if answer == item["answer"]:
        raise SameKey
    await db.execute(sql.correct_key, item_id=item_id, answer=answer)
    rows = [
        row
        for row in await db.fetch(sql.evidence_of_item, item_id=item_id, domain=item["domain"])
        if row["outcome"] != float(row["choice"] == answer)
    ]
    people = sorted({UUID(int=row["annotator_id"].int) for row in rows})
    await lock_people(people)
    for row in rows:
        await correct(row["evidence_id"], reason, outcome=float(row["choice"] == answer))
    for annotator_id in people:
        await _start_again(annotator_id, item["domain"], reason)
    found = KeyCorrected(item_id, len(rows), len(people), await _others(item_id))
    data = {"item_id": str(item_id), "domain": item["domain"], "evidence": found.evidence, "people": found.people}
    await audit.record(
        "exam.key_corrected", "exam_item", item_id, before={"answer": item["answer"]}, after={"answer": answer},
        reason=reason,
    )  # fmt: skip
    await outbox.publish("exam.key_corrected", data, subject_id=item_id)
    return found


async def _start_again(annotator_id: UUID, domain: str, reason: str) -> None:
    """Whoever started from those with the same result starts from those with the result that it was."""
    for row in await db.fetch(sql.exam_starts, annotator_id=annotator_id, domain=domain):
        await restart(row["id"], reason, await exam_start(annotator_id, domain))


async def _others(item_id: UUID) -> list[OtherResult]:
    found = []
    for row in await db.fetch(sql.decided_attempts_with_item, item_id=item_id):
        answers = await db.fetch(sql.questions_of_attempt, attempt_id=row["id"])
        would_pass = _would_pass(row, [one for one in answers if one["choice"] is not None])
        if would_pass != row["passed"]:
            found.append(OtherResult(row["id"], row["exam_id"], row["annotator_id"], row["passed"], would_pass))
    return found


def _would_pass(row: Any, answers: list[Any]) -> bool:
    """The exam once more over what was answered, with the keys of now: to its first decision, or to its last answer."""
    rules = Rules(
        cut_of(row["cut_level"]), row["min_items"], row["max_items"], row["stop_rule"], row["mode"] == "fixed"
    )
    standing, decision = exam_engine.begin(rules), None
    for left, one in zip(range(len(answers) - 1, -1, -1), answers, strict=True):
        standing = exam_engine.answered(
            standing, Item(one["difficulty"], one["discrimination"]), one["choice"] == one["answer"], rules
        )
        decision = decide(standing, rules, items_left=left)
        if decision is not None:
            break
    return decision is not None and decision.passed
