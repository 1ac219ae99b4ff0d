"""What the screens of payroll and statements show."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from callboard.api.pay import ChecklistEntry
from callboard.pages.views import Option, Problem
from callboard.pages.views_projects import ProjectHead
from kernel.money import Money
from payments.adjustments import AdjustmentView
from payments.bank import BankDetailsView
from payments.bank_answers import BankAnswerReport
from payments.books import BookCheckView
from payments.calibration import Calibration
from payments.checklist import PayException
from payments.costing import CostCell
from payments.exchange_rates import ExchangeRateView, MissingRate, RatesReport
from payments.floors import PayFloorView
from payments.forecast import BudgetOutlook
from payments.pay_dispute_views import PayDisputeView
from payments.payout_views import BatchView, LeftOut, LineView, Owed
from payments.periods import PeriodView
from payments.rates import RateCardView
from payments.repricing import Repricing
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
    items: list[ChecklistEntry] = field(default_factory=list)
    """Of the checklist, what is to be done first; none of a closed period."""
    books: BookCheckView | None = None
    may_override: bool = False
    exceptions: list[PayException] = field(default_factory=list)
    """The first few of a closed period."""
    statements: list[StatementView] = field(default_factory=list)
    next_cursor: str | None = None
    done: str = ""
    problem: Problem | None = None

    @property
    def blocking(self) -> list[ChecklistEntry]:
        return [one for one in self.items if one.level == "blocking" and not one.clear]


class ExceptionsPage(Struct, kw_only=True):
    """`/payroll/{id}/exceptions`."""

    period: PeriodView
    rows: list[PayException]
    deviations: float


class StatementPage(Struct, kw_only=True):
    """`/statements/{id}`."""

    document: StatementDocument
    own: bool


class ExchangeRatesPage(Struct, kw_only=True):
    """`/payroll/exchange-rates`."""

    rows: list[ExchangeRateView]
    """The newest day first."""
    missing: list[MissingRate]
    days: int
    """For how long a rate that is imported now counts."""
    base: str = ""
    quote: str = ""
    report: RatesReport | None = None
    csv: str = ""
    """As it was sent."""
    source: str = ""
    done: str = ""
    added: str = ""
    next_page: str = ""
    problem: Problem | None = None


class AdjustmentsPage(Struct, kw_only=True):
    """`/payroll/adjustments`."""

    rows: list[AdjustmentView]
    next_page: str
    """Query of the next page; empty at the end."""
    state: str
    kind: str
    project_id: str
    annotator_id: UUID | None
    me: str
    """Whoever reads: what they proposed, somebody else approves."""
    projects: list[Option]
    values: dict[str, str]
    """Of the form."""
    opened: bool
    limits: str
    undo_minutes: int
    all_count: int = 0
    """Of the whole filter, what whoever reads may decide; none where the state is not one that is decided."""
    all_amounts: list[Money] = field(default_factory=list)
    all_most: int = 0
    kept: dict[str, str] = field(default_factory=dict)
    """The filter, for the form that decides all of it."""
    done: str = ""
    problem: Problem | None = None


class PayDisputesPage(Struct, kw_only=True):
    """`/payroll/disputes`."""

    rows: list[PayDisputeView]
    next_page: str
    """Query of the next page; empty at the end."""
    query: str
    """Of the filters without the order."""
    wish: dict[str, str]
    """Filters and order, as in the address."""
    projects: list[Option]
    person: str
    """Whose disputes these are, where they are narrowed to one person."""
    values: dict[str, str]
    """Of the form, where it was refused."""
    done: str = ""
    problem: Problem | None = None


class ProjectPayPage(Struct, kw_only=True):
    """`/projects/{id}/pay`."""

    head: ProjectHead
    outlook: BudgetOutlook
    floors: list[PayFloorView]
    may_write: bool
    multiple: float
    least_minutes: int
    done: str = ""
    problem: Problem | None = None


class PayoutsPage(Struct, kw_only=True):
    """`/payroll/payouts`."""

    rows: list[BatchView]
    periods: list[Option]
    """Closed ones, the newest first."""
    owed: list[Owed]
    """Up to the newest closed period, in no batch."""
    values: dict[str, str]
    """Of the form."""
    next_cursor: str | None = None
    opened: bool = False
    done: str = ""
    problem: Problem | None = None


class PayoutPage(Struct, kw_only=True):
    """`/payroll/payouts/{id}`."""

    batch: BatchView
    author: str
    approver: str
    mine: bool
    """Whoever reads drafted it: somebody else approves."""
    flagged: list[LineView]
    left_out: list[LeftOut]
    left_out_count: int
    lines: list[LineView]
    changed_days: int
    next_cursor: str | None = None
    done: str = ""
    problem: Problem | None = None


class CostsPage(Struct, kw_only=True):
    """`/payroll/costs`."""

    rows: list[CostCell]
    totals: list[CostCell]
    """One per currency."""
    trend: list[CostCell]
    """By week, the oldest first, of the currency with the greatest cost."""
    values: dict[str, str]
    """Of the form."""
    cuts: list[str]
    projects: list[Option]
    domains: list[str]
    query: str
    """The filter, without the order."""


class BankStatusPage(Struct, kw_only=True):
    """`/payroll/payouts/bank-status`."""

    report: BankAnswerReport | None = None
    name: str = ""
    data: str = ""
    """The file, as base64: it travels with the page between its preview and its taking."""
    doing: int = 0
    """Rows that change something."""
    problem: Problem | None = None


class BankPage(Struct, kw_only=True):
    """`/bank-details` and `/annotators/{id}/bank-details`."""

    path: str
    name: str
    """Whose they are; empty for one's own."""
    versions: list[BankDetailsView]
    values: dict[str, str]
    """Of the form; never an account."""
    done: bool = False
    problem: Problem | None = None


class ProjectRatesPage(Struct, kw_only=True):
    """`/projects/{id}/rates`."""

    head: ProjectHead
    cards: list[RateCardView]
    """Newest first."""
    card: RateCardView | None
    """In force."""
    now: datetime
    may_write: bool
    values: dict[str, str]
    """Of the form, by field."""
    next_version: int
    most_minutes: int
    """Of a task that may count."""
    target: str = ""
    calibrations: list[Calibration] = field(default_factory=list)
    preview: Repricing | None = None
    done: str = ""
    problem: Problem | None = None
