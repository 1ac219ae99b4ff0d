"""Lots: accepted work that is accepted as a whole, or sent back, by a sample."""

from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from routing import inspecting, lot_book
from routing.inspecting import OpenLot, PieceToInspect
from routing.lot_book import (
    Inspector,
    LookDraft,
    LotCertificate,
    LotDraft,
    LotPlan,
    LotRework,
    LotView,
    LotWish,
    Reason,
    SamplePiece,
)
from routing.projects import project

READ, WRITE = Permission.PROJECTS_READ, Permission.LOTS_WRITE
ProjectId = FromPath[UUID]
LotId = FromPath[UUID]
RANKED = ("admin", "manager", "frontend")
"""Of several roles the first stands on the certificate."""


class Lots(msgspec.Struct, frozen=True):
    items: list[LotView]
    next_cursor: str | None


class LotReworkWish(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason
    """Why the defects are wanted anew."""


class LotWithdrawal(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason


class Inspection(msgspec.Struct, frozen=True):
    lot: OpenLot
    piece: PieceToInspect | None
    """None: nothing waits that the reader neither made nor reviewed."""


async def inspector_of(actor: Actor) -> Inspector:
    """The person behind a look, also where a program of theirs sent it."""
    role = next((one for one in RANKED if one in actor.roles), "frontend")
    return Inspector(visibility.decider(actor), role, await visibility.annotator_behind(actor))


@get("/projects/{project_id:uuid}/lots", guards=[require(READ)], operation_id="listLots", tags=["lots"])
async def list_all(
    request: Call, project_id: ProjectId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response[Lots]:
    """Newest first."""
    limit = check_limit(limit, request.settings)
    await project(project_id)
    rows = await lot_book.lots_of(project_id, before=read_cursor(cursor, UUID), limit=limit + 1)
    found = page(rows, limit, lambda row: row.id)
    return reply(Lots(found.items, found.next_cursor))


@post(
    "/projects/{project_id:uuid}/lots/preview", guards=[require(WRITE)], status_code=200, operation_id="previewLot",
    tags=["lots"],
)  # fmt: skip
async def preview(project_id: ProjectId, data: JSONBody[LotWish]) -> Response[LotPlan]:
    """What a lot would ask for, as the work stands now; makes nothing."""
    await project(project_id)
    return reply(await lot_book.preview(project_id, data))


@post("/projects/{project_id:uuid}/lots", guards=[require(WRITE)], operation_id="createLot", tags=["lots"])
async def create(request: Call, project_id: ProjectId, data: JSONBody[LotDraft]) -> Response[LotView]:
    """Freezes the pieces and draws the sample."""

    async def act() -> LotView:
        await project(project_id)
        by = visibility.decider(request.actor)
        return await lot_book.lot(await lot_book.make(project_id, data, by, request.settings))

    return await unit_of_work(request, act, status=201)


@get("/lots/{lot_id:uuid}", guards=[require(READ)], operation_id="readLot", tags=["lots"])
async def read(lot_id: LotId) -> Response[LotCertificate]:
    """The certificate: the lot, its plan and characteristic, what was found, and who looked, by role and number."""
    return reply(await lot_book.certificate(lot_id))


@get("/lots/{lot_id:uuid}/sample", guards=[require(WRITE)], operation_id="readLotSample", tags=["lots"])
async def sample(request: Call, lot_id: LotId) -> Response[Items[SamplePiece]]:
    """In the order of the looks."""
    await lot_book.lot(lot_id)
    return reply(Items(await lot_book.sample(lot_id, await visibility.annotator_behind(request.actor))))


@post(
    "/lots/{lot_id:uuid}/sample/{piece_id:uuid}/look", guards=[require(WRITE)], status_code=200, operation_id="lookAtPieceOfLot",
    tags=["lots"],
)  # fmt: skip
async def look(request: Call, lot_id: LotId, piece_id: FromPath[UUID], data: JSONBody[LookDraft]) -> Response[LotView]:
    """What was found; the look that decides decides the lot at once."""

    async def act() -> LotView:
        return await lot_book.look(lot_id, piece_id, data, await inspector_of(request.actor))

    return await unit_of_work(request, act)


@post(
    "/lots/{lot_id:uuid}/rework",
    guards=[require(WRITE)],
    status_code=200,
    operation_id="sendLotToRework",
    tags=["lots"],
)
async def rework(request: Call, lot_id: LotId, data: JSONBody[LotReworkWish]) -> Response[LotRework]:
    """Once, of a lot that was sent back: the defects that were found are wanted anew."""

    async def act() -> LotRework:
        behind = await visibility.annotator_behind(request.actor)
        return await lot_book.rework(lot_id, data.reason, visibility.decider(request.actor), behind)

    return await unit_of_work(request, act)


@post(
    "/lots/{lot_id:uuid}/withdraw", guards=[require(WRITE)], status_code=200, operation_id="withdrawLot", tags=["lots"]
)
async def withdraw(request: Call, lot_id: LotId, data: JSONBody[LotWithdrawal]) -> Response[LotView]:
    """Of an open lot: it is not decided any more, and its pieces may be in another one."""

    async def act() -> LotView:
        return await lot_book.withdraw(lot_id, data.reason.strip())

    return await unit_of_work(request, act)


@get("/inspections", guards=[require(Permission.WORK)], operation_id="listInspections", tags=["lots"])
async def inspections(request: Call) -> Response[Items[OpenLot]]:
    """Open lots whose sample the caller may look at, the oldest first."""
    person = await visibility.worker(request.actor, None)
    return reply(Items(await inspecting.lots_for(person, request.settings)))


@get("/inspections/{lot_id:uuid}", guards=[require(Permission.WORK)], operation_id="readInspection", tags=["lots"])
async def inspection(request: Call, lot_id: LotId) -> Response[Inspection]:
    """The next piece of the sample, without its author and its reviewers."""
    person = await visibility.worker(request.actor, None)
    lot = await inspecting.lot_for(person, lot_id, request.settings)
    return reply(Inspection(lot, await inspecting.next_piece(person, lot_id)))


@post(
    "/inspections/{lot_id:uuid}/sample/{piece_id:uuid}/look", guards=[require(Permission.WORK)], status_code=200,
    operation_id="inspectPieceOfLot", tags=["lots"],
)  # fmt: skip
async def inspect(
    request: Call, lot_id: LotId, piece_id: FromPath[UUID], data: JSONBody[LookDraft]
) -> Response[LotView]:
    """What was found by somebody whom the lot names; the look that decides decides the lot at once."""

    async def act() -> LotView:
        person = await visibility.worker(request.actor, None)
        await inspecting.lot_for(person, lot_id, request.settings)
        return await lot_book.look(
            lot_id, piece_id, data, Inspector(visibility.decider(request.actor), "reviewer", person)
        )

    return await unit_of_work(request, act)


route_handlers = [list_all, preview, create, read, sample, look, rework, withdraw, inspections, inspection, inspect]
