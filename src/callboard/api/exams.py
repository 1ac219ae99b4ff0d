"""Exams: made and filled by managers, taken by the people who work. Keys go in and never come out here."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import MoneyIn
from callboard.api.work import reply, unit_of_work
from kernel import db
from kernel.sql import load
from skills import exam_sitting, exams
from skills.errors import BadExam, NoSuchAnnotator, NoSuchAttempt
from skills.exam_sitting import AttemptView
from skills.exams import ExamDraft, ExamView, ItemDraft, ItemsAdded, Pay

READ, WRITE, WORK = Permission.EXAMS_READ, Permission.EXAMS_WRITE, Permission.WORK
skills_sql = load("skills")
ExamId = FromPath[UUID]
AttemptId = FromPath[UUID]
ITEMS_AT_ONCE = 2000
"""A bank of several hundred questions is a large one."""


class NewExam(ExamDraft, kw_only=True):
    pay: MoneyIn | None = None
    """For every attempt that is earned, also where it fails; none: unpaid."""
    pay_project_id: UUID | None = None
    """Whose budget pays; in the same currency."""


class NewItems(msgspec.Struct, forbid_unknown_fields=True):
    items: Annotated[list[ItemDraft], Meta(min_length=1, max_length=ITEMS_AT_ONCE)]


class ExamChange(msgspec.Struct, forbid_unknown_fields=True):
    state: Literal["open", "closed"]


class NewAttempt(msgspec.Struct, forbid_unknown_fields=True):
    annotator_id: UUID | None = None
    """For programs that act on behalf of somebody; people sit for themselves."""


class NewAnswer(msgspec.Struct, forbid_unknown_fields=True):
    position: Annotated[int, Meta(ge=1, le=100)]
    """Of the question that is answered."""
    choice: Annotated[int, Meta(ge=0, le=7)]
    """Place of the option as it was shown, from 0."""


def _draft(data: NewExam) -> ExamDraft:
    given = msgspec.structs.asdict(data)
    del given["pay"], given["pay_project_id"]
    return ExamDraft(**given)


def _pay(data: NewExam) -> Pay | None:
    if data.pay is None and data.pay_project_id is None:
        return None
    if data.pay is None or data.pay_project_id is None:
        raise BadExam("A paid exam names both `pay` and `pay_project_id`, the project whose budget pays.")
    return Pay(data.pay.money(), data.pay_project_id)


@post("/exams", guards=[require(WRITE)], operation_id="createExam", tags=["exams"])
async def create(request: Call, data: JSONBody[NewExam]) -> Response[ExamView]:
    """Adaptive by default: it stops as soon as it knows on which side of the cut somebody is."""

    async def act() -> ExamView:
        return await exams.exam(await exams.create_exam(_draft(data), _pay(data)))

    return await unit_of_work(request, act, status=201)


@get("/exams", guards=[require(READ)], operation_id="listExams", tags=["exams"])
async def list_all(request: Call, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Response[Page[ExamView]]:
    """By name, with the asking person's attempts; who manages exams sees closed ones too."""
    limit = check_limit(limit, request.settings)
    actor = request.actor
    rows = await exams.exams(
        actor.annotator_id,
        everything=actor.may(WRITE),
        after=read_cursor(cursor, tuple[str, UUID]),
        limit=limit + 1,
    )
    return reply(page(rows, limit, lambda row: (row.name, row.id)))


@put("/exams/{exam_id:uuid}/state", guards=[require(WRITE)], operation_id="putExamState", tags=["exams"])
async def put_state(request: Call, exam_id: ExamId, data: JSONBody[ExamChange]) -> Response[ExamView]:
    """A closed exam takes no new attempts; those that run may be finished."""

    async def act() -> ExamView:
        await exams.set_state(exam_id, data.state)
        return await exams.exam(exam_id, everything=True)

    return await unit_of_work(request, act)


@post("/exams/{exam_id:uuid}/items", guards=[require(WRITE)], operation_id="addExamItems", tags=["exams"])
async def add_items(request: Call, exam_id: ExamId, data: JSONBody[NewItems]) -> Response[ItemsAdded]:
    """Into the bank of the exam's domain and language, which its other exams share; training has a bank of its own."""

    async def act() -> ItemsAdded:
        return await exams.add_items(exam_id, data.items)

    return await unit_of_work(request, act, status=201)


@post("/exams/{exam_id:uuid}/attempts", guards=[require(WORK)], operation_id="startAttempt", tags=["exams"])
async def start(request: Call, exam_id: ExamId, data: JSONBody[NewAttempt]) -> Response[AttemptView]:
    """Starts the clock and shows the first question; while an attempt runs, it is the answer."""

    async def act() -> AttemptView:
        annotator_id = await visibility.worker(request.actor, data.annotator_id)
        return await exam_sitting.start(exam_id, annotator_id, request.settings)

    return await unit_of_work(request, act, status=201)


async def _examinee(actor: Actor, exam_id: UUID, attempt_id: UUID) -> UUID:
    """Whose attempt it is, if the actor may act in it. Raises `NoSuchAttempt`."""
    owner = await db.fetch_value(skills_sql.attempt_owner, attempt_id=attempt_id, exam_id=exam_id)
    if owner is None:
        raise NoSuchAttempt
    if owner == actor.annotator_id:
        return UUID(int=owner.int)
    if not actor.may(Permission.WORK_BEHALF):
        raise NoSuchAttempt
    try:
        await visibility.check_annotator(actor, owner)
    except NoSuchAnnotator:
        raise NoSuchAttempt from None
    return UUID(int=owner.int)


@get(
    "/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}",
    guards=[require(WORK)],
    operation_id="readAttempt",
    tags=["exams"],
)
async def read(request: Call, exam_id: ExamId, attempt_id: AttemptId) -> Response[AttemptView]:
    """The open question, or the result."""

    async def act() -> AttemptView:
        annotator_id = await _examinee(request.actor, exam_id, attempt_id)
        return await exam_sitting.look(exam_id, attempt_id, annotator_id, request.settings)

    return await unit_of_work(request, act)


@post(
    "/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/answers",
    guards=[require(WORK)],
    operation_id="answerQuestion",
    tags=["exams"],
)
async def answer(
    request: Call, exam_id: ExamId, attempt_id: AttemptId, data: JSONBody[NewAnswer]
) -> Response[AttemptView]:
    """The next question, or the result. The same answer to the same question again changes nothing."""

    async def act() -> AttemptView:
        annotator_id = await _examinee(request.actor, exam_id, attempt_id)
        return await exam_sitting.answer(
            exam_id, attempt_id, annotator_id, request.settings, position=data.position, choice=data.choice
        )

    return await unit_of_work(request, act)


@post(
    "/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/finish",
    guards=[require(WORK)],
    operation_id="giveUpAttempt",
    tags=["exams"],
)
async def finish(request: Call, exam_id: ExamId, attempt_id: AttemptId) -> Response[AttemptView]:
    """Ends it before its time as not passed; the answers given count."""

    async def act() -> AttemptView:
        annotator_id = await _examinee(request.actor, exam_id, attempt_id)
        return await exam_sitting.give_up(exam_id, attempt_id, annotator_id, request.settings)

    return await unit_of_work(request, act)


route_handlers = [create, list_all, put_state, add_items, start, read, answer, finish]
