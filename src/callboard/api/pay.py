"""Pay periods and statements."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import paging
from callboard.api.paging import Cursor, Limit, Page, check_limit, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.work import reply, unit_of_work
from payments import periods, statements
from payments.periods import PeriodView
from payments.statements import StatementDocument, StatementView

READ, LEDGER, WRITE = Permission.ANNOTATORS_READ, Permission.LEDGER_READ, Permission.MONEY_WRITE


class ClosePeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(max_length=500)] = ""


@get("/pay-periods", guards=[require(LEDGER)], operation_id="listPayPeriods", tags=["money"])
async def list_periods(
    request: Call, cursor: Cursor = None, limit: Limit = paging.DEFAULT_LIMIT
) -> Response[Page[PeriodView]]:
    """The newest first. Totals are over everybody, and shown to whoever sees everybody."""
    most = check_limit(limit, request.settings)
    rows = await periods.periods(limit=most + 1, before=read_cursor(cursor, datetime))
    if not request.actor.sees_everybody:
        rows = [msgspec.structs.replace(row, totals=[]) for row in rows]
    return reply(paging.page(rows, most, lambda one: one.starts_at))


@post("/pay-periods/{period_id:uuid}/close", guards=[require(WRITE)], status_code=202, operation_id="closePayPeriod", tags=["money"])  # fmt: skip
async def close(request: Call, period_id: FromPath[UUID], data: JSONBody[ClosePeriod]) -> Response[PeriodView]:
    """A worker states everybody's lines; `state` says when it is done. A closed period never changes again."""

    async def act() -> PeriodView:
        return await periods.start_closing(period_id, visibility.decider(request.actor), data.reason)

    return await unit_of_work(request, act, status=202)


@get("/statements", guards=[require(READ)], operation_id="listStatements", tags=["money"])
async def list_statements(
    request: Call,
    *,
    annotator_id: FromQuery[UUID | None] = None,
    period_id: FromQuery[UUID | None] = None,
    cursor: Cursor = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response[Page[StatementView]]:
    """Of closed periods, the newest first; annotators: their own."""
    most = check_limit(limit, request.settings)
    scope = visibility.filter_for(request.actor)
    rows = await statements.statements(
        limit=most + 1, annotator_id=scope.annotator_id or annotator_id, vendor_id=scope.vendor_id, period_id=period_id,
        before=read_cursor(cursor, tuple[datetime, UUID]),
    )  # fmt: skip
    return reply(paging.page(rows, most, lambda one: (one.starts_at, one.id)))


@get("/statements/{statement_id:uuid}", guards=[require(READ)], operation_id="readStatement", tags=["money"])
async def read_statement(request: Call, statement_id: FromPath[UUID]) -> Response[StatementDocument]:
    """Every line with what the ledger hashed: `callboard statement verify FILE` computes all of it again."""
    return reply(await statements.statement(statement_id, **visibility.filter_for(request.actor)._asdict()))


route_handlers = [list_periods, close, list_statements, read_statement]
"""In the order in which they are documented."""
