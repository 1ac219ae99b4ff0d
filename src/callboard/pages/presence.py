"""The switch of the queue that says whether one is there, and the manager's word about somebody."""

from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.presence import by_manager
from callboard.api.request import Call
from callboard.pages.frame import Form, html, is_htmx, local_path, redirect
from kernel import db
from kernel.errors import Invalid
from routing.presence import SAID, set_presence

LONGEST_REASON = 500


def _state(form: Form) -> str:
    state = form.text("state", 10)
    if state not in SAID:
        raise Invalid("People are available, on a break, finishing what they have, or offline.")
    return state


@post("/queue/presence", guards=[require(Permission.WORK)], include_in_schema=False, status_code=200)
async def say_own(request: Call) -> Response[str]:
    form = await Form.of(request)
    async with db.transaction(request.actor.label):
        await set_presence(await worker(request.actor, None), _state(form), request.settings)
    if is_htmx(request):
        return html("", headers={"hx-trigger": "refresh"})
    return redirect(request, local_path(form.text("next")))


@post(
    "/people/{annotator_id:uuid}/presence",
    guards=[require(Permission.PRESENCE_WRITE)],
    include_in_schema=False,
    status_code=200,
)
async def say_of(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    reason = form.text("reason", LONGEST_REASON).strip()
    async with db.transaction(request.actor.label):
        await visibility.check_annotator(request.actor, annotator_id)
        other = by_manager(request.actor, annotator_id, reason)
        await set_presence(annotator_id, _state(form), request.settings, reason=reason, by_manager=other)
    return redirect(request, f"/people/{annotator_id}?done=presence")


route_handlers = [say_own, say_of]
