"""A review: the work without its author, the rubric, one verdict."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.breaking import breaker
from callboard.pages import adjudication, kind_review
from callboard.pages import mended as mending
from callboard.pages.facts import held_of, reason_of
from callboard.pages.frame import Form, page, redirect
from callboard.pages.handed_in import handed_in, turns_of
from callboard.pages.missing import CorrectionMissing
from callboard.pages.verdict_form import (
    DIMENSIONS,
    NEEDS_REASON,
    draft_of,
    items_of,
    outcome_of,
    reasons_of,
    scores_of,
)
from callboard.pages.views import Dimension, ReviewView
from callboard.pages.work_view import ended_of, guidelines_of
from kernel import db
from kernel.settings import Settings
from routing import leases
from routing import review as reviewing
from routing.assignments import assignment as assignment_view
from routing.errors import NoSuchAssignment
from routing.verdict_items import of_rubric

guards = [require(Permission.WORK)]


async def review_view(assignment_id: UUID, reviewer_id: UUID, settings: Settings) -> ReviewView:
    """Raises `NoSuchAssignment`, also for an assignment that is no review."""
    row = await assignment_view(assignment_id, annotator_id=reviewer_id)
    if row.submission_id is None:
        raise NoSuchAssignment
    work = await reviewing.submission(row.submission_id)
    kept = await leases.draft_of(row.task_id, reviewer_id)
    earlier = await reviewing.feedback(row.task_id, work.author_id) if work.round > 1 else None
    mended = await reviewing.standing(row.submission_id, row.stage)
    shown = await reviewing.correction(assignment_id) or mended or work.payload
    done = await handed_in(shown, row.project_id)
    before = await reviewing.round_before(work)
    mending.mark_turns(done.turns, before, work.payload, "author")
    mending.mark_turns(done.turns, work.payload, mended)
    brief, topic = row.payload.get("brief"), work.payload.get("topic")
    return ReviewView(
        held=held_of(row),
        submission_id=row.submission_id,
        brief=brief if isinstance(brief, str) else "",
        guidelines=guidelines_of(row),
        topic=topic if isinstance(topic, str) else "",
        turns=done.turns,
        whole=done.whole,
        span_labels=done.labels,
        payload_text="" if done.turns else msgspec.json.format(msgspec.json.encode(shown), indent=2).decode(),
        stage=await mending.stage_of(row.submission_id, row.stage),
        mended=[]
        if done.turns
        else mending.fields(before, work.payload, "author") + mending.fields(work.payload, mended),
        answered=await mending.answered(work, earlier),
        dimensions=[Dimension(key=key) for key in DIMENSIONS],
        rubric_items=await items_of(row.project_id, work.payload),
        draft=draft_of(kept.payload if kept and kept.payload.get("submission") == str(row.submission_id) else {}),
        text_limit=settings.turn_text_limit,
        draft_version=kept.version if kept and kept.assignment_id == assignment_id else None,
        earlier=[reason_of(earlier, await of_rubric(row.project_id, work.payload))]
        if earlier and earlier.round < work.round
        else [],
        ended=ended_of(row),
    )


async def _me(request: Call) -> UUID:
    return await worker(request.actor, None)


@get("/review/{assignment_id:uuid}", guards=guards, include_in_schema=False)
async def review(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    me = await _me(request)
    between = await adjudication.page_of(request, assignment_id, me)
    if between is not None:
        return between
    declared = await kind_review.page_of(request, assignment_id, me)
    return declared or page(request, "review.html", await review_view(assignment_id, me, request.settings))


@post("/review/{assignment_id:uuid}/verdict", guards=guards, status_code=200, include_in_schema=False)
async def verdict(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, settings, me = await Form.of(request), request.settings, await _me(request)
    row = await assignment_view(assignment_id, annotator_id=me)
    if row.submission_id is None:
        raise NoSuchAssignment
    outcome = outcome_of(form)
    work = await reviewing.submission(row.submission_id)
    payload = await reviewing.standing(row.submission_id, row.stage) or work.payload
    draft = reviewing.VerdictDraft(
        epoch=form.number("epoch"),
        outcome=outcome,
        scores=scores_of(form),
        reasons=reasons_of(form, outcome, await items_of(row.project_id, work.payload)),
        comment="" if outcome in NEEDS_REASON else form.text("reason").strip(),
        corrected=_corrected(form, payload, settings) if outcome == "fix" else None,
    )
    async with breaker(request.actor.label), db.transaction(request.actor.label):
        await reviewing.give_verdict(assignment_id, me, draft, settings)
    return redirect(request, f"/review/{assignment_id}")


def _corrected(form: Form, payload: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The work with the reviewer's words in the replies that they changed. Raises `CorrectionMissing`."""
    wishes = {}
    for turn in turns_of(payload):
        wish = form.text(f"corrected-{turn.message_no}", settings.turn_text_limit)
        if wish.strip() and wish != turn.reply and not turn.imported:
            wishes[turn.reply_no] = wish
    if not wishes:
        raise CorrectionMissing
    turns = [
        message | {"text": wishes[no]} if no in wishes else message for no, message in enumerate(payload["turns"], 1)
    ]
    return payload | {"turns": turns}


@post("/review/{assignment_id:uuid}/release", guards=guards, status_code=200, include_in_schema=False)
async def release(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    form, me = await Form.of(request), await _me(request)
    async with db.transaction(request.actor.label):
        await leases.release(assignment_id, me, form.number("epoch"), request.settings)
    return redirect(request, "/reviews")


route_handlers = [review, verdict, release]
