"""Where somebody decides between answers: all of them without names, the choices, a reason."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.facts import held_of
from callboard.pages.frame import Form, page, redirect
from callboard.pages.missing import OutcomeMissing, ReasonMissing
from callboard.pages.views_agreement import AdjudicationPage
from callboard.pages.work_view import ended_of, guidelines_of
from kernel import db
from routing import adjudicating, leases
from routing.adjudicating import AdjudicationDraft
from routing.assignments import assignment
from routing.hidden import HIDDEN
from routing.look_ends import ADJUDICATION

SHOWN_ELSEWHERE = HIDDEN | {"title", "brief", "choices", "question"}
LONGEST_LABEL, LONGEST_REASON = 400, 4000


async def page_of(request: Call, assignment_id: UUID, me: UUID) -> Response[str] | None:
    """None for reviews of one piece of work. Raises `NoSuchAssignment`."""
    row = await assignment(assignment_id, annotator_id=me)
    if row.stage != ADJUDICATION:
        return None
    work = await adjudicating.work(assignment_id, me)
    decided = await adjudicating.of_task(row.task_id) if row.state == "submitted" else None
    kept = await leases.draft_of(row.task_id, me)
    view = AdjudicationPage(
        held=held_of(row), brief=_text(row.payload.get("question")) or _text(row.payload.get("brief")),
        guidelines=guidelines_of(row), payload_text=_rest(row.payload), work=work, ended=ended_of(row),
        decided=decided.label if decided else "",
        typed={name: text for name, text in (kept.payload if kept else {}).items() if isinstance(text, str)},
        draft_version=kept.version if kept and kept.assignment_id == assignment_id else None,
    )  # fmt: skip
    return page(request, "adjudicate.html", view)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _rest(payload: dict[str, Any]) -> str:
    rest = {name: value for name, value in payload.items() if name not in SHOWN_ELSEWHERE}
    return msgspec.json.format(msgspec.json.encode(rest), indent=2).decode() if rest else ""


@post(
    "/review/{assignment_id:uuid}/adjudicate", guards=[require(Permission.WORK)], status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def adjudicate(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await worker(request.actor, None)
    label = form.text("other", LONGEST_LABEL).strip() or form.text("label", LONGEST_LABEL).strip()
    reason = form.text("reason", LONGEST_REASON).strip()
    if not label:
        raise OutcomeMissing
    if not reason:
        raise ReasonMissing
    draft = AdjudicationDraft(epoch=form.number("epoch"), label=label, reason=reason)
    async with db.transaction(request.actor.label):
        await adjudicating.decide(assignment_id, me, draft, request.settings)
    return redirect(request, f"/review/{assignment_id}")


route_handlers = [adjudicate]
