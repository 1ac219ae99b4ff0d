"""Hash chains over append-only tables: a seal lists the digest of each row since the last one, and is hashed with the seal before.

Sealing runs in batches off the hot path. Verifying makes every digest anew, so it names the very row that was changed,
removed or put in around the rules, and the link that was. Whoever noted the newest hash down can prove later that nothing
before it changed; rows behind the last seal are held by their own digest alone until the next one.
"""

import hashlib
from typing import Any, NamedTuple

import msgspec

from kernel import db
from kernel.sql import Sql

GENESIS = bytes(32)
MOST_FINDINGS = 100
"""Named in one report; whoever changed more than that is found as surely."""


class Chain(NamedTuple):
    """The queries of one chain; see `queries.sql` of kernel and payments."""

    lock: int
    """Advisory lock: two sealers would fork the chain."""
    last: Sql
    add: Sql
    seals: Sql
    differences: Sql
    tail: Sql
    legacy: Sql | None = None
    """Rows of a seal from before leaves were kept."""


class Finding(msgspec.Struct, frozen=True):
    what: str
    """`changed`, `removed`, `added`: of a row. `seal`: a link itself does not fit."""
    seq: int | None
    """Of the row."""
    seal: int | None
    """Number of the link; none for rows that are not sealed yet."""


class ChainReport(msgspec.Struct, frozen=True):
    seals: int
    rows: int
    broken_at: int | None
    """Number of the first link that does not fit, or `None`."""
    head: str
    """The newest hash, in hex: whoever noted it down can prove later that nothing before it changed."""
    tail: int = 0
    """Rows that no link covers yet."""
    findings: list[Finding] = []

    @property
    def ok(self) -> bool:
        return self.broken_at is None and not self.findings


async def seal(chain: Chain, limit: int) -> int:
    """Adds one link over the rows since the last one, at most `limit`; the number of rows sealed."""
    db.require_transaction()
    await db.execute("SELECT pg_advisory_xact_lock(:lock)", lock=chain.lock)
    last = await db.fetch_one(chain.last)
    n, xid, seq, previous = (
        (last["n"], last["to_xid"], last["to_seq"], bytes(last["hash"])) if last else (0, 0, 0, GENESIS)
    )
    return int(await db.fetch_value(chain.add, n=n + 1, xid=str(xid), seq=seq, previous=previous, limit=limit) or 0)


def link(previous: bytes, lines: list[str]) -> bytes:
    """Of a seal without leaves: SHA-256 over the previous hash and the rows, each prefixed with its length."""
    digest = hashlib.sha256(previous)
    for line in lines:
        data = line.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


async def verify(chain: Chain) -> ChainReport:
    """Link after link, so that memory stays that of one."""
    report = _Report()
    for seal_row in await db.fetch(chain.seals):
        report.take(seal_row, await _differences(chain, seal_row))
    tail = await db.fetch(chain.tail, xid=str(report.position[0]), seq=report.position[1], limit=MOST_FINDINGS)
    report.findings += [Finding(row["what"], row["seq"], None) for row in tail if row["seq"] is not None]
    return ChainReport(
        report.count, report.rows, report.broken_at, report.previous.hex(), tail[0]["rows"] if tail else 0,
        report.findings[:MOST_FINDINGS],
    )  # fmt: skip


async def _differences(chain: Chain, seal_row: Any) -> list[Finding] | None:
    """None where the hash of the seal's content is not the one that it claims."""
    n, previous = int(seal_row["n"]), bytes(seal_row["previous_hash"])
    if seal_row["content_hash"] is None:
        assert chain.legacy is not None
        rows = await db.fetch(
            chain.legacy, from_xid=str(seal_row["from_xid"]), from_seq=seal_row["from_seq"],
            to_xid=str(seal_row["to_xid"]), to_seq=seal_row["to_seq"],
        )  # fmt: skip
        fits = len(rows) == seal_row["rows"] and link(previous, [row["line"] for row in rows]) == bytes(
            seal_row["hash"]
        )
        return [] if fits else [Finding("changed", row["seq"], n) for row in rows if row["wrong"]] or None
    if bytes(seal_row["content_hash"]) != bytes(seal_row["hash"]):
        return None
    rows = await db.fetch(chain.differences, n=n, limit=MOST_FINDINGS)
    return [Finding(row["what"], row["seq"], n) for row in rows]


class _Report:
    def __init__(self) -> None:
        self.count, self.rows, self.previous, self.position = 0, 0, GENESIS, (0, 0)
        self.broken_at: int | None = None
        self.findings: list[Finding] = []

    def take(self, seal_row: Any, found: list[Finding] | None) -> None:
        n = int(seal_row["n"])
        self.count += 1
        follows = (
            n == self.count
            and bytes(seal_row["previous_hash"]) == self.previous
            and (seal_row["from_xid"], seal_row["from_seq"]) == self.position
        )
        if not follows or found is None:
            found = [Finding("seal", None, n), *(found or [])]
        if found and self.broken_at is None:
            self.broken_at = n
        self.count = max(self.count, n)
        self.findings += found
        self.previous, self.position = bytes(seal_row["hash"]), (seal_row["to_xid"], seal_row["to_seq"])
        self.rows += seal_row["rows"]
