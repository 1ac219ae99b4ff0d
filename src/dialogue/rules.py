"""What a project asks of its dialogues. A project that asks for nothing has no row and the plain form."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from dialogue.views import Rules
from kernel import audit, db, outbox
from kernel.errors import PreconditionFailed
from kernel.sql import load
from routing.errors import NoSuchProject

sql = load(__package__)


class RulesDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it: what is left out is set to its default."""

    candidates: Annotated[int, Meta(ge=1, le=8)] = 1
    decision: Literal["choose", "rank"] = "choose"
    ties: bool = True
    all_bad: bool = True
    branches: bool = True
    topics: Literal["free", "task", "quota"] = "free"
    handover: Literal["never", "release", "expiry", "both"] = "never"
    """When the next person goes on with a dialogue that was put down (`release`), or whose lease ran out (`expiry`)."""
    reason: Annotated[str, Meta(max_length=500)] = ""


async def rules_of(project_id: UUID) -> Rules:
    return await db.fetch_one_as(Rules, sql.rules_of_project, project_id=project_id) or Rules()


async def put_rules(project_id: UUID, draft: RulesDraft, *, version: int | None = None) -> Rules:
    """For what is asked for from now on; choices that were made stay. Raises `NoSuchProject`, `PreconditionFailed`."""
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_of_bot, project_id=project_id) is None:
        raise NoSuchProject
    before = await rules_of(project_id)
    if version is not None and version != before.version:
        raise PreconditionFailed
    wanted = msgspec.structs.asdict(draft)
    reason = wanted.pop("reason")
    if all(getattr(before, name) == value for name, value in wanted.items()):
        return before
    await db.execute(sql.put_rules, project_id=project_id, **wanted)
    after = await rules_of(project_id)
    await audit.record(
        "dialogue_rules.changed", "project", project_id, before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after), reason=reason or None,
    )  # fmt: skip
    await outbox.publish("project.changed", {"what": "dialogue"}, project_id=project_id, subject_id=project_id)
    return after
