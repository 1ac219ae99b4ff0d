"""What the page of earnings shows."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from callboard.pages.views import Option, Problem, TaskFacts
from kernel.money import Money
from payments.earnings import Shared
from payments.earnings_more import Figures, LineMore, UnpaidWork
from payments.pay_dispute_views import PayDisputeView
from payments.statements import StatementView


class EarningLine(Struct, kw_only=True):
    """`state` is pending, posted or voided; `stage` annotation, review or exam."""

    task: TaskFacts
    """Of an exam: its name, domain and level."""
    stage: str
    at: datetime
    state: str
    amount: Money
    seq: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    """Of the price; of one by messages and time with what was counted."""
    reason: str = ""
    items: list[str] = field(default_factory=list)
    """Rubric items of a rejection."""
    shared: Shared | None = None
    more: LineMore | None = None
    hourly: Money | None = None
    """What was earned by an active hour of this work."""
    exchange: dict[str, Any] | None = None
    """By which rate the project's currency became this one."""


class EarningTotals(Struct, kw_only=True):
    """Of one currency."""

    pending: Money
    posted: Money
    today: Money
    paid: Money
    figures: Figures


class EarningsFilter(Struct, kw_only=True):
    """As in the address; what cannot be read is left out."""

    state: str = ""
    work: str = ""
    project_id: str = ""
    since: str = ""
    """A day, UTC."""
    until: str = ""
    """The last day that is shown."""


class EarningsView(Struct, kw_only=True):
    totals: list[EarningTotals]
    lines: list[EarningLine]
    filter: EarningsFilter = field(default_factory=EarningsFilter)
    projects: list[Option] = field(default_factory=list)
    """In which the person has earned something."""
    next_page: str = ""
    """Query of the older lines; empty at the end."""
    query: str = ""
    """Of the filters, for the file."""
    statements: list[StatementView] = field(default_factory=list)
    disputes: list[PayDisputeView] = field(default_factory=list)
    """Open ones by their date, then the others, newest first."""
    unpaid: list[UnpaidWork] = field(default_factory=list)
    held_days: int = 7
    done: str = ""
    problem: Problem | None = None
