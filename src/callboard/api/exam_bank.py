"""The banks of exams and who sat in them: for those who manage exams. Nobody else meets a key here."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.work import etag, if_match, reply, unit_of_work
from skills import exam_bank, exams
from skills.exam_bank import AttemptLine, ExamFigures, ItemView
from skills.exams import ExamView, ItemDraft

guards = [require(Permission.EXAMS_WRITE)]
ExamId = FromPath[UUID]
ItemId = FromPath[UUID]


class ItemDecision(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Copy(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]


@post("/exams/{exam_id:uuid}/duplicate", guards=guards, operation_id="duplicateExam", tags=["exams"])
async def duplicate(request: Call, exam_id: ExamId, data: JSONBody[Copy]) -> Response[ExamView]:
    """The same rules and bank under another name; closed until it is opened."""

    async def act() -> ExamView:
        return await exams.exam(await exams.duplicate(exam_id, data.name), everything=True)

    return await unit_of_work(request, act, status=201)


@get("/exams/{exam_id:uuid}/figures", guards=guards, operation_id="readExamFigures", tags=["exams"])
async def figures(request: Call, exam_id: ExamId) -> Response[ExamFigures]:  # noqa: ARG001  every handler takes it
    """Attempts, passes, and how many questions and seconds they took."""
    await exams.exam(exam_id, everything=True)
    return reply((await exam_bank.figures([exam_id]))[exam_id])


@get("/exams/{exam_id:uuid}/attempts", guards=guards, operation_id="listAttempts", tags=["exams"])
async def attempts(
    request: Call, exam_id: ExamId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response[Page[AttemptLine]]:
    """Newest first."""
    limit = check_limit(limit, request.settings)
    rows = await exam_bank.attempts(exam_id, before=read_cursor(cursor, UUID), limit=limit + 1)
    return reply(page(rows, limit, lambda row: row.id))


@get("/exams/{exam_id:uuid}/items", guards=guards, operation_id="listExamItems", tags=["exams"])
async def items(
    request: Call,
    exam_id: ExamId,
    *,
    retired: FromQuery[bool | None] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Page[ItemView]]:
    """The bank that the exam shares with the others of its domain and language, keys included."""
    limit = check_limit(limit, request.settings)
    rows = await exam_bank.items(
        exam_id, request.settings.exam_item_exposure_limit, retired=retired, after=read_cursor(cursor, UUID),
        limit=limit + 1,
    )  # fmt: skip
    return reply(page(rows, limit, lambda row: row.id))


async def _item(request: Call, exam_id: UUID, item_id: UUID) -> ItemView:
    return await exam_bank.item(exam_id, item_id, request.settings.exam_item_exposure_limit)


def _tag(view: ItemView) -> dict[str, str]:
    return etag(view.version)


@put("/exams/{exam_id:uuid}/items/{item_id:uuid}", guards=guards, operation_id="putExamItem", tags=["exams"])
async def change(request: Call, exam_id: ExamId, item_id: ItemId, data: JSONBody[ItemDraft]) -> Response[ItemView]:
    """Of a question that nobody was shown yet; another one is retired and a new one added."""

    async def act() -> ItemView:
        await exam_bank.change_item(exam_id, item_id, data, if_match(request))
        return await _item(request, exam_id, item_id)

    return await unit_of_work(request, act, headers=_tag)


@post("/exams/{exam_id:uuid}/items/{item_id:uuid}/retire", guards=guards, operation_id="retireExamItem", tags=["exams"])
async def retire(request: Call, exam_id: ExamId, item_id: ItemId, data: JSONBody[ItemDecision]) -> Response[ItemView]:
    """It is asked no more, in every exam of its bank; answers that were given count on."""

    async def act() -> ItemView:
        await exam_bank.retire_item(exam_id, item_id, data.reason)
        return await _item(request, exam_id, item_id)

    return await unit_of_work(request, act)


@post(
    "/exams/{exam_id:uuid}/items/{item_id:uuid}/restore", guards=guards, operation_id="restoreExamItem", tags=["exams"]
)
async def restore(request: Call, exam_id: ExamId, item_id: ItemId, data: JSONBody[ItemDecision]) -> Response[ItemView]:
    """Back into the bank, unless it was shown too often."""

    async def act() -> ItemView:
        await exam_bank.restore_item(exam_id, item_id, data.reason, request.settings.exam_item_exposure_limit)
        return await _item(request, exam_id, item_id)

    return await unit_of_work(request, act)


route_handlers = [duplicate, figures, attempts, items, change, retire, restore]
