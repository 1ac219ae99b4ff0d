"""Tasks: posted, streamed in, found, explained, cancelled."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, patch, post
from callboard.api.shapes import Items, for_author
from callboard.api.work import etag, if_match, reply, unit_of_work
from kernel.errors import Invalid, TooLarge
from routing import changes, reports
from routing.changes import TaskBulk, TaskBulkReport, TaskChange
from routing.explain import Candidates, Explanation, candidates, explain
from routing.intake import Intake, TaskDraft, import_tasks
from routing.outlook import Outlook, outlook
from routing.reports import HistoryLine, TaskFilter, TaskRow

Word = Annotated[str | None, QueryParameter(max_length=40)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
BULK_LIMIT = 1000
"""Tasks that one request changes: a screen's selection, and short locks."""
Short = Annotated[str, Meta(max_length=40)]
TaskIds = Annotated[list[UUID], Meta(min_length=1, max_length=BULK_LIMIT)]


class TaskList(msgspec.Struct, forbid_unknown_fields=True):
    tasks: Annotated[list[TaskDraft], Meta(min_length=1)]


class PriorityChange(msgspec.Struct, forbid_unknown_fields=True):
    task_ids: TaskIds
    priority: Annotated[int, Meta(ge=1, le=5)]
    reason: Reason


class Cancellation(msgspec.Struct, forbid_unknown_fields=True):
    task_ids: TaskIds
    reason: Reason


class Changed(msgspec.Struct, frozen=True):
    ids: list[UUID]
    """Of the tasks that changed; the others were closed, or are none."""


class BulkFilter(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """As the list of tasks is filtered."""

    project_id: UUID | None = None
    state: Short | None = None
    domain: Short | None = None
    language: Short | None = None
    band: Annotated[int, Meta(ge=1, le=5)] | None = None
    search: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class TaskBulkWish(TaskBulk, frozen=True, kw_only=True):
    """Either `ids`, or everything that `filter` finds."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=changes.MOST_TASKS)] | None = None
    filter: BulkFilter | None = None


def _changed(report: TaskBulkReport) -> Changed:
    return Changed([line.id for line in report.items if line.outcome == "changed"])


@post(
    "/projects/{project_id:uuid}/tasks",
    guards=[require(Permission.TASKS_WRITE)],
    operation_id="postTasks",
    tags=["tasks"],
)
async def post_tasks(request: Call, project_id: FromPath[UUID], data: JSONBody[TaskList]) -> Response[Intake]:
    """Adds the tasks that are not there yet: the same `external_id` twice is one task. All or none."""
    most = request.settings.tasks_per_request
    if len(data.tasks) > most:
        raise TooLarge(
            f"{len(data.tasks)} tasks in one request; at most {most} are taken. Use …/tasks/import for more."
        )
    return await unit_of_work(request, lambda: import_tasks(project_id, data.tasks), status=201)


@get("/tasks", guards=[require(Permission.TASKS_LIST)], operation_id="listTasks", tags=["tasks"])
async def list_tasks(
    request: Call,
    *,
    project_id: FromQuery[UUID | None] = None,
    task_state: Annotated[str | None, QueryParameter(name="state", max_length=20)] = None,
    domain: Word = None,
    language: Word = None,
    search: Annotated[str | None, QueryParameter(min_length=1, max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[TaskRow]]:
    """Newest first. `search`: a piece of the external id, or of the first 300 characters of the title."""
    limit = check_limit(limit, request.settings)
    wanted = TaskFilter(project_id=project_id, state=task_state, domain=domain, language=language, search=search)
    rows = await reports.tasks(wanted, before=read_cursor(cursor, UUID), limit=limit + 1)
    return reply(page(rows, limit, lambda row: row.id))


@get("/tasks/{task_id:uuid}", guards=[require(Permission.TASKS_READ)], operation_id="readTask", tags=["tasks"])
async def read_task(request: Call, task_id: FromPath[UUID]) -> Response[TaskRow]:
    """Whoever does the work sees neither who else does, nor what the work is judged by."""
    await visibility.check_task(request.actor, task_id)
    row = await reports.task(task_id)
    if not request.actor.may(Permission.TASKS_LIST):
        payload = await for_author(row.project_id, row.kind, row.payload)
        row = msgspec.structs.replace(row, held_by=None, payload=payload)
        seen = await reports.shown_state(task_id, request.actor.annotator_id)
        row = row if seen is None else msgspec.structs.replace(row, state=seen, closed_at=None)
    return reply(row, etag(row.version))


@get(
    "/tasks/{task_id:uuid}/history",
    guards=[require(Permission.TASKS_LIST)],
    operation_id="readTaskHistory",
    tags=["tasks"],
)
async def read_history(task_id: FromPath[UUID]) -> Response[Items[HistoryLine]]:
    """Everything that happened to it, oldest first."""
    await reports.task(task_id)
    return reply(Items(await reports.history(task_id)))


@get(
    "/tasks/{task_id:uuid}/explain", guards=[require(Permission.TASKS_LIST)], operation_id="explainTask", tags=["tasks"]
)
async def explain_task(request: Call, task_id: FromPath[UUID], annotator_id: FromQuery[UUID]) -> Response[Explanation]:
    """Would this person get this task now, and if not: which condition fails, and what would change it."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(await explain(task_id, annotator_id, request.settings))


@get(
    "/tasks/{task_id:uuid}/candidates",
    guards=[require(Permission.TASKS_LIST)],
    operation_id="listCandidates",
    tags=["tasks"],
)
async def list_candidates(request: Call, task_id: FromPath[UUID]) -> Response[Candidates]:
    """How many active people could take each place now, by what the others fail, and who would be best."""
    await visibility.check_task(request.actor, task_id)
    return reply(await candidates(task_id, request.settings))


@get(
    "/annotators/{annotator_id:uuid}/explain",
    guards=[require(Permission.TASKS_LIST)],
    operation_id="explainAnnotator",
    tags=["annotators"],
)
async def explain_annotator(request: Call, annotator_id: FromPath[UUID]) -> Response[Outlook]:
    """What a claim of this person would give now and why, the runners-up, and what keeps them from the other lanes."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(await outlook(annotator_id, request.settings))


@post(
    "/tasks/priority",
    guards=[require(Permission.TASKS_WRITE)],
    status_code=200,
    operation_id="changePriority",
    tags=["tasks"],
)
async def change_priority(request: Call, data: JSONBody[PriorityChange]) -> Response[Changed]:
    """Of open tasks: 1 waits, 5 comes first."""

    async def act() -> Changed:
        wish = TaskBulk(action="set_priority", priority=data.priority, reason=data.reason)
        return _changed(await changes.change_many(data.task_ids, wish))

    return await unit_of_work(request, act)


@post(
    "/tasks/cancel",
    guards=[require(Permission.TASKS_WRITE)],
    status_code=200,
    operation_id="cancelTasks",
    tags=["tasks"],
)
async def cancel_tasks(request: Call, data: JSONBody[Cancellation]) -> Response[Changed]:
    """What somebody holds or has handed in stays."""

    async def act() -> Changed:
        return _changed(await changes.change_many(data.task_ids, TaskBulk(action="cancel", reason=data.reason)))

    return await unit_of_work(request, act)


@post(
    "/tasks/bulk", guards=[require(Permission.TASKS_WRITE)], status_code=200, operation_id="changeTasks", tags=["tasks"]
)
async def change_tasks(request: Call, data: JSONBody[TaskBulkWish]) -> Response[TaskBulkReport]:
    """Priority, due time, difficulty, expiry or cancellation of many; one transaction, with a line for every task."""
    return await unit_of_work(request, lambda: apply(data))


async def apply(wish: TaskBulkWish) -> TaskBulkReport:
    """Raises `Invalid`."""
    if (wish.ids is None) == (wish.filter is None):
        raise Invalid("Name either ids or a filter.")
    ids = wish.ids
    if ids is None:
        assert wish.filter is not None
        ids = await changes.found(TaskFilter(**msgspec.structs.asdict(wish.filter)))
    given = {name: getattr(wish, name) for name in TaskBulk.__struct_fields__}
    return await changes.change_many(ids, TaskBulk(**given))


@post(
    "/tasks/bulk/{bulk_id:uuid}/undo",
    guards=[require(Permission.TASKS_WRITE)],
    status_code=200,
    operation_id="undoTasksChange",
    tags=["tasks"],
)
async def undo_change(request: Call, bulk_id: FromPath[UUID]) -> Response[TaskBulkReport]:
    """Within an hour, by whoever made it; tasks that were changed again meanwhile stay as they are."""
    return await unit_of_work(request, lambda: changes.undo(bulk_id, request.actor.label))


@patch("/tasks/{task_id:uuid}", guards=[require(Permission.TASKS_WRITE)], operation_id="changeTask", tags=["tasks"])
async def change_task(request: Call, task_id: FromPath[UUID], data: JSONBody[TaskChange]) -> Response[TaskRow]:
    """Priority, due time, difficulty, requirements. Whoever holds the task keeps it; what is asked is asked of the next."""
    version = if_match(request)

    async def act() -> TaskRow:
        await changes.change_task(task_id, data, version=version)
        return await reports.task(task_id)

    return await unit_of_work(request, act, headers=lambda row: etag(row.version))


route_handlers = [
    post_tasks, list_tasks, read_task, read_history, explain_task, list_candidates, explain_annotator, change_priority, cancel_tasks,
    change_tasks, undo_change, change_task,
]  # fmt: skip
