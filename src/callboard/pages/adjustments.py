"""Bonuses and adjustments on screen, and a project's pay: its budget's outlook and its floors."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import page as page_of
from callboard.api.paging import read_cursor
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.projects import READ, ProjectId, head_of
from callboard.pages.views import Option
from callboard.pages.views_pay import AdjustmentsPage, ProjectPayPage
from kernel import db
from kernel.errors import DomainError, Invalid
from kernel.money import parse_amount
from kernel.sql import load
from payments import adjustments, floors, forecast
from payments.adjustments import MOST_AT_ONCE, MOST_MATCHING, AdjustmentDraft, Matching
from payments.errors import BadAdjustment
from payments.floors import PayFloorDraft
from routing.projects import project

sql = load("callboard.pages")
WRITE = Permission.MONEY_WRITE
PAGE_ROWS = 50
STATES = ("waiting", "scheduled", "short", "posted", "refused", "undone", "expired")
KINDS = ("bonus", "adjustment", "floor")
FILTERS = ("state", "kind", "project_id", "annotator_id", "period_id")
FIELDS = ("kind", "project", "people", "amount", "reason", "corrects")
DONE = {"made", "approve", "refuse", "undo", "floor"}
LONGEST_LIST = 20_000


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


async def _view(request: Call, values: dict[str, str] | None = None) -> AdjustmentsPage:
    query = request.query_params
    state, kind, annotator_id = query.get("state", ""), query.get("kind", ""), _uuid(query.get("annotator_id"))
    rows = await adjustments.adjustments(
        limit=PAGE_ROWS + 1, state=state if state in STATES else None, kind=kind if kind in KINDS else None,
        annotator_id=annotator_id, project_id=_uuid(query.get("project_id")), period_id=_uuid(query.get("period_id")),
        before=read_cursor(query.get("cursor") or None, UUID),
    )  # fmt: skip
    found = page_of(rows, PAGE_ROWS, lambda one: one.id)
    kept = {name: value for name, value in query.items() if name in FILTERS and value}
    projects = await db.fetch(sql.projects_that_pay)
    person = await db.fetch_one(sql.named_person, id=annotator_id) if annotator_id else None
    ids, sums = await adjustments.decidable(wanted, *await _me(request)) if (wanted := _matching(query)) else ([], [])
    return AdjustmentsPage(
        rows=found.items, next_page=urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else "", state=state, kind=kind, me=visibility.decider(request.actor),
        annotator_id=annotator_id, project_id=query.get("project_id", ""),
        projects=[Option(value=str(row["id"]), label=f"{row['name']} ({row['currency']})") for row in projects],
        values=values or dict.fromkeys(FIELDS, "") | {"kind": "bonus", "people": person["display_name"] if person else ""},
        opened=values is not None or person is not None, done=query.get("done", ""), limits=request.settings.approval_limits,
        undo_minutes=request.settings.adjustment_undo_minutes,
        all_count=len(ids), all_amounts=sums, all_most=MOST_MATCHING, kept=kept,
    )  # fmt: skip


async def _me(request: Call) -> tuple[str, UUID | None]:
    return visibility.decider(request.actor), await visibility.annotator_behind(request.actor)


def _matching(given: Mapping[str, str]) -> Matching | None:
    """The filter as one that can be decided as a whole; none for other states."""
    state, kind = given.get("state", ""), given.get("kind", "")
    if state not in ("waiting", "short"):
        return None
    return Matching(
        state="waiting" if state == "waiting" else "short", kind=kind if kind in KINDS else None, project_id=_uuid(given.get("project_id")),
        period_id=_uuid(given.get("period_id")), annotator_id=_uuid(given.get("annotator_id")),
    )  # fmt: skip


@get("/payroll/adjustments", guards=[require(WRITE)], include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return page(request, "payroll_adjustments.html", await _view(request))


async def _people(text: str) -> list[UUID]:
    """Names or external ids, one per line. Raises `BadAdjustment` for one that is nobody, or several."""
    names = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not 0 < len(names) <= MOST_AT_ONCE:
        raise BadAdjustment(f"Name 1 to {MOST_AT_ONCE} people, one per line.")
    rows = await db.fetch(sql.people_by_name, names=names)
    wrong = [row["name"] for row in rows if row["found"] != 1]
    if wrong:
        raise BadAdjustment(f"Nobody, or more than one, is called {', '.join(wrong[:5])}; the external id is unique.")
    return [UUID(int=row["id"].int) for row in rows]


async def _draft(form: Form) -> AdjustmentDraft:
    project_id = _uuid(form.text("project", 40))
    if project_id is None:
        raise BadAdjustment("Choose whose budget pays.")
    reason, corrects, kind = form.text("reason", 500).strip(), form.text("corrects", 20).strip(), form.text("kind", 12)
    if not reason:
        raise ReasonMissing
    if corrects and not (corrects.isascii() and corrects.isdigit()):
        raise BadAdjustment("The line that this corrects is a number.")
    currency = (await project(project_id)).currency
    return AdjustmentDraft(
        kind="adjustment" if kind == "adjustment" else "bonus", project_id=project_id, annotator_ids=await _people(form.text("people", LONGEST_LIST)),
        amount=parse_amount(form.text("amount", 30).strip().replace(",", "."), currency), reason=reason,
        corrects=int(corrects) if corrects else None,
    )  # fmt: skip


@post("/payroll/adjustments", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def make(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        own = await visibility.annotator_behind(request.actor)
        async with db.transaction(request.actor.label):
            await adjustments.propose(await _draft(form), visibility.decider(request.actor), request.settings, own)
    except DomainError as error:
        view = await _view(request, {name: form.text(name, LONGEST_LIST) for name in FIELDS})
        view.problem = problem_view(error, request)
        return page(request, "payroll_adjustments.html", view, status=error.status)
    return redirect(request, "/payroll/adjustments?done=made")


@post("/payroll/adjustments/decide", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def decide(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        ids, action, note = form.ids("id", MOST_AT_ONCE), form.text("action", 10), form.text("note", 500).strip()
        if not ids:
            raise NothingSelected
        if action not in ("approve", "refuse", "undo"):
            raise Invalid("There is no such action.")
        if action == "refuse" and not note:
            raise ReasonMissing
        own = await visibility.annotator_behind(request.actor)
        async with db.transaction(request.actor.label):
            await adjustments.decide(ids, action, visibility.decider(request.actor), note, own)  # type: ignore[arg-type]
    except DomainError as error:
        view = await _view(request)
        view.problem = problem_view(error, request)
        return page(request, "payroll_adjustments.html", view, status=error.status)
    return redirect(request, f"/payroll/adjustments?done={action}")


@post("/payroll/adjustments/decide-all", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def decide_all(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        wanted, action, note = _matching({name: form.text(name, 40) for name in FILTERS}), form.text("action", 10), form.text("note", 500).strip()  # fmt: skip
        if wanted is None or action not in ("approve", "refuse"):
            raise Invalid("There is no such action.")
        if action == "refuse" and not note:
            raise ReasonMissing
        me, own = await _me(request)
        async with db.transaction(request.actor.label):
            await adjustments.decide_matching(wanted, action, form.number("expected"), me, note=note, own=own)  # type: ignore[arg-type]
    except DomainError as error:
        view = await _view(request)
        view.problem = problem_view(error, request)
        return page(request, "payroll_adjustments.html", view, status=error.status)
    return redirect(request, f"/payroll/adjustments?done={action}")


@get("/projects/{project_id:uuid}/pay", guards=READ, include_in_schema=False)
async def project_pay(request: Call, project_id: ProjectId) -> Response[str]:
    return page(request, "projects/pay.html", await _project_view(request, project_id))


async def _project_view(request: Call, project_id: UUID) -> ProjectPayPage:
    await project(project_id)
    return ProjectPayPage(
        head=await head_of(request, project_id, "pay"), outlook=await forecast.outlook(project_id, request.settings.budget_warnings),
        floors=await floors.pay_floors(project_id), may_write=request.actor.may(WRITE), done=request.query_params.get("done", ""),
        multiple=request.settings.floor_cap_multiple, least_minutes=request.settings.floor_least_minutes,
    )  # fmt: skip


@post("/projects/{project_id:uuid}/pay/floor", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def set_floor(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    try:
        reason = form.text("reason", 500).strip()
        if not reason:
            raise ReasonMissing
        currency = (await project(project_id)).currency
        draft = PayFloorDraft(
            hourly=parse_amount(form.text("hourly", 30).strip().replace(",", "."), currency),
            language=form.text("language", 20).strip() or None, reason=reason,
        )  # fmt: skip
        async with db.transaction(request.actor.label):
            await floors.set_pay_floor(project_id, draft, visibility.decider(request.actor))
    except DomainError as error:
        view = await _project_view(request, project_id)
        view.problem = problem_view(error, request)
        return page(request, "projects/pay.html", view, status=error.status)
    return redirect(request, f"/projects/{project_id}/pay?done=floor")


route_handlers = [show, make, decide, decide_all, project_pay, set_floor]
