"""What the page of earnings shows."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from callboard.pages.views import TaskFacts
from kernel.money import Money
from payments.earnings import Shared
from payments.statements import StatementView


class Basis(Struct, kw_only=True):
    """How a price came about: base × the factors of difficulty, expert, skill and language. Factors as decimal text."""

    base: Money
    difficulty_factor: str
    expert_factor: str
    level: int
    asked_level: int = 1
    class_factor: str = "1"
    language_factor: str = "1"
    minimum: Money | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    """All of them; of a price by messages and time with what was counted."""


class EarningLine(Struct, kw_only=True):
    """`state` is pending, posted or voided; `stage` annotation, review or exam."""

    task: TaskFacts
    """Of an exam: its name, domain and level."""
    stage: str
    at: datetime
    state: str
    amount: Money
    basis: Basis | None = None
    reason: str = ""
    items: list[str] = field(default_factory=list)
    """Rubric items of a rejection."""
    shared: Shared | None = None
    exchange: dict[str, Any] | None = None
    """By which rate the project's currency became this one."""


class EarningTotals(Struct, kw_only=True):
    """Of one currency."""

    pending: Money
    posted: Money
    today: Money
    week: Money


class EarningsView(Struct, kw_only=True):
    totals: list[EarningTotals]
    lines: list[EarningLine]
    state: str = ""
    next_cursor: str | None = None
    statements: list[StatementView] = field(default_factory=list)
