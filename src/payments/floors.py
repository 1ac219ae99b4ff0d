"""The effective-hourly floor: whoever earned less per active hour than a project promises gets the difference when a period is closed.

Guards against idling: only paid work counts; the server's own intervals with the idle cut measure it; of one task at most a
multiple of its lane's median counts, and never more than so many minutes. A floor holds for work that is taken after it was
set, so that none is ever lowered backwards.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db
from kernel.ids import plain_uuid, uuid7
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load
from payments import adjustments
from payments.errors import BadPayFloor, NoSuchProject
from routing.events import BudgetExhausted, ExchangeRateMissing

sql = load(__package__)
AT_ONCE = 200
"""Top-ups in one transaction."""
LARGEST_HOURLY_MICROS = 10**10
MINUTE = 60


class PayFloorDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    hourly: Money
    """Per active hour, in the project's currency; zero: no floor from now on."""
    language: Annotated[str, Meta(min_length=2, max_length=20)] | None = None
    """Of the tasks; without one it holds for all languages that have none of their own."""
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class PayFloorView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    project_id: UUID
    version: int
    language: str | None
    hourly: Money
    reason: str
    created_by: str
    effective_from: datetime
    in_force: bool


async def pay_floors(project_id: UUID) -> list[PayFloorView]:
    """Every version, the newest first."""
    return [
        PayFloorView(
            id=plain_uuid(row["id"]), project_id=plain_uuid(row["project_id"]), version=row["version"], language=row["language"],
            hourly=Money(row["hourly_micros"], row["currency"]), reason=row["reason"], created_by=row["created_by"],
            effective_from=row["effective_from"], in_force=row["in_force"],
        )
        for row in await db.fetch(sql.pay_floors, project_id=project_id)
    ]  # fmt: skip


async def set_pay_floor(project_id: UUID, draft: PayFloorDraft, by: str) -> PayFloorView:
    """A new version. Raises `NoSuchProject`, `BadPayFloor`."""
    db.require_transaction()
    currency = await db.fetch_value(sql.lock_project, project_id=project_id)
    if currency is None:
        raise NoSuchProject
    if currency != draft.hourly.currency:
        raise BadPayFloor(f"The project pays in {currency}; its floor cannot be in {draft.hourly.currency}.")
    if not 0 <= draft.hourly.micros <= LARGEST_HOURLY_MICROS:
        raise BadPayFloor
    floor_id = uuid7()
    await db.execute(
        sql.add_pay_floor, id=floor_id, project_id=project_id, language=draft.language, hourly_micros=draft.hourly.micros,
        currency=currency, reason=draft.reason, created_by=by,
    )  # fmt: skip
    made = next(one for one in await pay_floors(project_id) if one.id == floor_id)
    await audit.record("pay_floor.set", "project", project_id, after=made, reason=draft.reason)
    return made


async def reckon(period_id: UUID, after: UUID | None, settings: Settings) -> UUID | None:
    """Writes down who is below the floors of the next project after `after`; that project, or None when all were looked at."""
    db.require_transaction()
    project_id = await db.fetch_value(sql.next_project_with_floor, after=after)
    if project_id is None:
        return None
    await db.execute(
        sql.top_up, period_id=period_id, project_id=project_id, multiple=settings.floor_cap_multiple,
        least_tasks=settings.floor_least_tasks, most_seconds=float(settings.floor_most_minutes * MINUTE),
        least_seconds=settings.floor_least_minutes * MINUTE,
    )  # fmt: skip
    return plain_uuid(project_id)


async def pay_some(period_id: UUID) -> int:
    """Pays some of the period's top-ups; how many were left to pay. One that the budget does not cover, or no rate leads to, is `short`, and shown."""
    db.require_transaction()
    due = await db.fetch(sql.due_top_ups, period_id=period_id, limit=AT_ONCE)
    for one in due:
        row = await db.fetch_one(adjustments.sql.lock_adjustment, id=one["id"])
        assert row is not None
        try:
            async with db.savepoint():
                await adjustments.pay(row, None)
        except (BudgetExhausted, ExchangeRateMissing):
            await db.execute(sql.decide_adjustment, id=one["id"], state="short", decided_by=None, decision="")
    return len(due)
