"""What work costs on screen: cut by project, domain, difficulty, stage and time, down to one accepted task."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.reports import COST_SPAN, read_dimensions
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.frame import page
from callboard.pages.views import Option
from callboard.pages.views_pay import CostsPage
from kernel import clock, db
from kernel.money import Money, amount_text
from kernel.sql import load
from payments import costing
from payments.costing import CostCell, CostFilter
from skills.registry import domain_codes

sql = load("callboard.pages")
READ = Permission.MONEY_WRITE
FIELDS = ("by", "project_id", "domain", "difficulty", "stage", "since", "until", "sort")
CUTS = (
    "project", "domain", "difficulty", "stage", "period", "week", "month", "project,stage", "project,domain", "domain,difficulty",
    "project,period", "project,domain,difficulty,stage",
)  # fmt: skip
TREND = timedelta(weeks=12)
LONGEST_FIELD = 60


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _values(request: Call) -> dict[str, str]:
    """What does not fit is as if it had not been given: the form shows what counts."""
    given = {name: request.query_params.get(name, "")[:LONGEST_FIELD] for name in FIELDS}
    today = clock.now().date()
    kept = {
        "by": given["by"] if given["by"] in CUTS else "project",
        "difficulty": given["difficulty"] if given["difficulty"] in set("12345") else "",
        "since": (_day(given["since"]) or today - COST_SPAN).isoformat(),
        "until": (_day(given["until"]) or today).isoformat(),
        "sort": given["sort"]
        if given["sort"].removeprefix("-") in {"cost", "items", "per_item", "margin", "name"}
        else "-cost",
    }
    return given | kept


def _wanted(values: dict[str, str]) -> CostFilter:
    try:
        project_id = UUID(values["project_id"])
    except ValueError:
        project_id = None
    since, until = date.fromisoformat(values["since"]), date.fromisoformat(values["until"])
    return CostFilter(
        since=datetime(since.year, since.month, since.day, tzinfo=UTC),
        until=datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1),
        project_id=project_id, domain=values["domain"] or None, difficulty=int(values["difficulty"]) if values["difficulty"] else None,
        stage=values["stage"] or None,
    )  # fmt: skip


def _trend(cells: list[CostCell], currency: str) -> list[CostCell]:
    return sorted((cell for cell in cells if cell.cost.currency == currency), key=lambda cell: str(cell.span))


@get("/payroll/costs", guards=[require(READ)], include_in_schema=False)
async def show(request: Call) -> Response[str]:
    values = _values(request)
    wanted = _wanted(values)
    totals = await costing.costs([], wanted)
    assert wanted.until is not None
    before = CostFilter(
        since=wanted.until - TREND, until=wanted.until, project_id=wanted.project_id, domain=wanted.domain, difficulty=wanted.difficulty,
        stage=wanted.stage,
    )  # fmt: skip
    weeks = await costing.costs(["week"], before, "name")
    projects = await db.fetch(sql.projects_with_cost)
    view = CostsPage(
        rows=await costing.costs(read_dimensions(values["by"]), wanted, values["sort"]), totals=totals, values=values, cuts=list(CUTS),
        trend=_trend(weeks, totals[0].cost.currency) if totals else [], domains=sorted(await domain_codes()),
        projects=[Option(value=str(row["id"]), label=row["name"]) for row in projects],
        query=urlencode({name: value for name, value in values.items() if value and name != "sort"}),
    )  # fmt: skip
    return page(request, "costs.html", view)


@get("/payroll/costs.csv", guards=[require(READ)], include_in_schema=False)
async def table(request: Call) -> Response[str]:
    values = _values(request)
    cells = await costing.costs(read_dimensions(values["by"]), _wanted(values), values["sort"])
    head = ["from", "to", "project", "domain", "difficulty", "stage", "begins", "currency", "cost", "lines", "accepted_tasks", "cost_per_accepted_task", "billed", "margin", "margin_share", "without_bill_rate"]  # fmt: skip
    rows = [
        [
            values["since"], values["until"], cell.project or "", cell.domain or "", cell.difficulty or "", cell.stage or "", str(cell.span or ""),
            cell.cost.currency, _text(cell.cost), cell.lines, "" if cell.items is None else cell.items, _text(cell.per_item), _text(cell.billed),
            _text(cell.margin), "" if cell.margin_share is None else cell.margin_share, cell.unbilled,
        ]
        for cell in cells
    ]  # fmt: skip
    return csv_answer(f"costs-{values['since']}-{values['until']}.csv", head, rows)


def _text(amount: Money | None) -> str:
    return "" if amount is None else amount_text(amount.micros)


route_handlers = [show, table]
