"""Calendars by name, as projects refer to them."""

import re
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.errors import Invalid, PreconditionFailed
from kernel.ids import uuid7
from kernel.sql import load
from routing.calendars import Hours
from routing.errors import NoSuchCalendar

sql = load(__package__)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


class CalendarView(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    zone: str
    weekly: dict[str, list[tuple[str, str]]]
    holidays: list[str]
    version: int


async def calendars() -> list[CalendarView]:
    return await db.fetch_as(CalendarView, sql.calendars, name=None)


async def calendar(name: str) -> CalendarView:
    found = await db.fetch_as(CalendarView, sql.calendars, name=name)
    if not found:
        raise NoSuchCalendar
    return found[0]


async def put_calendar(name: str, hours: Hours, *, version: int | None = None, reason: str = "") -> CalendarView:
    """New, or in place of the one of this name; projects that go by it do so at once.

    `version` is what was read, 0 where nothing was. Raises `Invalid`, `PreconditionFailed`.
    """
    db.require_transaction()
    if not NAME.fullmatch(name):
        raise Invalid("The name of a calendar has at most 80 small letters, digits, - and _.")
    hours.check()
    values = msgspec.to_builtins(hours)
    await db.execute("SELECT FROM calendar WHERE name = :name FOR UPDATE", name=name)
    known = await db.fetch_as(CalendarView, sql.calendars, name=name)
    if version is not None and version != (known[0].version if known else 0):
        raise PreconditionFailed
    before = {"zone": known[0].zone, "weekly": known[0].weekly, "holidays": known[0].holidays} if known else None
    await db.execute(
        sql.put_calendar, id=uuid7(), name=name, zone=hours.zone, weekly=db.jsonb(values["weekly"]),
        holidays=db.jsonb(values["holidays"]),
    )  # fmt: skip
    await audit.record("calendar.put", "calendar", name, before=before, after=values, reason=reason or None)
    return await calendar(name)


async def put_back(name: str, *, version: int) -> CalendarView:
    """As it was before the last change, while `version` is still the newest.

    Raises `NoSuchCalendar`, `PreconditionFailed`, also where there was nothing before.
    """
    db.require_transaction()
    row = await db.fetch_one(sql.last_calendar_change, name=name)
    if row is None or row["before"] is None:
        raise PreconditionFailed
    return await put_calendar(name, msgspec.convert(row["before"], Hours), version=version, reason="taken back")
