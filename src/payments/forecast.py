"""How long a budget lasts: what is left at the pace of the last week."""

from datetime import datetime
from uuid import UUID

import msgspec

from kernel import db
from kernel.money import Money
from kernel.sql import load
from payments.earnings import ProjectBudget, project_budget

sql = load(__package__)
DAYS = 7
"""Of which the pace is taken; fewer where the project is younger, at least one."""
LONGEST_DAYS = 3650
"""A budget that lasts longer has no date: the pace says nothing about ten years."""


class BudgetOutlook(msgspec.Struct, frozen=True):
    budget: ProjectBudget
    used_percent: int
    """Reserved and posted, of what was funded; rounded down."""
    warning: int | None
    """The highest threshold (`budget_warnings`) that is reached."""
    per_day: Money
    """Posted a day with its fees, over the last week."""
    runs_out_at: datetime | None
    """At this pace; none where nothing is spent, or not within ten years."""


def thresholds(text: str) -> list[int]:
    """Rising percentages of `80,95`."""
    return sorted(int(part) for part in text.split(","))


async def outlook(project_id: UUID, warnings: str) -> BudgetOutlook:
    """Raises `NoSuchProject`."""
    budget = await project_budget(project_id)
    row = await db.fetch_one(
        sql.budget_pace, project_id=project_id, days=DAYS, left=budget.left.micros, longest=LONGEST_DAYS
    )
    assert row is not None
    used, funded = budget.reserved.micros + budget.posted.micros + budget.fees.micros, budget.funded.micros
    percent = used * 100 // funded if funded else 0
    reached = [one for one in thresholds(warnings) if percent >= one]
    per_day = Money(row["per_day"], budget.left.currency)
    return BudgetOutlook(budget, percent, reached[-1] if reached else None, per_day, row["runs_out_at"])
