"""Lots of a project: the list, a new one with what it would ask for, the looks at its sample, and the certificate."""

from datetime import date
from typing import Any, cast
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.lots import inspector_of
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import OutcomeMissing, ReasonMissing
from callboard.pages.project_forms import Fields
from callboard.pages.projects import READ, ProjectId, head_of
from callboard.pages.views_lots import Curve, LotForm, LotPage, LotPreview, LotsPage
from kernel import db
from kernel.errors import DomainError
from kernel.sql import load
from routing import lot_book
from routing.errors import BadLot
from routing.lot_book import LookDraft, LotCertificate, LotDraft, LotFilter, LotWish
from routing.lots import AQLS, LEVELS, Level

sql = load("routing")
WRITE = [require(Permission.LOTS_WRITE)]
LotId = FromPath[UUID]
PAGE_ROWS, MOST_WAITING, MOST_LOOKED = 30, 5, 50
LONGEST = 1000


def _wish(fields: Fields) -> tuple[LotForm, LotWish]:
    """Every fault stands at its field; beside one, what comes out is not used."""
    form = LotForm(
        **{name: fields.typed(name, 2000 if name == "require" else 120).strip() for name in LotForm.__struct_fields__}
    )
    days: dict[str, date | None] = {}
    for name in ("from_day", "to_day"):
        text = getattr(form, name)
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            fields.fault(name, "date", line=text)
    level = fields.choice("level", set(LEVELS))
    aql = fields.choice("aql", {f"{one:g}" for one in AQLS})
    if fields.faults:
        return form, LotWish()
    first, last = days["from_day"], days["to_day"]
    if first and last and last < first:
        fields.fault("to_day", "earlier_day")
    chosen = LotFilter(from_day=first, to_day=last, domain=form.domain or None, kind=form.kind or None)
    return form, LotWish(filter=chosen, level=cast("Level", level), aql=float(aql))


def _inspectors(form: LotForm) -> dict[str, Any]:
    """Everybody with the role, or those of them who meet the expression."""
    if form.inspectors != "yes":
        return {}
    return {"role": "reviewer"} | ({"require": form.require} if form.require else {})


async def _preview(project_id: UUID, wish: LotWish, *, readable: bool) -> LotPreview:
    if not readable:
        return LotPreview()
    try:
        return LotPreview(plan=await lot_book.preview(project_id, wish))
    except BadLot:
        return LotPreview()


async def _view(request: Call, project_id: UUID, form: LotForm, wish: LotWish, *, readable: bool = True) -> LotsPage:
    head = await head_of(request, project_id, "lots")
    before = read_cursor(request.query_params.get("cursor") or None, UUID)
    rows = await lot_book.lots_of(project_id, before=before, limit=PAGE_ROWS + 1)
    choices = await db.fetch(sql.lot_choices, project_id=project_id)
    return LotsPage(
        head=head, rows=rows[:PAGE_ROWS], may_write=request.actor.may(Permission.LOTS_WRITE), form=form,
        preview=await _preview(project_id, wish, readable=readable), levels=list(LEVELS), aqls=list(AQLS),
        domains=sorted({row["domain"] for row in choices}), kinds=sorted({row["kind"] for row in choices}),
        next_cursor=write_cursor(rows[PAGE_ROWS - 1].id) if len(rows) > PAGE_ROWS else None,
    )  # fmt: skip


@get("/projects/{project_id:uuid}/lots", guards=READ, include_in_schema=False)
async def show_all(request: Call, project_id: ProjectId) -> Response[str]:
    return page(request, "projects/lots.html", await _view(request, project_id, LotForm(), LotWish()))


@post("/projects/{project_id:uuid}/lots/preview", guards=WRITE, include_in_schema=False, status_code=200)
async def preview(request: Call, project_id: ProjectId) -> Response[str]:
    """What the form as it stands would ask for; makes nothing."""
    fields = Fields(await Form.of(request))
    _, wish = _wish(fields)
    return page(request, "projects/lot_preview.html", await _preview(project_id, wish, readable=not fields.faults))


@post("/projects/{project_id:uuid}/lots", guards=WRITE, include_in_schema=False, status_code=200)
async def make(request: Call, project_id: ProjectId) -> Response[str]:
    fields = Fields(await Form.of(request))
    form, wish = _wish(fields)
    if not form.name:
        fields.fault("name", "missing")
    refusal: DomainError | None = None
    if not fields.faults:
        draft = LotDraft(
            name=form.name, filter=wish.filter, level=wish.level, aql=wish.aql, inspectors=_inspectors(form)
        )
        try:
            async with db.transaction(request.actor.label):
                by = visibility.decider(request.actor)
                lot_id = await lot_book.make(project_id, draft, by, request.settings)
        except DomainError as error:
            refusal = error
        else:
            return redirect(request, f"/projects/{project_id}/lots/{lot_id}")
    view = await _view(request, project_id, form, wish, readable=not fields.faults)
    view.faults = fields.faults
    if refusal is not None:
        view.head.problem = problem_view(refusal, request)
    return page(request, "projects/lots.html", view, status=422)


def curve(told: LotCertificate) -> Curve:
    most = max(told.characteristic[-1].share, told.lot.aql / 100)
    points = " ".join(f"{100 * one.share / most:.2f},{100 - 100 * one.accepted:.2f}" for one in told.characteristic)
    return Curve(points, round(told.lot.aql / most, 2), most)


async def _lot(request: Call, project_id: UUID, lot_id: UUID) -> LotPage:
    """Raises `NoSuchProject`, `NoSuchLot`."""
    head = await head_of(request, project_id, "lots")
    told = await lot_book.certificate(lot_id, project_id)
    return LotPage(head=head, told=told, curve=curve(told), may_write=request.actor.may(Permission.LOTS_WRITE))


@get("/projects/{project_id:uuid}/lots/{lot_id:uuid}", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId, lot_id: LotId) -> Response[str]:
    view = await _lot(request, project_id, lot_id)
    sample = await lot_book.sample(lot_id, await visibility.annotator_behind(request.actor))
    if view.told.lot.state == "open":
        waiting = [one for one in sample if one.outcome is None]
        # What one may not look at stands behind what one may.
        view.waiting = sorted(waiting, key=lambda one: one.own)[:MOST_WAITING]
    looked = [(one.looked_at, one) for one in sample if one.looked_at is not None]
    view.looked = [one for _, one in sorted(looked, key=lambda pair: pair[0], reverse=True)][:MOST_LOOKED]
    return page(request, "projects/lot.html", view)


@get("/projects/{project_id:uuid}/lots/{lot_id:uuid}/certificate", guards=READ, include_in_schema=False)
async def certificate(request: Call, project_id: ProjectId, lot_id: LotId) -> Response[str]:
    return page(request, "projects/lot_certificate.html", await _lot(request, project_id, lot_id))


@post(
    "/projects/{project_id:uuid}/lots/{lot_id:uuid}/sample/{piece_id:uuid}", guards=WRITE, include_in_schema=False,
    status_code=200,
)  # fmt: skip
async def look(request: Call, project_id: ProjectId, lot_id: LotId, piece_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    outcome, reason = form.text("outcome", 10), form.text("reason", LONGEST).strip()
    if outcome not in {"good", "defect"}:
        raise OutcomeMissing
    if outcome == "defect" and not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await lot_book.lot(lot_id, project_id)
        draft = LookDraft(outcome="defect" if outcome == "defect" else "good", reason=reason)
        await lot_book.look(lot_id, piece_id, draft, await inspector_of(request.actor))
    return redirect(request, f"/projects/{project_id}/lots/{lot_id}?done=looked")


@post(
    "/projects/{project_id:uuid}/lots/{lot_id:uuid}/rework",
    guards=WRITE,
    include_in_schema=False,
    status_code=200,
)
async def rework(request: Call, project_id: ProjectId, lot_id: LotId) -> Response[str]:
    reason = (await Form.of(request)).text("reason", LONGEST).strip()
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await lot_book.lot(lot_id, project_id)
        behind = await visibility.annotator_behind(request.actor)
        await lot_book.rework(lot_id, reason, visibility.decider(request.actor), behind)
    return redirect(request, f"/projects/{project_id}/lots/{lot_id}?done=reworked")


@post("/projects/{project_id:uuid}/lots/{lot_id:uuid}/withdraw", guards=WRITE, include_in_schema=False, status_code=200)
async def withdraw(request: Call, project_id: ProjectId, lot_id: LotId) -> Response[str]:
    reason = (await Form.of(request)).text("reason", LONGEST).strip()
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await lot_book.lot(lot_id, project_id)
        await lot_book.withdraw(lot_id, reason)
    return redirect(request, f"/projects/{project_id}/lots/{lot_id}?done=withdrawn")


route_handlers = [withdraw, show_all, preview, make, show, certificate, look, rework]
