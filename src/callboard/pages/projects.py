"""Projects for their managers: the list, the overview of one, its state, and the way back from the last change."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.project_expression import told
from callboard.pages.project_forms import Fields
from callboard.pages.project_undo import offer_undo
from callboard.pages.views_projects import HistoryLine, OverviewView, ProjectHead, ProjectRow, ProjectsView, Waits
from kernel import db
from kernel.errors import DomainError, Invalid, PreconditionFailed
from kernel.sql import load
from payments.earnings import project_budget
from payments.rates import rate_cards
from routing import reports, risk
from routing.projects import CHANGEABLE, ProjectChange, ProjectView, change_project, change_state, project, projects
from routing.relaning import change_requirements

sql = load(__package__)
READ, WRITE = [require(Permission.PROJECTS_READ)], [require(Permission.PROJECTS_WRITE)]
ProjectId = FromPath[UUID]
PAGE_ROWS = 50
HISTORY_ROWS = 15
DONE = re.compile(r"[a-z]{1,20}")
UNDOABLE = ("project.changed", "project.requirements")


async def head_of(request: Call, project_id: UUID, tab: str) -> ProjectHead:
    """Raises `NoSuchProject`."""
    view = await project(project_id)
    done = request.query_params.get("done", "")
    head = ProjectHead(
        project=view, tab=tab, may_edit=request.actor.may(Permission.PROJECTS_WRITE) and view.state != "closed",
        done=done if DONE.fullmatch(done) else "",
    )  # fmt: skip
    version = request.query_params.get("of", "")
    if head.done and head.done != "undone" and version == str(view.version):
        head.undo_version = view.version
    if head.done == "saved" and (change := request.query_params.get("change_of", "")):
        await offer_undo(head, change, request.url.path.rpartition("/")[2])
    return head


def saved(request: Call, view: ProjectView, tab: str, before: int) -> Response[str]:
    """Back to the page, which offers the way back while nothing else has changed."""
    path = f"/projects/{view.id}" + ("" if tab == "overview" else f"/{tab}")
    if view.version == before:
        return redirect(request, f"{path}?done=same")
    return redirect(request, f"{path}?done=saved&of={view.version}")


def as_typed(request: Call, head: ProjectHead, version: int, refusal: DomainError | None) -> int:
    """The status of a form that comes back as it was typed. What changed meanwhile is told once; saving again replaces it."""
    if isinstance(refusal, PreconditionFailed):
        head.stale = True
        return refusal.status
    head.project = msgspec.structs.replace(head.project, version=version)
    if refusal is None:
        return 422
    head.problem = problem_view(refusal, request)
    return refusal.status


@get("/projects", guards=READ, include_in_schema=False)
async def show_all(request: Call) -> Response[str]:
    before = read_cursor(request.query_params.get("cursor") or None, UUID)
    rows = await projects(before=before, limit=PAGE_ROWS + 1)
    shown = rows[:PAGE_ROWS]
    waits = await _waits([one.id for one in shown])
    forecasts = {one.project_id: one.forecast for one in await risk.risks(request.settings)}
    view = ProjectsView(
        rows=[ProjectRow(project=one, waits=waits[one.id], forecast=forecasts.get(one.id)) for one in shown],
        next_cursor=write_cursor(shown[-1].id) if len(rows) > PAGE_ROWS else None,
    )
    return page(request, "projects.html", view)


async def _waits(ids: list[UUID]) -> dict[UUID, Waits]:
    found = {one: Waits() for one in ids}
    for row in await db.fetch(sql.waits_of_projects, ids=ids):
        found[UUID(int=row["project"].int)] = Waits(
            waiting=row["waiting"], in_work=row["in_work"], review_waiting=row["review_waiting"], in_review=row["in_review"]
        )  # fmt: skip
    return found


@get("/projects/{project_id:uuid}", guards=READ, include_in_schema=False)
async def overview(request: Call, project_id: ProjectId) -> Response[str]:
    return page(request, "project.html", await _overview(request, project_id))


async def _overview(request: Call, project_id: UUID) -> OverviewView:
    head = await head_of(request, project_id, "overview")
    cards, forecasts = await rate_cards(project_id), await risk.risks(request.settings, project_id)
    return OverviewView(
        head=head, waits=(await _waits([project_id]))[project_id],
        accepted=sum(cell.accepted for cell in await reports.queue(project_id, None)),
        forecast=forecasts[0].forecast if forecasts else None, card=cards[0] if cards else None,
        budget=await project_budget(project_id),
        requirement=await told(head.project), history=await _history(project_id),
    )  # fmt: skip


async def _history(project_id: UUID) -> list[HistoryLine]:
    lines = []
    for row in await db.fetch(sql.history_of_project, id=str(project_id), limit=HISTORY_ROWS):
        before, after = row["before"] or {}, row["after"] or {}
        action = row["action"].removeprefix("project.")
        names = [name for name in after if name in CHANGEABLE] if action == "changed" else []
        lines.append(
            HistoryLine(at=row["at"], who=row["who"], action=action, names=names, before=before, after=after, reason=row["reason"])
        )  # fmt: skip
    return lines


@post("/projects/{project_id:uuid}/state", guards=WRITE, include_in_schema=False, status_code=200)
async def put_state(request: Call, project_id: ProjectId) -> Response[str]:
    """Publishes, pauses, resumes or closes; refused with what stands in the way, the reason kept."""
    fields = Fields(await Form.of(request))
    state, reason = fields.choice("state", {"published", "paused", "closed"}), fields.reason()
    if state == "closed" and not reason:
        fields.fault("reason", "reason")
    problem, status = None, 422
    if not fields.faults:
        try:
            async with db.transaction(request.actor.label):
                await change_state(project_id, state, reason=reason or None)
            return redirect(request, f"/projects/{project_id}?done={state}")
        except DomainError as error:
            problem, status = problem_view(error, request), error.status
    view = await _overview(request, project_id)
    view.head.problem, view.faults, view.reason = problem, fields.faults, reason
    return page(request, "project.html", view, status=status)


@post("/projects/{project_id:uuid}/undo", guards=WRITE, include_in_schema=False, status_code=200)
async def undo(request: Call, project_id: ProjectId) -> Response[str]:
    """The last change is taken back, if nothing else has changed since."""
    form = await Form.of(request)
    version, tab = form.number("version"), form.text("tab", 20)
    async with db.transaction(request.actor.label):
        last = await db.fetch_one(sql.last_change_of_project, id=str(project_id), actions=list(UNDOABLE))
        if last is None or (await project(project_id)).version != version:
            raise PreconditionFailed
        await take_back(project_id, last["before"], version)
    path = f"/projects/{project_id}" + (
        f"/{tab}" if tab in {"general", "requirements", "ladder", "time", "rules"} else ""
    )
    return redirect(request, f"{path}?done=undone")


async def take_back(project_id: UUID, before: dict[str, Any], version: int) -> None:
    """What a change wrote down as the state before it."""
    if "requirements" in before:
        await change_requirements(project_id, before["requirements"], "taken back", version)
        return
    try:
        wish = msgspec.convert(before | {"reason": "taken back"}, ProjectChange)
    except msgspec.ValidationError as error:
        raise Invalid(f"The rules of before cannot be used any more: {error}.") from error
    await change_project(project_id, wish, version=version)


route_handlers = [show_all, overview, put_state, undo]
