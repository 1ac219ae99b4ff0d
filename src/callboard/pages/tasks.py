"""The list of tasks with its bulk actions, and the page of one task."""

import re
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import check_task
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.breaking import breaker
from callboard.pages.facts import uuid_of
from callboard.pages.floor import LONGEST_FILTER
from callboard.pages.frame import Form, local_path, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.tasks_view import row_of, task_view
from callboard.pages.views import Option
from callboard.pages.views_floor import TaskFilter, TasksView, TaskView
from kernel import db
from kernel.errors import DomainError, Forbidden, Invalid
from kernel.sql import load
from routing import changes, overturn, reports
from routing.changes import TaskBulk, TaskBulkReport
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
    wish = _filter(request)
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
        kept=int(query["kept"]) if DONE.fullmatch(query.get("kept", "")) else 0,
        bulk_id=uuid_of(query.get("bulk", "")),
    )


def _filter(request: Call) -> TaskFilter:
    query = request.query_params
    return TaskFilter(**{name: query.get(name, "")[:LONGEST_FILTER] for name in TaskFilter.__struct_fields__})


def _wanted(wish: TaskFilter) -> reports.TaskFilter:
    return reports.TaskFilter(
        project_id=uuid_of(wish.project) if wish.project else None, state=wish.state or None, domain=wish.domain or None,
        language=wish.language or None, band=int(wish.level) if wish.level in {"1", "2", "3", "4", "5"} else None,
        search=wish.q.strip() or None,
    )  # fmt: skip


@get("/tasks", guards=guards, include_in_schema=False)
async def tasks(request: Call) -> Response[str]:
    return page(request, "tasks.html", await tasks_view(request))


@post("/tasks/bulk", guards=[require(Permission.TASKS_WRITE)], include_in_schema=False, status_code=200)
async def bulk(request: Call) -> Response[str]:
    """One action, with one reason, for what was selected or for everything that the filter finds."""
    form = await Form.of(request)
    back = local_path(form.text("next"))
    try:
        ids, wish = await _selected(request, form), _wish(form)
        async with db.transaction(request.actor.label):
            report = await changes.change_many(ids, wish)
    except DomainError as error:
        return await _again(request, error)
    return redirect(request, _with_report(back, report))


async def _again(request: Call, error: DomainError) -> Response[str]:
    """The list as it was filtered, with what went wrong: the form's address carries the filter."""
    view = await tasks_view(request)
    view.problem = problem_view(error, request)
    return page(request, "tasks.html", view, status=error.status)


async def _selected(request: Call, form: Form) -> list[UUID]:
    if form.text("everything", 5) == "yes":
        return await changes.found(_wanted(_filter(request)))
    ids = form.ids("id", request.settings.page_limit)
    if not ids:
        raise NothingSelected
    return ids


def _wish(form: Form) -> TaskBulk:
    """Raises `Invalid`, `ReasonMissing`."""
    action, reason = form.text("action", 20), form.text("reason", 500).strip()
    if not reason:
        raise ReasonMissing
    if action == "cancel":
        return TaskBulk(action="cancel", reason=reason)
    if action == "priority" and form.number("priority") in range(1, 6):
        return TaskBulk(action="set_priority", priority=form.number("priority"), reason=reason)
    if action == "due":
        return TaskBulk(action="set_due", due_at=_end_of(form.text("due", 10)), reason=reason)
    if action == "extend" and form.number("days") in range(1, 3651):
        return TaskBulk(action="extend", days=form.number("days"), reason=reason)
    raise Invalid("The action is none of a priority from 1 to 5, a due day, 1 to 3650 more days, or a cancellation.")


def _end_of(day: str) -> datetime | None:
    """The end of the day in UTC; nothing: due no more."""
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{day!r} is no day.") from error


def _with_report(back: str, report: TaskBulkReport, *, undoable: bool = True) -> str:
    kept = report.unchanged + report.refused + report.not_found
    undo_id = f"&bulk={report.bulk_id}" if undoable and report.changed else ""
    return f"{back}{'&' if '?' in back else '?'}done={report.changed}{f'&kept={kept}' if kept else ''}{undo_id}"


@post("/tasks/undo", guards=[require(Permission.TASKS_WRITE)], include_in_schema=False, status_code=200)
async def undo(request: Call) -> Response[str]:
    form = await Form.of(request)
    bulk_id = uuid_of(form.text("bulk", 40))
    try:
        if bulk_id is None:
            raise Invalid("The field bulk holds something that is no id.")
        async with db.transaction(request.actor.label):
            report = await changes.undo(bulk_id, request.actor.label)
    except DomainError as error:
        return await _again(request, error)
    return redirect(request, _with_report(local_path(form.text("next")), report, undoable=False))


@post("/tasks/{task_id:uuid}/second-look", guards=[require(Permission.VERDICTS_WRITE)], include_in_schema=False)
async def second_look(request: Call, task_id: FromPath[UUID]) -> Response[str]:
    """Overturns or upholds one verdict, with the reason that both people read."""
    await _check_manager(request, task_id)
    form = await Form.of(request)
    try:
        async with breaker(request.actor.label), db.transaction(request.actor.label):
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
        await overturn.uphold(verdict_id, reason, by=await visibility.annotator_behind(request.actor))
        return
    if says not in ("accept", "reject"):
        raise Invalid("A second look says accept, reject or uphold.")
    draft = overturn.OverturnDraft(outcome="accept" if says == "accept" else "reject", reason=reason)
    await overturn.overturn(verdict_id, draft, by=await visibility.annotator_behind(request.actor))


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


route_handlers = [tasks, bulk, undo, second_look, one_task, one_task_fragment]
