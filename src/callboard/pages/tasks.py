"""The list of tasks with its bulk actions, and the page of one task."""

import re
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import check_task
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.pages.errors import NothingSelected, ReasonMissing
from callboard.pages.facts import uuid_of
from callboard.pages.floor import LONGEST_FILTER
from callboard.pages.frame import Form, local_path, page, problem_view, redirect
from callboard.pages.tasks_view import row_of, task_view
from callboard.pages.views import Option
from callboard.pages.views_floor import TaskFilter, TasksView, TaskView
from kernel import db
from kernel.errors import DomainError, Forbidden, Invalid
from kernel.sql import load
from routing import overturn, reports
from routing.errors import NoSuchVerdict
from routing.projects import projects
from skills.registry import domain_codes

sql = load(__package__)
PAGE_ROWS = 50
DONE = re.compile(r"[0-9]{1,5}")
DONE_COOKIE_SECONDS = 20
guards = [require(Permission.TASKS_READ)]


async def tasks_view(request: Call) -> TasksView:
    if not request.actor.sees_everybody:
        raise Forbidden("The list of tasks is for those who answer for all of them.")
    query = request.query_params
    wish = TaskFilter(**{name: query.get(name, "")[:LONGEST_FILTER] for name in TaskFilter.__struct_fields__})
    before = read_cursor(query.get("cursor") or None, UUID)
    rows = await reports.tasks(_wanted(wish), before=before, limit=PAGE_ROWS + 1)
    shown = rows[:PAGE_ROWS]
    return TasksView(
        filter=wish,
        rows=[row_of(row) for row in shown],
        projects=[Option(value=str(one.id), label=one.name) for one in await projects(limit=100)],
        domains=sorted(await domain_codes()),
        languages=[row["language"] for row in await db.fetch(sql.languages_of_tasks)],
        next_cursor=write_cursor(shown[-1].id) if len(rows) > PAGE_ROWS else None,
        done=int(query["done"]) if DONE.fullmatch(query.get("done", "")) else None,
    )


def _wanted(wish: TaskFilter) -> reports.TaskFilter:
    return reports.TaskFilter(
        project_id=uuid_of(wish.project) if wish.project else None, state=wish.state or None, domain=wish.domain or None,
        language=wish.language or None, band=int(wish.level) if wish.level in {"1", "2", "3", "4", "5"} else None,
        search=wish.q.strip() or None,
    )  # fmt: skip


@get("/tasks", guards=guards, include_in_schema=False)
async def tasks(request: Call) -> Response[str]:
    return page(request, "tasks.html", await tasks_view(request))


@post("/tasks/bulk", guards=[require(Permission.TASKS_WRITE)], include_in_schema=False)
async def bulk(request: Call) -> Response[str]:
    """Priority or cancellation of what was selected, with one reason for all of it."""
    form = await Form.of(request)
    try:
        changed = await _change(request, form)
    except DomainError as error:
        view = await tasks_view(request)
        view.problem = problem_view(error, request)
        return page(request, "tasks.html", view, status=error.status)
    back = local_path(form.text("next"))
    return redirect(request, f"{back}{'&' if '?' in back else '?'}done={len(changed)}")


async def _change(request: Call, form: Form) -> list[UUID]:
    ids, action, reason = (
        form.ids("id", request.settings.page_limit),
        form.text("action", 20),
        form.text("reason").strip(),
    )
    if not ids:
        raise NothingSelected
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        if action == "cancel":
            return await reports.cancel(ids, reason)
        if action != "priority" or form.number("priority") not in range(1, 6):
            raise Invalid("The action is neither a priority from 1 to 5 nor a cancellation.")
        return await reports.change_priorities(ids, form.number("priority"), reason)


@post("/tasks/{task_id:uuid}/second-look", guards=[require(Permission.VERDICTS_WRITE)], include_in_schema=False)
async def second_look(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    """Overturns or upholds one verdict, with the reason that both people read."""
    await _check_manager(request, task_id)
    form = await Form.of(request)
    try:
        async with db.transaction(request.actor.label):
            await _look_again(request, form)
    except DomainError as error:
        view = await _task_view(request, task_id)
        view.problem = problem_view(error, request)
        return page(request, "task.html", view, status=error.status, live=True)
    return redirect(request, f"/tasks/{task_id}")


async def _look_again(request: Call, form: Form) -> None:
    verdict_id, says, reason = uuid_of(form.text("verdict", 36)), form.text("says", 10), form.text("reason").strip()
    if not reason:
        raise ReasonMissing
    if verdict_id is None:
        raise NoSuchVerdict
    if says == "uphold":
        await overturn.uphold(verdict_id, reason, by=request.actor.annotator_id)
        return
    if says not in ("accept", "reject"):
        raise Invalid("A second look says accept, reject or uphold.")
    draft = overturn.OverturnDraft(outcome="accept" if says == "accept" else "reject", reason=reason)
    await overturn.overturn(verdict_id, draft, by=request.actor.annotator_id)


@get("/tasks/{task_id:uuid}", guards=guards, include_in_schema=False)
async def one_task(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    return await _one(request, task_id, "task.html")


@get("/tasks/{task_id:uuid}/fragment", guards=guards, include_in_schema=False)
async def one_task_fragment(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    return await _one(request, task_id, "tasks/body.html")


async def _one(request: Call, task_id: UUID, template: str) -> Response[str]:
    await _check_manager(request, task_id)
    return page(request, template, await _task_view(request, task_id), live=template == "task.html")


async def _check_manager(request: Call, task_id: UUID) -> None:
    """Only for those who answer for all of it: nobody else may read who held it, and what they were paid."""
    if not request.actor.sees_everybody:
        raise Forbidden("The story of a task is for its managers.")
    await check_task(request.actor, task_id)


async def _task_view(request: Call, task_id: UUID) -> TaskView:
    view = await task_view(task_id)
    view.second_look = request.actor.may(Permission.VERDICTS_WRITE)
    view.by_hand = request.actor.may(Permission.ASSIGNMENTS_WRITE)
    return view


route_handlers = [tasks, bulk, second_look, one_task, one_task_fragment]
