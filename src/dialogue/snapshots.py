"""Snapshots: which dialogues of a project there were at one moment, written into a file that never changes.

Asking for one pins the ids in one statement; a worker writes the file behind it (`snapshot_files`). The bytes are kept for
a while, their checksum for ever: the same id gives the same file, or says that it cannot any more.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from dialogue.errors import ExportNotReady, NoSuchExport, ReasonWanted
from dialogue.export import Filters, format_named
from dialogue.pseudonyms import Identities
from dialogue.snapshot_files import JOB
from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load

sql = load(__package__)


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
    """`making`, `ready`, `failed`, `cancelled`; `removed` (its file), `rebuilding`."""
    position: str
    """PostgreSQL's snapshot of the moment: the oldest and the next transaction, and those that were under way."""
    dialogues: int
    done: int
    """How many of them are written, where it is built again as well."""
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
    """When its file was whole for the first time."""
    built_at: datetime | None = None
    """When the file that is there was written; none: there is none."""
    removed_at: datetime | None = None

    def goes_at(self, keep_days: int) -> datetime | None:
        """When its file is removed at the earliest; none: never, or there is none."""
        return self.built_at + timedelta(days=keep_days) if self.built_at and keep_days else None

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
