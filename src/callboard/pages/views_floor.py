"""What the manager's screens show: the floor, the list of tasks, one task's history."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import Option, Problem, TaskFacts, Turn
from callboard.pages.views_judged import PlanStage, Score
from callboard.pages.views_kinds import TaskForm
from dialogue.rubrics import SpanLabel
from dialogue.telemetry import TurnTimes
from kernel.money import Money
from payments.budget_notices import BudgetNotice
from routing.estimating import TaskDifficulty
from routing.risk import ProjectRisk


class Kpis(Struct, kw_only=True):
    """`rejected_share` of today's verdicts, 0–1, none while nothing was judged; days are UTC; money per currency."""

    waiting: int
    live: int
    in_review: int
    accepted_today: int
    rejected_share: float | None
    spent_today: list[Money]
    committed: list[Money]
    budget_left: list[Money]
    """Empty for those who may not see budgets."""


class MatrixCell(Struct, kw_only=True):
    """Counts of one domain at one level; `oldest_seconds` is the age of the oldest waiting task."""

    waiting: int = 0
    live: int = 0
    in_review: int = 0
    accepted: int = 0
    oldest_seconds: int | None = None

    @property
    def empty(self) -> bool:
        return not (self.waiting or self.live or self.in_review or self.accepted)


class MatrixRow(Struct, kw_only=True):
    """`cells` has one entry per level 1–5; `total` sums them."""

    domain: str
    cells: list[MatrixCell]
    total: MatrixCell


class LiveRow(Struct, kw_only=True):
    """One live assignment. `late` when the lease or the deadline is about to run out or has."""

    assignment_id: UUID
    person: str
    vendor: str | None
    task: TaskFacts
    stage: str
    since: datetime
    lease_until: datetime
    active_seconds: int
    price: Money


class HereRow(Struct, kw_only=True):
    """Somebody who is here, on a break or finishing. `state` holds since `since`."""

    id: UUID
    name: str
    vendor: str | None
    state: str
    since: datetime
    held: int
    capacity: int


class Here(Struct, kw_only=True):
    """`counts` by state, of everybody; `rows` of the states that are asked for, as many as are shown."""

    counts: dict[str, int]
    rows: list[HereRow]

    @property
    def now(self) -> int:
        """Of those who could take work, as `presence_now` counts them."""
        return self.counts.get("available", 0) + self.counts.get("busy", 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class ProjectCost(Struct, kw_only=True):
    """`budget` none: not shown, or without a limit. `reserved` is promised to live work, `posted` is owed for accepted work."""

    project_id: UUID
    project: str
    budget: Money | None
    reserved: Money
    posted: Money
    accepted: int

    @property
    def posted_share(self) -> float:
        return min(1.0, self.posted.micros / self.budget.micros) if self.budget and self.budget.micros else 0.0

    @property
    def reserved_share(self) -> float:
        if not self.budget or not self.budget.micros:
            return 0.0
        return min(1.0 - self.posted_share, self.reserved.micros / self.budget.micros)

    @property
    def each(self) -> Money | None:
        """Mean cost of an accepted task, in payable units: for comparing, not for paying."""
        if not self.accepted:
            return None
        mean, _ = Money(self.posted.micros // self.accepted, self.posted.currency).round_to_exponent()
        return mean


class FloorEvent(Struct, kw_only=True):
    """One line of the feed; `kind` is the outbox event's type."""

    at: datetime
    kind: str
    person: str | None
    task: TaskFacts | None
    project: str | None = None
    count: int | None = None


class FloorFilter(Struct, kw_only=True):
    project: str = ""
    domain: str = ""
    stage: str = ""
    presence: str = ""
    """Of the list of who is here."""
    sort: str = "lease"
    direction: str = "asc"


class FloorView(Struct, kw_only=True):
    """`per_minute`: submissions of each of the last 60 minutes, oldest first."""

    filter: FloorFilter
    projects: list[Option]
    domains: list[str]
    kpis: Kpis
    matrix: list[MatrixRow]
    live: list[LiveRow]
    live_total: int
    per_minute: list[int]
    costs: list[ProjectCost]
    events: list[FloorEvent]
    risks: list[ProjectRisk] = field(default_factory=list)
    """Empty for those who do not answer for all of it."""
    budgets: list[BudgetNotice] = field(default_factory=list)
    """That have reached a share of `budget_warnings`; empty for those who do not set budgets."""
    here: Here = field(default_factory=lambda: Here(counts={}, rows=[]))
    problem: Problem | None = None


class TaskRow(Struct, kw_only=True):
    task: TaskFacts
    state: str
    priority: int
    created_at: datetime
    due_at: datetime | None = None
    person: str | None = None
    days_left: int | None = None
    """Whole days until it expires; none: it does not."""


class TaskFilter(Struct, kw_only=True):
    state: str = ""
    domain: str = ""
    language: str = ""
    project: str = ""
    level: str = ""
    q: str = ""


class TasksView(Struct, kw_only=True):
    filter: TaskFilter
    rows: list[TaskRow]
    projects: list[Option]
    domains: list[str]
    languages: list[str]
    next_cursor: str | None = None
    total: int | None = None
    done: int | None = None
    """How many tasks the last bulk action changed."""
    kept: int = 0
    """How many it left as they were."""
    bulk_id: UUID | None = None
    """For taking it back."""
    problem: Problem | None = None


class Look(Struct, kw_only=True):
    """Why a stage looks at a piece or lets it pass. `rule` is a key of labels `look_rule`; figures where it has some."""

    rule: str
    chance: float
    seen: int | None = None
    looked: int | None = None
    promised: float | None = None
    upper: float | None = None


class TimelineEntry(Struct, kw_only=True):
    """One thing that happened to a task. `kind` chooses icon and sentence; `note` is a person's or the engine's words."""

    at: datetime
    kind: str
    person: str | None = None
    state: str | None = None
    note: str | None = None
    amount: Money | None = None
    scores: dict[str, int] = field(default_factory=dict)
    verdict_id: UUID | None = None
    """Of a verdict: a second look can overturn or uphold it."""
    counts: str | None = None
    """What counts of a verdict now: accept, fix, rework or reject."""
    stage: PlanStage | None = None
    """Of a plan with several."""
    look: Look | None = None
    items: list[Option] = field(default_factory=list)
    """What a verdict names of the rubric."""
    round: int = 1
    due_at: datetime | None = None
    overdue: str | None = None
    """What time did: accept or escalate."""
    label: str | None = None
    """What somebody decided to be right."""


class Candidate(Struct, kw_only=True):
    """One head of a lane that a routing decision weighed; `chosen` for the one it handed out.

    `fit` is the chance of acceptance; fit and wait are kept for the chosen one alone.
    """

    lane: str
    score: float
    fit: float | None = None
    wait_seconds: int | None = None
    chosen: bool = False


class Decision(Struct, kw_only=True):
    """Why a task went to this person: what was weighed, in the order of the scores.

    `summary`: best (the highest score), reserved (their own rework), late (work that came after its time was taken in).
    """

    at: datetime
    person: str
    summary: str
    candidates: list[Candidate]


class TaskMoney(Struct, kw_only=True):
    at: datetime
    person: str
    what: str
    state: str
    amount: Money


class TaskView(Struct, kw_only=True):
    task: TaskFacts
    state: str
    priority: int
    created_at: datetime
    due_at: datetime | None
    payload_text: str
    timeline: list[TimelineEntry]
    decisions: list[Decision]
    money: list[TaskMoney]
    attempts: int
    work: list[Turn] = field(default_factory=list)
    """What was handed in last, with the reviewer's correction where there is one."""
    form: TaskForm | None = None
    """Of a declared kind: the task and its answers by their layout."""
    whole: list[Score] = field(default_factory=list)
    span_labels: list[SpanLabel] = field(default_factory=list)
    live: LiveRow | None = None
    difficulty: TaskDifficulty | None = None
    measured: list[TurnTimes] = field(default_factory=list)
    measured_people: dict[UUID, str] = field(default_factory=dict)
    second_look: bool = False
    """Whether the reader may overturn and uphold verdicts."""
    by_hand: bool = False
    """Whether the reader may give it to somebody."""
    problem: Problem | None = None
