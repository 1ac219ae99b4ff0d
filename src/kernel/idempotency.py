"""A retry with the same Idempotency-Key gets the first reply again, and nothing happens twice.

The key's row is inserted in the transaction of the effect, so there is no moment in which one exists without the
other. Failed requests store nothing: they changed nothing and may be tried again.
"""

import hashlib

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


async def begin(actor: str, key: str, request_hash: bytes) -> Reply | None:
    """`None`: go on and call `store`. A `Reply`: answer it again. Raises `KeyReused`, `StillRunning`, `Invalid`."""
    db.require_transaction()
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
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
