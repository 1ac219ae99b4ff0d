"""What the screens about plans of review and disputes show."""

from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import Problem
from callboard.pages.views_projects import Fault, ProjectHead
from routing.disputes import DisputeView, VerdictOnMine
from routing.holds import HoldView
from routing.promises import StagePromise
from routing.review_plans import PlanActivation, PlanComparison, ReviewPlanView
from routing.review_replay import PlanReplays
from routing.risk_staging import StageRisk
from routing.verdict_items import Named


class StageForm(Struct, kw_only=True):
    """As typed; empty: as usual."""

    name: str = ""
    level: str = ""
    role: str = ""
    require: str = ""
    other_vendor: bool = False
    mode: str = "fixed"
    share: str = "100"
    defects: str = "5"
    confidence: str = "95"
    floor: str = "10"
    newcomers: str = "10"
    budget: str = "10"
    lot: str = "15"
    first: str = "20"
    due: str = ""
    unit: str = "hours"
    overdue: str = "wait"
    second_look: str = "anybody"
    double: str = "0"


class AdjudicatorForm(Struct, kw_only=True):
    """As typed; who decides between answers that stay unclear."""

    wanted: bool = False
    level: str = ""
    role: str = ""
    require: str = ""
    other_vendor: bool = False


class VerdictsPage(Struct, kw_only=True):
    """`/verdicts`, for whoever works."""

    rows: list[VerdictOnMine]
    names: dict[UUID, Named] = field(default_factory=dict)
    """Of rules, by verdict."""
    done: str = ""
    problem: Problem | None = None


class DisputesPage(Struct, kw_only=True):
    """`/disputes`, for whoever decides them."""

    open: list[DisputeView]
    over: list[DisputeView]
    names: dict[UUID, Named] = field(default_factory=dict)
    """Of rules, by verdict."""
    held: list[HoldView] = field(default_factory=list)
    """In force."""
    done: str = ""
    problem: Problem | None = None


class PlanPage(Struct, kw_only=True):
    """`/projects/{id}/review-plan`"""

    head: ProjectHead
    versions: list[ReviewPlanView]
    """Newest first."""
    activations: list[PlanActivation]
    promises: list[StagePromise]
    stages: list[StageForm]
    start: int
    """The version that the form starts from."""
    active: int
    roles: list[str]
    most_stages: int
    adjudicator: AdjudicatorForm = field(default_factory=AdjudicatorForm)
    comparison: PlanComparison | None = None
    replays: PlanReplays | None = None
    """Of the two that are compared."""
    risks: list[StageRisk] = field(default_factory=list)
    note: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    focus: str = ""
    looked: bool = False
