"""The files of snapshots: written a slice at a time, read in chunks, removed when their time is over, built again equal.

Each slice is a short transaction, so that work goes on, a killed worker is followed by another, and memory stays small.
The checksum goes along with the slices: whoever takes over from another process reads what that one wrote, a few pieces
a job, and nobody ever reads a whole file at once.
"""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import msgspec

from dialogue import records
from dialogue.errors import ExportNotReady, ExportNotUnderWay, ExportOver, NoSuchExport
from dialogue.export import Writer, format_named
from dialogue.pseudonyms import Pseudonyms
from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

JOB = "dialogue.make_export"
REMOVE = "dialogue.remove_exports"
SLICE_DIALOGUES = 2_000
SLICE_BYTES = 8_000_000
"""A slice ends at the first batch beyond either: a second or two of work, and the most that is in memory at once."""
READ_AT_FIRST, READ_AT_MOST = 25, 200
"""Dialogues in memory: the longest that there may be have 3 MB each, so more than 25 are read only behind short ones."""
SHORT_BYTES = 10_000
"""Of a dialogue in the file, on average of a batch: where all are shorter, the next batch is twice as large."""
CHUNK_BYTES = 262_144
"""Unpacked at once for a download: no other request waits longer than that takes, some 1 ms."""
CATCH_UP_PARTS = 16
"""Pieces that one job reads for the checksum where another process wrote them."""
REMOVE_AT_ONCE = 20
ID_BYTES = 16
CHANGED = "changed"
"""Why a file cannot be built again: some of its dialogues, or what writes it, are not what they were."""

_digests: dict[tuple[UUID, str], tuple[int, Any]] = {}
"""Of this process: how many pieces the checksum of a file that is being written has seen, and the checksum."""
DIGESTS_KEPT = 8


async def content(export_id: UUID) -> AsyncGenerator[bytes, None]:
    """The file in chunks, each piece read when it is asked for. Of a snapshot that is ready.

    Raises `ExportNotReady` where the file goes while it is read: a file that was cut must not look whole.
    """
    size = await db.fetch_value(sql.size_of_export, id=export_id)
    sent, no = 0, 1
    while sent < size:
        row = await db.fetch_one(sql.export_part, export_id=export_id, no=no)
        if row is None:
            raise ExportNotReady
        for chunk in _unpacked(row["data"]):
            sent += len(chunk)
            yield chunk
        no += 1


def _unpacked(data: bytes) -> Any:
    unpacker = zlib.decompressobj()
    chunk = unpacker.decompress(data, CHUNK_BYTES)
    while chunk:
        yield chunk
        chunk = unpacker.decompress(unpacker.unconsumed_tail, CHUNK_BYTES)


async def advance(export_id: UUID, settings: Settings) -> None:
    """Writes the next slice, and asks for the one after it; the last one closes the file."""
    row = await db.fetch_one(sql.lock_export, id=export_id, limit=SLICE_DIALOGUES)
    if row is None:
        return  # ready, failed or cancelled
    try:
        async with db.savepoint():
            await _advance(export_id, row, settings)
    except Exception as error:
        if db.translate(error) is not None:
            raise  # the database's trouble passes; the job is tried again
        await _fail(export_id, row["project_id"], f"{type(error).__name__}: {error}"[:300].replace("\x00", ""))


async def _fail(export_id: UUID, project_id: UUID, failure: str) -> None:
    await db.execute(sql.fail_export, id=export_id, failure=failure)
    await outbox.publish("export.failed", {}, project_id=project_id, subject_id=export_id)


async def _advance(export_id: UUID, row: Any, settings: Settings) -> None:
    digest = await _digest_so_far(export_id, row)
    if digest is None:
        await outbox.enqueue(JOB, {"export_id": str(export_id)})
        return
    writer = Writer(format_named(row["format"]), row["lines"], row["left_out"])
    piece, done = await _slice(row, writer, Pseudonyms(settings, row["identities"]))
    if piece:
        await db.execute(
            sql.add_export_part, id=uuid7(), export_id=export_id, no=row["parts"] + 1, size=len(piece),
            data=await asyncio.to_thread(zlib.compress, piece, 6),
        )  # fmt: skip
    size = row["size"] + len(piece)
    if row["state"] == "making":
        await db.execute(
            sql.advance_export, id=export_id, done=done, lines=writer.lines, size=size, left_out=db.jsonb(dict(writer.left_out))
        )  # fmt: skip
    else:
        progress = {"done": done, "lines": writer.lines, "size": size, "left_out": dict(writer.left_out)}
        await db.execute(sql.advance_rebuild, id=export_id, progress=db.jsonb(progress | {"build": row["build"]}))
    if done < row["dialogues"]:
        await outbox.enqueue(JOB, {"export_id": str(export_id)})
        return
    digest.update(piece)
    await _finish(export_id, row, digest.digest(), writer.lines)


async def _slice(row: Any, writer: Writer, names: Pseudonyms) -> tuple[bytes, int]:
    """The next bytes of the file, and how many dialogues are in it then."""
    pieces = [writer.head()] if row["done"] == 0 and row["parts"] == 0 else []
    done, size, at_once = row["done"], len(b"".join(pieces)), READ_AT_FIRST
    works, trees = _ids(row["works"]), _ids(row["trees"])
    while done < row["dialogues"] and done - row["done"] < SLICE_DIALOGUES and size < SLICE_BYTES:
        at = done - row["done"]
        if ids := works[at : at + at_once]:
            found = await records.works(ids, names, row["created_at"], trees=writer.format.trees)
        else:
            at -= len(works)
            ids = trees[at : at + at_once]
            found = await records.planted(ids, names)
        assert ids, "every pinned id is in one of the two lists"
        pieces.append(writer.take(found))
        done, size = done + len(ids), size + len(pieces[-1])
        at_once = min(READ_AT_MOST, 2 * at_once) if len(pieces[-1]) < len(ids) * SHORT_BYTES else READ_AT_FIRST
    if done == row["dialogues"]:
        pieces.append(writer.tail())
    return b"".join(pieces), done


def _ids(packed: bytes) -> list[UUID]:
    return [UUID(bytes=packed[n : n + ID_BYTES]) for n in range(0, len(packed), ID_BYTES)]


async def _digest_so_far(export_id: UUID, row: Any) -> Any:
    """The checksum of every piece that is stored, to go on with; none: there are more to read, in another job.

    What is remembered is of stored pieces alone: the slice of a transaction that fails was never seen by it.
    """
    key = (export_id, row["build"] or "")
    parts, digest = _digests.pop(key, (0, hashlib.sha256()))
    until = min(row["parts"], parts + CATCH_UP_PARTS)
    while parts < until:
        part = await db.fetch_one(sql.export_part, export_id=export_id, no=parts + 1)
        assert part is not None, "no piece goes while a file is made"
        for chunk in _unpacked(part["data"]):
            digest.update(chunk)
        parts += 1
    if len(_digests) >= DIGESTS_KEPT:
        _digests.pop(next(iter(_digests)))
    _digests[key] = parts, digest
    return digest.copy() if parts == row["parts"] else None


async def _finish(export_id: UUID, row: Any, sha256: bytes, lines: int) -> None:
    _digests.pop((export_id, row["build"] or ""), None)
    if row["state"] == "making":
        await db.execute(sql.finish_export, id=export_id, sha256=sha256)
    elif sha256 == row["sha256"]:
        await db.execute(sql.finish_rebuild, id=export_id)
    else:
        await _fail(export_id, row["project_id"], CHANGED)
        return
    await outbox.publish("export.ready", {"lines": lines}, project_id=row["project_id"], subject_id=export_id)


async def cancel(project_id: UUID, export_id: UUID) -> None:
    """Of one that is being made: no slice follows. Of one that is made again: its file is gone as before.

    Raises `NoSuchExport`, `ExportNotUnderWay`.
    """
    state = await _locked(project_id, export_id)
    if state == "cancelled":
        return
    if state not in {"making", "rebuilding"}:
        raise ExportNotUnderWay
    await db.execute(sql.cancel_export, id=export_id)
    await db.execute(sql.remove_export_parts, id=export_id)
    await audit.record("export.cancelled", "export", export_id)
    await outbox.publish("export.cancelled", {}, project_id=project_id, subject_id=export_id)


async def rebuild(project_id: UUID, export_id: UUID) -> None:
    """Asks for a file that was removed to be built again. Nothing is done where it is there, or on its way.

    Raises `NoSuchExport`, `ExportOver` for one that was never ready.
    """
    state = await _locked(project_id, export_id)
    if state in {"failed", "cancelled"}:
        raise ExportOver
    if state != "removed":
        return
    await db.execute(sql.remove_export_parts, id=export_id)  # of an attempt before this one
    await db.execute(sql.begin_rebuild, id=export_id, build=str(uuid4()))
    await outbox.enqueue(JOB, {"export_id": str(export_id)}, key=f"export {export_id}")
    await audit.record("export.rebuilt", "export", export_id)


async def _locked(project_id: UUID, export_id: UUID) -> str:
    db.require_transaction()
    state: str | None = await db.fetch_value(sql.lock_snapshot, id=export_id, project_id=project_id)
    if state is None:
        raise NoSuchExport
    return state


async def remove_old(settings: Settings) -> int:
    """One batch of files whose time is over, and what is left of those that were never whole; how many there were."""
    db.require_transaction()
    rows = await db.fetch(sql.exports_to_remove, days=settings.export_keep_days, limit=REMOVE_AT_ONCE)
    await db.execute(sql.remove_exports, ids=[row["id"] for row in rows])
    for row in rows:
        await audit.record("export.removed", "export", row["id"], after=msgspec.to_builtins({"size": row["size"]}))
        await outbox.publish("export.removed", {}, project_id=row["project_id"], subject_id=row["id"])
    remains = await db.fetch(sql.exports_with_remains, limit=REMOVE_AT_ONCE)
    for row in remains:
        await db.execute(sql.remove_export_parts, id=row["id"])
    return max(len(rows), len(remains))
