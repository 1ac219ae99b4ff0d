"""How far a project's people agree, and the sets of known verdicts that its reviewers are measured by."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.project_forms import Fields
from callboard.pages.projects import ProjectId, head_of
from callboard.pages.views_agreement import AgreementPage, SetForm
from kernel import db
from kernel.errors import DomainError
from routing import agreeing, calibration_sets
from routing.calibration_sets import MOST_ITEMS, CalibrationPiece, SetDraft

READ, WRITE = [require(Permission.TASKS_LIST)], [require(Permission.VERDICTS_WRITE)]
COLUMNS = ("of", "kind", "domain", "dimension", "measure", "value", "low", "high", "units", "pairs")
LONGEST = 1000


async def _view(request: Call, project_id: UUID) -> AgreementPage:
    head = await head_of(request, project_id, "agreement")
    may = request.actor.may(Permission.VERDICTS_WRITE)
    return AgreementPage(
        head=head, report=await agreeing.agreement(project_id), may_write=may,
        sets=await calibration_sets.sets(project_id) if may else [],
        candidates=await calibration_sets.candidates(project_id) if may else [],
    )  # fmt: skip


@get("/projects/{project_id:uuid}/agreement", guards=READ, include_in_schema=False)
async def show(request: Call, project_id: ProjectId) -> Response[str]:
    return page(request, "projects/agreement.html", await _view(request, project_id))


@get("/projects/{project_id:uuid}/agreement.csv", guards=READ, include_in_schema=False)
async def export(project_id: ProjectId) -> Response[str]:
    report = await agreeing.agreement(project_id)
    rows = [[_cell(getattr(line, name)) for name in COLUMNS] for line in report.lines]
    return csv_answer("agreement.csv", COLUMNS, rows)


def _cell(value: str | float | None) -> str | float:
    return "" if value is None else value


@post("/projects/{project_id:uuid}/calibration-sets", guards=WRITE, include_in_schema=False, status_code=200)
async def make(request: Call, project_id: ProjectId) -> Response[str]:
    form = await Form.of(request)
    fields, chosen = Fields(form), form.ids("verdict", MOST_ITEMS)
    name, note = fields.typed("name", 120).strip(), fields.typed("note", LONGEST).strip()
    share = fields.asked("share", 1, 50)
    if not name:
        fields.fault("name", "missing")
    if not chosen:
        fields.fault("verdict", "missing")
    refusal: DomainError | None = None
    if not fields.faults:
        draft = SetDraft(
            name=name, note=note, share=share / 100, items=[CalibrationPiece(verdict_id=one) for one in chosen]
        )
        try:
            async with db.transaction(request.actor.label):
                await calibration_sets.make(project_id, draft, visibility.decider(request.actor))
        except DomainError as error:
            refusal = error
        else:
            return redirect(request, f"/projects/{project_id}/agreement?done=calibrated")
    view = await _view(request, project_id)
    view.form = SetForm(name=name, share=fields.typed("share", 10), note=note, chosen=[str(one) for one in chosen])
    view.faults = fields.faults
    if refusal is not None:
        view.head.problem = problem_view(refusal, request)
    return page(request, "projects/agreement.html", view, status=422)


@post(
    "/projects/{project_id:uuid}/calibration-sets/{set_id:uuid}/retire", guards=WRITE, include_in_schema=False,
    status_code=200,
)  # fmt: skip
async def retire(request: Call, project_id: ProjectId, set_id: FromPath[UUID]) -> Response[str]:
    reason = (await Form.of(request)).text("reason", LONGEST).strip()
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await calibration_sets.retire(set_id, reason)
    return redirect(request, f"/projects/{project_id}/agreement?done=retired")


route_handlers = [show, export, make, retire]
