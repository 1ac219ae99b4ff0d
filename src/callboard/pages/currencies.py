"""The table of exchange rates on screen: imported after a look at what would happen, never edited."""

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import page as page_of
from callboard.api.paging import read_cursor
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.views_pay import ExchangeRatesPage
from kernel import db
from kernel.errors import DomainError
from payments import exchange, exchange_rates
from payments.errors import BadExchangeRates
from payments.exchange_rates import LONGEST_SOURCE

WRITE = Permission.MONEY_WRITE
PAGE_ROWS = 50
LONGEST_FILE = 500_000


async def _view(request: Call) -> ExchangeRatesPage:
    query = request.query_params
    base, quote = (query.get(name, "").strip().upper()[:3] for name in ("from", "to"))
    rows = await exchange_rates.exchange_rates(
        limit=PAGE_ROWS + 1, base=base or None, quote=quote or None, before=read_cursor(query.get("cursor") or None, tuple[date, UUID])
    )  # fmt: skip
    found = page_of(rows, PAGE_ROWS, lambda one: (one.day, one.id))
    kept = {name: value for name, value in (("from", base), ("to", quote)) if value}
    return ExchangeRatesPage(
        rows=found.items, base=base, quote=quote, missing=await exchange_rates.missing(), days=request.settings.exchange_rate_days,
        next_page=urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else "", done=query.get("done", ""),
        added=query.get("added", "")[:6],
    )  # fmt: skip


@get("/payroll/exchange-rates", guards=[require(WRITE)], include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return page(request, "exchange_rates.html", await _view(request))


async def _file(request: Call) -> tuple[str, Form]:
    """What was uploaded, else what the form carries. Raises `Invalid`."""
    values = await request.form()
    form, file = Form(values), values.get("file")
    if not (isinstance(file, UploadFile) and file.filename):
        return form.text("csv", LONGEST_FILE), form
    data = await file.read(LONGEST_FILE + 1)
    if len(data) > LONGEST_FILE:
        raise BadExchangeRates(f"A file has at most {LONGEST_FILE:,} bytes.")
    try:
        return data.decode("utf-8-sig"), form
    except UnicodeDecodeError as error:
        raise BadExchangeRates("The file is not UTF-8; save it as CSV in UTF-8.") from error


@post("/payroll/exchange-rates", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def try_or_take(request: Call) -> Response[str]:
    """What the file would do; with `act=import` it does it."""
    view = await _view(request)
    try:
        view.csv, form = await _file(request)
        view.source = form.text("source", LONGEST_SOURCE).strip()
        if not view.csv.strip():
            raise BadExchangeRates("Choose a file first, or paste its lines.")
        view.report = await exchange_rates.preview(view.csv)
        if form.text("act", 10) == "import" and not view.report.problems:
            async with db.transaction(request.actor.label):
                view.report = await exchange_rates.import_rates(
                    view.csv, view.source, visibility.decider(request.actor), request.settings
                )
            if not view.report.problems:
                return redirect(request, f"/payroll/exchange-rates?done=imported&added={view.report.added}")
    except DomainError as error:
        view.problem = problem_view(error, request)
        return page(request, "exchange_rates.html", view, status=error.status)
    return page(request, "exchange_rates.html", view)


@post("/people/{annotator_id:uuid}/pay-currency", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def set_currency(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    currency = form.text("currency", 3).strip().upper() or None
    await visibility.check_annotator(request.actor, annotator_id)
    async with db.transaction(request.actor.label):
        await exchange.set_pay_currency(annotator_id, currency, form.text("reason", 500).strip())
    return redirect(request, f"/people/{annotator_id}?done=currency")


route_handlers = [show, try_or_take, set_currency]
