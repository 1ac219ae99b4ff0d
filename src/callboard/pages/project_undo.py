"""The way back from a change of a project's dialogue rules, rubric or topics, as long as nothing was changed since.

What there was before is in the audit log, written in the transaction of the change; a change is known by that transaction.
"""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, redirect
from callboard.pages.views_projects import ProjectHead
from dialogue import rubrics, rules, topics
from dialogue.rubrics import RubricDraft
from dialogue.rules import RulesDraft
from kernel import db
from kernel.errors import PreconditionFailed
from kernel.settings import Settings
from kernel.sql import load
from routing.projects import ProjectChange, change_project, project

sql = load(__package__)
ACTIONS = ("project.changed", "project.requirements", "dialogue_rules.changed", "rubric.changed", "topics.changed")
"""Any of them that is newer stands in the way."""
PAGES = {"dialogue": "", "rubric": "/rubric", "topics": "/topics"}
REASON = "taken back"


async def this_change() -> str:
    """The name of what the running transaction changes."""
    db.require_transaction()
    return str(await db.fetch_value("SELECT pg_current_xact_id()::text"))


async def offer_undo(head: ProjectHead, change: str, page: str) -> None:
    """Puts the button on the page while this change is the newest; `page` is where it leads back to."""
    newest = await db.fetch_value(sql.newest_change_of_project, id=str(head.project.id), actions=list(ACTIONS))
    if change and newest == change and head.may_edit:
        head.undo_change, head.undo_page = change, page


@post(
    "/projects/{project_id:uuid}/dialogue/undo",
    guards=[require(Permission.PROJECTS_WRITE)],
    include_in_schema=False,
    status_code=200,
)
async def undo(request: Call, project_id: FromPath[UUID]) -> Response[str]:
    """All that was saved together is put back together. Raises `PreconditionFailed` where something was changed since."""
    form = await Form.of(request)
    change, page = form.text("change", 30), form.text("page", 20)
    async with db.transaction(request.actor.label):
        await db.execute(sql.lock_project_to_undo, project_id=project_id)
        newest = await db.fetch_value(sql.newest_change_of_project, id=str(project_id), actions=list(ACTIONS))
        if newest is None or newest != change:
            raise PreconditionFailed
        for row in await db.fetch(sql.parts_of_change, id=str(project_id), actions=list(ACTIONS), change=change):
            await _put_back(project_id, row["action"], row["before"], request.settings)
    return redirect(request, f"/projects/{project_id}/dialogue{PAGES.get(page, '')}?done=undone")


async def _put_back(project_id: UUID, action: str, before: Any, settings: Settings) -> None:
    if action == "dialogue_rules.changed":
        await rules.put_rules(project_id, _drafted(RulesDraft, before), version=None)
    elif action == "rubric.changed":
        await rubrics.put_rubric(project_id, _drafted(RubricDraft, before or {"dimensions": []}))
    elif action == "topics.changed":
        await topics.put_back(project_id, before, settings=settings, reason=REASON)
    else:
        version = (await project(project_id)).version
        await change_project(project_id, _drafted(ProjectChange, before), version=version)


def _drafted(kind: Any, before: dict[str, Any]) -> Any:
    """What is asked for of what was there."""
    known = {name: value for name, value in before.items() if name in kind.__struct_fields__}
    return msgspec.convert(known | {"reason": REASON}, kind)


route_handlers = [undo]
