"""What the screens of payroll and statements show."""

from msgspec import Struct, field

from callboard.pages.views import Problem
from payments.periods import PeriodView
from payments.statements import StatementDocument, StatementView


class PayrollPage(Struct, kw_only=True):
    """`/payroll`, for managers."""

    periods: list[PeriodView]
    """Newest first."""
    may_write: bool = False
    done: str = ""
    problem: Problem | None = None
    next_cursor: str | None = None


class PeriodPage(Struct, kw_only=True):
    """`/payroll/{id}`."""

    period: PeriodView
    may_write: bool
    over: bool
    """Its time has passed."""
    waiting_count: int = 0
    """Works whose money is still set aside; they belong to the period in which they are accepted."""
    statements: list[StatementView] = field(default_factory=list)
    next_cursor: str | None = None
    done: str = ""


class StatementPage(Struct, kw_only=True):
    """`/statements/{id}`."""

    document: StatementDocument
    own: bool
