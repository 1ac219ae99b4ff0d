"""Snapshots of a project's dialogues: counted, made, listed, taken away."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import paging
from callboard.api.paging import Cursor, Limit, Page, read_cursor
from callboard.api.projects import ProjectId
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.work import reply, unit_of_work
from dialogue import export, snapshot_files, snapshots
from dialogue.export import Filters, Found
from dialogue.formats import FORMATS
from dialogue.snapshots import SnapshotDraft, SnapshotView
from kernel import db
from kernel.errors import Forbidden
from routing.projects import project

HERE = "/projects/{project_id:uuid}/exports"
WRITE, IDENTITIES = Permission.EXPORTS_WRITE, Permission.EXPORTS_IDENTITIES


def check_identities(actor: Actor, identities: str) -> None:
    """Raises `Forbidden`: who people are is shown to few."""
    if identities == "real" and not actor.may(IDENTITIES):
        raise Forbidden(f"Real ids of people need the permission {IDENTITIES.value}, which this account does not have.")


@post(f"{HERE}/count", guards=[require(WRITE)], status_code=200, operation_id="countExport", tags=["exports"])
async def count(project_id: ProjectId, data: JSONBody[Filters]) -> Response[Found]:
    """How many dialogues a filter finds now: handed in, and come with tasks."""
    await project(project_id)
    return reply(await export.count(project_id, data))


@post(HERE, guards=[require(WRITE)], operation_id="makeExport", tags=["exports"])
async def make(request: Call, project_id: ProjectId, data: JSONBody[SnapshotDraft]) -> Response[SnapshotView]:
    """Pins what there is at this moment; the file is written behind it, and `state` says how far it is.

    Formats: `callboard` (whole, can be imported again), `openai`, `sharegpt`, `sft`, `sft_weighted`, `dpo`, `dpo_messages`,
    `dpo_weighted`, `kto`, `ranked`, `oasst`, `csv`.
    """
    check_identities(request.actor, data.identities)

    async def act() -> SnapshotView:
        await project(project_id)
        return await snapshots.make(project_id, data, made_by=request.actor.label)

    return await unit_of_work(request, act, status=201)


@get(HERE, guards=[require(WRITE)], operation_id="listExports", tags=["exports"])
async def list_all(
    request: Call, project_id: ProjectId, cursor: Cursor = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response[Page[SnapshotView]]:
    """The newest first."""
    await project(project_id)
    most = paging.check_limit(limit, request.settings)
    rows = await snapshots.snapshots(project_id, before=read_cursor(cursor, UUID), limit=most + 1)
    return reply(paging.page(rows, most, lambda one: one.id))


@get(f"{HERE}/{{export_id:uuid}}", guards=[require(WRITE)], operation_id="readExport", tags=["exports"])
async def read(project_id: ProjectId, export_id: FromPath[UUID]) -> Response[SnapshotView]:
    """How far it is, and its figures once it is ready."""
    return reply(await snapshots.snapshot(project_id, export_id))


@post(
    f"{HERE}/{{export_id:uuid}}/cancel",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="cancelExport",
    tags=["exports"],
)
async def cancel(request: Call, project_id: ProjectId, export_id: FromPath[UUID]) -> Response[SnapshotView]:
    """Of one that is being made, or built again. What was written of it is dropped."""

    async def act() -> SnapshotView:
        await snapshot_files.cancel(project_id, export_id)
        return await snapshots.snapshot(project_id, export_id)

    return await unit_of_work(request, act, status=200)


@post(
    f"{HERE}/{{export_id:uuid}}/rebuild",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="rebuildExport",
    tags=["exports"],
)
async def rebuild(request: Call, project_id: ProjectId, export_id: FromPath[UUID]) -> Response[SnapshotView]:
    """Of one whose file was removed: the same bytes come back, or `failure` is `changed` and none do."""

    async def act() -> SnapshotView:
        view = await snapshots.snapshot(project_id, export_id)
        check_identities(request.actor, view.identities)
        await snapshot_files.rebuild(project_id, export_id)
        return await snapshots.snapshot(project_id, export_id)

    return await unit_of_work(request, act, status=200)


@get(f"{HERE}/{{export_id:uuid}}/file", guards=[require(WRITE)], operation_id="downloadExport", tags=["exports"])
async def download(request: Call, project_id: ProjectId, export_id: FromPath[UUID]) -> Stream:
    """The file, as a stream: the same bytes each time, whatever was done to the dialogues since."""
    return await stream(request, project_id, export_id)


async def stream(request: Call, project_id: UUID, export_id: UUID) -> Stream:
    """Raises `NoSuchExport`, `ExportNotReady`, `Forbidden`. Who takes it away is audited before the first byte goes."""
    view = await snapshots.snapshot(project_id, export_id)
    check_identities(request.actor, view.identities)
    async with db.transaction(request.actor.label):
        await snapshots.record_download(view)
    headers = {
        "content-disposition": f'attachment; filename="{view.file_name}"',
        "content-length": str(view.size),
        "etag": f'"{view.sha256}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Stream(snapshot_files.content(view.id), media_type=FORMATS[view.format].media_type, headers=headers)


route_handlers = [count, make, list_all, read, cancel, rebuild, download]
