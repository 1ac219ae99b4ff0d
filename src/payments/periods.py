"""Pay periods: open → closing → closed. Closing fixes a place in the ledger and states everybody's lines up to it, some people at a time.

A period holds what came before its end, up to its place in the ledger, and is in no earlier period. So money that moved in
time and was committed late, and every correction, belongs to the next one; nothing is copied, and nothing can be in two.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import audit, clock, db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.money import Money, exponent
from kernel.settings import Settings
from kernel.sql import load
from payments import checklist, floors, sealing
from payments.errors import NoSuchPeriod, PeriodNotOver

sql = load(__package__)

JOB = "payments.close_period"
OPEN_JOB = "payments.open_period"
PEOPLE_AT_ONCE = 500
"""Stated in one transaction: well under a second, and the most that is in memory at once."""
RETRY_SECONDS = 1
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_DECEMBER = 12

Length = Literal["month", "two_weeks", "week"]
Progress = Literal["", "more", "held"]
"""Of a closing: nothing is left to do, go on, or go on in a moment because a running transaction holds the seal back."""


class PeriodTotal(msgspec.Struct, frozen=True):
    """Of one currency."""

    people: int
    earned: Money
    payable: Money


class PeriodView(msgspec.Struct, frozen=True):
    id: UUID
    starts_at: datetime
    ends_at: datetime
    """Exclusive."""
    state: str
    """`open`, `closing` or `closed`."""
    statements: int
    lines: int
    totals: list[PeriodTotal]
    closed_by: str | None
    closed_at: datetime | None
    chain_head: str | None
    """The ledger's hash, in hex, at the place up to which the period was closed."""


def end_of(starts_at: datetime, length: Length) -> datetime:
    """Months end with the calendar's, weeks so many days after their start; UTC."""
    if length == "month":
        year, month = divmod(starts_at.year * _DECEMBER + starts_at.month, _DECEMBER)
        return datetime(year, month + 1, 1, tzinfo=UTC)
    return starts_at + timedelta(days=7 if length == "week" else 14)


def start_before(moment: datetime, length: Length) -> datetime:
    """Of the first period: the month's or the week's beginning."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if length == "month" else day - timedelta(days=day.weekday())


async def open_periods(settings: Settings) -> None:
    """Adds what is missing up to the period that runs now; the first begins with the first money."""
    db.require_transaction()
    length = msgspec.convert(settings.pay_period, Length)
    row = await db.fetch_one(sql.last_pay_period)
    assert row is not None
    if row["ends_at"] is None and row["first_money"] is None:
        return
    end = row["ends_at"] or start_before(row["first_money"], length)
    while end <= row["now"]:
        starts_at, end = end, end_of(end, length)
        await db.execute(sql.add_pay_period, id=uuid7(), starts_at=starts_at, ends_at=end)


async def periods(*, limit: int, before: datetime | None = None) -> list[PeriodView]:
    """The newest first."""
    rows = await db.fetch(sql.pay_periods, period_id=None, before=before, limit=limit)
    return [_view(row) for row in rows]


async def period(period_id: UUID) -> PeriodView:
    """Raises `NoSuchPeriod`."""
    row = await db.fetch_one(sql.pay_periods, period_id=period_id, before=None, limit=1)
    if row is None:
        raise NoSuchPeriod
    return _view(row)


async def start_closing(
    period_id: UUID, closed_by: str, reason: str = "", override: Collection[str] = ()
) -> PeriodView:
    """From now on a worker closes it. One that is being closed, or is, is returned.

    Raises `NoSuchPeriod`, `PeriodNotOver`, `PeriodBlocked` for what `override` does not name, `Invalid` for overriding without a reason.
    """
    db.require_transaction()
    found = await period(period_id)
    if found.state != "open":
        return found
    if await db.fetch_value(sql.start_closing, id=period_id, closed_by=closed_by) is None:
        raise PeriodNotOver
    overridden = await checklist.refuse_blocked(period_id, override, reason)
    after = {"overridden": overridden} if overridden else None
    await audit.record("pay_period.closing_asked", "pay_period", period_id, after=after, reason=reason or None)
    await outbox.enqueue(JOB, {"period_id": str(period_id)}, key=f"{JOB}:{period_id}")
    return await period(period_id)


async def advance(period_id: UUID, settings: Settings) -> Progress:
    """One step: floors, the place in the ledger, the next people, or the end."""
    db.require_transaction()
    row = await db.fetch_one(sql.lock_pay_period, id=period_id)
    if row is None or row["state"] != "closing":
        return ""
    if row["to_xid"] is None:
        return "more" if await _top_up(row, settings) else await _pin(row, settings)
    found = await db.fetch_one(
        sql.state_people, period_id=period_id, after=row["next_account"] or _FIRST, limit=PEOPLE_AT_ONCE, **await _units()
    )  # fmt: skip
    assert found is not None
    await db.execute(
        sql.advance_pay_period, id=period_id, next_account=found["last"] or row["next_account"],
        statements=found["statements"], lines=found["lines"],
    )  # fmt: skip
    if found["more"]:
        return "more"
    closed = await db.fetch_one(sql.close_pay_period, id=period_id)
    assert closed is not None
    data = {"period_id": str(period_id), "statements": closed["statements"], "lines": closed["lines"]}
    await outbox.publish("pay_period.closed", data, subject_id=period_id)
    return ""


async def step(period_id: UUID, settings: Settings) -> None:
    """`advance` as a job that asks for the one after it; a little later where a running transaction holds the seal back."""
    progress = await advance(period_id, settings)
    if progress:
        due_at = clock.now() + timedelta(seconds=RETRY_SECONDS) if progress == "held" else None
        await outbox.enqueue(JOB, {"period_id": str(period_id)}, due_at=due_at)


async def _top_up(row: Any, settings: Settings) -> bool:
    """Floors come before the place in the ledger is fixed, project by project, then paid; False when all of that is done."""
    if row["next_project"] != _LAST:
        looked_at = await floors.reckon(row["id"], row["next_project"], settings)
        await db.execute(sql.advance_floors, id=row["id"], next_project=looked_at or _LAST)
        if looked_at is not None:
            return True
    return await floors.pay_some(row["id"]) > 0


async def _pin(row: Any, settings: Settings) -> Progress:
    while await sealing.seal(settings):
        pass
    last = await db.fetch_one(sql.last_ledger_seal)
    xid, seq, head = (last["to_xid"], last["to_seq"], bytes(last["hash"])) if last else (0, 0, bytes(32))
    if await db.fetch_value(sql.unsealed_before, xid=str(xid), seq=seq, ends_at=row["ends_at"], period_id=row["id"]):
        return "held"
    await db.execute(sql.pin_pay_period, id=row["id"], xid=xid, seq=seq, head=head)
    # Statistics from before the newest people can make the plan of the statements a thousand times slower.
    await db.execute("ANALYZE account")
    return "more"


async def _units() -> dict[str, Any]:
    """The smallest payable amount of each currency that ever moved, in micros."""
    rows = await db.fetch("SELECT DISTINCT currency FROM account")
    currencies = [row["currency"] for row in rows]
    return {"currencies": currencies, "units": [10 ** (6 - exponent(currency)) for currency in currencies]}


def _view(row: Any) -> PeriodView:
    return PeriodView(
        id=plain_uuid(row["id"]), starts_at=row["starts_at"], ends_at=row["ends_at"], state=row["state"], statements=row["statements"],
        lines=row["lines"],
        totals=[
            PeriodTotal(one["people"], Money(one["earned"], one["currency"]), Money(one["payable"], one["currency"]))
            for one in row["totals"]
        ],
        closed_by=row["closed_by"], closed_at=row["closed_at"], chain_head=row["chain_head"],
    )  # fmt: skip
