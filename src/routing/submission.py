"""Work is handed in: fenced by epoch and lease, stored whatever its fate, and its review scheduled in the same breath.

Work that comes late is never thrown away: if its slot is still free it is taken again and counts; if somebody else has
it by now, the work is kept as `surplus` for a manager to decide.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import gold_answers, gold_giving, leases
from routing.asking import ask_for_more
from routing.errors import AlreadySubmitted, StaleEpoch, WrongState
from routing.events import BudgetExhausted, Hold, Price, pricing
from routing.forms import store as forms
from routing.lanes import ANNOTATION
from routing.look_ends import end_hold
from routing.settling import settle
from routing.staging import accept_unseen, begin

sql = load(__package__)


class Submitted(msgspec.Struct, frozen=True):
    submission_id: UUID
    assignment_id: UUID
    """Another than the one that was sent, when late work was taken in again."""
    state: str
    """`pending` (goes to review), `accepted` (the plan lets it pass unseen) or `surplus` (kept, a manager decides)."""
    round: int
    late: bool
    submitted_at: datetime
    gold: gold_answers.GoldResult | None = None
    """Where it was gold and the project tells: how it was met."""


def content_hash(payload: dict[str, Any]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(payload, order="sorted")).digest()


async def submit(
    assignment_id: UUID, annotator_id: UUID, epoch: int, payload: dict[str, Any], settings: Settings
) -> Submitted:
    """Sending the same content twice answers the same.

    Raises `AnswerRefused`, `NoSuchAssignment`, `StaleEpoch`, `AlreadySubmitted` (other content), `WrongState` (a review, or work handed back).
    """
    mine = await leases.lock(assignment_id, annotator_id)
    if mine.kind != ANNOTATION:
        raise WrongState("A review ends with a verdict: POST …/verdict.")
    if mine.epoch != epoch:
        raise StaleEpoch(epoch=mine.epoch)
    payload = await forms.completed(mine.id, payload)
    known = await db.fetch_one(sql.submission_of_assignment, assignment_id=mine.id)
    if known is not None:
        told = await gold_answers.result(known["assignment_id"], annotator_id, settings)
        return msgspec.structs.replace(_again(known, payload), gold=told)
    if mine.holds:
        return await _finish(mine, payload, settings, late=False)
    return await _late(mine, payload, settings)


def _again(known: Any, payload: dict[str, Any]) -> Submitted:
    if bytes(known["content_hash"]) != content_hash(payload):
        raise AlreadySubmitted
    return Submitted(
        known["id"], known["assignment_id"], known["state"], known["round"], known["late"], known["submitted_at"]
    )


async def submission_of(assignment_id: UUID) -> dict[str, Any] | None:
    """What this assignment handed in."""
    return await db.fetch_value("SELECT payload FROM submission WHERE assignment = :id", id=assignment_id)  # type: ignore[no-any-return]


async def verdict_state(assignment_id: UUID) -> str | None:
    """What became of the work that this assignment handed in; none while it waits for its review."""
    known = await db.fetch_one(sql.submission_of_assignment, assignment_id=assignment_id)
    return None if known is None or known["state"] == "pending" else str(known["state"])


async def _finish(mine: leases.LiveAssignment, payload: dict[str, Any], settings: Settings, *, late: bool) -> Submitted:
    await end_hold(mine, settings, late=late)
    stored = await _store(mine, payload, "pending", late=late)
    await gold_giving.falls_due(mine.project_id, mine.annotator_id, stored.submission_id, settings)
    copy = await gold_answers.of_task(mine.task_id)
    if copy is not None:
        work = gold_answers.Answered(
            mine.id, stored.submission_id, mine.task_id, mine.project_id, mine.annotator_id, payload
        )
        state = await gold_answers.take(copy, work, settings)
        told = await gold_answers.result(mine.id, mine.annotator_id, settings)
        return msgspec.structs.replace(stored, state=state, gold=told)
    if not await begin(stored.submission_id, settings):
        await accept_unseen(stored.submission_id, "not_sampled")
        stored = msgspec.structs.replace(stored, state="accepted")
    await ask_for_more(mine.task_id, settings.skill_half_life_days)
    await settle([mine.task_id])
    await forms.learn_from_key(mine.id, stored.submission_id, mine.annotator_id, payload)
    return stored


async def _store(mine: leases.LiveAssignment, payload: dict[str, Any], state: str, *, late: bool) -> Submitted:
    row = await db.fetch_one(
        sql.insert_submission, id=uuid7(), assignment_id=mine.id, slot_id=mine.slot_id, task_id=mine.task_id,
        project_id=mine.project_id, author_id=mine.annotator_id, state=state, payload=db.jsonb(payload),
        content_hash=content_hash(payload),
    )  # fmt: skip
    assert row is not None
    await outbox.publish(
        "submission.created",
        {"submission_id": str(row["id"]), "assignment_id": str(mine.id), "task_id": str(mine.task_id), "annotator_id": str(mine.annotator_id),
         "state": state, "round": row["round"], "late": late, "slot_id": str(mine.slot_id), "epoch": mine.epoch},
        project_id=mine.project_id, subject_id=mine.task_id, vendor_id=mine.vendor_id,
    )  # fmt: skip
    return Submitted(row["id"], mine.id, state, row["round"], late, row["submitted_at"])


async def _late(mine: leases.LiveAssignment, payload: dict[str, Any], settings: Settings) -> Submitted:
    if mine.state == "live":
        await leases.expire(mine, settings)
    elif mine.state != "expired":
        raise WrongState(f"This assignment was {mine.state}; claim the task again to go on with it.", state=mine.state)
    again = await _take_again(mine)
    if again is None:
        return await _store(mine, payload, "surplus", late=True)
    return await _finish(again, payload, settings, late=True)


async def _take_again(mine: leases.LiveAssignment) -> leases.LiveAssignment | None:
    """A new assignment on the same slot, held for the rest of this transaction alone; `None` if somebody else has it."""
    assignment_id = uuid7()
    inputs = await db.fetch_value(sql.price_inputs, assignment_id=mine.id)
    price = Price(mine.price_micros, mine.currency, inputs)
    try:
        async with db.savepoint():
            row = await db.fetch_one(
                sql.retake_slot, slot_id=mine.slot_id, annotator_id=mine.annotator_id, vendor_id=mine.vendor_id, assignment_id=assignment_id,
                price_micros=price.micros, currency=price.currency, price_inputs=db.jsonb(price.inputs), why=db.jsonb({"late": str(mine.id)}),
            )  # fmt: skip
            if row is None:
                return None
            await settle([mine.task_id])
            await pricing().reserve(Hold(assignment_id, mine.task_id, mine.project_id, mine.annotator_id, price))
    except BudgetExhausted:
        return None
    return await db.fetch_one_as(
        leases.LiveAssignment, sql.lock_assignment, assignment_id=assignment_id, annotator_id=mine.annotator_id
    )
