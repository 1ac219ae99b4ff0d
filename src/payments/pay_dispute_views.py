"""Disputes of pay, for those who read and answer them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid, plain_uuid_or_none
from kernel.money import Money
from kernel.sql import load

sql = load(__package__)
Sort = Literal["due", "newest", "amount", "person"]


class PayDisputeView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    """`posted`, `voided` or `held` line, or `missing`: the work has none."""
    project_id: UUID
    project: str
    annotator_id: UUID
    name: str
    line: int | None
    task_id: UUID | None
    assignment_id: UUID | None
    external_id: str | None
    work: str
    """What the line is for, as in earnings: `annotation`, `review`, `bonus` …"""
    amount: Money
    """Of the line when it was disputed."""
    wanted: Money | None
    line_reason: str
    """What the ledger says of the line."""
    price_inputs: dict[str, Any]
    reason: str
    state: str
    """`open`, `upheld`: the person was right, `refused`, or `withdrawn`."""
    opened_at: datetime
    due_at: datetime
    overdue: bool
    decided_at: datetime | None
    answer: str
    """One of the answers that are said in the reader's language; empty while it is open."""
    decision: str
    adjustment_id: UUID | None
    adjustment_state: str | None
    pays: Money | None
    """What the adjustment brings."""
    not_yours: bool
    """Whoever reads caused the line or earns by it: somebody else answers."""


class Place(msgspec.Struct, frozen=True):
    """Where a page ended, in its order."""

    rank: float
    word: str
    id: UUID


class PayDisputeFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is given must hold."""

    state: str | None = None
    kind: str | None = None
    overdue: bool = False
    annotator_id: UUID | None = None
    project_id: UUID | None = None
    vendor_id: UUID | None = None
    """Only of people of this vendor."""
    text: str = ""
    """Part of the person's name, the task's external id or the reason."""


class PayDisputePage(msgspec.Struct, frozen=True):
    items: list[PayDisputeView]
    next_place: Place | None


async def pay_disputes(
    filters: PayDisputeFilters,
    *,
    limit: int,
    sort: Sort = "due",
    after: Place | None = None,
    me: str = "",
    own: UUID | None = None,
    ids: list[UUID] | None = None,
) -> PayDisputePage:
    """`due`: open ones by their date, then the others, newest first. `me` and `own` say who reads: a label, and their own annotator."""
    rows = await db.fetch(
        sql.pay_disputes, **msgspec.structs.asdict(filters), ids=ids, sort=sort, limit=limit + 1, me=me, own=own,
        after_rank=after.rank if after else None, after_word=after.word if after else None, after_id=after.id if after else None,
    )  # fmt: skip
    last = rows[limit - 1] if len(rows) > limit else None
    place = None if last is None else Place(last["rank"], last["word"], plain_uuid(last["id"]))
    return PayDisputePage([_view(row) for row in rows[:limit]], place)


async def some(ids: list[UUID], *, me: str = "", own: UUID | None = None) -> list[PayDisputeView]:
    return (await pay_disputes(PayDisputeFilters(), limit=len(ids), me=me, own=own, ids=ids)).items


def _view(row: Any) -> PayDisputeView:
    currency = row["currency"]
    return PayDisputeView(
        id=plain_uuid(row["id"]), kind=row["kind"], project_id=plain_uuid(row["project_id"]), project=row["project"],
        annotator_id=plain_uuid(row["annotator_id"]), name=row["name"], line=row["line"], task_id=plain_uuid_or_none(row["task_id"]),
        assignment_id=plain_uuid_or_none(row["assignment_id"]), external_id=row["external_id"], work=row["work"],
        amount=Money(row["line_micros"], currency), wanted=None if row["wanted_micros"] is None else Money(row["wanted_micros"], currency),
        line_reason=row["line_reason"], price_inputs=row["price_inputs"], reason=row["reason"], state=row["state"], opened_at=row["opened_at"],
        due_at=row["due_at"], overdue=row["overdue"], decided_at=row["decided_at"], answer=row["answer"], decision=row["decision"],
        adjustment_id=plain_uuid_or_none(row["adjustment_id"]), adjustment_state=row["adjustment_state"],
        pays=None if row["pays_micros"] is None else Money(row["pays_micros"], currency), not_yours=row["not_yours"],
    )  # fmt: skip
