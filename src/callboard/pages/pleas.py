"""More time is asked for, or something is wrong: said on the workspace, answered on the page of the task."""

from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import check_task, worker
from callboard.api.request import Call
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, is_htmx, page, redirect
from callboard.pages.views_desk import Said
from kernel import db
from routing import pleas
from routing.errors import NoSuchAssignment

HERE = "/work/{assignment_id:uuid}"
work, manage = [require(Permission.WORK)], [require(Permission.ASSIGNMENTS_WRITE)]


def _said(request: Call, assignment_id: UUID, what: str) -> Response[str]:
    """Without scripts the work itself is shown again."""
    if is_htmx(request):
        return page(request, "work/said.html", Said(what=what))
    return redirect(request, f"/work/{assignment_id}")


@post(f"{HERE}/extension", guards=work, status_code=200, include_in_schema=False)
async def ask(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        await pleas.ask_extension(
            assignment_id,
            me,
            form.number("epoch"),
            minutes=form.number("minutes"),
            reason=form.reason(pleas.REASON_CHARACTERS),
        )
    return _said(request, assignment_id, "extension_asked")


@post(f"{HERE}/trouble", guards=work, status_code=200, include_in_schema=False)
async def trouble(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await worker(request.actor, None)
    keep = form.text("then", 5) != "back"
    async with db.transaction(request.actor.label):
        await pleas.report_trouble(
            assignment_id,
            me,
            form.number("epoch"),
            request.settings,
            reason=form.reason(pleas.REASON_CHARACTERS),
            keep=keep,
        )
    return _said(request, assignment_id, "trouble") if keep else redirect(request, "/queue")


@post("/tasks/{task_id:uuid}/extend", guards=manage, include_in_schema=False)
async def extend(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    held = uuid_of(form.text("assignment", 36))
    if held is None:
        raise NoSuchAssignment
    async with db.transaction(request.actor.label):
        await check_task(request.actor, task_id)
        await pleas.extend(task_id, held, minutes=form.number("minutes"), reason=form.reason(pleas.REASON_CHARACTERS))
    return redirect(request, f"/tasks/{task_id}")


route_handlers = [ask, trouble, extend]
