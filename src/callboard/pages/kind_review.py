"""Reviews of declared kinds: the answer by the same layout, and the form again where the reviewer corrects it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.breaking import breaker
from callboard.pages import mended as mending
from callboard.pages.facts import held_of, reason_of
from callboard.pages.frame import Form, is_htmx, page, redirect
from callboard.pages.kind_fields import answer_of, blocks_of, typed_of
from callboard.pages.kind_work import typed_in
from callboard.pages.verdict_form import DIMENSIONS, NEEDS_REASON, draft_of, items_of, outcome_of, reasons_of, scores_of
from callboard.pages.views import Dimension, VerdictDraft
from callboard.pages.views_kinds import KindReviewView
from callboard.pages.work_view import ended_of, guidelines_of
from kernel import db
from routing import leases
from routing import review as reviewing
from routing.assignments import AssignmentView
from routing.assignments import assignment as assignment_view
from routing.errors import NoSuchAssignment
from routing.forms import answers, store
from routing.forms.declaration import SHOWN
from routing.forms.errors import NoSuchForm
from routing.forms.faults import MISSING, Fault, below, found_at
from routing.forms.store import HeldForm
from routing.verdict_items import of_rubric

guards = [require(Permission.WORK)]


async def page_of(request: Call, assignment_id: UUID, me: UUID) -> Response[str] | None:
    """None for kinds with a page of their own. Raises `NoSuchAssignment`."""
    row = await assignment_view(assignment_id, annotator_id=me)
    held = await store.held_form(assignment_id)
    if held is None or row.submission_id is None:
        return None
    return page(request, "kinds/review.html", await _view(row, held))


async def _view(
    row: AssignmentView, held: HeldForm, typed: dict[str, str] | None = None, faults: list[Fault] | None = None,
    draft: VerdictDraft | None = None,
) -> KindReviewView:  # fmt: skip
    assert row.submission_id is not None
    declared, work = held.form.declaration, await reviewing.submission(row.submission_id)
    mended = await reviewing.standing(row.submission_id, row.stage)
    answer = await reviewing.correction(row.id) or mended or work.payload
    kept = await leases.draft_of(row.task_id, row.annotator_id)
    fields = kept.payload if kept and kept.payload.get("submission") == str(row.submission_id) else {}
    if typed is None:
        saved = {name: text for name, text in fields.items() if isinstance(text, str) and name.startswith("f-")}
        typed = saved or typed_of(declared, held.payload, answer)
    earlier = await reviewing.feedback(row.task_id, work.author_id) if work.round > 1 else None
    brief = held.payload.get("brief")
    return KindReviewView(
        held=held_of(row), submission_id=row.submission_id, kind=declared.names, version=held.form.version,
        brief=brief if isinstance(brief, str) else "", guidelines=guidelines_of(row),
        blocks=blocks_of(declared, held.payload, _order(held, work.payload, row.id), typed, answer=answer, faults=faults),
        key=_key(held), right=_right(held, answer), dimensions=[Dimension(key=key) for key in DIMENSIONS],
        rubric_items=await items_of(row.project_id, work.payload), draft=draft or draft_of(fields),
        draft_version=kept.version if kept and kept.assignment_id == row.id else None,
        earlier=[reason_of(earlier, await of_rubric(row.project_id, work.payload))] if earlier and earlier.round < work.round else [], ended=ended_of(row),
        stage=await mending.stage_of(row.submission_id, row.stage), answered=await mending.answered(work, earlier),
        mended=mending.fields(await reviewing.round_before(work), work.payload, "author") + mending.fields(work.payload, mended),
        faults=len(faults or []), diff_at=f"/work/{row.id}/form/diff",
    )  # fmt: skip


def _order(held: HeldForm, work: dict[str, Any], assignment_id: UUID) -> dict[str, list[str]]:
    """As the author saw the candidates."""
    shown = work.get(SHOWN)
    return shown if isinstance(shown, dict) else answers.shown(held.form.declaration, held.payload, assignment_id)


def _key(held: HeldForm) -> str:
    known = held.form.declaration.right is not None and "answer" in held.payload
    if not known:
        return ""
    key = held.payload["answer"]
    return key if isinstance(key, str) else msgspec.json.encode(key).decode()


def _right(held: HeldForm, answer: dict[str, Any]) -> bool | None:
    declared = held.form.declaration
    if declared.right is None or "answer" not in held.payload:
        return None
    given = found_at(below("", declared.right.answer), answer)
    return given is not MISSING and store.right(given, held.payload["answer"])


@post("/review/{assignment_id:uuid}/form", guards=guards, status_code=200, include_in_schema=False)
async def verdict(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """One verdict; a correction that does not fit comes back as it was typed, with what is wrong at its field."""
    form, me = await Form.of(request), await worker(request.actor, None)
    row = await assignment_view(assignment_id, annotator_id=me)
    held = await store.held_form(assignment_id)
    if row.submission_id is None:
        raise NoSuchAssignment
    if held is None:
        raise NoSuchForm
    outcome = outcome_of(form)
    corrected = None
    if outcome == "fix":
        typed = typed_in(form)
        corrected, faults = answer_of(held.form.declaration, held.payload, typed)
        if faults:
            given = {name: form.text(name) for name in form.names()} | {"submission": str(row.submission_id)}
            view = await _view(row, held, typed, faults, draft_of(given))
            headers = {"hx-retarget": "#review-body", "hx-reswap": "outerHTML"} if is_htmx(request) else None
            return page(
                request, "kinds/review_body.html" if headers else "kinds/review.html", view, status=422, headers=headers
            )
    work = await reviewing.submission(row.submission_id)
    draft = reviewing.VerdictDraft(
        epoch=form.number("epoch"), outcome=outcome, scores=scores_of(form),
        reasons=reasons_of(form, outcome, await items_of(row.project_id, work.payload)),
        comment="" if outcome in NEEDS_REASON else form.text("reason").strip(), corrected=corrected,
    )  # fmt: skip
    async with breaker(request.actor.label), db.transaction(request.actor.label):
        await reviewing.give_verdict(assignment_id, me, draft, request.settings)
    return redirect(request, f"/review/{assignment_id}")


route_handlers = [verdict]
