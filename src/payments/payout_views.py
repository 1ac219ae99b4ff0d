"""What is shown of payouts: batches, their lines with what is worth a look, and who is left out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid, plain_uuid_or_none
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: int
    period_id: UUID
    starts_at: datetime
    ends_at: datetime
    currency: str
    format: str
    """`pain.001`, `nacha` or `csv`."""
    state: str
    """`drafted`, `approved`, `exported`, `reconciled` or `cancelled`."""
    pay_on: date
    lines: int
    open_lines: int
    """Sent, and neither paid nor returned yet."""
    total: Money
    paid: Money
    returned: Money
    bounced: Money
    """What came back after it was written down as paid; no longer in `paid`."""
    author: str
    approved_by: str | None
    approved_at: datetime | None
    exported_at: datetime | None
    reconciled_at: datetime | None
    file_name: str | None
    file_digest: str | None
    """SHA-256, in hex."""
    created_at: datetime


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    annotator_id: UUID
    name: str
    statement_id: UUID
    statement_number: int
    starts_at: datetime
    ends_at: datetime
    attempt: int
    retry_of: UUID | None
    """The line that came back, or was taken out, before this one."""
    amount: Money
    kind: str
    country: str
    tail: str
    """Last digits of the account."""
    state: str
    """`drafted`, `approved`, `sent`, `paid`, `returned`, `bounced` (came back after it was paid), or `dropped`: taken out."""
    reason: str
    flags: list[str]
    """`changed_since` the draft, `changed_lately` before it, `shared` with somebody else."""
    decided_by: str | None
    decided_at: datetime | None


class LeftOut(msgspec.Struct, frozen=True):
    annotator_id: UUID
    name: str
    statements: int
    amount: Money
    why: str
    """`no_details`, `other_kind` than the format pays, `below_minimum`, or `uncovered`: something was taken back since the statement."""


class Owed(msgspec.Struct, frozen=True):
    people: int
    amount: Money


async def owed(period_id: UUID) -> list[Owed]:
    """By currency: what is in no batch of the statements up to a period."""
    rows = await db.fetch(sql.owed, period_id=period_id)
    return [Owed(row["people"], Money(row["micros"], row["currency"])) for row in rows]


async def lines(
    batch_id: UUID, settings: Settings, *, limit: int, after: UUID | None = None, flagged: bool = False
) -> list[LineView]:
    """`flagged`: only those that are worth a look."""
    rows = await db.fetch(
        sql.payout_lines, batch_id=batch_id, line_id=None, after=after, flagged=flagged, days=settings.payout_changed_days, limit=limit
    )  # fmt: skip
    return [_line(row) for row in rows]


def batch_view(row: Any) -> BatchView:
    """Of a row of `payout_batches`."""
    currency = row["currency"]
    return BatchView(
        id=plain_uuid(row["id"]), number=row["no"], period_id=plain_uuid(row["period_id"]), starts_at=row["starts_at"], ends_at=row["ends_at"],
        currency=currency, format=row["format"], state=row["state"], pay_on=row["pay_on"], lines=row["lines"], open_lines=row["open_lines"],
        total=Money(row["total_micros"], currency), paid=Money(row["paid_micros"], currency), returned=Money(row["returned_micros"], currency), bounced=Money(row["bounced_micros"], currency),
        author=row["author"], approved_by=row["approved_by"], approved_at=row["approved_at"], exported_at=row["exported_at"],
        reconciled_at=row["reconciled_at"], file_name=row["file_name"], file_digest=row["file_digest"], created_at=row["created_at"],
    )  # fmt: skip


def _line(row: Any) -> LineView:
    return LineView(
        id=plain_uuid(row["id"]), annotator_id=plain_uuid(row["annotator_id"]), name=row["name"], statement_id=plain_uuid(row["statement_id"]),
        statement_number=row["statement_no"], starts_at=row["starts_at"], ends_at=row["ends_at"], attempt=row["attempt"],
        retry_of=plain_uuid_or_none(row["retry_of_id"]), amount=Money(row["amount_micros"], row["currency"]), kind=row["kind"],
        country=row["country"], tail=row["tail"], state=row["state"], reason=row["reason"], flags=list(row["flags"]),
        decided_by=row["decided_by"], decided_at=row["decided_at"],
    )  # fmt: skip
