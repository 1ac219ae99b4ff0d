"""What the screens about lots show."""

from msgspec import Struct, field

from callboard.pages.views_projects import Fault, ProjectHead
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
