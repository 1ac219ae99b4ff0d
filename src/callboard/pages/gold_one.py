"""One gold: its key and the ones before, who met it, doubts and their decision; and what its author is told."""

from typing import Literal, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.gold import doubter
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.gold_words import key_text, read_key
from callboard.pages.missing import OutcomeMissing
from callboard.pages.projects import ProjectId, head_of
from callboard.pages.views_gold import GoldOnePage
from callboard.pages.views_judged import GoldTold
from kernel import db
from kernel.settings import Settings
from routing import gold_answers, gold_bank, gold_doubts, gold_keys
from routing.gold_doubts import Doubter, GoldDoubtDecision, GoldDoubtDraft
from routing.gold_scoring import GoldKey

WRITE, WORK = [require(Permission.GOLD_WRITE)], [require(Permission.WORK)]
DECIDE = [require(Permission.VERDICTS_WRITE)]
GoldId = FromPath[UUID]
LONGEST = 4000


async def told(assignment_id: UUID, me: UUID, settings: Settings) -> GoldTold | None:
    """For the page of what was handed in; None: nothing is told."""
    found = await gold_answers.result(assignment_id, me, settings)
    if found is None:
        return None
    key = GoldKey(answer=found.answer, bands=found.bands)
    return GoldTold(result=found, key_text=key_text(key), doubt_at=f"/work/{assignment_id}/gold-doubt")


@get("/projects/{project_id:uuid}/gold/{gold_id:uuid}", guards=WRITE, include_in_schema=False)
async def show(request: Call, project_id: ProjectId, gold_id: GoldId) -> Response[str]:
    head = await head_of(request, project_id, "gold")
    one = await gold_bank.gold(gold_id, request.settings, project_id)
    payload = msgspec.json.format(msgspec.json.encode(one.payload), indent=2).decode()
    view = GoldOnePage(
        head=head, one=one, key_text=key_text(one.key), payload_text=payload,
        versions=[(each, key_text(each.key)) for each in await gold_bank.versions(gold_id)],
        answers=await gold_bank.answers(gold_id), doubts=await gold_doubts.contests(gold_id=gold_id),
        may_decide=request.actor.may(Permission.VERDICTS_WRITE),
    )  # fmt: skip
    return page(request, "projects/gold_one.html", view)


@post("/projects/{project_id:uuid}/gold/{gold_id:uuid}/key", guards=WRITE, include_in_schema=False, status_code=200)
async def put_key(request: Call, project_id: ProjectId, gold_id: GoldId) -> Response[str]:
    form = await Form.of(request)
    reason = form.reason(LONGEST)
    key = read_key(form.text("key", LONGEST))
    async with db.transaction(request.actor.label):
        by = visibility.decider(request.actor)
        await gold_keys.change(gold_id, key, reason, by, request.settings, project_id=project_id)
    return redirect(request, f"/projects/{project_id}/gold/{gold_id}?done=saved")


@post("/projects/{project_id:uuid}/gold/{gold_id:uuid}/doubt", guards=WRITE, include_in_schema=False, status_code=200)
async def doubt(request: Call, project_id: ProjectId, gold_id: GoldId) -> Response[str]:
    reason = (await Form.of(request)).reason(LONGEST)
    async with db.transaction(request.actor.label):
        await gold_bank.gold(gold_id, request.settings, project_id)
        await gold_doubts.doubt(gold_id, GoldDoubtDraft(reason), await doubter(request.actor), request.settings)
    return redirect(request, f"/projects/{project_id}/gold/{gold_id}?done=saved")


@post(
    "/projects/{project_id:uuid}/gold/{gold_id:uuid}/decide/{doubt_id:uuid}", guards=DECIDE, include_in_schema=False,
    status_code=200,
)  # fmt: skip
async def decide(request: Call, project_id: ProjectId, gold_id: GoldId, doubt_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    reason = form.reason(LONGEST)
    outcome = form.text("outcome", 20)
    if outcome not in {"uphold", "correct"}:
        raise OutcomeMissing
    key = read_key(form.text("key", LONGEST)) if outcome == "correct" else None
    decision = GoldDoubtDecision(
        cast("Literal['uphold', 'correct']", outcome), reason, key, form.text("retire", 5) == "yes"
    )  # fmt: skip
    async with db.transaction(request.actor.label):
        await gold_keys.decide(doubt_id, decision, await doubter(request.actor), request.settings)
    return redirect(request, f"/projects/{project_id}/gold/{gold_id}?done=saved")


@post("/work/{assignment_id:uuid}/gold-doubt", guards=WORK, include_in_schema=False, status_code=200)
async def doubt_own(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """By whoever answered it and was told that it was gold."""
    reason = (await Form.of(request)).reason(LONGEST)
    me = await visibility.worker(request.actor, None)
    async with db.transaction(request.actor.label):
        gold_id = await gold_answers.gold_met_by(assignment_id, me)
        by = Doubter(visibility.decider(request.actor), me)
        await gold_doubts.doubt(gold_id, GoldDoubtDraft(reason), by, request.settings)
    return redirect(request, f"/work/{assignment_id}")


route_handlers = [show, put_key, doubt, decide, doubt_own]
