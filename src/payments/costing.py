"""What work costs, by what one likes, down to one accepted task: all pay of a stretch of time ÷ the tasks accepted in it.

All pay: annotations, every stage of review also of work that was rejected, adjudications, second looks, exams, bonuses,
adjustments (deductions take off), top-ups to the floor, and the fees beside it. Shares of pay move money between people
and cost nothing; what is converted counts once, in the project's currency; gold is paid and is no accepted task. Money counts when it was posted, a
task when it was accepted; so over a short time cost may stand in one row and its task in the next.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from kernel import db
from kernel.errors import Invalid
from kernel.money import Money
from kernel.sql import load

sql = load(__package__)
Dimension = Literal["project", "domain", "difficulty", "stage", "week", "month", "period"]
Sort = Literal["cost", "items", "per_item", "margin", "name"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
SPANS = {"week", "month", "period"}
MOST_DIMENSIONS, MOST_CELLS = 4, 5000
PER_ITEM_MICROS = 100
"""What a quotient is rounded to: smaller parts of a coin tell nothing."""


class CostFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is given must hold."""

    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    project_id: UUID | None = None
    domain: str | None = None
    difficulty: int | None = None
    stage: str | None = None
    """As in `CostCell.stage`; the accepted tasks stay those of all stages."""
    vendor_id: UUID | None = None
    """Only the work of this vendor's people; then nothing is said of tasks, fees, bills and margins."""


class CostCell(msgspec.Struct, frozen=True, kw_only=True):
    project_id: UUID | None
    project: str | None
    domain: str | None
    """Empty for pay that belongs to no task."""
    difficulty: int | None
    """Band of the task's lane."""
    stage: str | None
    """`annotation`, `review:1` to `review:5`, `adjudication`, `second_look`, `fee`, `exam`, `bonus`, `adjustment`, `floor`."""
    span: date | None
    """First day (UTC) of the week, month or pay period."""
    cost: Money
    lines: int
    items: int | None
    """Tasks accepted; of a stage those of all stages beside it."""
    per_item: Money | None
    """Rounded down to a ten-thousandth; none without an accepted task."""
    billed: Money | None
    """By the bill rates of the cards under which the work was done; none where no line has one."""
    unbilled: int
    """Pieces of work whose card has no bill rate: the margin is less sure by so many."""
    margin: Money | None
    margin_share: float | None
    """Of what is billed."""


async def costs(by: Sequence[Dimension], wanted: CostFilter, sort: str = "-cost") -> list[CostCell]:
    """One cell per combination, and currency; without dimensions one per currency. Raises `Invalid`."""
    if len(set(by)) != len(by) or len(by) > MOST_DIMENSIONS or len(SPANS.intersection(by)) > 1:
        raise Invalid(f"At most {MOST_DIMENSIONS} dimensions, each once, and one of time.")
    rows = await db.fetch(sql.costs, by=list(by), limit=MOST_CELLS, **msgspec.structs.asdict(wanted))
    return ordered([_cell(row, of_vendor=wanted.vendor_id is not None) for row in rows], sort)


def ordered(cells: Sequence[CostCell], sort: str) -> list[CostCell]:
    """`cost`, or `-cost` from the top down; what has no value comes last either way. Raises `Invalid`."""
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    if name not in get_args(Sort):
        raise Invalid(f"Costs are sorted by {', '.join(get_args(Sort))}, each also with a minus.")
    known = [cell for cell in cells if _rank(cell, name) is not None]
    rest = [cell for cell in cells if _rank(cell, name) is None]
    return sorted(sorted(known, key=_name), key=lambda cell: _rank(cell, name), reverse=falling) + sorted(
        rest, key=_name
    )


def _name(cell: CostCell) -> tuple[str, str, int, str, str, str]:
    return (
        str(cell.span or ""), cell.project or "", cell.difficulty or 0, cell.domain or "", cell.stage or "", cell.cost.currency,
    )  # fmt: skip


def _rank(cell: CostCell, name: str) -> Any:
    if name == "name":
        return _name(cell)
    value = getattr(cell, name)
    return value.micros if isinstance(value, Money) else value


def _cell(row: Any, *, of_vendor: bool) -> CostCell:
    currency, items = row["currency"], None if of_vendor else row["items"]
    cost = Money(row["micros"], currency)
    billed = None if of_vendor or row["billed"] is None else Money(row["billed"], currency)
    margin = None if billed is None else billed - cost
    return CostCell(
        project_id=UUID(row["project_id"]) if row["project_id"] else None, project=row["project"], domain=row["domain"], difficulty=row["difficulty"],
        stage=row["stage"], span=date.fromisoformat(row["span"]) if row["span"] else None, cost=cost, lines=row["lines"], items=items,
        per_item=Money(cost.micros // items // PER_ITEM_MICROS * PER_ITEM_MICROS, currency) if items else None, billed=billed, unbilled=0 if of_vendor else row["unbilled"], margin=margin,
        margin_share=None if margin is None or billed is None or not billed.micros else round(margin.micros / billed.micros, 4),
    )  # fmt: skip
