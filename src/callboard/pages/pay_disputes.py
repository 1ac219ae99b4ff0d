"""Disputes of pay on screen, for those who answer them: filters, order, clocks, many at once, and a file."""

from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, OutcomeMissing
from callboard.pages.views import Option
from callboard.pages.views_pay import PayDisputesPage
from callboard.pay_answers import answer
from kernel import db
from kernel.clock import rfc3339
from kernel.errors import DomainError
from kernel.money import Money, amount_text, parse_amount
from kernel.sql import load
from payments.pay_dispute_views import PayDisputeFilters, PayDisputePage, PayDisputeView, Place, pay_disputes, some
from payments.pay_disputes import ANSWERS, MOST_AT_ONCE, PayDisputeAnswer

sql = load(__package__)
guards = [require(Permission.MONEY_WRITE)]
PAGE_ROWS = 50
CSV_ROWS = 20_000
CHOICES = {
    "state": ("open", "upheld", "refused", "withdrawn", "all"), "kind": ("posted", "voided", "held", "missing"), "overdue": ("1",),
    "sort": ("due", "newest", "amount", "person"),
}  # fmt: skip
FIELDS = ("answer", "reason", "amount")
LONGEST_REASON, LONGEST_TEXT = 2000, 100
DONE = ("uphold", "refuse")


def _wish(request: Call) -> dict[str, str]:
    """What the address asks for; what cannot be read is left out. Open ones, by their date, where it says nothing."""
    query = request.query_params
    kept = {name: value for name, known in CHOICES.items() if (value := query.get(name, "")) in known}
    kept |= {name: value for name in ("project_id", "annotator_id") if uuid_of(value := query.get(name, ""))}
    text = query.get("text", "").strip()[:LONGEST_TEXT]
    return kept | ({"text": text} if text else {})


async def _found(request: Call, wish: dict[str, str], limit: int, after: Place | None) -> PayDisputePage:
    state = wish.get("state", "open")
    filters = PayDisputeFilters(
        state=None if state == "all" else state, kind=wish.get("kind"), overdue="overdue" in wish, text=wish.get("text", ""),
        annotator_id=uuid_of(wish.get("annotator_id", "")), project_id=uuid_of(wish.get("project_id", "")),
    )  # fmt: skip
    own = await visibility.annotator_behind(request.actor)
    return await pay_disputes(
        filters, limit=limit, sort=wish.get("sort", "due"), after=after, me=visibility.decider(request.actor), own=own,  # type: ignore[arg-type]
    )  # fmt: skip


async def _view(request: Call, values: dict[str, str] | None = None) -> PayDisputesPage:
    wish = _wish(request)
    found = await _found(request, wish, PAGE_ROWS, read_cursor(request.query_params.get("cursor") or None, Place))
    projects = await db.fetch(sql.projects_that_pay)
    annotator_id = uuid_of(wish.get("annotator_id", ""))
    person = await db.fetch_one(sql.named_person, id=annotator_id) if annotator_id else None
    done = request.query_params.get("done", "")
    return PayDisputesPage(
        rows=found.items, next_page=urlencode(wish | {"cursor": write_cursor(found.next_place)}) if found.next_place else "",
        query=urlencode({name: value for name, value in wish.items() if name != "sort"}), wish=wish,
        projects=[Option(value=str(row["id"]), label=f"{row['name']} ({row['currency']})") for row in projects],
        person=person["display_name"] if person else "", values=values or dict.fromkeys(FIELDS, ""), done=done if done in DONE else "",
    )  # fmt: skip


@get("/payroll/disputes", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return page(request, "payroll_disputes.html", await _view(request))


@post("/payroll/disputes/decide", guards=guards, include_in_schema=False, status_code=200)
async def decide(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        ids, outcome = form.ids("id", MOST_AT_ONCE), form.text("outcome", 10)
        if not ids:
            raise NothingSelected
        if outcome not in ANSWERS:
            raise OutcomeMissing
        async with db.transaction(request.actor.label):
            await answer(request.actor, ids, await _answer(form, ids, outcome), request.settings)
    except DomainError as error:
        view = await _view(request, {name: form.text(name) for name in FIELDS})
        view.problem = problem_view(error, request)
        return page(request, "payroll_disputes.html", view, status=error.status)
    return redirect(request, f"/payroll/disputes?done={outcome}")


async def _answer(form: Form, ids: list[UUID], outcome: str) -> PayDisputeAnswer:
    chosen, amount = form.text("answer", 20), form.text("amount", 30).strip().replace(",", ".")
    if chosen not in ANSWERS[outcome]:
        raise OutcomeMissing
    return PayDisputeAnswer(
        outcome="uphold" if outcome == "uphold" else "refuse", answer=chosen, reason=form.text("reason", LONGEST_REASON),  # type: ignore[arg-type]
        amount=await _amount(amount, ids) if amount else None,
    )  # fmt: skip


async def _amount(text: str, ids: list[UUID]) -> Money:
    """In the currency of what is disputed; the domain refuses one amount for several."""
    found = await some(ids[:1])
    return parse_amount(text, found[0].amount.currency if found else "USD")


@get("/payroll/disputes.csv", guards=guards, include_in_schema=False)
async def download(request: Call) -> Response[str]:
    found = await _found(request, _wish(request), CSV_ROWS, None)
    head = [
        "opened_at", "due_at", "overdue", "state", "kind", "person", "project", "task", "work", "line", "amount", "wanted", "currency", "line_reason",
        "reason", "decided_at", "answer", "decision", "paid", "adjustment",
    ]  # fmt: skip
    return csv_answer("pay-disputes.csv", head, [_row(one) for one in found.items])


def _row(one: PayDisputeView) -> list[str | int]:
    wanted, pays = (amount_text(money.micros) if money else "" for money in (one.wanted, one.pays))
    return [
        rfc3339(one.opened_at), rfc3339(one.due_at), int(one.overdue), one.state, one.kind, one.name, one.project, one.external_id or "", one.work,
        one.line or "", amount_text(one.amount.micros), wanted, one.amount.currency, one.line_reason, one.reason,
        rfc3339(one.decided_at) if one.decided_at else "", one.answer, one.decision, pays, one.adjustment_state or "",
    ]  # fmt: skip


route_handlers = [show, decide, download]
