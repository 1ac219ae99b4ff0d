"""What an earner asks beside the lines themselves: the running period, what can be paid out, an hour's worth, until when something is held."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid, plain_uuid_or_none
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)
LEAST_TIMED_SECONDS = 300
"""Of less than five minutes nobody makes an hourly rate."""
SECONDS_PER_HOUR = 3600


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One currency of one person."""

    currency: str
    starts_at: datetime
    """Of the running pay period; of the month where there is none."""
    ends_at: datetime | None
    period: Money
    """Earned since then, deductions subtracted."""
    payable: Money
    """Earned, and neither paid nor on its way."""
    on_the_way: Money
    """In a batch that was approved, or at the bank."""
    hourly: Money | None
    """Paid work of the period with its active time, without dialogues that were shared; none for less than five minutes."""
    timed_seconds: int


class LineMore(msgspec.Struct, frozen=True, kw_only=True):
    """Of one line, by its `seq`."""

    assignment_id: UUID | None
    submitted_at: datetime | None
    active_seconds: int
    accepted_at: datetime | None
    """When it is accepted by itself, unless somebody reviews it before."""
    review_due_at: datetime | None
    """When its review is due."""
    acts_at: datetime | None
    """Of a bonus or adjustment: when it is paid, or expires unapproved."""
    adjustment_state: str | None
    disputable_from: datetime | None
    """None: no longer, or it is disputed or answered."""
    dispute_id: UUID | None
    """The newest dispute of the line that was not withdrawn."""
    dispute_state: str | None


class UnpaidWork(msgspec.Struct, frozen=True, kw_only=True):
    """Handed in, and without a line: it paid nothing."""

    assignment_id: UUID
    task_id: UUID
    title: str
    project: str
    kind: str
    ended_at: datetime


async def figures(annotator_id: UUID) -> list[Figures]:
    rows = await db.fetch(sql.earnings_figures, annotator_id=annotator_id)
    return [_figures(row) for row in rows]


def _figures(row: Any) -> Figures:
    currency, seconds = row["currency"], row["timed_seconds"]
    hourly = None
    if seconds >= LEAST_TIMED_SECONDS:
        hourly = Money(row["timed_micros"] * SECONDS_PER_HOUR // seconds, currency)
    return Figures(
        currency=currency, starts_at=row["starts_at"], ends_at=row["ends_at"], period=Money(row["period_micros"], currency),
        payable=Money(row["payable_micros"], currency), on_the_way=Money(row["on_the_way_micros"], currency), hourly=hourly,
        timed_seconds=seconds,
    )  # fmt: skip


async def more_of(annotator_id: UUID, seqs: list[int], settings: Settings) -> dict[int, LineMore]:
    """Of some of somebody's lines."""
    rows = await db.fetch(
        sql.lines_more, annotator_id=annotator_id, seqs=seqs, window_days=settings.pay_dispute_window_days,
        held_days=settings.pay_held_too_long_days,
    )  # fmt: skip
    return {
        row["seq"]: LineMore(
            assignment_id=plain_uuid_or_none(row["assignment_id"]), submitted_at=row["submitted_at"], active_seconds=row["active_seconds"] or 0,
            accepted_at=row["accepted_at"], review_due_at=row["review_due_at"], acts_at=row["acts_at"], adjustment_state=row["adjustment_state"],
            disputable_from=row["disputable_from"], dispute_id=plain_uuid_or_none(row["dispute_id"]), dispute_state=row["dispute_state"],
        )
        for row in rows
    }  # fmt: skip


async def unpaid_work(annotator_id: UUID, settings: Settings, limit: int) -> list[UnpaidWork]:
    """The newest that can still be disputed and is not, newest first."""
    rows = await db.fetch(
        sql.unpaid_work, annotator_id=annotator_id, window_days=settings.pay_dispute_window_days, limit=limit
    )
    return [
        UnpaidWork(
            assignment_id=plain_uuid(row["assignment_id"]), task_id=plain_uuid(row["task_id"]), title=row["title"], project=row["project"],
            kind=row["kind"], ended_at=row["ended_at"],
        )
        for row in rows
    ]  # fmt: skip
