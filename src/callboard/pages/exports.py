"""The exports of a project: a filter with a live count, snapshots made and followed, files to take away."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.exports import check_identities, stream
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.projects import head_of
from callboard.pages.views_exports import CountView, ExportsView, SnapshotList, SnapshotRow
from dialogue import export, snapshot_files, snapshots
from dialogue.errors import BadFilter
from dialogue.export import Filters
from dialogue.rubrics import rubric_of
from dialogue.snapshots import SnapshotDraft
from kernel import db
from kernel.sql import load
from routing.projects import project

sql = load(__package__)
guards = [require(Permission.EXPORTS_WRITE)]
ProjectId = FromPath[UUID]
HERE = "/projects/{project_id:uuid}/exports"
SHOWN = 50
STATES = ("accepted", "pending", "rework", "rejected")
VERDICTS = get_args(export.Outcome)


@get(HERE, guards=guards, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    head = await head_of(request, project_id, "exports")
    lanes = await db.fetch(sql.lanes_of_project, project_id=project_id)
    rubric = await rubric_of(project_id)
    view = ExportsView(
        head=head, found=await export.count(project_id, Filters()), snapshots=await _list(request, project_id),
        languages=sorted({row["language"].split("-")[0] for row in lanes}), domains=sorted({row["domain"] for row in lanes}),
        dimensions=[one.code for one in rubric.dimensions] if rubric and rubric.dimensions else ["rating"],
        may_see_people=request.actor.may(Permission.EXPORTS_IDENTITIES),
    )  # fmt: skip
    return page(request, "exports.html", view)


async def _list(request: Call, project_id: UUID) -> SnapshotList:
    found = await snapshots.snapshots(project_id, limit=SHOWN + 1)
    rows = await db.fetch(sql.names_of_actors, actors=[one.made_by for one in found])
    names = {row["actor"]: row["name"] for row in rows}
    return SnapshotList(
        project_id=str(project_id), rows=[
            SnapshotRow(snapshot=one, who=names.get(one.made_by), goes_at=one.goes_at(request.settings.export_keep_days))
            for one in found[:SHOWN]
        ],
        may_see_people=request.actor.may(Permission.EXPORTS_IDENTITIES), more=len(found) > SHOWN,
    )  # fmt: skip


@get(f"{HERE}/list", guards=guards, include_in_schema=False)
async def listing(request: Call, project_id: ProjectId) -> Response[str]:
    """Asked for again while one is being made."""
    await project(project_id)
    return page(request, "exports/list.html", await _list(request, project_id))


@post(f"{HERE}/count", guards=guards, status_code=200, include_in_schema=False)
async def count(request: Call, project_id: ProjectId) -> Response[str]:
    await project(project_id)
    try:
        view = CountView(found=await export.count(project_id, _filters(await Form.of(request))))
    except BadFilter as error:
        view = CountView(found=None, fault=error.detail)
    return page(request, "exports/count.html", view)


@post(HERE, guards=guards, status_code=200, include_in_schema=False)
async def make(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    draft = SnapshotDraft(
        format=form.text("format", 30), filters=_filters(form), reason=form.text("reason", 500),
        identities="real" if form.text("identities", 10) == "real" else "pseudonym",
    )  # fmt: skip
    check_identities(request.actor, draft.identities)
    await project(project_id)
    async with db.transaction(request.actor.label):
        made = await snapshots.make(project_id, draft, made_by=request.actor.label)
    return redirect(request, f"/projects/{project_id}/exports?made={made.id}#snapshots")


@post(f"{HERE}/{{export_id:uuid}}/cancel", guards=guards, status_code=200, include_in_schema=False)
async def cancel(request: Call, project_id: ProjectId, export_id: FromPath[UUID]) -> Response[str]:
    async with db.transaction(request.actor.label):
        await snapshot_files.cancel(project_id, export_id)
    return redirect(request, f"/projects/{project_id}/exports#snapshot-{export_id}")


@post(f"{HERE}/{{export_id:uuid}}/rebuild", guards=guards, status_code=200, include_in_schema=False)
async def rebuild(request: Call, project_id: ProjectId, export_id: FromPath[UUID]) -> Response[str]:
    check_identities(request.actor, (await snapshots.snapshot(project_id, export_id)).identities)
    async with db.transaction(request.actor.label):
        await snapshot_files.rebuild(project_id, export_id)
    return redirect(request, f"/projects/{project_id}/exports#snapshot-{export_id}")


@get(f"{HERE}/{{export_id:uuid}}/file", guards=guards, include_in_schema=False)
async def download(request: Call, project_id: ProjectId, export_id: FromPath[UUID]) -> Stream:
    return await stream(request, project_id, export_id)


def _filters(form: Form) -> Filters:
    """Raises `BadFilter`. Days are those of UTC, and the last one counts whole."""
    names = set(form.names())
    values: dict[str, Any] = {
        "what": form.text("what", 10) or "all",
        "states": [one for one in STATES if f"state-{one}" in names],
        "verdicts": [one for one in VERDICTS if f"verdict-{one}" in names],
        "languages": [name.removeprefix("language-") for name in names if name.startswith("language-")],
        "domains": [form.text("domain", 40)] if form.text("domain", 40) else [],
        "dimension": form.text("dimension", 40),
        "since": _day(form, "since", 0),
        "until": _day(form, "until", 1),
    }
    least = form.text("at_least", 10).strip().replace(",", ".")
    if not values["states"]:
        if values["what"] == "work":
            raise BadFilter("Choose at least one state.")
        values |= {"what": "imported", "states": ["accepted"]}
    try:
        values["at_least"] = float(least) if least else None
        if not least:
            values["dimension"] = ""  # a chosen dimension without a value asks for nothing
        return msgspec.convert(values, Filters)
    except (ValueError, msgspec.ValidationError) as error:
        raise BadFilter("A field holds something that cannot be used.") from error


def _day(form: Form, name: str, add: int) -> datetime | None:
    text = form.text(name, 10)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=add)
        return datetime.combine(day, time(), UTC)
    except (ValueError, OverflowError) as error:
        raise BadFilter("A day is written as 2026-11-22.") from error


route_handlers = [show, listing, count, make, cancel, rebuild, download]
