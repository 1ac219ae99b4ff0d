"""Tasks of declared kinds: the same shell as a dialogue's, around a form that the project's declaration makes."""

from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.facts import held_of, reason_of
from callboard.pages.frame import Form, is_htmx, page, redirect
from callboard.pages.gold_one import told
from callboard.pages.kind_fields import answer_of, blocks_of, field_name, typed_of
from callboard.pages.missing import ReasonMissing
from callboard.pages.views_kinds import KindWorkView
from callboard.pages.work_view import ended_of, guidelines_of
from dialogue.diffs import difference
from kernel import db
from routing import leases, review
from routing.assignments import AssignmentView
from routing.assignments import assignment as assignment_view
from routing.forms import answers, store
from routing.forms.declaration import SHOWN, Rewrite
from routing.forms.errors import NoSuchForm
from routing.forms.faults import Fault, found_at
from routing.forms.store import HeldForm
from routing.submission import submission_of, submit, verdict_state
from routing.verdict_items import of_rubric

guards = [require(Permission.WORK)]
FORM_TEXT_LIMIT = 200_000
LONGEST_REASON = 500


async def page_of(request: Call, assignment_id: UUID, me: UUID) -> Response[str] | None:
    """The form of an assignment; None for kinds with a page of their own. Raises `NoSuchAssignment`."""
    row = await assignment_view(assignment_id, annotator_id=me)
    held = await store.held_form(assignment_id)
    if held is None or row.submission_id is not None:
        return None
    view = await _view(row, held)
    view.gold = await told(assignment_id, me, request.settings) if view.ended else None
    return page(request, "kinds/work.html", view)


async def _view(
    row: AssignmentView, held: HeldForm, typed: dict[str, str] | None = None, faults: list[Fault] | None = None
) -> KindWorkView:
    declared, kept = held.form.declaration, await leases.draft_of(row.task_id, row.annotator_id)
    if typed is None:
        typed = {name: text for name, text in (kept.payload if kept else {}).items() if isinstance(text, str)}
    judged = await verdict_state(row.id) if row.state == "submitted" else None
    feedback = await review.feedback(row.task_id, row.annotator_id) if row.rework_rounds or judged else None
    answer = await submission_of(row.id) if row.state == "submitted" else None
    if answer is not None:
        typed = typed_of(declared, held.payload, answer)
    order = (answer or {}).get(SHOWN) or answers.shown(declared, held.payload, row.id)
    brief = held.payload.get("brief")
    return KindWorkView(
        held=held_of(row, reason=reason_of(feedback, await of_rubric(row.project_id, {})) if feedback else None), kind=declared.names, help=declared.help,
        version=held.form.version, brief=brief if isinstance(brief, str) else "", guidelines=guidelines_of(row),
        blocks=blocks_of(declared, held.payload, order, typed, answer=answer, faults=faults),
        draft_saved_at=kept.saved_at if kept else None,
        draft_version=kept.version if kept and kept.assignment_id == row.id else None,
        ended=ended_of(row), judged=judged, faults=len(faults or []), read_only=ended_of(row) is not None,
        diff_at=f"/work/{row.id}/form/diff",
    )  # fmt: skip


def typed_in(form: Form) -> dict[str, str]:
    """The fields of the declared form, as they were typed. Raises `Invalid`."""
    return {name: form.text(name, FORM_TEXT_LIMIT) for name in form.names() if name.startswith(field_name(""))}


@post("/work/{assignment_id:uuid}/form", guards=guards, status_code=200, include_in_schema=False)
async def hand_in(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """Hands in, or comes back as it was typed with what is wrong at its field."""
    form, me = await Form.of(request), await worker(request.actor, None)
    row = await assignment_view(assignment_id, annotator_id=me)
    held = await store.held_form(assignment_id)
    if held is None:
        raise NoSuchForm
    typed = typed_in(form)
    answer, faults = answer_of(held.form.declaration, held.payload, typed)
    if faults:
        view = await _view(row, held, typed, faults)
        if is_htmx(request):
            return page(
                request,
                "kinds/form.html",
                view,
                status=422,
                headers={"hx-retarget": "#kind-form", "hx-reswap": "outerHTML"},
            )
        return page(request, "kinds/work.html", view, status=422)
    async with db.transaction(request.actor.label):
        # What was typed comes back should the work be sent back, also where no script has saved it.
        await leases.save_draft(assignment_id, me, typed, version=None)
        handed_in = await submit(assignment_id, me, form.number("epoch"), answer, request.settings)
    return redirect(request, f"/work/{handed_in.assignment_id}")


@post("/work/{assignment_id:uuid}/form/decline", guards=guards, status_code=200, include_in_schema=False)
async def decline(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """Something is wrong with the task: it goes back with the reason, and not to this person again."""
    form, me = await Form.of(request), await worker(request.actor, None)
    reason = form.text("reason", LONGEST_REASON).strip()
    if not reason:
        raise ReasonMissing
    async with db.transaction(request.actor.label):
        await leases.decline(assignment_id, me, form.number("epoch"), request.settings, reason=reason)
    return redirect(request, "/queue")


@post("/work/{assignment_id:uuid}/form/diff", guards=guards, status_code=200, include_in_schema=False)
async def diff(request: Call, assignment_id: FromPath[UUID]) -> Response[str]:
    """What was changed so far, while one types; of the work itself and of its review."""
    form, me = await Form.of(request), await worker(request.actor, None)
    await assignment_view(assignment_id, annotator_id=me)
    held = await store.held_form(assignment_id)
    if held is None:
        raise NoSuchForm
    for block in held.form.declaration.inputs():
        name = field_name(block.answer)
        if isinstance(block, Rewrite) and name in form.names():
            was = str(found_at(block.of, held.payload))
            return page(request, "kinds/diff.html", difference(was, form.text(name, FORM_TEXT_LIMIT)))
    raise NoSuchForm


route_handlers = [hand_in, decline, diff]
