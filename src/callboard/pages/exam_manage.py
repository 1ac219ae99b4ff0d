"""Exams as their managers see them: the list, a new one, one exam with its attempts and its bank, one question."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from callboard import exam_file
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.exam_forms import COPIED, USUAL, exam_of, item_of, pay_of, values_of_item
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.views import Option
from callboard.pages.views_exam_manage import (
    BankFilter,
    ExamRow,
    ItemPageView,
    ManageView,
    NewExamView,
    OneExamView,
)
from kernel import db
from kernel.errors import DomainError, Invalid
from kernel.money import amount_text
from routing.projects import projects
from skills import exam_bank, exams
from skills.exam_bank import ItemView
from skills.exams import ExamView
from skills.registry import domain_codes

guards = [require(Permission.EXAMS_WRITE)]
ExamId = FromPath[UUID]
ItemId = FromPath[UUID]
PAGE_ROWS = 50
RECENT = 20
MOST_ITEMS = 5000
WORN_SHARE = 0.2
"""Fewer showings left than this share of the limit: a new question is due."""
LANGUAGES = ("en", "zh-CN", "de", "es", "fr", "ja")
SORTS: dict[str, Any] = {
    "difficulty": lambda item: item.difficulty,
    "discrimination": lambda item: item.discrimination,
    "exposure": lambda item: item.shown,
    "right": lambda item: (item.right_share is not None, item.right_share or 0.0),
    "text": lambda item: item.text.casefold(),
}
REASON = 200


@get("/exams/manage", guards=guards, include_in_schema=False)
async def manage(request: Call) -> Response[str]:
    query = request.query_params
    after = read_cursor(query.get("cursor") or None, tuple[str, UUID])
    found = await exams.exams(None, everything=True, after=after, limit=PAGE_ROWS + 1)
    shown = found[:PAGE_ROWS]
    figures = await exam_bank.figures([one.id for one in shown])
    changed = uuid_of(query.get("changed", ""))
    view = ManageView(
        rows=[ExamRow(exam=one, figures=figures[one.id]) for one in shown],
        changed=await exams.exam(changed, everything=True) if changed else None,
        next_cursor=write_cursor((shown[-1].name, shown[-1].id)) if len(found) > PAGE_ROWS else None,
    )
    return page(request, "exams/manage.html", view)


@post("/exams/manage/{exam_id:uuid}/state", guards=guards, include_in_schema=False)
async def put_state(request: Call, exam_id: ExamId) -> Response[str]:
    """Opens or closes; the answer offers the way back."""
    state = (await Form.of(request)).text("state", 10)
    if state not in {"open", "closed"}:
        raise Invalid("An exam is open or closed.")
    async with db.transaction(request.actor.label):
        await exams.set_state(exam_id, "open" if state == "open" else "closed")
    return redirect(request, f"/exams/manage?changed={exam_id}")


@get("/exams/manage/new", guards=guards, include_in_schema=False)
async def new(request: Call) -> Response[str]:
    """With the usual values, or those of another exam."""
    source = uuid_of(request.query_params.get("from", ""))
    values, copy_of = dict(USUAL), None
    if source:
        of = await exams.exam(source, everything=True)
        copy_of = of.name
        values |= {name: str(getattr(of, name)) for name in COPIED}
        values |= {
            "time_limit_minutes": str(of.time_limit_seconds // 60),
            "cooldown_hours": str(of.cooldown_seconds // 3600),
        }
        values["training"] = "yes" if of.training else ""
        if of.pay is not None:
            values |= {"pay": amount_text(of.pay.micros), "pay_project_id": str(of.pay_project_id)}
    return page(request, "exams/new.html", await _new_view(values, copy_of))


async def _new_view(values: dict[str, str], copy_of: str | None = None) -> NewExamView:
    payers = [one for one in await projects(limit=100) if one.state != "closed"]
    return NewExamView(
        values=values, domains=sorted(await domain_codes()), languages=sorted({*LANGUAGES, values["language"]}),
        projects=[Option(value=str(one.id), label=f"{one.name} ({one.currency})") for one in payers], copy_of=copy_of,
    )  # fmt: skip


@post("/exams/manage/new", guards=guards, include_in_schema=False)
async def create(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        pay = await pay_of(form)
        async with db.transaction(request.actor.label):
            exam_id = await exams.create_exam(exam_of(form), pay)
    except DomainError as error:
        view = await _new_view({name: form.text(name) for name in USUAL})
        view.problem = problem_view(error, request)
        return page(request, "exams/new.html", view, status=error.status)
    return redirect(request, f"/exams/manage/{exam_id}?done=created")


@get("/exams/manage/{exam_id:uuid}", guards=guards, include_in_schema=False)
async def one(request: Call, exam_id: ExamId) -> Response[str]:
    return page(request, "exams/one.html", await _one_view(request, exam_id))


async def _one_view(request: Call, exam_id: UUID) -> OneExamView:
    query, of = request.query_params, await exams.exam(exam_id, everything=True)
    wish = BankFilter(**{name: query[name][:20] for name in BankFilter.__struct_fields__ if query.get(name)})
    bank = await exam_bank.items(exam_id, request.settings.exam_item_exposure_limit, limit=MOST_ITEMS)
    found = sorted(
        (item for item in bank if _wanted(item, wish.show, request.settings.exam_item_exposure_limit)),
        key=SORTS.get(wish.sort, SORTS["difficulty"]), reverse=wish.direction == "down",
    )  # fmt: skip
    pages = max(1, -(-len(found) // PAGE_ROWS))
    number = min(int(query["page"]), pages) if re.fullmatch(r"[1-9]\d{0,3}", query.get("page", "")) else 1
    others = await exams.exams(None, everything=True, limit=200)
    payers = {project.id: project.name for project in await projects(limit=100)} if of.pay_project_id else {}
    return OneExamView(
        exam=of, figures=(await exam_bank.figures([exam_id]))[exam_id],
        attempts=await exam_bank.attempts(exam_id, limit=RECENT), items=found[(number - 1) * PAGE_ROWS : number * PAGE_ROWS],
        filter=wish, found=len(found), page=number, pages=pages,
        shares=[other.name for other in others if other.id != of.id and _bank(other) == _bank(of)],
        payer=payers.get(of.pay_project_id) if of.pay_project_id else None, done=query.get("done"),
        count=int(query["count"]) if re.fullmatch(r"\d{1,5}", query.get("count", "")) else 0,
    )  # fmt: skip


def _bank(of: ExamView) -> tuple[str, str, bool]:
    return (of.domain, of.language, of.training)


def _wanted(item: ItemView, show: str, exposure_limit: int) -> bool:
    if show == "retired":
        return item.retired
    if show == "calibrated":
        return item.calibrated_at is not None
    if show == "worn":
        return not item.retired and item.exposure_left is not None and item.exposure_left < WORN_SHARE * exposure_limit
    return show == "all" or not item.retired


@post("/exams/manage/{exam_id:uuid}/upload", guards=guards, include_in_schema=False)
async def upload(request: Call, exam_id: ExamId) -> Response[str]:
    """All questions of a file, or none: what is wrong is said line by line."""
    sent = (await request.form()).get("file")
    if not isinstance(sent, UploadFile):
        raise Invalid("Choose a file first.")
    read = exam_file.read_bank(await sent.read(), sent.filename or "")
    if not read.faults:
        async with db.transaction(request.actor.label):
            added = await exams.add_items(exam_id, read.drafts)
        return redirect(request, f"/exams/manage/{exam_id}?done=added&count={added.added}")
    view = await _one_view(request, exam_id)
    view.faults = read.faults
    return page(request, "exams/one.html", view, status=422)


@get("/exams/manage/{exam_id:uuid}/bank.csv", guards=guards, include_in_schema=False)
async def download(request: Call, exam_id: ExamId) -> Response[str]:
    items = await exam_bank.items(exam_id, request.settings.exam_item_exposure_limit, limit=MOST_ITEMS)
    items.sort(key=SORTS["difficulty"])
    return csv_answer("bank.csv", [*exam_file.COLUMNS, *exam_file.TOLD], exam_file.csv_rows(items))


@get("/exams/manage/{exam_id:uuid}/items/new", guards=guards, include_in_schema=False)
async def new_item(request: Call, exam_id: ExamId) -> Response[str]:
    of = await exams.exam(exam_id, everything=True)
    return page(request, "exams/item.html", ItemPageView(exam=of, item=None, values=values_of_item(None)))


@post("/exams/manage/{exam_id:uuid}/items/new", guards=guards, include_in_schema=False)
async def add_item(request: Call, exam_id: ExamId) -> Response[str]:
    form = await Form.of(request)
    try:
        async with db.transaction(request.actor.label):
            added = await exams.add_items(exam_id, [item_of(form)])
    except DomainError as error:
        return await _item_again(request, exam_id, None, form, error)
    return redirect(request, f"/exams/manage/{exam_id}?done=added&count={added.added}")


@get("/exams/manage/{exam_id:uuid}/items/{item_id:uuid}", guards=guards, include_in_schema=False)
async def one_item(request: Call, exam_id: ExamId, item_id: ItemId) -> Response[str]:
    of, item = await exams.exam(exam_id, everything=True), await _item(request, exam_id, item_id)
    return page(request, "exams/item.html", ItemPageView(exam=of, item=item, values=values_of_item(item)))


async def _item(request: Call, exam_id: UUID, item_id: UUID) -> ItemView:
    return await exam_bank.item(exam_id, item_id, request.settings.exam_item_exposure_limit)


async def _item_again(
    request: Call, exam_id: UUID, item_id: UUID | None, form: Form, error: DomainError
) -> Response[str]:
    """The form as it was typed, and what is wrong with it."""
    of = await exams.exam(exam_id, everything=True)
    item = None if item_id is None else await _item(request, exam_id, item_id)
    values = {name: form.text(name) for name in values_of_item(None)} if form.text("text") else values_of_item(item)
    view = ItemPageView(exam=of, item=item, values=values, problem=problem_view(error, request))
    return page(request, "exams/item.html", view, status=error.status)


@post("/exams/manage/{exam_id:uuid}/items/{item_id:uuid}", guards=guards, include_in_schema=False)
async def change_item(request: Call, exam_id: ExamId, item_id: ItemId) -> Response[str]:
    form = await Form.of(request)
    try:
        draft = msgspec.structs.replace(item_of(form), key=None)
        async with db.transaction(request.actor.label):
            await exam_bank.change_item(exam_id, item_id, draft, form.number("version"))
    except DomainError as error:
        return await _item_again(request, exam_id, item_id, form, error)
    return redirect(request, f"/exams/manage/{exam_id}?done=changed")


@post("/exams/manage/{exam_id:uuid}/items/{item_id:uuid}/{action:str}", guards=guards, include_in_schema=False)
async def retire_or_restore(request: Call, exam_id: ExamId, item_id: ItemId, action: FromPath[str]) -> Response[str]:
    form = await Form.of(request)
    try:
        reason = form.text("reason", REASON).strip()
        if not reason or action not in {"retire", "restore"}:
            raise Invalid("Say why: the reason stands with the question.")
        async with db.transaction(request.actor.label):
            if action == "retire":
                await exam_bank.retire_item(exam_id, item_id, reason)
            else:
                limit = request.settings.exam_item_exposure_limit
                await exam_bank.restore_item(exam_id, item_id, reason, limit)
    except DomainError as error:
        return await _item_again(request, exam_id, item_id, form, error)
    return redirect(request, f"/exams/manage/{exam_id}?done={action}d")


route_handlers = [
    manage, put_state, new, create, one, upload, download, new_item, add_item, one_item, change_item, retire_or_restore,
]  # fmt: skip
