"""One change to many people, with a report by person, and the way back.

Undoing (`kernel.undo`) puts back only what still is as the change left it: whoever was changed again meanwhile stays as
they are.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db
from kernel.errors import Invalid
from kernel.ids import uuid7
from kernel.sql import load
from kernel.undo import recall, record
from skills.errors import NoSuchBulk
from skills.registry import check_roles

sql = load(__package__)
MOST_PEOPLE = 1000
"""Of one change: it is one transaction, and holds the rows of everybody in it."""
Action = Literal["pause", "activate", "grant_role", "revoke_role", "set_capacity"]
Value = dict[str, Any]


class BulkChange(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    action: Action
    reason: Annotated[str, Meta(max_length=500)] = ""
    """Kept in the history; whoever is paused reads it."""
    role: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    project_id: UUID | None = None
    """Of a role; none: everywhere."""
    capacity: Annotated[int, Meta(ge=1, le=50)] | None = None

    def check(self) -> None:
        """Raises `Invalid`."""
        if self.action == "pause" and not self.reason.strip():
            raise Invalid("Say why: whoever is paused reads the reason.")
        if self.action in {"grant_role", "revoke_role"} and self.role is None:
            raise Invalid("Name the role.")
        if self.action == "set_capacity" and self.capacity is None:
            raise Invalid("Name the capacity, from 1 to 50.")


class BulkLine(msgspec.Struct, frozen=True):
    id: UUID
    name: str | None
    outcome: Literal["changed", "unchanged", "not_found"]
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}


class BulkReport(msgspec.Struct, frozen=True):
    bulk_id: UUID
    """For undoing it."""
    action: str
    changed: int
    unchanged: int
    not_found: int
    items: list[BulkLine]


async def change_many(ids: list[UUID], change: BulkChange, vendor_id: UUID | None = None) -> BulkReport:
    """All in one transaction; with a vendor only that vendor's people are found. Raises `Invalid`, `NoSuchRole`."""
    db.require_transaction()
    change.check()
    if len(set(ids)) > MOST_PEOPLE:
        raise Invalid(f"At most {MOST_PEOPLE:,} people can be changed at once; narrow the filter.")
    if change.role is not None:
        await check_roles({change.role})
    people = {row["id"]: row for row in await _locked(ids, change.role, change.project_id, vendor_id)}
    lines = []
    for one in sorted(set(ids)):
        if one not in people:
            lines.append(BulkLine(one, None, "not_found"))
            continue
        before, after = _values(people[one], change)
        if before != after:
            await _put(one, after, change.action, change.reason.strip() or None, before)
        lines.append(BulkLine(one, people[one]["name"], "unchanged" if before == after else "changed", before, after))
    return await _report(change.action, lines, change.reason.strip() or None)


async def undo(bulk_id: UUID, actor: str, vendor_id: UUID | None = None) -> BulkReport:
    """Puts back what still is as the change left it. Raises `NoSuchBulk`: unknown, somebody else's, too old, or undone."""
    done = await recall("annotators", bulk_id, actor, BulkLine)
    if done is None:
        raise NoSuchBulk
    action, changed = done
    first = changed[0].after if changed else {}
    role, project = first.get("role"), first.get("project_id")
    ids = [line.id for line in changed]
    people = {row["id"]: row for row in await _locked(ids, role, project and UUID(project), vendor_id)}
    lines = []
    for line in changed:
        row = people.get(line.id)
        if row is None:
            lines.append(BulkLine(line.id, None, "not_found"))
            continue
        as_left = _now(row, line.after) == line.after
        if as_left:
            await _put(line.id, line.before, "undo", "taken back", line.after)
        lines.append(BulkLine(line.id, row["name"], "changed" if as_left else "unchanged", line.after, line.before))
    return _counted(bulk_id, f"undo {action}", lines)


async def _locked(ids: list[UUID], role: str | None, project_id: UUID | None, vendor_id: UUID | None) -> list[Any]:
    return await db.fetch(sql.bulk_lock, ids=list(set(ids)), role=role, project_id=project_id, vendor_id=vendor_id)


def _values(row: Any, change: BulkChange) -> tuple[Value, Value]:
    """What the change is about: as it is, and as it will be."""
    if change.action in {"pause", "activate"}:
        before = {"state": row["state"], "reason": row["state_reason"]}
        wanted = "paused" if change.action == "pause" else "active"
        if row["state"] == wanted:
            return before, before
        return before, {"state": wanted, "reason": change.reason.strip() if change.action == "pause" else None}
    if change.action == "set_capacity":
        return {"capacity": row["capacity"]}, {"capacity": change.capacity}
    place = {"role": change.role, "project_id": None if change.project_id is None else str(change.project_id)}
    return place | {"held": row["has_role"]}, place | {"held": change.action == "grant_role"}


def _now(row: Any, after: Value) -> Value:
    if "state" in after:
        return {"state": row["state"], "reason": row["state_reason"]}
    if "capacity" in after:
        return {"capacity": row["capacity"]}
    return after | {"held": row["has_role"]}


async def _put(one: UUID, wanted: Value, action: str, reason: str | None, before: Value) -> None:
    if "state" in wanted:
        await db.execute(sql.bulk_state, id=one, state=wanted["state"], reason=wanted["reason"])
        action = f"annotator.{wanted['state']}"
    elif "capacity" in wanted:
        await db.execute(sql.bulk_capacity, id=one, capacity=wanted["capacity"])
        action = "annotator.capacity"
    else:
        project = wanted["project_id"] and UUID(wanted["project_id"])
        statement = sql.bulk_grant if wanted["held"] else sql.bulk_revoke
        await db.execute(statement, id=one, role=wanted["role"], project_id=project)
        action = "annotator.role_granted" if wanted["held"] else "annotator.role_revoked"
    await audit.record(action, "annotator", one, before=before, after=wanted, reason=reason)


async def _report(action: str, lines: list[BulkLine], reason: str | None) -> BulkReport:
    report = _counted(uuid7(), action, lines)
    await record("annotators", report.bulk_id, action, [line for line in lines if line.outcome == "changed"], reason)
    return report


def _counted(bulk_id: UUID, action: str, lines: list[BulkLine]) -> BulkReport:
    counts = {name: sum(1 for line in lines if line.outcome == name) for name in ("changed", "unchanged", "not_found")}
    return BulkReport(bulk_id, action, items=lines, **counts)
