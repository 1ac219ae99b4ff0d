"""The record of a change to many things at once, and the way back.

What was changed, and from what, is in the audit log, written in the same transaction. Taking it back reads it there; the
domain puts back only what still is as the change left it.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from kernel import audit, db
from kernel.sql import load

sql = load(__package__)
T = TypeVar("T")
UNDO_SECONDS = 3600
"""So long a change can be taken back with one press; afterwards it is a decision of its own."""


async def record(things: str, bulk_id: UUID, action: str, changed: Sequence[Any], reason: str | None) -> None:
    """`things` are what is changed, as the audit log calls them: `annotators`, `tasks`."""
    if changed:
        await audit.record(
            f"{things}.bulk", "bulk", bulk_id, reason=reason, after={"action": action, "changed": msgspec.to_builtins(changed)}
        )  # fmt: skip


async def recall(things: str, bulk_id: UUID, actor: str, kind: type[T]) -> tuple[str, list[T]] | None:
    """The action and what it changed, to be put back now: whoever asks a second time gets None.

    None too where it is unknown, somebody else's, or too old. The record of taking it back is written here.
    """
    db.require_transaction()
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('bulk:' || :id::text, 0))", id=str(bulk_id))
    done: dict[str, Any] | None = await db.fetch_value(
        sql.bulk_to_undo, things=things, bulk_id=str(bulk_id), actor=actor, seconds=float(UNDO_SECONDS)
    )
    if done is None:
        return None
    await audit.record(f"{things}.bulk_undone", "bulk", bulk_id, after={"action": done["action"]})
    return done["action"], msgspec.convert(done["changed"], list[kind])  # type: ignore[valid-type]
