"""What somebody earned: totals, and every line with how it was reckoned, until when it is held, and the word against it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.facts import uuid_of
from callboard.pages.frame import Form, page, problem_view, redirect
from callboard.pages.missing import ReasonMissing
from callboard.pages.views import Option, TaskFacts
from callboard.pages.views_earnings import EarningLine, EarningsFilter, EarningsView, EarningTotals
from kernel import db
from kernel.clock import rfc3339
from kernel.errors import DomainError, Invalid
from kernel.money import Money, amount_text, parse_amount
from kernel.settings import Settings
from kernel.sql import load
from payments import pay_disputes
from payments.earnings import Earnings, EarningsLine, earnings
from payments.earnings_more import LineMore, figures, more_of, unpaid_work
from payments.pay_dispute_views import PayDisputeFilters
from payments.pay_dispute_views import pay_disputes as disputes_of
from payments.pay_disputes import PayDisputeDraft
from payments.statements import statements

sql = load(__package__)
PAGE_ROWS = 50
CSV_ROWS = 20_000
STATEMENTS, DISPUTES, UNPAID = 12, 20, 20
"""Shown above the lines: a year of months, and the newest of the others."""
STATES = ("", "pending", "posted", "voided")
KINDS = ("annotation", "review", "exam", "share", "bonus", "adjustment", "floor")
DONE = ("disputed", "withdrawn")
REJECTED = "rejected: "
LEAST_SECONDS = 30
"""Of less nobody makes an hourly rate of one task."""
HOUR = 3600
LONGEST_REASON = 2000
guards = [require(Permission.WORK)]


def _filter(query: Any) -> EarningsFilter:
    given = {name: query.get(name, "").strip() for name in EarningsFilter.__struct_fields__}
    kept = EarningsFilter(**given)
    kept.state = kept.state if kept.state in STATES else ""
    kept.work = kept.work if kept.work in KINDS else ""
    kept.project_id = kept.project_id if uuid_of(kept.project_id) else ""
    kept.since, kept.until = (text if _day(text) else "" for text in (kept.since, kept.until))
    return kept


def _day(text: str) -> datetime | None:
    """Its beginning, UTC."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) if text else None
    except ValueError:
        return None


async def _found(annotator_id: UUID, wish: EarningsFilter, limit: int, cursor: str | None) -> Earnings:
    last = _day(wish.until)
    return await earnings(
        annotator_id, limit=limit, cursor=cursor, state=wish.state or None, work=wish.work or None, project_id=uuid_of(wish.project_id),
        since=_day(wish.since), until=last and last + timedelta(days=1),
    )  # fmt: skip


async def earnings_view(
    annotator_id: UUID, wish: EarningsFilter, cursor: str | None, settings: Settings
) -> EarningsView:
    found = await _found(annotator_id, wish, PAGE_ROWS, cursor)
    more = await more_of(annotator_id, [line.seq for line in found.lines], settings)
    by_currency = {one.currency: one for one in await figures(annotator_id)}
    query = {name: value for name, value in msgspec.structs.asdict(wish).items() if value}
    return EarningsView(
        totals=[
            EarningTotals(
                pending=total.pending, posted=total.posted, today=total.today, paid=total.paid, figures=by_currency[total.currency]
            )
            for total in found.totals if total.currency in by_currency
        ],
        lines=await _lines(found, more),
        filter=wish,
        projects=[
            Option(value=str(row["id"]), label=row["name"])
            for row in await db.fetch(sql.projects_of_earner, annotator_id=annotator_id)
        ],
        statements=await statements(limit=STATEMENTS, annotator_id=annotator_id),
        disputes=(await disputes_of(PayDisputeFilters(annotator_id=annotator_id), limit=DISPUTES)).items,
        unpaid=await unpaid_work(annotator_id, settings, UNPAID),
        held_days=settings.pay_held_too_long_days,
        next_page=urlencode(query | {"cursor": found.next_cursor}) if found.next_cursor else "",
        query=urlencode(query),
    )  # fmt: skip


async def _lines(found: Earnings, more: dict[int, LineMore]) -> list[EarningLine]:
    rows = await db.fetch(sql.task_titles, ids=[line.task_id for line in found.lines if line.task_id is not None])
    titles = {row["id"]: row for row in rows}
    return [_line(line, titles.get(line.task_id), more.get(line.seq)) for line in found.lines]


def _line(line: EarningsLine, known: Any, more: LineMore | None) -> EarningLine:
    rejected = line.reason.startswith(REJECTED)
    level = known["difficulty_level"] if known else line.price_inputs.get("level")
    subject = line.task_id or line.exam_attempt_id or line.adjustment_id
    assert subject is not None
    return EarningLine(
        task=TaskFacts(
            id=subject, title=line.exam_name or (known and known["title"]) or line.external_id or "",
            project=line.project_name or "", kind=line.kind, domain=line.domain or "", language=line.language or "en",
            level=level or line.price_inputs.get("difficulty_band"), external_id=line.external_id,
        ),
        stage=line.kind,
        at=line.resolved_at or line.held_at,
        state=line.state,
        amount=line.amount,
        seq=line.seq,
        inputs=_priced(line),
        reason="rejected" if rejected else line.reason,
        items=line.reason.removeprefix(REJECTED).split("; ") if rejected else [],
        shared=line.shared,
        more=more,
        hourly=_hourly(line, more),
        exchange=line.price_inputs.get("exchange"),
    )  # fmt: skip


def _priced(line: EarningsLine) -> dict[str, Any]:
    """Nothing for a price that came from elsewhere than a rate card."""
    inputs = line.price_inputs
    currency = line.exchanged.currency if line.exchanged else line.amount.currency
    try:
        parse_amount(inputs["base"], currency)
    except (KeyError, Invalid):
        return {}
    return inputs if "difficulty_factor" in inputs else {}


def _hourly(line: EarningsLine, more: LineMore | None) -> Money | None:
    if line.state != "posted" or line.shared or more is None or more.active_seconds < LEAST_SECONDS:
        return None
    return Money(line.amount.micros * HOUR // more.active_seconds, line.amount.currency)


def _text(amount: Money) -> str:
    return amount_text(amount.micros)


async def _show(request: Call, problem: DomainError | None = None) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    query = request.query_params
    view = await earnings_view(annotator_id, _filter(query), query.get("cursor") or None, request.settings)
    done = query.get("done", "")
    view.done = done if done in DONE else ""
    view.problem = problem_view(problem, request) if problem else None
    return page(request, "earnings.html", view, status=problem.status if problem else 200)


@get("/earnings", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    return await _show(request)


@post("/earnings/dispute", guards=guards, include_in_schema=False, status_code=200)
async def dispute(request: Call) -> Response[str]:
    form = await Form.of(request)
    try:
        draft = await _draft(form)
        annotator_id = await worker(request.actor, None)
        async with db.transaction(request.actor.label):
            await pay_disputes.open_dispute(annotator_id, draft, request.settings)
    except DomainError as error:
        return await _show(request, error)
    return redirect(request, "/earnings?done=disputed")


async def _draft(form: Form) -> PayDisputeDraft:
    reason, wanted = form.text("reason", LONGEST_REASON).strip(), form.text("wanted", 30).strip().replace(",", ".")
    if not reason:
        raise ReasonMissing
    work, currency = form.text("work", 40), form.text("currency", 3)
    if bool(work) and uuid_of(work) is None:
        raise Invalid("The field work holds something that is no id.")
    return PayDisputeDraft(
        line=None if work else form.number("line"), assignment_id=uuid_of(work), reason=reason,
        wanted=parse_amount(wanted, currency) if wanted else None,
    )  # fmt: skip


@post("/earnings/disputes/{dispute_id:uuid}/withdraw", guards=guards, include_in_schema=False, status_code=200)
async def withdraw(request: Call, dispute_id: FromPath[UUID]) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    try:
        async with db.transaction(request.actor.label):
            await pay_disputes.withdraw(dispute_id, annotator_id)
    except DomainError as error:
        return await _show(request, error)
    return redirect(request, "/earnings?done=withdrawn")


@get("/earnings.csv", guards=guards, include_in_schema=False)
async def download(request: Call) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    found = await _found(annotator_id, _filter(request.query_params), CSV_ROWS, None)
    more = await more_of(annotator_id, [line.seq for line in found.lines], request.settings)
    head = [
        "task", "project", "work", "domain", "language", "state", "taken_at", "settled_at", "base", "difficulty_factor", "expert_factor",
        "class_factor", "language_factor", "minimum", "amount", "currency", "reason", "turns", "of_turns", "active_seconds",
        "accepted_by_itself_at", "dispute", "line",
    ]  # fmt: skip
    return csv_answer("earnings.csv", head, [_row(line, more.get(line.seq)) for line in found.lines])


def _row(line: EarningsLine, more: LineMore | None) -> list[str | int]:
    accepted = more.accepted_at if more else None
    return [
        line.external_id or line.exam_name or "", line.project_name or "", line.kind, line.domain or "", line.language or "", line.state,
        rfc3339(line.held_at), rfc3339(line.resolved_at) if line.resolved_at else "", str(line.price_inputs.get("base", "")),
        *(str(line.price_inputs.get(name, "")) for name in ("difficulty_factor", "expert_factor", "class_factor", "language_factor", "minimum")),
        _text(line.amount), line.amount.currency, line.reason, line.shared.turns if line.shared else "",
        line.shared.of if line.shared else "", more.active_seconds if more else "", rfc3339(accepted) if accepted else "",
        (more.dispute_state or "") if more else "", line.seq,
    ]  # fmt: skip


route_handlers = [show, dispute, withdraw, download]
