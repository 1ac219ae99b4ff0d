"""What managers give to one person: a role, everywhere or in a project, and a language with its level.

One at a time, the others as they are: two managers at once do not undo each other.
"""

from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import Form, redirect
from callboard.pages.missing import ReasonMissing
from kernel import db
from kernel.errors import Invalid
from routing.projects import projects_of
from skills import bulk, grants
from skills.bulk import BulkChange

GUARDS = [require(Permission.SKILLS_WRITE)]
LONGEST_REASON = 500
LEVELS = range(6)
"""0: the language is taken away."""


@post("/people/{annotator_id:uuid}/role", guards=GUARDS, include_in_schema=False, status_code=200)
async def change_role(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    reason, project_ids = form.text("reason", LONGEST_REASON).strip(), form.text("project", 40)
    if not reason:
        raise ReasonMissing
    project_id = form.ids("project", 1)[0] if project_ids else None
    if project_id is not None and not await projects_of([project_id]):
        raise Invalid("There is no such project.")
    takes = form.text("action", 10) == "revoke"
    change = BulkChange(
        action="revoke_role" if takes else "grant_role",
        role=form.text("role", 40),
        project_id=project_id,
        reason=reason,
    )
    async with db.transaction(request.actor.label):
        await visibility.check_annotator(request.actor, annotator_id)
        await bulk.change_many([annotator_id], change)
    return redirect(request, f"/people/{annotator_id}?done=role")


@post("/people/{annotator_id:uuid}/language", guards=GUARDS, include_in_schema=False, status_code=200)
async def change_language(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    tag, level = form.text("language", 40).strip(), form.number("level")
    if level not in LEVELS:
        raise Invalid("A level is a number from 1 to 5.")
    async with db.transaction(request.actor.label):
        await visibility.check_annotator(request.actor, annotator_id)
        await grants.set_language(annotator_id, tag, level or None)
    return redirect(request, f"/people/{annotator_id}?done=language")


route_handlers = [change_role, change_language]
