"""The audit log and its hash chain.

Changes of state are written by triggers; what else a person decides (settings, skills, money) is written here, in the
same transaction. `kernel.chain` seals committed rows, and names what does not fit any more.
"""

from typing import Any

from kernel import chain, db
from kernel.chain import Chain, ChainReport
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)


async def record(
    action: str,
    subject_type: str,
    subject_id: object,
    *,
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
) -> None:
    db.require_transaction()
    await db.execute(
        sql.record_audit, action=action, subject_type=subject_type, subject_id=str(subject_id),
        before=None if before is None else db.jsonb(before), after=None if after is None else db.jsonb(after), reason=reason,
    )  # fmt: skip


CHAIN = Chain(
    lock=7276655001, last=sql.last_seal, add=sql.add_seal, seals=sql.seals, differences=sql.seal_differences, tail=sql.seal_tail,
    legacy=sql.audit_rows_between,
)  # fmt: skip


async def seal(settings: Settings) -> int:
    """Adds one link over the rows since the last one, at most `seal_batch`; the number of rows sealed."""
    return await chain.seal(CHAIN, settings.seal_batch)


async def verify() -> ChainReport:
    return await chain.verify(CHAIN)
