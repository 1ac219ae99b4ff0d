"""What managers change of tasks that are there: one of them, or many at once with a report by task and the way back.

Slots are locked first, then tasks, each in the order of ids, in statements of their own; what is then read cannot move.
A task keeps its place under whoever holds it: rank and lane say what is asked, and when, once it is free again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from kernel import clock, db, outbox
from kernel.errors import Invalid, PreconditionFailed
from kernel.ids import uuid7
from kernel.sql import load
from kernel.undo import recall, record
from routing.errors import NoSuchTask, NoSuchTaskChange, WrongState
from routing.intake import Level, TaskDraft, asked_of, lanes_known, place_of
from routing.projects import project
from routing.reports import TaskFilter, by_filter
from routing.review_plans import plan_of
from skills.belief import difficulty_prior
from skills.evidence import own_kinds

sql = load(__package__)
MOST_TASKS = 10_000
"""Of one change: it is one transaction, and holds the rows of every task in it."""
EXPIRE = "routing.expire_tasks"
CLOSED = {"accepted", "rejected", "cancelled"}
Action = Literal["set_priority", "set_due", "set_difficulty", "extend", "cancel"]
Value = dict[str, Any]


class TaskBulk(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    action: Action
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    """Kept in every task's history."""
    priority: Level | None = None
    due_at: Annotated[datetime, Meta(tz=True)] | None = None
    """Of `set_due`; none: it is due no more."""
    difficulty: Level | None = None
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    """Of `extend`: the task expires so many days from now; none: never."""

    def check(self) -> None:
        """Raises `Invalid`."""
        if not self.reason.strip():
            raise Invalid("Say why: the reason is kept in every task's history.")
        for action, value in (("set_priority", self.priority), ("set_difficulty", self.difficulty)):
            if self.action == action and value is None:
                raise Invalid(f"Name the {action.removeprefix('set_')}, from 1 to 5.")


class TaskChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays. An explicit null takes a due time away, and leaves the difficulty to the estimate."""

    priority: Level | UnsetType = UNSET
    due_at: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    difficulty: Level | UnsetType | None = UNSET
    requirements: dict[str, Any] | UnsetType = UNSET
    reason: Annotated[str, Meta(max_length=500)] = ""


class TaskBulkLine(msgspec.Struct, frozen=True):
    id: UUID
    external_id: str | None
    outcome: Literal["changed", "unchanged", "refused", "not_found"]
    why: str | None = None
    """Of a refusal: `closed`, `held` or `project_closed`."""
    before: Value = {}
    after: Value = {}


class TaskBulkReport(msgspec.Struct, frozen=True):
    bulk_id: UUID
    """For undoing it."""
    action: str
    changed: int
    unchanged: int
    refused: int
    not_found: int
    items: list[TaskBulkLine]


async def found(wanted: TaskFilter) -> list[UUID]:
    """The tasks that a filter finds. Raises `Invalid` where there are more than one change takes."""
    statement, values = by_filter(wanted, sql.task_ids_found, sql.task_ids_by_words)
    rows = await db.fetch(statement, limit=MOST_TASKS + 1, **values)
    return [UUID(int=row["id"].int) for row in rows]


async def change_many(ids: Sequence[UUID], change: TaskBulk) -> TaskBulkReport:
    """All in one transaction. Raises `Invalid`."""
    db.require_transaction()
    change.check()
    wanted_ids = sorted(set(ids))
    if len(wanted_ids) > MOST_TASKS:
        raise Invalid(f"At most {MOST_TASKS:,} tasks can be changed at once; narrow the filter.")
    rows = await _locked(wanted_ids)
    lines = [_line(one, rows.get(one), change) for one in wanted_ids]
    changed = [line for line in lines if line.outcome == "changed"]
    await _put(rows, changed, change.reason.strip())
    report = _report(uuid7(), change.action, lines)
    if changed:
        await record("tasks", report.bulk_id, change.action, changed, change.reason.strip())
        told = "tasks.cancelled" if change.action == "cancel" else "tasks.changed"
        await outbox.publish(told, {"count": len(changed), "action": change.action})
    return report


async def undo(bulk_id: UUID, actor: str) -> TaskBulkReport:
    """Puts back what still is as the change left it. Raises `NoSuchTaskChange`: unknown, somebody else's, too old, or undone."""
    done = await recall("tasks", bulk_id, actor, TaskBulkLine)
    if done is None:
        raise NoSuchTaskChange
    action, changed = done
    rows = await _locked([line.id for line in changed])
    lines = [_back(line, rows.get(line.id)) for line in changed]
    again = [line for line in lines if line.outcome == "changed"]
    await _put(rows, again, "taken back")
    if again:
        await outbox.publish("tasks.changed", {"count": len(again), "action": "undo"})
    return _report(bulk_id, f"undo {action}", lines)


async def change_task(task_id: UUID, change: TaskChange, *, version: int | None = None) -> None:
    """One task. Raises `NoSuchTask`, `WrongState` for a closed one, `PreconditionFailed`, `Invalid`."""
    db.require_transaction()
    rows = await _locked([task_id])
    if task_id not in rows:
        raise NoSuchTask
    row = rows[task_id]
    if version is not None and version != row["version"]:
        raise PreconditionFailed
    if row["state"] in CLOSED:
        raise WrongState(f"A task that is {row['state']} does not change any more.", state=row["state"])
    names = ("priority", "due_at", "difficulty", "requirements")
    wished = {name: value for name in names if (value := getattr(change, name)) is not UNSET}
    before, after = {name: _told(row[name]) for name in wished}, {name: _told(value) for name, value in wished.items()}
    differing = [name for name in wished if before[name] != after[name]]
    if differing:
        line = TaskBulkLine(
            task_id, row["external_id"], "changed", None, {n: before[n] for n in differing}, {n: after[n] for n in differing}
        )  # fmt: skip
        await _put(rows, [line], change.reason.strip())
        await outbox.publish("task.changed", line.after, project_id=UUID(int=row["project_id"].int), subject_id=task_id)


async def expire(limit: int) -> int:
    """Cancels open tasks whose time is over and that nobody touched, at most `limit`; the number that were found."""
    db.require_transaction()
    due = [UUID(int=row["id"].int) for row in await db.fetch(sql.tasks_expired, limit=limit)]
    rows = await _locked(sorted(due)) if due else {}
    still = {UUID(int=row["id"].int) for row in await db.fetch(sql.tasks_expired, limit=limit)} if due else set()
    lines = [
        TaskBulkLine(one, row["external_id"], "changed", None, {"state": row["state"]}, {"state": "cancelled"})
        for one, row in sorted(rows.items())
        if one in still
    ]
    await _put(rows, lines, "expired")
    by_project: dict[UUID, list[str]] = {}
    for line in lines:
        by_project.setdefault(UUID(int=rows[line.id]["project_id"].int), []).append(str(line.id))
    for project_id, ids in sorted(by_project.items()):
        await outbox.publish("task.expired", {"count": len(ids), "ids": ids}, project_id=project_id)
    return len(due)


async def _locked(ids: Sequence[UUID]) -> dict[UUID, Any]:
    await db.execute(sql.lock_slots_of_tasks, task_ids=list(ids))
    await db.execute(sql.lock_tasks, task_ids=list(ids))
    rows = await db.fetch(sql.tasks_to_change, task_ids=list(ids))
    return {UUID(int=row["id"].int): row for row in rows}


def _line(one: UUID, row: Any, change: TaskBulk) -> TaskBulkLine:
    if row is None:
        return TaskBulkLine(one, None, "not_found")
    refused = _refusal(row, change.action)
    if refused:
        return TaskBulkLine(one, row["external_id"], "refused", refused)
    name, value = _wish(row, change)
    before, after = {name: _told(row[name])}, {name: value}
    return TaskBulkLine(one, row["external_id"], "unchanged" if before == after else "changed", None, before, after)


def _refusal(row: Any, action: str) -> str | None:
    if row["state"] in CLOSED:
        return "closed"
    return "held" if action == "cancel" and row["touched"] else None


def _wish(row: Any, change: TaskBulk) -> tuple[str, Any]:
    """The column that the action is about, and its value as it is told."""
    if change.action == "cancel":
        return "state", "cancelled"
    if change.action == "set_priority":
        return "priority", change.priority
    if change.action == "set_due":
        return "due_at", _told(change.due_at)
    if change.action == "set_difficulty":
        return "difficulty", change.difficulty
    if change.days is None:
        return "expires_at", None
    # Kept by the project's own clock, which stands still while it is paused.
    end = clock.now() + timedelta(days=change.days) - timedelta(seconds=row["paused_seconds"])
    return "expires_at", _told(end)


def _back(line: TaskBulkLine, row: Any) -> TaskBulkLine:
    if row is None:
        return TaskBulkLine(line.id, None, "not_found")
    as_left = {name: _told(row[name]) for name in line.after} == line.after
    closed = row["state"] in CLOSED and "state" not in line.after
    if closed or row["project_state"] == "closed":
        return TaskBulkLine(line.id, row["external_id"], "refused", "closed" if closed else "project_closed")
    return TaskBulkLine(
        line.id, row["external_id"], "changed" if as_left else "unchanged", None, line.after, line.before
    )  # fmt: skip


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


async def _put(rows: dict[UUID, Any], lines: Sequence[TaskBulkLine], reason: str) -> None:
    if not lines:
        return
    closing = [line.id for line in lines if line.after.get("state") == "cancelled"]
    opening = [line.id for line in lines if "state" in line.after and line.after["state"] != "cancelled"]
    others = [line for line in lines if "state" not in line.after]
    if closing:
        await db.execute(sql.close_idle_tasks, task_ids=closing)
    if opening:
        await db.execute(sql.reopen_cancelled_tasks, task_ids=opening)
    if others:
        await _put_values(rows, others)
    await db.execute(
        sql.record_task_changes, reason=reason or None, ids=[line.id for line in lines],
        befores=[db.jsonb(line.before) for line in lines], afters=[db.jsonb(line.after) for line in lines],
    )  # fmt: skip


async def _put_values(rows: dict[UUID, Any], lines: Sequence[TaskBulkLine]) -> None:
    """Rank and lane follow the values, in one statement for all."""
    values = [{name: rows[line.id][name] for name in NAMES} | _read(line.after) for line in lines]
    lanes = await _lanes([rows[line.id] for line in lines], values, lines)
    priors = [difficulty_prior(new["difficulty"]) if "difficulty" in line.after else None for line, new in zip(lines, values, strict=True)]  # fmt: skip
    await db.execute(
        sql.put_tasks, ids=[line.id for line in lines], priorities=[new["priority"] for new in values],
        dues=[new["due_at"] for new in values], expiries=[new["expires_at"] for new in values],
        levels=[new["difficulty"] for new in values], means=[prior and prior.mean for prior in priors],
        variances=[prior and prior.variance for prior in priors],
        requirements=[db.jsonb(new["requirements"]) for new in values],
        lanes=[work for work, _ in lanes], review_lanes=[review for _, review in lanes],
    )  # fmt: skip


NAMES = ("priority", "due_at", "expires_at", "difficulty", "requirements")


def _read(told: Value) -> Value:
    return {
        name: datetime.fromisoformat(value) if name in {"due_at", "expires_at"} and value is not None else value
        for name, value in told.items()
    }


async def _lanes(
    rows: Sequence[Any], values: Sequence[Value], lines: Sequence[TaskBulkLine]
) -> list[tuple[UUID, UUID]]:
    """Of each task, the lane of its work and that of its review; both its own where nothing that makes a lane changed."""
    same = [not ({"difficulty", "requirements"} & set(line.after)) for line in lines]
    owners = {id_: await project(UUID(int=id_.int)) for id_ in {row["project_id"] for row in rows}}
    kinds = await own_kinds()
    drafts = [
        TaskDraft(
            external_id=row["external_id"], kind=row["kind"], domain=row["domain"], language=row["language"],
            difficulty=new["difficulty"], requirements=new["requirements"],
        )
        for row, new in zip(rows, values, strict=True)
    ]  # fmt: skip
    wanted = {
        id_: await asked_of(owner, [one for one, row in zip(drafts, rows, strict=True) if row["project_id"] == id_])
        for id_, owner in owners.items()
    }
    works = [
        None if unchanged else place_of(
            owners[row["project_id"]], one, row["prior_mean"], kinds, wanted[row["project_id"]]
        )
        for row, one, unchanged in zip(rows, drafts, same, strict=True)
    ]  # fmt: skip
    plans = {id_: await plan_of(owner.id, owner.expert_level) for id_, owner in owners.items()}
    both = [
        None if work is None else (work, plans[row["project_id"]].lane(work, 1))
        for row, work in zip(rows, works, strict=True)
    ]
    known = await lanes_known([lane for pair in both if pair is not None for lane in pair])
    return [
        (row["lane"], row["lane"]) if pair is None else (known[pair[0].key], known[pair[1].key])
        for row, pair in zip(rows, both, strict=True)
    ]


def _report(bulk_id: UUID, action: str, lines: list[TaskBulkLine]) -> TaskBulkReport:
    counts = {
        name: sum(line.outcome == name for line in lines) for name in ("changed", "unchanged", "refused", "not_found")
    }
    return TaskBulkReport(bulk_id, action, items=lines, **counts)
