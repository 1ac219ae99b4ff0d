"""The floor's numbers, gathered from reports, ledger and feed; each part is one query or a few by project."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from callboard.access.actor import Actor
from callboard.access.permissions import Permission
from callboard.pages.facts import facts_of, stage_of, uuid_of
from callboard.pages.views import Option, TaskFacts
from callboard.pages.views_floor import (
    FloorEvent,
    FloorFilter,
    FloorView,
    Here,
    HereRow,
    Kpis,
    LiveRow,
    MatrixCell,
    MatrixRow,
    ProjectCost,
)
from kernel import clock, db
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load
from payments import budget_notices
from payments.earnings import cost_by, project_budget
from routing import reports
from routing.projects import ProjectView, projects
from routing.reports import FloorTotals, LiveHold, QueueCell
from routing.risk import risks

sql = load(__package__)
LIVE_ROWS = 200
HERE_ROWS = 60
EVENT_ROWS = 14
MINUTES = 60
COST_ROWS = 8
LEVELS = range(1, 6)
PRESENT = ("available", "busy", "break", "draining")
EVENT_KINDS = {
    "tasks.created": "created",
    "assignment.claimed": "claimed",
    "assignment.released": "released",
    "assignment.declined": "declined",
    "assignment.expired": "expired",
    "submission.created": "submitted",
    "verdict.given": "verdict",
    "accrual.posted": "paid",
    "assignment.extension_asked": "extension_asked",
    "assignment.extended": "extended",
    "task.trouble": "trouble",
    "task.reopened": "reopened",
    "tasks.cancelled": "cancelled",
    "task.expired": "expired",
    "budget.threshold": "budget_threshold",
    "pay_dispute.opened": "pay_disputed",
    "pay_dispute.overdue": "pay_dispute_overdue",
    "project.published": "published",
    "project.paused": "paused",
    "project.closed": "closed",
}
"""What of the feed is worth a line here, under the name that people use."""


async def floor_view(actor: Actor, wish: FloorFilter, settings: Settings) -> FloorView:
    known = await projects(limit=100)
    project_id = uuid_of(wish.project) if wish.project else None
    chosen = [one for one in known if project_id in (None, one.id)]
    cells = await reports.queue(project_id, actor.vendor_id)
    costs = await _costs(actor, chosen)
    live = await live_rows(actor, wish)
    return FloorView(
        filter=wish,
        projects=[Option(value=str(one.id), label=one.name) for one in known],
        domains=sorted({cell.domain for cell in cells}),
        kpis=await _kpis(cells, await reports.floor_totals(project_id, actor.vendor_id), costs, actor, project_id),
        matrix=_matrix(cells, wish.domain),
        live=live,
        live_total=len(live),
        per_minute=[minute.submitted for minute in await reports.throughput(MINUTES, project_id, actor.vendor_id)],
        costs=costs[:COST_ROWS],
        events=await _events(actor, project_id),
        here=await _here(actor, wish, settings),
        risks=await risks(settings, project_id) if actor.sees_everybody else [],
        budgets=await budget_notices.reached(settings, [one.id for one in chosen])
        if actor.may(Permission.MONEY_WRITE)
        else [],
    )


async def _here(actor: Actor, wish: FloorFilter, settings: Settings) -> Here:
    who = {"idle_minutes": settings.presence_idle_minutes, "vendor_id": actor.vendor_id}
    counts = {row["state"]: row["people"] for row in await db.fetch(sql.count_present, **who)}
    state = wish.presence if wish.presence in PRESENT else None
    rows = await db.fetch_as(HereRow, sql.list_present, **who, state=state, limit=HERE_ROWS)
    return Here(counts={name: counts.get(name, 0) for name in PRESENT}, rows=rows)


def _cell(cells: Iterable[QueueCell]) -> MatrixCell:
    found = MatrixCell()
    for cell in cells:
        found.waiting += cell.waiting
        found.live += cell.in_work
        found.in_review += cell.review_waiting + cell.in_review
        found.accepted += cell.accepted
        if cell.waiting or cell.review_waiting:
            found.oldest_seconds = max(found.oldest_seconds or 0, cell.oldest_seconds)
    return found


def _matrix(cells: list[QueueCell], domain: str) -> list[MatrixRow]:
    rows = []
    for name in sorted(
        {cell.domain for cell in cells} if not domain else {domain}, key=lambda code: (code != "general", code)
    ):
        mine = [cell for cell in cells if cell.domain == name]
        by_level = [_cell(cell for cell in mine if cell.difficulty_band == level) for level in LEVELS]
        rows.append(MatrixRow(domain=name, cells=by_level, total=_cell(mine)))
    return rows


async def _kpis(
    cells: list[QueueCell], totals: FloorTotals, costs: list[ProjectCost], actor: Actor, project_id: UUID | None
) -> Kpis:
    judged = totals.accepted_today + totals.rejected_today + totals.reworked_today
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spent = await cost_by(
        project_ids=None if project_id is None else [project_id], vendor_id=actor.vendor_id, since=today
    )
    return Kpis(
        waiting=sum(cell.waiting for cell in cells),
        live=sum(cell.in_work for cell in cells),
        in_review=sum(cell.review_waiting + cell.in_review for cell in cells),
        accepted_today=totals.accepted_today,
        rejected_share=totals.rejected_today / judged if judged else None,
        spent_today=by_currency(line.posted + line.fees for line in spent),
        committed=by_currency(cost.reserved for cost in costs),
        budget_left=by_currency(cost.budget - cost.posted - cost.reserved for cost in costs if cost.budget),
    )


def by_currency(amounts: Iterable[Money]) -> list[Money]:
    sums: Counter[str] = Counter()
    for amount in amounts:
        sums[amount.currency] += amount.micros
    return [Money(micros, currency) for currency, micros in sorted(sums.items()) if micros]


async def _costs(actor: Actor, chosen: list[ProjectView]) -> list[ProjectCost]:
    """Budgets are for those who set them; a vendor's manager sees what the vendor's people earned."""
    ids = [one.id for one in chosen]
    accepted = {row["project_id"]: row["accepted"] for row in await db.fetch(sql.accepted_per_project, project_ids=ids)}
    if not actor.may(Permission.MONEY_WRITE):
        return await _vendor_costs(actor, ids)
    found = []
    for one in chosen:
        budget = await project_budget(one.id)
        found.append(
            ProjectCost(
                project_id=one.id, project=one.name, budget=budget.funded if budget.funded.micros else None,
                reserved=budget.reserved, posted=budget.posted + budget.fees, accepted=accepted.get(one.id, 0),
            )
        )  # fmt: skip
    return sorted(found, key=lambda cost: -cost.posted.micros)


async def _vendor_costs(actor: Actor, project_ids: list[UUID]) -> list[ProjectCost]:
    sums: dict[tuple[UUID, str], ProjectCost] = {}
    for line in await cost_by(project_ids=project_ids, vendor_id=actor.vendor_id):
        key = (line.project_id, line.posted.currency)
        nothing = Money(0, line.posted.currency)
        cost = sums.setdefault(
            key,
            ProjectCost(
                project_id=line.project_id,
                project=line.project_name,
                budget=None,
                reserved=nothing,
                posted=nothing,
                accepted=0,
            ),
        )
        cost.posted, cost.reserved = cost.posted + line.posted, cost.reserved + line.pending
        cost.accepted += line.items
    return sorted(sums.values(), key=lambda cost: -cost.posted.micros)


async def live_rows(actor: Actor, wish: FloorFilter) -> list[LiveRow]:
    rows = await reports.live_holds(
        project_id=uuid_of(wish.project) if wish.project else None, vendor_id=actor.vendor_id, domain=wish.domain or None,
        kind=None if not wish.stage else "review" if wish.stage == "review" else "annotation", limit=LIVE_ROWS,
    )  # fmt: skip
    found = [_live(row) for row in rows]
    found = [row for row in found if wish.stage in ("", row.stage)]
    key = SORTS.get(wish.sort, SORTS["lease"])
    return sorted(found, key=key, reverse=wish.direction == "desc")


SORTS: dict[str, Any] = {
    "person": lambda row: row.person.casefold(),
    "task": lambda row: row.task.title.casefold(),
    "stage": lambda row: row.stage,
    "domain": lambda row: (row.task.domain, row.task.level or 0),
    "since": lambda row: row.since,
    "active": lambda row: row.active_seconds,
    "lease": lambda row: row.lease_until,
    "price": lambda row: (row.price.currency, row.price.micros),
}


def _live(row: LiveHold) -> LiveRow:
    return LiveRow(
        assignment_id=row.id, person=row.annotator, vendor=row.vendor, task=facts_of(row, row.title or row.external_id),
        stage=stage_of(row.kind, row.rework_rounds), since=row.claimed_at, lease_until=row.lease_until,
        active_seconds=row.active_seconds, price=Money(row.price_micros, row.currency),
    )  # fmt: skip


async def _events(actor: Actor, project_id: UUID | None) -> list[FloorEvent]:
    rows = await db.fetch(
        sql.recent_events, types=list(EVENT_KINDS), project_id=project_id, vendor_id=actor.vendor_id, limit=EVENT_ROWS
    )
    return [_event(row) for row in rows]


def _event(row: Any) -> FloorEvent:
    data, task = row["data"], None
    if row["task_id"] is not None:
        task = TaskFacts(
            id=row["task_id"], title=row["title"] or row["external_id"], project=row["project_name"] or "", kind="dialogue",
            domain=row["domain"], language=row["language"], level=row["difficulty_level"], external_id=row["external_id"],
        )  # fmt: skip
    kind, person = EVENT_KINDS[row["type"]], row["person"]
    if kind == "verdict":
        kind = str(data.get("outcome", kind))
    if kind == "claimed" and data.get("kind") == "review":
        kind = "review"
    count = data.get("count")
    return FloorEvent(
        at=row["occurred_at"], kind=kind, person=person, task=task, project=None if task else row["project_name"],
        count=count if isinstance(count, int) else None,
    )  # fmt: skip
