"""Exams in the browser: the list, one question per screen, the result. Plain forms; the keyboard is enough."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.frame import Form, is_htmx, page, redirect
from callboard.pages.views_exams import ExamsView, SittingView
from kernel import db
from payments.exchange import shown
from skills import exam_sitting, exams
from skills.exam_sitting import AttemptView
from skills.exams import ExamView

MOST_EXAMS = 100
guards = [require(Permission.WORK)]
ExamId = FromPath[UUID]
AttemptId = FromPath[UUID]


def _rank(exam: ExamView) -> tuple[bool, bool, bool, bool, str]:
    """What runs, what can be begun, in a language of the person, what counts; then by name."""
    return (exam.running_id is None, not exam.can_start, not exam.speaks, exam.training, exam.name)


def _at(view: AttemptView) -> str:
    return f"/exams/{view.exam_id}/attempts/{view.id}"


@get("/exams", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    found = sorted(await exams.exams(annotator_id, limit=MOST_EXAMS), key=_rank)
    inputs = await shown(annotator_id, [exam.pay for exam in found])
    own = {str(exam.id): one for exam, one in zip(found, inputs, strict=True)}
    return page(request, "exams.html", ExamsView(exams=found, pay_inputs=own))


@post("/exams/{exam_id:uuid}/start", guards=guards, include_in_schema=False, status_code=200)
async def start(request: Call, exam_id: ExamId) -> Response[str]:
    """Begins, or goes on with what runs."""
    annotator_id = await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        view = await exam_sitting.start(exam_id, annotator_id, request.settings)
    return redirect(request, _at(view))


@get("/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}", guards=guards, include_in_schema=False)
async def sit(request: Call, exam_id: ExamId, attempt_id: AttemptId) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        view = await exam_sitting.look(exam_id, attempt_id, annotator_id, request.settings)
    if is_htmx(request):
        return redirect(request, _at(view))  # the clock ran out: the browser loads the result
    known = await exams.exam(exam_id, annotator_id, everything=True)
    return page(request, "exam.html", SittingView(attempt=view, exam=known))


@post(
    "/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/answer",
    guards=guards,
    include_in_schema=False,
    status_code=200,
)
async def answer(request: Call, exam_id: ExamId, attempt_id: AttemptId) -> Response[str]:
    annotator_id, form = await worker(request.actor, None), await Form.of(request)
    position, choice = form.number("position"), form.number("choice")
    async with db.transaction(request.actor.label):
        view = await exam_sitting.answer(
            exam_id, attempt_id, annotator_id, request.settings, position=position, choice=choice
        )
    return redirect(request, _at(view))


@post(
    "/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/give-up",
    guards=guards,
    include_in_schema=False,
    status_code=200,
)
async def give_up(request: Call, exam_id: ExamId, attempt_id: AttemptId) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    async with db.transaction(request.actor.label):
        view = await exam_sitting.give_up(exam_id, attempt_id, annotator_id, request.settings)
    return redirect(request, _at(view))


route_handlers = [show, start, sit, answer, give_up]
