"""A retry with the same Idempotency-Key gets the first reply again, and nothing happens twice.

The key's row is inserted in the transaction of the effect, so there is no moment in which one exists without the
other. Failed requests store nothing: they changed nothing and may be tried again.
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from kernel import db
from kernel.errors import Conflict, Invalid
from kernel.sql import load

sql = load(__package__)
LONGEST_KEY = 255


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request; send a new key with a new request"


class StillRunning(Conflict):
    code = "request_in_progress"
    title = "The first request with this Idempotency-Key is still under way; try again in a second"


class Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(b"\x1f".join((method.encode(), path.encode(), body))).digest()


def is_key(text: str) -> bool:
    return 0 < len(text) <= LONGEST_KEY and text.isprintable()


async def begin(actor: str, key: str, request_hash: bytes) -> Reply | None:
    """`None`: go on and call `store`. A `Reply`: answer it again. Raises `KeyReused`, `StillRunning`, `Invalid`."""
    db.require_transaction()
    if not is_key(key):
        raise Invalid(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable characters.")
    if await db.fetch_value(sql.begin_idempotent, actor=actor, key=key, request_hash=request_hash) is not None:
        return None
    row = await db.fetch_one(sql.stored_reply, actor=actor, key=key)
    if row is None or row["status"] is None:
        raise StillRunning
    if bytes(row["request_hash"]) != request_hash:
        raise KeyReused
    return Reply(row["status"], bytes(row["body"]))


async def store(actor: str, key: str, reply: Reply) -> None:
    await db.execute(sql.store_reply, actor=actor, key=key, status=reply.status, body=reply.body)


async def begin_many(wanted: Mapping[tuple[str, str], bytes]) -> list[tuple[str, str]]:
    """Of (actor, key) → hash of the request, those that come for the first time; the others are to be begun one by one."""
    db.require_transaction()
    if not wanted:
        return []
    pairs = sorted(wanted)
    rows = await db.fetch(
        sql.begin_idempotent_many, actors=[actor for actor, _ in pairs], keys=[key for _, key in pairs],
        request_hashes=[wanted[pair] for pair in pairs],
    )  # fmt: skip
    return [(row["actor"], row["key"]) for row in rows]


async def store_many(replies: Mapping[tuple[str, str], bytes], *, status: int) -> None:
    if replies:
        await db.execute(
            sql.store_replies, actors=[actor for actor, _ in replies], keys=[key for _, key in replies],
            bodies=list(replies.values()), status=status,
        )  # fmt: skip


async def forget_many(pairs: Sequence[tuple[str, str]]) -> None:
    """Begun in this transaction, and nothing was done under them."""
    if pairs:
        await db.execute(sql.forget_idempotent, actors=[actor for actor, _ in pairs], keys=[key for _, key in pairs])
