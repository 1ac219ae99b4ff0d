"""The breaker of mass rejections: a reviewer who turns down far more than the authors' record explains is held.

The one too many is not taken, and from then on no rework and no reject of theirs is. Their last rejections are the second sample: managers uphold or
overturn each, and when all are decided the hold is confirmed or lifted by itself. A manager may lift it, with a reason.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from routing import breaker
from routing.errors import NoSuchHold, OwnVerdict, RejectionTrips, ReviewerHeld

sql = load(__package__)
WINDOW, SAMPLE = 60, 8
"""Verdicts that are summed; rejections that are looked at again."""
CONFIRMED = 0.4
"""Share of the sample that is overturned: below it the reviewer was strict, and right."""


class HoldView(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    """`reviewer`, `manager` or `frontend`: who turned work down by verdicts, or by overturning those that accepted it."""
    annotator_id: UUID | None
    display_name: str
    """Of a manager or a frontend: how the audit log names them."""
    state: str
    figures: dict[str, Any]
    """`verdicts`, `rejected`, `expected` (rejections that the authors' record explains), `evidence` and its `limit`."""
    opened_at: datetime
    decided_at: datetime | None
    reason: str
    waiting: list[UUID]
    """Verdicts of the sample that wait for their second look."""


async def refuse(reviewer_id: UUID, author_id: UUID) -> None:
    """Before a rejection of this author's work is taken. Raises `ReviewerHeld`, and `RejectionTrips` for the one too many."""
    await _refuse(RejectionTrips(str(reviewer_id), author_id, reviewer_id))


async def refuse_overturn(verdict_id: UUID, author_id: UUID, *, rejected: bool) -> None:
    """Before whoever signed in overturns or upholds. Of accepted work that they reject, as `refuse`; the second sample of
    their own hold is for others (`OwnVerdict`).
    """
    actor = await _actor()
    if await db.fetch_value(sql.own_sample, verdict_id=verdict_id, subject=actor) is not None:
        raise OwnVerdict
    if rejected:
        await _refuse(RejectionTrips(actor, author_id))


async def refuse_held() -> None:
    """Before a decision about many pieces at once. Raises `ReviewerHeld` where whoever signed in is held."""
    if await db.fetch_value(sql.open_hold_of, subject=await _actor()) is not None:
        raise ReviewerHeld


async def _actor() -> str:
    return str(await db.fetch_value("SELECT coalesce(current_setting('callboard.actor', true), '')"))


async def _refuse(trip: RejectionTrips) -> None:
    # Rejections of one subject are summed one after the other: two at once would each not see the other, and both pass.
    await db.execute(sql.lock_rejections, subject=trip.subject)
    if await db.fetch_value(sql.open_hold_of, subject=trip.subject) is not None:
        raise ReviewerHeld
    _, total = await _summed(trip)
    if total > breaker.LIMIT:
        raise trip


async def _summed(trip: RejectionTrips) -> tuple[Sequence[Any], float]:
    if trip.reviewer_id is None:
        rows = await db.fetch(sql.rejections_by_overturn, subject=trip.subject, author_id=trip.author_id, limit=WINDOW)
    else:
        rows = await db.fetch(
            sql.rejections_of_reviewer, reviewer_id=trip.reviewer_id, author_id=trip.author_id, limit=WINDOW
        )
    return rows, breaker.summed((row["expected"], row["rejected"]) for row in rows)


async def hold(trip: RejectionTrips) -> UUID | None:
    """After `RejectionTrips`, which left nothing else behind. The sample is of what was taken before; None: held already."""
    db.require_transaction()
    await db.execute(sql.lock_rejections, subject=trip.subject)
    rows, total = await _summed(trip)
    figures = {
        "verdicts": len(rows), "rejected": sum(row["rejected"] for row in rows),
        "expected": round(sum(row["expected"] for row in rows), 1), "evidence": round(total, 2), "limit": breaker.LIMIT,
    }  # fmt: skip
    hold_id = uuid7()
    if not await db.execute(
        sql.open_hold, id=hold_id, kind=_kind(trip), subject=trip.subject, annotator_id=trip.reviewer_id,
        figures=db.jsonb(figures),
    ):  # fmt: skip
        return None
    sample = [row["id"] for row in rows if row["rejected"] and row["id"]][-SAMPLE:]
    await db.execute(sql.sample_hold, ids=[uuid7() for _ in sample], hold_id=hold_id, verdict_ids=sample)
    await audit.record("review_hold.opened", "review_hold", hold_id, after=figures | {"subject": trip.subject})
    whom = {"subject": trip.subject} if trip.reviewer_id is None else {"annotator_id": trip.subject}
    await outbox.publish("review.held", {"hold_id": str(hold_id)} | whom | figures)
    return hold_id


def _kind(trip: RejectionTrips) -> str:
    if trip.reviewer_id is not None:
        return "reviewer"
    return "manager" if trip.subject.startswith("person:") else "frontend"


async def after_second_look(verdict_id: UUID) -> None:
    """When the last of a sample is decided, so is its hold."""
    for row in await db.fetch(sql.holds_sampled, verdict_id=verdict_id):
        if row["waiting"]:
            continue
        wrong = row["overturned"] / row["sampled"]
        state = "confirmed" if wrong >= CONFIRMED else "lifted"
        await _close(UUID(int=row["id"].int), state, f"{row['overturned']} of {row['sampled']} were overturned")


async def lift(hold_id: UUID, reason: str) -> HoldView:
    """Of an open or a confirmed hold. Raises `NoSuchHold`."""
    db.require_transaction()
    if not await _close(hold_id, "lifted", reason):
        raise NoSuchHold
    return next(one for one in await holds() if one.id == hold_id)


async def _close(hold_id: UUID, state: str, reason: str) -> bool:
    done = await db.execute(sql.close_hold, hold_id=hold_id, state=state, reason=reason)
    if done:
        await audit.record(f"review_hold.{state}", "review_hold", hold_id, after={"state": state}, reason=reason)
        await outbox.publish(f"review.hold_{state}", {"hold_id": str(hold_id), "reason": reason})
    return bool(done)


async def holds(limit: int = 100) -> list[HoldView]:
    """What is in force first, then the others, newest first."""
    return await db.fetch_as(HoldView, sql.holds, limit=limit)
