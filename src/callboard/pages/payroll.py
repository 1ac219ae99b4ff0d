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
from callboard.api.request import Call
from callboard.api.wire import encode
from callboard.pages.frame import page, redirect
from callboard.pages.statement_file import name_of
from callboard.pages.views_pay import PayrollPage, PeriodPage, StatementPage
from kernel import clock, db
from kernel.sql import load
from payments import adjustments, periods, statements
from payments.statements import StatementDocument

sql = load("payments")
READ, LEDGER, WRITE = Permission.ANNOTATORS_READ, Permission.LEDGER_READ, Permission.MONEY_WRITE
PAGE_ROWS = 50


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
    period = await periods.period(period_id)
    rows = await statements.statements(
        limit=PAGE_ROWS + 1, period_id=period_id,
        before=read_cursor(request.query_params.get("cursor") or None, tuple[datetime, UUID]),
    )  # fmt: skip
    found = page_of(rows, PAGE_ROWS, lambda one: (one.starts_at, one.id))
    view = PeriodPage(
        period=period, may_write=request.actor.may(WRITE), over=period.ends_at <= clock.now(), statements=found.items,
        next_cursor=found.next_cursor, done=request.query_params.get("done", ""),
        top_ups=await adjustments.adjustments(limit=PAGE_ROWS, period_id=period_id, state="short"),
        waiting_adjustments=len(await adjustments.adjustments(limit=PAGE_ROWS, state="waiting")),
        waiting_count=0 if period.state == "closed" else await db.fetch_value(sql.held_before, ends_at=period.ends_at),
    )  # fmt: skip
    return page(request, "payroll_period.html", view)


@post("/payroll/{period_id:uuid}/close", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def close(request: Call, period_id: FromPath[UUID]) -> Response[str]:
    async with db.transaction(request.actor.label):
        await periods.start_closing(period_id, visibility.decider(request.actor))
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


route_handlers = [overview, one_period, close, show, download]
