"""What a project declares about kinds of tasks, and the form of one assignment for other frontends."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.projects import ProjectId
from callboard.api.request import Call
from callboard.api.routes import get, put
from callboard.api.shapes import Items
from callboard.api.work import etag, if_match, reply, unit_of_work
from routing.assignments import assignment
from routing.forms import answers, store
from routing.forms.errors import NoSuchForm
from routing.forms.store import FormDraft, FormView
from routing.projects import project

READ, WRITE, WORK = Permission.PROJECTS_READ, Permission.PROJECTS_WRITE, Permission.ASSIGNMENTS_READ
Kind = FromPath[str]


class FormOut(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what a project declares; docs/kinds.md says what may stand in it."""

    kind: str
    version: int
    declaration: dict[str, Any]
    created_at: datetime | None


class FormOfAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """What the work is done under; `shown` is the order in which our own page shows candidates to this person."""

    kind: str
    version: int
    declaration: dict[str, Any]
    shown: dict[str, list[str]]


def _out(view: FormView) -> FormOut:
    plain = msgspec.to_builtins(view.declaration)
    return FormOut(kind=view.kind, version=view.version, declaration=plain, created_at=view.created_at)


def _version(view: FormOut) -> dict[str, str]:
    return etag(view.version)


@get("/projects/{project_id:uuid}/forms", guards=[require(READ)], operation_id="listForms", tags=["projects"])
async def list_all(project_id: ProjectId) -> Response[Items[FormOut]]:
    """The newest declaration of every kind; version 0: as the program comes with it."""
    await project(project_id)
    return reply(Items([_out(one) for one in await store.forms(project_id)]))


@get("/projects/{project_id:uuid}/forms/{kind:str}", guards=[require(READ)], operation_id="readForm", tags=["projects"])
async def read(project_id: ProjectId, kind: Kind) -> Response[FormOut]:
    await project(project_id)
    view = _out(await store.form(project_id, kind))
    return reply(view, _version(view))


@put("/projects/{project_id:uuid}/forms/{kind:str}", guards=[require(WRITE)], operation_id="putForm", tags=["projects"])
async def put_one(request: Call, project_id: ProjectId, kind: Kind, data: JSONBody[FormDraft]) -> Response[FormOut]:
    """The next version, for work that is claimed from now on. `errors` names every place that is wrong."""
    version = if_match(request)

    async def act() -> FormOut:
        return _out(await store.put_form(project_id, kind, data, version=version))

    return await unit_of_work(request, act, headers=_version)


@get(
    "/projects/{project_id:uuid}/forms/{kind:str}/versions",
    guards=[require(READ)],
    operation_id="listFormVersions",
    tags=["projects"],
)
async def list_versions(project_id: ProjectId, kind: Kind) -> Response[Items[FormOut]]:
    """Newest first."""
    await project(project_id)
    return reply(Items([_out(one) for one in await store.versions(project_id, kind)]))


@get(
    "/assignments/{assignment_id:uuid}/form",
    guards=[require(WORK)],
    operation_id="readFormOfAssignment",
    tags=["work"],
)
async def of_assignment(request: Call, assignment_id: FromPath[UUID]) -> Response[FormOfAssignment]:
    """404 for kinds that are not declared."""
    scope = visibility.filter_for(request.actor)
    await assignment(assignment_id, annotator_id=scope.annotator_id, vendor_id=scope.vendor_id)
    held = await store.held_form(assignment_id)
    if held is None:
        raise NoSuchForm
    declared = held.form.declaration
    return reply(
        FormOfAssignment(
            kind=held.form.kind, version=held.form.version, declaration=msgspec.to_builtins(declared),
            shown=answers.shown(declared, held.payload, assignment_id),
        )
    )  # fmt: skip


route_handlers = [list_all, read, put_one, list_versions, of_assignment]
