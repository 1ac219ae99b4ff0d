"""How good the work is, for managers: of one project as a tab, or over all of them; every figure leads to the works behind it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.quality import filter_of, page_of
from callboard.api.request import Call
from callboard.pages.csv_file import csv_answer
from callboard.pages.facts import uuid_of
from callboard.pages.frame import page
from callboard.pages.projects import READ, head_of
from callboard.pages.views import Option
from callboard.pages.views_projects import ProjectHead
from callboard.pages.views_quality import SORTS, USUAL, Gate, Line, QualityPage, QualityWish, RuleLine, Table, WorksPage
from kernel import clock, db
from kernel.errors import Invalid
from kernel.money import Money, amount_text
from routing import promises, quality, review_plans, verdict_items
from routing.quality import WHATS, QualityFigures, QualityFilter, WorksWish

SEE = [require(Permission.REPORTS_READ)]
ProjectId = FromPath[UUID]
WEEKS = {"4", "12", "26", "52"}
LONGEST = 80
PAGE_ROWS, SHOWN = 50, 25
MORE, MORE_OVER_ALL = ("agreement", "gold"), ("reviewers",)
"""Pages of a project, and over all, that say more about quality: linked where the site has them."""
TABLES = ("person", "domain", "stage", "week")
BIGGEST_STAGE = 20
COUNTS = (
    "pieces", "looked", "judged", "first_judged", "first_pass", "accepted", "fixed", "reworked", "rejected", "counted", "unseen", "rounds",
    "looks", "overturned", "review_seconds",
)  # fmt: skip
COLUMNS = [*COUNTS[:-1], "review_seconds", "review_cost", "work_price", "currency"]


def wish_of(request: Call) -> QualityWish:
    """An address that somebody changed by hand says nothing where it makes no sense."""
    given = {name: request.query_params.get(name, "")[:LONGEST].strip() for name in QualityWish.__struct_fields__}
    wish = QualityWish(**given)
    days = _day(wish.from_day), _day(wish.to_day)
    wish.weeks = "days" if wish.weeks == "days" and all(days) else wish.weeks if wish.weeks in WEEKS else USUAL
    if wish.weeks != "days":
        wish.from_day = wish.to_day = ""
    wish.person, wish.vendor = str(uuid_of(wish.person) or ""), str(uuid_of(wish.vendor) or "")
    whole = wish.stage.isascii() and wish.stage.isdigit() and len(wish.stage) < len("100")
    wish.stage = wish.stage if whole and 1 <= int(wish.stage) <= BIGGEST_STAGE else ""
    wish.what = wish.what if wish.what in WHATS else ""
    wish.sort = wish.sort if wish.sort.removeprefix("-") in SORTS else ""
    return wish


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def wanted_of(request: Call, wish: QualityWish, project_id: UUID | None) -> QualityFilter:
    today = clock.now().date()
    if wish.weeks == "days":
        first, last = _day(wish.from_day), _day(wish.to_day)
    else:
        # Whole weeks: the first bar is no shorter than the others.
        first, last = today - timedelta(days=today.weekday() + 7 * (int(wish.weeks) - 1)), today
    more: dict[str, Any] = {
        "domain": wish.domain or None, "kind": wish.kind or None, "annotator_id": uuid_of(wish.person), "vendor_id": uuid_of(wish.vendor),
        "stage": int(wish.stage) if wish.stage else None,
    }  # fmt: skip
    try:
        return filter_of(request.actor, project_id, first, last, **more)
    except Invalid:
        wish.weeks, wish.from_day, wish.to_day = USUAL, "", ""
        return filter_of(request.actor, project_id, None, None, **more)


NARROWS = {"domain": "domain", "person": "person", "stage": "stage"}


def line_of(rows: list[QualityFigures], by: str) -> Line:
    """Of one group, a row for each currency."""
    row = added(rows)
    narrows = {NARROWS[by]: row.key} if by in NARROWS else {}
    week = None
    if by == "week":
        week = date.fromisoformat(row.key)
        narrows = {"weeks": "days", "from_day": row.key, "to_day": (week + timedelta(days=6)).isoformat()}
    costs = [Money(one.review_micros, one.currency) for one in rows if one.review_micros] or [Money(0, row.currency)]
    return Line(row=row, name=row.name or row.key, costs=costs, narrows=narrows, week=week)


def lines_of(rows: list[QualityFigures], by: str) -> list[Line]:
    groups: dict[str, list[QualityFigures]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    lines = [line_of(group, by) for group in groups.values()]
    return sorted(lines, key=lambda line: -line.row.pieces)


def added(rows: list[QualityFigures]) -> QualityFigures:
    """Counts of all currencies; what is added up of money means something only where there is one."""
    sums = {name: sum(getattr(row, name) for row in rows) for name in (*COUNTS, "review_micros", "work_micros")}
    return QualityFigures(key=rows[0].key, name=rows[0].name, currency=rows[0].currency, **sums)


KEYS: dict[str, Callable[[Line], Any]] = {
    "key": lambda line: line.row.key if line.week else line.name.casefold(),
    "pieces": lambda line: -line.row.pieces, "first_pass": lambda line: -(-1.0 if line.first_pass is None else line.first_pass),
    "defects": lambda line: -(-1.0 if line.defects is None else line.defects), "rounds": lambda line: -(line.rounds or 0.0),
    "looked": lambda line: -line.looked, "cost": lambda line: -line.row.review_micros,
}  # fmt: skip


def ordered(lines: list[Line], sort: str) -> list[Line]:
    """As they came without a wish: most pieces first, weeks and stages in their order."""
    key = KEYS.get(sort.removeprefix("-"))
    return lines if key is None else sorted(lines, key=key, reverse=sort.startswith("-"))


def _weeks(wanted: QualityFilter, rows: list[QualityFigures]) -> list[Line]:
    """Weeks in which nothing was handed in stand there, too: a quiet week looks quiet."""
    found = {line.row.key: line for line in lines_of(rows, "week")}
    monday = wanted.from_day - timedelta(days=wanted.from_day.weekday())
    empty = dict.fromkeys((*COUNTS, "review_micros", "work_micros"), 0)
    lines = []
    while monday <= wanted.to_day:
        key = monday.isoformat()
        nothing = QualityFigures(key=key, name=None, currency="USD", **empty)
        lines.append(found[key] if key in found else line_of([nothing], "week"))
        monday += timedelta(days=7)
    return lines


async def _rules(wanted: QualityFilter, found: list[quality.QualityItemCount], projects: list[UUID]) -> list[RuleLine]:
    """By the names that projects gave their rules; where several did, by the first's."""
    own: verdict_items.Named = {}
    for one in [wanted.project_id] if wanted.project_id else projects[:20]:
        own = await verdict_items.of_rubric(one, {}) | own
    most = max((one.pieces for one in found), default=1)
    return [
        RuleLine(code=one.key, words=own.get(one.key, {}), pieces=one.pieces, share=one.pieces / most) for one in found
    ]


async def _stages(project_id: UUID | None, known: int) -> list[Option]:
    """By the names of the plan in force."""
    names = [] if project_id is None else [one.name for one in (await review_plans.plan_of(project_id, 1)).stages]
    return [
        Option(value=str(n), label=names[n - 1] if n <= len(names) else "")
        for n in range(1, max(known, len(names)) + 1)
    ]


async def _gates(wish: QualityWish) -> list[Gate]:
    """Filters that no select shows: the person whose line was pressed."""
    name = (
        await db.fetch_value("SELECT display_name FROM annotator WHERE id = :id", id=UUID(wish.person))
        if wish.person
        else None
    )
    return [Gate(name="person", value=wish.person, label=name or "?")] if wish.person else []


def _more(request: Call, project_id: UUID | None) -> list[Option]:
    routes = request.app.route_handler_method_map
    if project_id is None:
        return [Option(value=f"/{name}", label=name) for name in MORE_OVER_ALL if f"/{name}" in routes]
    return [
        Option(value=f"/projects/{project_id}/{name}", label=name)
        for name in MORE
        if f"/projects/{{project_id:uuid}}/{name}" in routes
    ]


def _base(project_id: UUID | None) -> str:
    return "/quality" if project_id is None else f"/projects/{project_id}/quality"


async def _view(request: Call, project_id: UUID | None, head: ProjectHead | None) -> QualityPage:
    wish = wish_of(request)
    wanted = wanted_of(request, wish, project_id)
    told = await quality.report(wanted)
    choices = await quality.choices(wanted)
    stages = await _stages(project_id, choices.stages)
    by_stage = sorted(lines_of(told.by_stage, "stage"), key=lambda line: int(line.row.key))
    for line in by_stage:
        line.name = next((one.label for one in stages if one.value == line.row.key), "")
    weeks = _weeks(wanted, told.by_week)
    groups = {
        "project": lines_of(told.by_project, "project"), "person": lines_of(told.by_person, "person"),
        "domain": lines_of(told.by_domain, "domain"), "stage": by_stage, "week": [line for line in weeks if line.row.pieces],
    }  # fmt: skip
    folded = told.folded_at
    return QualityPage(
        base=_base(project_id), head=head, filter=wish, first=wanted.from_day, last=wanted.to_day,
        costs=[Money(row.review_micros, row.currency) for row in told.totals], all=added(told.totals) if told.totals else None, outgoing=told.outgoing,
        promises=[] if project_id is None else await promises.promises(project_id), now=told.now, weeks=weeks,
        tables=[
            Table(by=by, lines=ordered(lines, wish.sort)[:SHOWN], shown=len(lines)) for by, lines in groups.items()
            if lines and (by != "stage" or len(lines) > 1)
        ],
        rules=await _rules(wanted, told.by_item, [UUID(row.key) for row in told.by_project]),
        domains=choices.domains, kinds=choices.kinds, stages=stages,
        vendors=[] if request.actor.vendor_id else [Option(value=one["value"], label=one["label"]) for one in choices.vendors],
        gates=await _gates(wish), folded_seconds=None if folded is None else int((clock.now() - folded).total_seconds()),
        opens_tasks=request.actor.may(Permission.TASKS_LIST), more=_more(request, project_id),
    )  # fmt: skip


@get("/projects/{project_id:uuid}/quality", guards=READ, include_in_schema=False)
async def of_project(request: Call, project_id: ProjectId) -> Response[str]:
    head = await head_of(request, project_id, "quality")
    return page(request, "quality.html", await _view(request, project_id, head))


@get("/quality", guards=SEE, include_in_schema=False)
async def of_all(request: Call) -> Response[str]:
    return page(request, "quality.html", await _view(request, None, None))


async def _works(request: Call, project_id: UUID | None, head: ProjectHead | None) -> Response[str]:
    wish = wish_of(request)
    wanted = wanted_of(request, wish, project_id)
    cursor = request.query_params.get("cursor") or None
    found = await page_of(wanted, WorksWish(what=wish.what, item=wish.item or None), cursor, PAGE_ROWS)
    items = [quality.QualityItemCount(wish.item, 1)] if wish.item else []
    rules = await _rules(wanted, items, [])
    view = WorksPage(
        base=_base(project_id), head=head, filter=wish, first=wanted.from_day, last=wanted.to_day, rows=found.items,
        gates=await _gates(wish), rule=rules[0] if rules else None, opens_tasks=request.actor.may(Permission.TASKS_LIST),
        next_cursor=found.next_cursor,
    )  # fmt: skip
    return page(request, "quality/works.html", view)


@get("/projects/{project_id:uuid}/quality/works", guards=READ, include_in_schema=False)
async def works_of_project(request: Call, project_id: ProjectId) -> Response[str]:
    return await _works(request, project_id, await head_of(request, project_id, "quality"))


@get("/quality/works", guards=SEE, include_in_schema=False)
async def works_of_all(request: Call) -> Response[str]:
    return await _works(request, None, None)


async def _csv(request: Call, project_id: UUID | None) -> Response[str]:
    """One of the tables, whole; `by` says which."""
    wish = wish_of(request)
    wanted = wanted_of(request, wish, project_id)
    by = request.query_params.get("by", "")
    if by == "item":
        lines: list[list[str | float]] = [[one.key, one.pieces] for one in await quality.items(wanted)]
        return csv_answer("quality-rules.csv", ["rule", "pieces"], lines)
    known = by if by in {*TABLES, "project", "vendor", "kind"} else "person"
    rows = await quality.rows_by(wanted, known, limit=10_000)  # type: ignore[arg-type]
    table = [
        [row.key, row.name or "", *(getattr(row, name) for name in COUNTS), amount_text(row.review_micros), amount_text(row.work_micros), row.currency]
        for row in rows
    ]  # fmt: skip
    return csv_answer(f"quality-{known}.csv", [known, "name", *COLUMNS], table)


@get("/projects/{project_id:uuid}/quality/export.csv", guards=READ, include_in_schema=False)
async def csv_of_project(request: Call, project_id: ProjectId) -> Response[str]:
    await head_of(request, project_id, "quality")
    return await _csv(request, project_id)


@get("/quality/export.csv", guards=SEE, include_in_schema=False)
async def csv_of_all(request: Call) -> Response[str]:
    return await _csv(request, None)


route_handlers = [of_project, of_all, works_of_project, works_of_all, csv_of_project, csv_of_all]
