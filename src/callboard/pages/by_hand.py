"""A manager's hand on the page of a task: whom to give it to, and taking it back."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import check_task
from callboard.api.request import Call
from callboard.pages.facts import facts_of, uuid_of
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.views_by_hand import GiveView
from kernel import db
from kernel.errors import DomainError
from routing import by_hand, offers, reports
from routing.errors import NoSuchAssignment, NotEligible

LONGEST_NAME, LONGEST_REASON = 80, 500
guards = [require(Permission.ASSIGNMENTS_WRITE)]


async def _view(request: Call, task_id: UUID, q: str, moving: UUID | None) -> GiveView:
    await check_task(request.actor, task_id)
    row = await reports.task(task_id)
    people = await by_hand.candidates(task_id, request.settings, q=q, moving=moving)
    return GiveView(task=facts_of(row), state=row.state, q=q, moving=moving, people=people)


@get("/tasks/{task_id:uuid}/give", guards=guards, include_in_schema=False)
async def choose(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    asked = request.query_params
    view = await _view(request, task_id, asked.get("q", "")[:LONGEST_NAME], uuid_of(asked.get("moving", "")))
    return page(request, "tasks/give.html", view)


@post("/tasks/{task_id:uuid}/give", guards=guards, include_in_schema=False)
async def give(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    moving = uuid_of(form.text("moving", 36))
    try:
        await _give(request, task_id, form, moving)
    except DomainError as error:
        view = await _view(request, task_id, form.text("q", LONGEST_NAME), moving)
        view.problem = problem_view(error, request)
        return page(request, "tasks/give.html", view, status=error.status)
    return redirect(request, f"/tasks/{task_id}")


async def _give(request: Call, task_id: UUID, form: Form, moving: UUID | None) -> None:
    person, reason = uuid_of(form.text("annotator", 36)), form.text("reason", LONGEST_REASON).strip()
    override = ["preference", "ladder", "cap"] if form.text("override", 3) else []
    if person is None:
        raise NothingSelected
    if not reason and form.text("how", 5) != "offer":
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await check_task(request.actor, task_id)
        if form.text("how", 5) == "offer":
            made = await offers.make(task_id, [person], request.settings, made_by=request.actor.label)
            for refused in made.refused:
                raise NotEligible("; ".join(one.mend for one in refused.failures), failures=refused.failures)
        elif moving is None:
            await by_hand.assign(task_id, person, request.settings, reason=reason, override=override)
        else:
            await by_hand.reassign(moving, person, request.settings, reason=reason, override=override)


@post("/tasks/{task_id:uuid}/take-back", guards=guards, include_in_schema=False)
async def take_back(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    held, reason = uuid_of(form.text("assignment", 36)), form.text("reason", LONGEST_REASON).strip()
    if held is None:
        raise NoSuchAssignment
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await check_task(request.actor, task_id)
        await by_hand.take_back(held, request.settings, reason=reason)
    return redirect(request, f"/tasks/{task_id}")


route_handlers = [choose, give, take_back]
