"""What somebody earned: totals, and every line with how it was reckoned."""

from typing import Any
from uuid import UUID

from litestar import Response, get

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.access.visibility import worker
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.frame import page
from callboard.pages.views import TaskFacts
from callboard.pages.views_earnings import Basis, EarningLine, EarningsView, EarningTotals
from kernel import db
from kernel.clock import rfc3339
from kernel.errors import Invalid
from kernel.money import Money, amount_text, parse_amount
from kernel.sql import load
from payments.earnings import Earnings, EarningsLine, earnings
from payments.statements import statements

sql = load(__package__)
PAGE_ROWS = 50
CSV_ROWS = 20_000
STATEMENTS = 12
"""Shown above the lines: a year of months."""
STATES = ("", "pending", "posted", "voided")
REJECTED = "rejected: "
guards = [require(Permission.WORK)]


async def earnings_view(annotator_id: UUID, state: str, cursor: str | None) -> EarningsView:
    found = await earnings(annotator_id, limit=PAGE_ROWS, cursor=cursor, state=state or None)
    return EarningsView(
        totals=[
            EarningTotals(pending=total.pending, posted=total.posted, today=total.today, week=total.this_week)
            for total in found.totals
        ],
        lines=await _lines(found),
        statements=await statements(limit=STATEMENTS, annotator_id=annotator_id),
        state=state,
        next_cursor=found.next_cursor,
    )


async def _lines(found: Earnings) -> list[EarningLine]:
    rows = await db.fetch(sql.task_titles, ids=[line.task_id for line in found.lines if line.task_id is not None])
    titles = {row["id"]: row for row in rows}
    return [_line(line, titles.get(line.task_id)) for line in found.lines]


def _line(line: EarningsLine, known: Any) -> EarningLine:
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
        basis=_basis(line),
        reason="rejected" if rejected else line.reason,
        items=line.reason.removeprefix(REJECTED).split("; ") if rejected else [],
        shared=line.shared,
        exchange=line.price_inputs.get("exchange"),
    )  # fmt: skip


def _basis(line: EarningsLine) -> Basis | None:
    """None for a price that came from elsewhere than a rate card."""
    inputs = line.price_inputs
    currency = line.exchanged.currency if line.exchanged else line.amount.currency
    try:
        return Basis(
            base=parse_amount(inputs["base"], currency), difficulty_factor=inputs["difficulty_factor"],
            expert_factor=inputs["expert_factor"], level=inputs["difficulty_band"], asked_level=inputs.get("asked_level", 1),
            class_factor=inputs.get("class_factor", "1"), language_factor=inputs.get("language_factor", "1"),
            minimum=parse_amount(inputs["minimum"], currency) if "minimum" in inputs else None,
            inputs=inputs,
        )  # fmt: skip
    except (KeyError, Invalid):
        return None


def _text(amount: Money) -> str:
    return amount_text(amount.micros)


@get("/earnings", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    state = request.query_params.get("state", "")
    view = await earnings_view(
        annotator_id, state if state in STATES else "", request.query_params.get("cursor") or None
    )
    return page(request, "earnings.html", view)


@get("/earnings.csv", guards=guards, include_in_schema=False)
async def download(request: Call) -> Response[str]:
    annotator_id = await worker(request.actor, None)
    found = await earnings(annotator_id, limit=CSV_ROWS)
    head = ["task", "project", "work", "domain", "language", "state", "taken_at", "settled_at", "base", "difficulty_factor", "expert_factor", "class_factor", "language_factor", "minimum", "amount", "currency", "reason", "turns", "of_turns"]  # fmt: skip
    rows = [
        [
            line.external_id or line.exam_name or "", line.project_name or "", line.kind, line.domain or "", line.language or "", line.state,
            rfc3339(line.held_at), rfc3339(line.resolved_at) if line.resolved_at else "", str(line.price_inputs.get("base", "")),
            *(str(line.price_inputs.get(name, "")) for name in ("difficulty_factor", "expert_factor", "class_factor", "language_factor", "minimum")),
            _text(line.amount), line.amount.currency, line.reason, line.shared.turns if line.shared else "",
            line.shared.of if line.shared else "",
        ]
        for line in found.lines
    ]  # fmt: skip
    return csv_answer("earnings.csv", head, rows)


route_handlers = [show, download]
