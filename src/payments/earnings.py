"""Where the money is, for those who read it: a person's earnings, the journal, a project's budget, what work cost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.errors import Invalid
from kernel.ids import plain_uuid_or_none
from kernel.money import Money
from kernel.sql import load
from payments.errors import NoSuchProject
from payments.ledger import TransferView, transfer_view

sql = load(__package__)

_LARGEST_SEQ = 2**63 - 1


class EarningsTotal(msgspec.Struct, frozen=True):
    """One currency of one person. Days and weeks are UTC; a week begins on Monday."""

    currency: str
    pending: Money
    posted: Money
    """All that was ever earned, paid out or not."""
    today: Money
    """Posted since 00:00."""
    this_week: Money
    """Posted since Monday 00:00."""
    pending_count: int
    posted_count: int
    voided_count: int
    paid: Money
    """Of what is posted: what payouts have brought to the person's account."""


class EarningsLine(msgspec.Struct, frozen=True):
    """One piece of work or attempt at an exam that has a price; what is free moves no money and is not here."""

    seq: int
    assignment_id: UUID | None
    task_id: UUID | None
    """Neither for an exam or an adjustment."""
    exam_attempt_id: UUID | None
    exam_id: UUID | None
    exam_name: str | None
    external_id: str | None
    domain: str | None
    language: str | None
    project_id: UUID
    project_name: str | None
    kind: str
    """`annotation`, `review`, `exam`, `share`, `bonus`, `adjustment` or `floor`."""
    amount: Money
    """Below zero: a deduction."""
    state: str
    """`pending`, `posted` or `voided`."""
    price_inputs: dict[str, Any]
    reason: str
    """Why the money went back; empty otherwise."""
    held_at: datetime
    resolved_at: datetime | None
    adjustment_id: UUID | None = None
    shared: "Shared | None" = None
    """Of a dialogue that passed through several hands; `amount` is this person's part of it."""
    exchanged: "Exchanged | None" = None
    """Of a project in another currency."""


class Shared(msgspec.Struct, frozen=True):
    """The pay of one piece of work, split by turns."""

    turns: int
    """This person's."""
    of: int
    whole: Money


class Exchanged(msgspec.Struct, frozen=True):
    """By which rate the project's currency became the person's; fixed when the price was."""

    currency: str
    """The project's."""
    rate: str
    """Of one unit of it."""
    day: str
    source: str


class Earnings(msgspec.Struct, frozen=True):
    totals: list[EarningsTotal]
    lines: list[EarningsLine]
    next_cursor: str | None


class TransferFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is given must hold."""

    project_id: UUID | None = None
    annotator_id: UUID | None = None
    task_id: UUID | None = None
    assignment_id: UUID | None = None
    vendor_id: UUID | None = None
    """Only money of people of this vendor."""
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""


class TransferPage(msgspec.Struct, frozen=True):
    items: list[TransferView]
    next_cursor: str | None


class ProjectBudget(msgspec.Struct, frozen=True):
    funded: Money
    reserved: Money
    """Held for work that is under way."""
    posted: Money
    """Earned by people."""
    left: Money
    """What may still be claimed: funded − reserved − posted − fees."""
    fees: Money
    """Beside what people earned, by the rate card's fee; what is held for fees is in `reserved`."""


class CostLine(msgspec.Struct, frozen=True):
    project_id: UUID
    project_name: str
    domain: str
    kind: str
    """`annotation`, `review`, `adjudication`, `exam`, `bonus`, `adjustment` or `floor`."""
    posted: Money
    """In the project's currency, whatever it was converted to."""
    pending: Money
    posted_count: int
    pending_count: int
    voided_count: int
    fees: Money
    """Beside what was posted, out of the same budget; nothing where only one vendor's people are counted."""
    items: int
    """Annotations that were accepted and paid, without gold, which is paid and no item."""


async def earnings(
    annotator_id: UUID,
    *,
    limit: int,
    since: datetime | None = None,
    cursor: str | None = None,
    state: str | None = None,
    until: datetime | None = None,
    project_id: UUID | None = None,
    work: str | None = None,
) -> Earnings:
    """Totals of all time and one page of lines, newest claim first; the filters bound the lines alone. `since` and `until` (exclusive) are of
    the claim, `work` is the kind of a line.
    """
    totals = await db.fetch(sql.earnings_totals, annotator_id=annotator_id)
    rows = await db.fetch(
        sql.earnings_lines,
        annotator_id=annotator_id,
        before=_place(cursor),
        since=since,
        until=until,
        project_id=project_id,
        work=work,
        state=state,
        limit=_one_more(limit),
    )
    return Earnings([_total(row) for row in totals], [_line(row) for row in rows[:limit]], _next(rows, limit))


async def transfers(filters: TransferFilters, *, limit: int, cursor: str | None = None) -> TransferPage:
    """One page of the journal, newest first."""
    rows = await db.fetch(
        sql.transfers, before=_place(cursor), limit=_one_more(limit), **msgspec.structs.asdict(filters)
    )
    return TransferPage([transfer_view(row) for row in rows[:limit]], _next(rows, limit))


async def project_budget(project_id: UUID) -> ProjectBudget:
    """Raises `NoSuchProject`."""
    row = await db.fetch_one(sql.project_budget, project_id=project_id)
    if row is None:
        raise NoSuchProject
    funded, reserved, posted, fees = (
        Money(row[name], row["currency"])
        for name in ("funded_micros", "reserved_micros", "posted_micros", "fees_micros")
    )
    return ProjectBudget(funded, reserved, posted, funded - reserved - posted - fees, fees)


async def cost_by(
    *,
    project_ids: Sequence[UUID] | None = None,
    vendor_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[CostLine]:
    """Per project, domain, kind and currency; the caller folds what it does not show.

    Paid and returned work counts at the moment of that, work under way at its claim; `until` is exclusive. Without
    `since` the whole journal is read.
    """
    rows = await db.fetch(
        sql.cost_by, project_ids=None if project_ids is None else list(project_ids), vendor_id=vendor_id, since=since,
        until=until,
    )  # fmt: skip
    return [
        CostLine(
            project_id=UUID(int=row["project_id"].int),
            project_name=row["project_name"],
            domain=row["domain"],
            kind=row["kind"],
            posted=Money(row["posted_micros"], row["currency"]),
            pending=Money(row["pending_micros"], row["currency"]),
            posted_count=row["posted_count"],
            pending_count=row["pending_count"],
            voided_count=row["voided_count"],
            fees=Money(row["fees_micros"], row["currency"]),
            items=row["items"],
        )
        for row in rows
    ]


def _total(row: Any) -> EarningsTotal:
    currency = row["currency"]
    return EarningsTotal(
        currency=currency,
        pending=Money(row["pending_micros"], currency),
        posted=Money(row["posted_micros"], currency),
        today=Money(row["today_micros"], currency),
        this_week=Money(row["week_micros"], currency),
        pending_count=row["pending_count"],
        posted_count=row["posted_count"],
        voided_count=row["voided_count"],
        paid=Money(row["paid_micros"], currency),
    )


def _line(row: Any) -> EarningsLine:
    return EarningsLine(
        seq=row["seq"],
        assignment_id=plain_uuid_or_none(row["assignment_id"]),
        task_id=plain_uuid_or_none(row["task_id"]),
        exam_attempt_id=plain_uuid_or_none(row["exam_attempt_id"]),
        adjustment_id=plain_uuid_or_none(row["adjustment_id"]),
        exam_id=plain_uuid_or_none(row["exam_id"]),
        exam_name=row["exam_name"],
        external_id=row["external_id"],
        domain=row["domain"],
        language=row["language"],
        project_id=UUID(int=row["project_id"].int),
        project_name=row["project_name"],
        kind=row["kind"],
        amount=Money(row["amount_micros"], row["currency"]),
        state=row["state"],
        price_inputs=row["price_inputs"],
        reason=row["reason"],
        held_at=row["held_at"],
        resolved_at=row["resolved_at"],
        shared=Shared(row["share_turns"], row["share_of"], Money(row["whole_micros"], row["project_currency"]))
        if row["share_of"]
        else None,
        exchanged=_exchanged(row["price_inputs"]),
    )


def _exchanged(inputs: dict[str, Any]) -> Exchanged | None:
    terms = inputs.get("exchange")
    return Exchanged(terms["from"], terms["rate"], terms["day"], terms["source"]) if terms else None


def _place(cursor: str | None) -> int | None:
    """The `seq` that a page ended with."""
    if cursor is None:
        return None
    if (
        not (cursor.isascii() and cursor.isdigit())
        or len(cursor) > len(str(_LARGEST_SEQ))
        or int(cursor) > _LARGEST_SEQ
    ):
        raise Invalid("This cursor is not one that was handed out; start again without it.")
    return int(cursor)


def _one_more(limit: int) -> int:
    """One row beyond the page tells whether another page follows. The upper bound is the API's `page_limit`."""
    if limit < 1:
        raise Invalid("A page has at least one row.")
    return limit + 1


def _next(rows: Sequence[Any], limit: int) -> str | None:
    return str(rows[limit - 1]["seq"]) if len(rows) > limit else None
