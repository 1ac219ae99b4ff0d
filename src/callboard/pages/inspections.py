"""Samples of lots for those whom the lot names: one piece after the other, without its author and its reviewers."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.handed_in import handed_in
from callboard.pages.missing import OutcomeMissing, ReasonMissing
from callboard.pages.task_form import answer_of
from callboard.pages.views import TaskFacts
from callboard.pages.views_lots import InspectionPage, InspectionsPage
from kernel import clock, db
from routing import inspecting, lot_book
from routing.forms import store
from routing.inspecting import OpenLot, PieceToInspect
from routing.lot_book import Inspector, LookDraft
from routing.projects import project

WORK = [require(Permission.WORK)]
LotId = FromPath[UUID]
LONGEST = 1000
DONE = {"looked", "decided"}


def _done(request: Call) -> str:
    done = request.query_params.get("done", "")
    return done if done in DONE else ""


@get("/inspections", guards=WORK, include_in_schema=False)
async def show_all(request: Call) -> Response[str]:
    me = await visibility.worker(request.actor, None)
    view = InspectionsPage(lots=await inspecting.lots_for(me, request.settings), done=_done(request))
    return page(request, "inspections.html", view)


async def _view(lot: OpenLot, piece: PieceToInspect | None) -> InspectionPage:
    view = InspectionPage(lot=lot)
    if piece is None:
        return view
    view.piece_id, view.place = piece.id, piece.place
    view.guidelines = (await project(piece.project_id)).guidelines
    view.task = TaskFacts(
        id=piece.task_id, title=piece.title, project=lot.project_name, kind=piece.kind, domain=piece.domain, language=piece.language,
    )  # fmt: skip
    if await store.form_of(piece.project_id, piece.kind) is not None:
        line: dict[str, Any] = {
            "assignment_id": piece.assignment_id, "payload": piece.payload, "corrected": None, "who": "", "state": "", "submitted_at": clock.now(),
        }  # fmt: skip
        view.answer = await answer_of(line, piece.task)
        return view
    work = await handed_in(piece.payload, piece.project_id)
    view.work, view.whole, view.span_labels = work.turns, work.whole, work.labels
    if not work.turns:
        view.raw = msgspec.json.format(msgspec.json.encode(piece.payload), indent=2).decode()
    return view


@get("/inspections/{lot_id:uuid}", guards=WORK, include_in_schema=False)
async def show(request: Call, lot_id: LotId) -> Response[str]:
    me = await visibility.worker(request.actor, None)
    lot = await inspecting.lot_for(me, lot_id, request.settings)
    view = await _view(lot, await inspecting.next_piece(me, lot_id))
    view.done = _done(request)
    return page(request, "inspection.html", view)


@post("/inspections/{lot_id:uuid}/{piece_id:uuid}", guards=WORK, include_in_schema=False, status_code=200)
async def look(request: Call, lot_id: LotId, piece_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    outcome, reason = form.text("outcome", 10), form.text("reason", LONGEST).strip()
    if outcome not in {"good", "defect"}:
        raise OutcomeMissing
    if outcome == "defect" and not reason:
        raise ReasonMissing
    me = await visibility.worker(request.actor, None)
    async with db.transaction(request.actor.label):
        await inspecting.lot_for(me, lot_id, request.settings)
        draft = LookDraft(outcome="defect" if outcome == "defect" else "good", reason=reason)
        by = Inspector(visibility.decider(request.actor), "reviewer", me)
        lot = await lot_book.look(lot_id, piece_id, draft, by)
    return redirect(
        request, f"/inspections/{lot_id}?done=looked" if lot.state == "open" else "/inspections?done=decided"
    )


route_handlers = [show_all, show, look]
