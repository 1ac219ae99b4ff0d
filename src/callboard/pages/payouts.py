"""Payouts on screen: batches from the draft to the bank's last word, exceptions first."""

from datetime import date, timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import page as page_of
from callboard.api.paging import read_cursor
from callboard.api.payouts import file_answer, person
from callboard.api.request import Call
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.views import Option
from callboard.pages.views_pay import PayoutPage, PayoutsPage
from kernel import clock, db
from kernel.errors import DomainError, Invalid
from kernel.money import parse_amount
from kernel.sql import load
from payments import payout_views, payouts, periods
from payments.errors import BadPayout
from payments.payouts import MOST_LINES, PayoutDraft

sql = load("callboard.pages")
WRITE = Permission.PAYOUTS_WRITE
PAGE_ROWS, PERIODS = 50, 24
FIELDS = ("period", "currency", "format", "pay_on")
HERE = "/payroll/payouts/{batch_id:uuid}"


async def _list_view(request: Call, values: dict[str, str] | None = None) -> PayoutsPage:
    rows = await payouts.batches(
        limit=PAGE_ROWS + 1, before=read_cursor(request.query_params.get("cursor") or None, int)
    )
    found = page_of(rows, PAGE_ROWS, lambda one: one.number)
    closed = [one for one in await periods.periods(limit=PERIODS) if one.state == "closed"]
    owed = await payout_views.owed(closed[0].id) if closed else []
    given = {
        "period": str(closed[0].id) if closed else "", "currency": owed[0].amount.currency if owed else "", "format": "pain.001",
        "pay_on": (clock.now().date() + timedelta(days=2)).isoformat(),
    }  # fmt: skip
    last = timedelta(days=1)
    return PayoutsPage(
        rows=found.items, next_cursor=found.next_cursor, owed=owed, values=values or given, opened=values is not None,
        periods=[Option(value=str(one.id), label=f"{one.starts_at:%Y-%m-%d} – {one.ends_at - last:%Y-%m-%d}") for one in closed],
    )  # fmt: skip


@get("/payroll/payouts", guards=[require(WRITE)], include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return page(request, "payouts.html", await _list_view(request))


def _wish(form: Form) -> PayoutDraft:
    try:
        period_id, pay_on = UUID(form.text("period", 40)), date.fromisoformat(form.text("pay_on", 10))
    except ValueError as error:
        raise BadPayout("Choose a period and a day.") from error
    return PayoutDraft(period_id, form.text("currency", 3).strip().upper(), form.text("format", 10), pay_on)


@post("/payroll/payouts", guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def draft(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        async with db.transaction(request.actor.label):
            batch_id = await payouts.draft(_wish(form), person(request), request.settings)
    except DomainError as error:
        view = await _list_view(request, {name: form.text(name, 40) for name in FIELDS})
        view.problem = problem_view(error, request)
        return page(request, "payouts.html", view, status=error.status)
    return redirect(request, f"/payroll/payouts/{batch_id}?done=drafted")


async def _view(request: Call, batch_id: UUID) -> PayoutPage:
    batch = await payouts.batch(batch_id)
    rows = await payout_views.lines(
        batch_id, request.settings, limit=PAGE_ROWS + 1, after=read_cursor(request.query_params.get("cursor") or None, UUID)
    )  # fmt: skip
    found = page_of(rows, PAGE_ROWS, lambda one: one.id)
    running = batch.state in {"drafted", "approved"}
    out, count = (
        await payouts.left_out(batch.period_id, batch.currency, batch.format, request.settings) if running else ([], 0)
    )
    who = {batch.author, batch.approved_by or ""}
    names = {row["label"]: row["name"] for row in await db.fetch(sql.labels_of_people, labels=sorted(who))}
    return PayoutPage(
        batch=batch, author=names.get(batch.author, batch.author), approver=names.get(batch.approved_by, batch.approved_by or ""),
        mine=batch.author == visibility.decider(request.actor), left_out=out, left_out_count=count, lines=found.items,
        flagged=await payout_views.lines(batch_id, request.settings, limit=PAGE_ROWS, flagged=True) if running else [],
        changed_days=request.settings.payout_changed_days, next_cursor=found.next_cursor, done=request.query_params.get("done", ""),
    )  # fmt: skip


@get(HERE, guards=[require(WRITE)], include_in_schema=False)
async def one_batch(request: Call, batch_id: FromPath[UUID]) -> Response[str]:
    return page(request, "payout.html", await _view(request, batch_id))


@get(f"{HERE}/file", guards=[require(WRITE)], include_in_schema=False)
async def download(request: Call, batch_id: FromPath[UUID]) -> Response[bytes]:
    return await file_answer(request, batch_id)


async def _act(request: Call, batch_id: UUID, form: Form, action: str) -> None:
    by, reason = person(request), form.text("reason", 300).strip()
    if action in {"take_out", "cancel", "returned", "bounced"} and not reason:
        raise ReasonMissing
    if action in {"take_out", "paid", "returned", "bounced"}:
        ids = form.ids("id", MOST_LINES)
        if not ids:
            raise NothingSelected
        if action == "take_out":
            await payouts.take_out(batch_id, ids, by, reason)
        else:
            await payouts.confirm(batch_id, ids, action, by, reason)  # type: ignore[arg-type]  # one of the three
    elif action == "approve":
        await payouts.approve(batch_id, by, await visibility.annotator_behind(request.actor))
    elif action == "cancel":
        await payouts.cancel(batch_id, by, reason)
    elif action == "export":
        await payouts.export(batch_id, by, request.settings)
    elif action == "rest":
        await payouts.confirm_rest(batch_id, by)
    elif action == "reconcile":
        currency = (await payouts.batch(batch_id)).currency
        await payouts.reconcile(batch_id, parse_amount(form.text("left", 30).strip().replace(",", "."), currency), by)
    else:
        raise Invalid("There is no such action.")


@post(HERE, guards=[require(WRITE)], include_in_schema=False, status_code=200)
async def act(request: Call, batch_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    action = form.text("action", 10)
    try:
        async with db.transaction(request.actor.label):
            await _act(request, batch_id, form, action)
    except DomainError as error:
        view = await _view(request, batch_id)
        view.problem = problem_view(error, request)
        return page(request, "payout.html", view, status=error.status)
    return redirect(request, f"/payroll/payouts/{batch_id}?done={action}")


route_handlers = [show, draft, one_batch, download, act]
