"""Exchange rates, and the currency that somebody is paid in."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import paging
from callboard.api.paging import Cursor, Limit, Page, check_limit, read_cursor
from callboard.api.request import Call
from callboard.api.routes import get, post, put
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from payments import exchange, exchange_rates
from payments.errors import BadExchangeRates
from payments.exchange_rates import LONGEST_SOURCE, ExchangeRateView, MissingRate, RatesReport

READ_PERSON, LEDGER, WRITE = Permission.ANNOTATORS_READ, Permission.LEDGER_READ, Permission.MONEY_WRITE
LONGEST_FILE = 500_000
Code = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class RatesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    csv: Annotated[str, Meta(min_length=1, max_length=LONGEST_FILE)]
    """With the headings `from,to,day,rate`."""


class RatesImport(RatesFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    source: Annotated[str, Meta(min_length=1, max_length=LONGEST_SOURCE)]
    """Whose rates these are; it stands on every line that is paid by them."""
    reason: Annotated[str, Meta(max_length=500)] = ""


class PayCurrency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    currency: Code | None
    """None: that of each project."""
    reason: Annotated[str, Meta(max_length=500)] = ""


class PayCurrencyView(msgspec.Struct, frozen=True):
    annotator_id: UUID
    currency: str | None


@get("/exchange-rates", guards=[require(LEDGER)], operation_id="listExchangeRates", tags=["money"])
async def list_rates(
    request: Call,
    *,
    base: Annotated[Code | None, QueryParameter(name="from")] = None,
    quote: Annotated[Code | None, QueryParameter(name="to")] = None,
    cursor: Cursor = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response[Page[ExchangeRateView]]:
    """The newest day first."""
    most = check_limit(limit, request.settings)
    rows = await exchange_rates.exchange_rates(
        limit=most + 1, base=base, quote=quote, before=read_cursor(cursor, tuple[date, UUID])
    )
    return reply(paging.page(rows, most, lambda one: (one.day, one.id)))


@get("/exchange-rates/missing", guards=[require(WRITE)], operation_id="listMissingExchangeRates", tags=["money"])
async def list_missing() -> Response[Items[MissingRate]]:
    """Pairs that people need today and that no rate leads between: these projects are closed to these people."""
    return reply(Items(await exchange_rates.missing()))


@post("/exchange-rates/preview", guards=[require(WRITE)], status_code=200, operation_id="previewExchangeRates", tags=["money"])  # fmt: skip
async def preview(data: JSONBody[RatesFile]) -> Response[RatesReport]:
    """What importing this would do, line by line. Nothing is written."""
    return reply(await exchange_rates.preview(data.csv))


@post("/exchange-rates", guards=[require(WRITE)], operation_id="importExchangeRates", tags=["money"])
async def import_rates(request: Call, data: JSONBody[RatesImport]) -> Response[RatesReport]:
    """All lines or none (`bad_exchange_rates`, with `lines`). Rates are never changed; the same file again changes nothing."""

    async def act() -> RatesReport:
        by = visibility.decider(request.actor)
        report = await exchange_rates.import_rates(data.csv, data.source, by, request.settings, data.reason)
        if report.problems:
            raise BadExchangeRates(lines=msgspec.to_builtins(report.problems))
        return report

    return await unit_of_work(request, act, status=201)


@get("/annotators/{annotator_id:uuid}/pay-currency", guards=[require(READ_PERSON)], operation_id="readPayCurrency", tags=["money"])  # fmt: skip
async def read_currency(request: Call, annotator_id: FromPath[UUID]) -> Response[PayCurrencyView]:
    """That somebody is paid in; none: that of each project. Annotators: their own."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(PayCurrencyView(annotator_id, await exchange.pay_currency(annotator_id)))


@put("/annotators/{annotator_id:uuid}/pay-currency", guards=[require(WRITE)], operation_id="putPayCurrency", tags=["money"])  # fmt: skip
async def put_currency(
    request: Call, annotator_id: FromPath[UUID], data: JSONBody[PayCurrency]
) -> Response[PayCurrencyView]:
    """From the next work that they take; what they took before is paid in the currency that was shown."""

    async def act() -> PayCurrencyView:
        await visibility.check_annotator(request.actor, annotator_id)
        await exchange.set_pay_currency(annotator_id, data.currency, data.reason)
        return PayCurrencyView(annotator_id, data.currency)

    return await unit_of_work(request, act)


route_handlers = [list_rates, list_missing, preview, import_rates, read_currency, put_currency]
"""In the order in which they are documented."""
