"""The audit log and its hash chain.

Changes of state are written by triggers; what else a person decides (settings, skills, money) is written here, in the
same transaction. A sealer hashes committed rows in batches off the hot path; `verify` names the first link that does
not fit any more.
"""

import hashlib
from typing import Any

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)
GENESIS = bytes(32)


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


def link(previous: bytes, lines: list[str]) -> bytes:
    """SHA-256 over the previous hash and the rows, each prefixed with its length so that no two texts run together."""
    digest = hashlib.sha256(previous)
    for line in lines:
        data = line.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


async def seal(settings: Settings) -> int:
    """Adds one link over the rows since the last one, at most `seal_batch`; the number of rows sealed."""
    db.require_transaction()
    await db.execute("SELECT pg_advisory_xact_lock(7276655001)")
    last = await db.fetch_one(sql.last_seal)
    n, xid, seq, previous = (
        (last["n"], last["to_xid"], last["to_seq"], bytes(last["hash"])) if last else (0, 0, 0, GENESIS)
    )
    rows = await db.fetch(sql.audit_rows_after, xid=str(xid), seq=seq, limit=settings.seal_batch)
    if not rows:
        return 0
    await db.execute(
        sql.add_seal, n=n + 1, from_xid=xid, from_seq=seq, to_xid=rows[-1]["xid"], to_seq=rows[-1]["seq"], rows=len(rows),
        previous_hash=previous, hash=link(previous, [row["line"] for row in rows]),
    )  # fmt: skip
    return len(rows)


class ChainReport(msgspec.Struct, frozen=True):
    seals: int
    rows: int
    broken_at: int | None
    """Number of the first link that does not fit, or `None`."""
    head: str
    """The newest hash, in hex: whoever noted it down can prove later that nothing before it changed."""


async def verify() -> ChainReport:
    previous, position, rows_sealed, count = GENESIS, (0, 0), 0, 0
    for seal_row in await db.fetch(sql.seals):
        count += 1
        rows = await db.fetch(
            sql.audit_rows_between, from_xid=str(seal_row["from_xid"]), from_seq=seal_row["from_seq"],
            to_xid=str(seal_row["to_xid"]), to_seq=seal_row["to_seq"],
        )  # fmt: skip
        fits = (
            bytes(seal_row["previous_hash"]) == previous
            and (seal_row["from_xid"], seal_row["from_seq"]) == position
            and len(rows) == seal_row["rows"]
            and link(previous, [row["line"] for row in rows]) == bytes(seal_row["hash"])
        )
        if not fits:
            return ChainReport(count, rows_sealed, int(seal_row["n"]), previous.hex())
        previous, position = bytes(seal_row["hash"]), (seal_row["to_xid"], seal_row["to_seq"])
        rows_sealed += len(rows)
    return ChainReport(count, rows_sealed, None, previous.hex())
