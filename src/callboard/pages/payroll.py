"""Payroll on screen: periods, closing them, and statements as pages and JSON."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import page as page_of
from callboard.api.paging import read_cursor
from callboard.api.pay import ChecklistEntry, checklist_of, may_override
from callboard.api.request import Call
from callboard.api.wire import encode
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.statement_file import name_of
from callboard.pages.views_pay import ExceptionsPage, PayrollPage, PeriodPage, StatementPage
from kernel import clock, db
from kernel.errors import DomainError
from payments import books, checklist, periods, statements
from payments.errors import BooksTooLarge
from payments.statements import StatementDocument

READ, LEDGER, WRITE = Permission.ANNOTATORS_READ, Permission.LEDGER_READ, Permission.MONEY_WRITE
PAGE_ROWS, FIRST_EXCEPTIONS = 50, 6


@get("/payroll", guards=[require(WRITE)], include_in_schema=False)
async def overview(request: Call) -> Response[str]:
    rows = await periods.periods(
        limit=PAGE_ROWS + 1, before=read_cursor(request.query_params.get("cursor") or None, datetime)
    )
    found = page_of(rows, PAGE_ROWS, lambda one: one.starts_at)
    view = PayrollPage(periods=found.items, may_write=request.actor.may(WRITE), next_cursor=found.next_cursor)
    return page(request, "payroll.html", view)


@get("/payroll/{period_id:uuid}", guards=[require(WRITE)], include_in_schema=False)
async def one_period(request: Call, period_id: FromPath[UUID]) -> Response[str]:
    return page(request, "payroll_period.html", await _period_view(request, period_id))


async def _period_view(request: Call, period_id: UUID) -> PeriodPage:
    period = await periods.period(period_id)
    rows = await statements.statements(
        limit=PAGE_ROWS + 1, period_id=period_id,
        before=read_cursor(request.query_params.get("cursor") or None, tuple[datetime, UUID]),
    )  # fmt: skip
    found = page_of(rows, PAGE_ROWS, lambda one: (one.starts_at, one.id))
    closed = period.state == "closed"
    return PeriodPage(
        period=period, may_write=request.actor.may(WRITE), over=period.ends_at <= clock.now(), statements=found.items,
        next_cursor=found.next_cursor, done=request.query_params.get("done", ""), may_override=request.actor.may(Permission.PERIODS_OVERRIDE),
        items=[] if closed else sorted(await checklist_of(request, period_id), key=_urgency), books=await books.last_check(),
        exceptions=(await checklist.exceptions(period_id, request.settings))[:FIRST_EXCEPTIONS] if closed else [],
    )  # fmt: skip


def _urgency(item: ChecklistEntry) -> tuple[bool, bool]:
    """What blocks, what is worth a look, what is clear; each in its own order."""
    return item.clear, item.level != "blocking"


@get("/payroll/{period_id:uuid}/exceptions", guards=[require(WRITE)], include_in_schema=False)
async def exceptions(request: Call, period_id: FromPath[UUID]) -> Response[str]:
    view = ExceptionsPage(
        period=await periods.period(period_id), rows=await checklist.exceptions(period_id, request.settings),
        deviations=request.settings.pay_unusual_deviations,
    )  # fmt: skip
    return page(request, "payroll_exceptions.html", view)


@post("/payroll/{period_id:uuid}/check", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def check_books(request: Call, period_id: FromPath[UUID]) -> Response[str]:
    try:
        found = await books.failures()
    except BooksTooLarge as error:
        view = await _period_view(request, period_id)
        view.problem = problem_view(error, request)
        return page(request, "payroll_period.html", view, status=error.status)
    async with db.transaction(request.actor.label):
        await books.note(found)
    return redirect(request, f"/payroll/{period_id}?done=checked")


@post("/payroll/{period_id:uuid}/close", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def close(request: Call, period_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    override, reason = form.text("override", 400).split(), form.text("reason", checklist.LONGEST_REASON).strip()
    try:
        may_override(request, override)
        if override and not reason:
            raise ReasonMissing
        async with db.transaction(request.actor.label):
            await periods.start_closing(period_id, visibility.decider(request.actor), reason, override)
    except DomainError as error:
        view = await _period_view(request, period_id)
        view.problem = problem_view(error, request)
        return page(request, "payroll_period.html", view, status=error.status)
    return redirect(request, f"/payroll/{period_id}?done=closing")


async def _document(request: Call, statement_id: UUID) -> StatementDocument:
    return await statements.statement(statement_id, **visibility.filter_for(request.actor)._asdict())


@get("/statements/{statement_id:uuid}", guards=[require(READ)], include_in_schema=False)
async def show(request: Call, statement_id: FromPath[UUID]) -> Response[str]:
    document = await _document(request, statement_id)
    own = document.statement.annotator_id == request.actor.annotator_id
    return page(request, "statement.html", StatementPage(document=document, own=own))


@get("/statements/{statement_id:uuid}/file.json", guards=[require(READ)], include_in_schema=False)
async def download(request: Call, statement_id: FromPath[UUID]) -> Response[bytes]:
    document = await _document(request, statement_id)
    return Response(
        content=encode(document), media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name_of(document)}.json"', "cache-control": "no-store"},
    )  # fmt: skip


route_handlers = [overview, one_period, exceptions, check_books, close, show, download]
