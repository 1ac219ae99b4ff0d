"""Pay periods and statements."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from callboard import pay_checklist
from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import paging
from callboard.api.paging import Cursor, Limit, Page, check_limit, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from kernel.errors import Forbidden
from payments import books, checklist, periods, statements
from payments.books import BookCheckView
from payments.checklist import ChecklistItem, PayException
from payments.periods import PeriodView
from payments.statements import StatementDocument, StatementView

READ, LEDGER, WRITE = Permission.ANNOTATORS_READ, Permission.LEDGER_READ, Permission.MONEY_WRITE


class ClosePeriod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(max_length=500)] = ""
    """Needed with `override`."""
    override: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=20)] = []
    """Codes of blocking items to close over, with `periods:override`."""


class ChecklistEntry(ChecklistItem, frozen=True, kw_only=True):
    page: str
    """Where it is seen and mended: a path of this site."""


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
    """A worker states everybody's lines; `state` says when it is done. A closed period never changes again.

    `period_blocked` names in `items` what stands in the way.
    """
    may_override(request, data.override)

    async def act() -> PeriodView:
        return await periods.start_closing(period_id, visibility.decider(request.actor), data.reason, data.override)

    return await unit_of_work(request, act, status=202)


def may_override(request: Call, codes: list[str]) -> None:
    """Raises `Forbidden`."""
    if codes and not request.actor.may(Permission.PERIODS_OVERRIDE):
        raise Forbidden("Closing over what blocks a period needs periods:override.")


@get("/pay-periods/{period_id:uuid}/checklist", guards=[require(WRITE)], operation_id="readPayChecklist", tags=["money"])  # fmt: skip
async def read_checklist(request: Call, period_id: FromPath[UUID]) -> Response[Items[ChecklistEntry]]:
    """Before a period is closed: what blocks it, and what is worth a look, each with its number, amount and page."""
    return reply(Items(await checklist_of(request, period_id)))


async def checklist_of(request: Call, period_id: UUID) -> list[ChecklistEntry]:
    """Raises `NoSuchPeriod`."""
    found = await checklist.checklist(period_id, request.settings)
    return [
        ChecklistEntry(**msgspec.structs.asdict(one), page=pay_checklist.page_of(one.code, period_id)) for one in found
    ]


@get("/pay-periods/{period_id:uuid}/exceptions", guards=[require(WRITE)], operation_id="listPayExceptions", tags=["money"])  # fmt: skip
async def list_exceptions(request: Call, period_id: FromPath[UUID]) -> Response[Items[PayException]]:
    """People worth a look: unusual pay, deductions that are not covered, no bank details; at most 200 of each."""
    return reply(Items(await checklist.exceptions(period_id, request.settings)))


@post("/ledger/check", guards=[require(WRITE)], status_code=200, operation_id="checkBooks", tags=["money"])
async def check_books(request: Call) -> Response[BookCheckView]:
    """Looks at every rule of the money and the ledger's chain, and notes what it found: no period is closed over broken books."""
    found = await books.failures()

    async def act() -> BookCheckView:
        return await books.note(found)

    return await unit_of_work(request, act)


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


route_handlers = [list_periods, read_checklist, list_exceptions, close, check_books, list_statements, read_statement]
"""In the order in which they are documented."""
