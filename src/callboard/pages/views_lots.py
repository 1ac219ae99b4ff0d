"""What the screens about lots show."""

from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import TaskFacts, Turn
from callboard.pages.views_judged import Score
from callboard.pages.views_kinds import TaskAnswer
from callboard.pages.views_projects import Fault, ProjectHead
from dialogue.rubrics import SpanLabel
from routing.inspecting import OpenLot
from routing.lot_book import LotCertificate, LotPlan, LotView, SamplePiece


class LotForm(Struct, kw_only=True):
    """As typed."""

    name: str = ""
    from_day: str = ""
    to_day: str = ""
    domain: str = ""
    kind: str = ""
    level: str = "II"
    aql: str = "2.5"
    inspectors: str = ""
    """`yes`: reviewers look, too."""
    require: str = ""
    """What is asked of them beside the role."""


class LotPreview(Struct, kw_only=True):
    """What the lot would ask for; without a plan there is too little work, or too much."""

    plan: LotPlan | None = None


class LotsPage(Struct, kw_only=True):
    """`/projects/{id}/lots`"""

    head: ProjectHead
    rows: list[LotView]
    may_write: bool
    form: LotForm
    preview: LotPreview
    levels: list[str]
    aqls: list[float]
    domains: list[str]
    kinds: list[str]
    next_cursor: str | None = None
    faults: dict[str, Fault] = field(default_factory=dict)


class Curve(Struct, frozen=True):
    """The operating characteristic as an SVG, 0 to 100 both ways, y downwards."""

    points: str
    aql: float
    """Where the AQL stands; none of the chart beyond 100."""
    most: float
    """The share of defects at the right edge."""


class LotPage(Struct, kw_only=True):
    """`/projects/{id}/lots/{lot}`, and its certificate."""

    head: ProjectHead
    told: LotCertificate
    curve: Curve
    may_write: bool = False
    waiting: list[SamplePiece] = field(default_factory=list)
    """Those that come next."""
    looked: list[SamplePiece] = field(default_factory=list)
    """The newest look first."""


class InspectionsPage(Struct, kw_only=True):
    """`/inspections`, for whoever may look at samples."""

    lots: list[OpenLot]
    done: str = ""


class InspectionPage(Struct, kw_only=True):
    """`/inspections/{lot}`: one piece of a sample after the other."""

    lot: OpenLot
    task: TaskFacts | None = None
    """Of the piece; none: nothing waits for the reader."""
    piece_id: UUID | None = None
    place: int = 0
    guidelines: str = ""
    work: list[Turn] = field(default_factory=list)
    whole: list[Score] = field(default_factory=list)
    span_labels: list[SpanLabel] = field(default_factory=list)
    answer: TaskAnswer | None = None
    """Of a declared kind."""
    raw: str = ""
    """What no page understands, as JSON."""
    done: str = ""
