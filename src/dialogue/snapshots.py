"""Snapshots: which dialogues of a project there were at one moment, written into a file that never changes.

Asking for one pins the ids in one statement; a worker writes the file a slice at a time, each in a short transaction, so
that work goes on, a killed worker is followed by another, and memory stays small. The bytes are kept: the same id gives
the same file, whatever is done to the dialogues, or to this program, afterwards.
"""

import hashlib
import zlib
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from dialogue import records
from dialogue.errors import ExportNotReady, NoSuchExport, ReasonWanted
from dialogue.export import READ_AT_ONCE, Filters, Writer, format_named
from dialogue.pseudonyms import Identities, Pseudonyms
from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

JOB = "dialogue.make_export"
SLICE_DIALOGUES = 500
SLICE_BYTES = 8_000_000
"""A slice ends at the first batch beyond either: a second of work, and the most that is in memory at once."""
ID_BYTES = 16


class SnapshotDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Annotated[str, Meta(max_length=30)]
    filters: Filters = field(default_factory=Filters)
    identities: Identities = "pseudonym"
    """`real` shows who people are: it needs the permission `exports:identities` and a reason."""
    reason: Annotated[str, Meta(max_length=500)] = ""


class SnapshotView(Struct, frozen=True, kw_only=True):
    id: UUID
    project_id: UUID
    format: str
    filters: Filters
    identities: Identities
    reason: str
    state: str
    """`making`, `ready` or `failed`."""
    position: str
    """PostgreSQL's snapshot of the moment: the oldest and the next transaction, and those that were under way."""
    dialogues: int
    done: int
    """How many of them are written."""
    lines: int
    size: int
    """Bytes, so far."""
    left_out: dict[str, int]
    """What the format cannot hold, by reason."""
    sha256: str | None
    failure: str | None
    made_by: str
    created_at: datetime
    """The moment that it shows."""
    ready_at: datetime | None

    @property
    def file_name(self) -> str:
        return f"{self.format}-{self.created_at:%Y%m%d-%H%M%S}-{self.id.hex[-8:]}.{format_named(self.format).extension}"


async def make(project_id: UUID, draft: SnapshotDraft, *, made_by: str) -> SnapshotView:
    """Raises `NoSuchFormat`, `BadFilter`, `ReasonWanted`."""
    db.require_transaction()
    format_named(draft.format)
    reason = draft.reason.strip()
    if draft.identities == "real" and not reason:
        raise ReasonWanted
    export_id = uuid7()
    await db.execute(
        sql.add_export, id=export_id, format=draft.format, filters=db.jsonb(draft.filters), identities=draft.identities,
        reason=reason, made_by=made_by[:200], **draft.filters.work(project_id),
    )  # fmt: skip
    await outbox.enqueue(JOB, {"export_id": str(export_id)}, key=f"export {export_id}")
    view = await snapshot(project_id, export_id)
    facts = {
        "format": draft.format,
        "filters": draft.filters,
        "identities": draft.identities,
        "dialogues": view.dialogues,
    }
    await audit.record("export.made", "export", export_id, after=msgspec.to_builtins(facts), reason=reason or None)
    await outbox.publish(
        "export.made",
        {"format": draft.format, "dialogues": view.dialogues},
        project_id=project_id,
        subject_id=export_id,
    )
    return view


async def snapshots(project_id: UUID, *, before: UUID | None = None, limit: int = 50) -> list[SnapshotView]:
    """The newest first."""
    rows = await db.fetch(sql.exports_of_project, project_id=project_id, before=before, limit=limit)
    return [_view(row) for row in rows]


async def snapshot(project_id: UUID, export_id: UUID) -> SnapshotView:
    """Raises `NoSuchExport`, also for those of other projects."""
    view = await snapshot_by_id(export_id)
    if view.project_id != project_id:
        raise NoSuchExport
    return view


async def snapshot_by_id(export_id: UUID) -> SnapshotView:
    """For whoever may see every project. Raises `NoSuchExport`."""
    row = await db.fetch_one(sql.export_of_id, id=export_id)
    if row is None:
        raise NoSuchExport
    return _view(row)


def _view(row: Any) -> SnapshotView:
    return db.as_struct(SnapshotView, {**row, "filters": msgspec.convert(row["filters"], Filters)})


async def record_download(view: SnapshotView) -> None:
    """Who took which file away is as good to know as who made it. Raises `ExportNotReady`."""
    if view.state != "ready":
        raise ExportNotReady
    await audit.record(
        "export.downloaded", "export", view.id, after={"sha256": view.sha256, "identities": view.identities}
    )


async def record_real_ids(project_id: UUID | None, code: str, reason: str) -> None:
    """Of an export that is written straight to a file, and so leaves no snapshot."""
    await audit.record(
        "export.identities", "project", project_id or "all", after={"format": code}, reason=reason.strip()
    )


async def content(export_id: UUID) -> AsyncGenerator[bytes, None]:
    """The file in pieces, each read when it is asked for. Of a snapshot that is ready."""
    no = 1
    while True:
        row = await db.fetch_one(sql.export_part, export_id=export_id, no=no)
        if row is None:
            return
        yield zlib.decompress(row["data"])
        no += 1


async def advance(export_id: UUID, settings: Settings) -> None:
    """Writes the next slice, and asks for the one after it; the last one closes the file."""
    row = await db.fetch_one(sql.lock_export, id=export_id, limit=SLICE_DIALOGUES)
    if row is None:
        return  # ready, or failed
    try:
        async with db.savepoint():
            await _advance(export_id, row, settings)
    except Exception as error:
        if db.translate(error) is not None:
            raise  # the database's trouble passes; the job is tried again
        failure = f"{type(error).__name__}: {error}"[:300].replace("\x00", "")
        await db.execute(sql.fail_export, id=export_id, failure=failure)
        await outbox.publish("export.failed", {}, project_id=row["project_id"], subject_id=export_id)


async def _advance(export_id: UUID, row: Any, settings: Settings) -> None:
    writer = Writer(format_named(row["format"]), row["lines"], row["left_out"])
    names = Pseudonyms(settings, row["identities"])
    pieces = [writer.head()] if row["done"] == 0 and row["parts"] == 0 else []
    done, size = row["done"], len(b"".join(pieces))
    works, trees = _ids(row["works"]), _ids(row["trees"])
    while done < row["dialogues"] and done - row["done"] < SLICE_DIALOGUES and size < SLICE_BYTES:
        at = done - row["done"]
        read, ids = records.works, works[at : at + READ_AT_ONCE]
        if not ids:
            at -= len(works)
            read, ids = records.planted, trees[at : at + READ_AT_ONCE]
        assert ids, "every pinned id is in one of the two lists"
        pieces.append(writer.take(await read(ids, names)))
        done, size = done + len(ids), size + len(pieces[-1])
    ended = done == row["dialogues"]
    if ended:
        pieces.append(writer.tail())
    piece = b"".join(pieces)
    if piece:
        await db.execute(
            sql.add_export_part, id=uuid7(), export_id=export_id, no=row["parts"] + 1, size=len(piece),
            data=zlib.compress(piece, 6),
        )  # fmt: skip
    await db.execute(
        sql.advance_export, id=export_id, done=done, lines=writer.lines, size=row["size"] + len(piece),
        left_out=db.jsonb(dict(writer.left_out)),
    )  # fmt: skip
    if ended:
        await _finish(export_id, row["project_id"], writer.lines)
    else:
        await outbox.enqueue(JOB, {"export_id": str(export_id)})


def _ids(packed: bytes) -> list[UUID]:
    return [UUID(bytes=packed[n : n + ID_BYTES]) for n in range(0, len(packed), ID_BYTES)]


async def _finish(export_id: UUID, project_id: UUID, lines: int) -> None:
    digest = hashlib.sha256()
    async for piece in content(export_id):  # a piece at a time, as whoever downloads it will read it
        digest.update(piece)
    await db.execute(sql.finish_export, id=export_id, sha256=digest.digest())
    await outbox.publish("export.ready", {"lines": lines}, project_id=project_id, subject_id=export_id)
