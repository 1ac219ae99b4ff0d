"""What stands in the way of closing a pay period, and what is worth a look before.

Each item is one query that says how many there are, and how much money, by currency. A new one is a query named
`checklist_…` with any of the parameters of `_of`, a line in `CHECKS`, its words in `labels_pay.py` and its place in
`pay_checklist.py`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import db
from kernel.errors import Invalid
from kernel.ids import plain_uuid
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import Sql, load
from payments.errors import NoSuchPeriod, PeriodBlocked

sql = load(__package__)
Level = Literal["blocking", "warning"]
Why = Literal["unusual", "negative_carried", "no_bank_details"]
SHOWN = 200
"""People of one kind of exception; the counts tell how many there are."""
LONGEST_REASON = 500


class Check(msgspec.Struct, frozen=True):
    code: str
    level: Level
    query: Sql
    overridable: bool = False
    """Somebody with `periods:override` may close all the same, with a reason."""
    by_time: bool = False
    """Held by `start_closing` itself, whose refusal has a code of its own."""


CHECKS = (
    Check("not_over", "blocking", sql.checklist_not_over, by_time=True),
    Check("earlier_open", "blocking", sql.checklist_earlier_open, by_time=True),
    Check("books_broken", "blocking", sql.checklist_books_broken),
    Check("seals_behind", "blocking", sql.checklist_seals_behind),
    Check("adjustments_waiting", "blocking", sql.checklist_adjustments_waiting, overridable=True),
    Check("payouts_unreconciled", "blocking", sql.checklist_payouts_unreconciled, overridable=True),
    Check("pay_disputes_overdue", "blocking", sql.checklist_pay_disputes_overdue, overridable=True),
    Check("pay_disputes_open", "warning", sql.checklist_pay_disputes_open),
    Check("exchange_rates_missing", "warning", sql.checklist_exchange_rates_missing),
    Check("books_unchecked", "warning", sql.checklist_books_unchecked),
    Check("reviews_overdue", "warning", sql.checklist_reviews_overdue),
    Check("works_waiting", "warning", sql.checklist_works_waiting),
    Check("adjustments_scheduled", "warning", sql.checklist_adjustments_scheduled),
    Check("top_ups_short", "warning", sql.checklist_top_ups_short),
    Check("deductions_short", "warning", sql.checklist_deductions_short),
    Check("no_bank_details", "warning", sql.checklist_no_bank_details),
    Check("negative_carried", "warning", sql.checklist_negative_carried),
    Check("unusual", "warning", sql.checklist_unusual),
)
"""In the order in which they are shown, what blocks first."""
_BY_CODE = {check.code: check for check in CHECKS}


class ChecklistItem(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    level: Level
    overridable: bool
    """By `periods:override`, with a reason."""
    clear: bool
    """Nothing is to be done here."""
    count: int
    amounts: list[Money]


class PayException(msgspec.Struct, frozen=True, kw_only=True):
    why: Why
    annotator_id: UUID
    name: str
    amount: Money
    """Earned in the period; of `no_bank_details` all that is owed; of `negative_carried` what is not yet covered, below zero."""
    usual: Money | None
    """Of `unusual`: the median of the person's earlier statements."""
    statement_id: UUID | None
    """Where the period is closed."""


async def checklist(period_id: UUID, settings: Settings) -> list[ChecklistItem]:
    """Every item, also those that are clear. Raises `NoSuchPeriod`."""
    given = await _of(period_id) | {"deviations": settings.pay_unusual_deviations}
    return [await _item(check, given) for check in CHECKS]


async def refuse_blocked(period_id: UUID, override: Collection[str] = (), reason: str = "") -> dict[str, int]:
    """What was overridden, with how many there were of each. Raises `PeriodBlocked` with the codes that stand in the way, `Invalid`."""
    if unknown := sorted(set(override) - {check.code for check in CHECKS if check.overridable}):
        raise Invalid(f"{unknown[0]!r} is nothing that could be overridden.")
    if override and not reason.strip():
        raise Invalid("Say why the period is closed all the same.")
    given = await _of(period_id)
    found = [await _item(check, given) for check in CHECKS if check.level == "blocking" and not check.by_time]
    open_ = {item.code: item.count for item in found if not item.clear}
    if in_the_way := [code for code in open_ if code not in override]:
        raise PeriodBlocked(f"In the way: {', '.join(in_the_way)}.", items=in_the_way)
    return {code: open_[code] for code in override if code in open_}


async def exceptions(period_id: UUID, settings: Settings) -> list[PayException]:
    """Who is worth a look, the furthest from their usual first; at most `SHOWN` of each kind. Raises `NoSuchPeriod`."""
    given = await _of(period_id) | {"deviations": settings.pay_unusual_deviations}
    rows = [
        *await db.fetch(sql.unusual_people, limit=SHOWN, **_for(sql.checklist_unusual, given)),
        *await db.fetch(sql.people_below_zero, limit=SHOWN),
        *await db.fetch(sql.people_without_details, limit=SHOWN),
    ]
    return [
        PayException(
            why=row["why"], annotator_id=plain_uuid(row["annotator_id"]), name=row["name"], amount=Money(row["micros"], row["currency"]),
            usual=None if row["usual"] is None else Money(row["usual"], row["currency"]),
            statement_id=None if row["statement_id"] is None else plain_uuid(row["statement_id"]),
        )
        for row in rows
    ]  # fmt: skip


async def _of(period_id: UUID) -> dict[str, Any]:
    row = await db.fetch_one(sql.period_bounds_of, id=period_id)
    if row is None:
        raise NoSuchPeriod
    starts_at: datetime = row["starts_at"]
    return {
        "period_id": period_id,
        "starts_at": starts_at,
        "ends_at": row["ends_at"],
        "open": row["state"] != "closed",
        "over": row["over"],
    }


def _for(query: Sql, given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in query.parameters}


async def _item(check: Check, given: dict[str, Any]) -> ChecklistItem:
    rows = await db.fetch(check.query, **_for(check.query, given))
    count = sum(row["count"] for row in rows)
    return ChecklistItem(
        code=check.code, level=check.level, overridable=check.overridable, clear=count == 0, count=count,
        amounts=[Money(row["micros"], row["currency"]) for row in rows if row["currency"] is not None],
    )  # fmt: skip
