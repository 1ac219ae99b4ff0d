"""What the screens about quality show: figures by day from `routing.quality`, as one filter sees them."""

from datetime import date
from urllib.parse import urlencode

from msgspec import Struct, field, structs

from callboard.pages.views import Option
from callboard.pages.views_projects import ProjectHead
from kernel.money import Money
from routing.promises import StagePromise
from routing.quality import OutgoingEstimate, QualityFigures, QualityNow, QualityWork

USUAL = "12"
SORTS = ("key", "pieces", "first_pass", "defects", "rounds", "looked", "cost")


class QualityWish(Struct, kw_only=True):
    """The address of the page, as texts."""

    weeks: str = USUAL
    """4, 12, 26 or 52, up to today; `days`: as the two days say."""
    from_day: str = ""
    to_day: str = ""
    domain: str = ""
    kind: str = ""
    person: str = ""
    vendor: str = ""
    stage: str = ""
    sort: str = ""
    """One of `SORTS`, with `-` the other way round."""
    what: str = ""
    """Of the list of works: what they have in common."""
    item: str = ""

    def url(self, path: str, **changes: str) -> str:
        values = structs.asdict(self) | changes
        shown = {name: value for name, value in values.items() if value and (name, value) != ("weeks", USUAL)}
        return f"{path}?{urlencode(shown)}" if shown else path

    def turned(self, sort: str) -> str:
        """The other way round where it is on already."""
        return f"-{sort}" if self.sort == sort else sort

    def turn(self, sort: str) -> str:
        """For `aria-sort`; numbers begin with the largest, names with the first."""
        up, down = ("ascending", "descending") if sort == "key" else ("descending", "ascending")
        return {sort: up, f"-{sort}": down}.get(self.sort, "none")


class Line(Struct, kw_only=True):
    """One group of pieces; of several currencies counts are added up and costs are not."""

    row: QualityFigures
    name: str = ""
    costs: list[Money]
    narrows: dict[str, str]
    """What the filter becomes when one goes into the group."""
    week: date | None = None

    @property
    def first_pass(self) -> float | None:
        return self.row.first_pass / self.row.first_judged if self.row.first_judged else None

    @property
    def defects(self) -> float | None:
        return self.row.defects / self.row.judged if self.row.judged else None

    @property
    def parts(self) -> dict[str, int]:
        """Of a bar, from the bottom."""
        row = self.row
        found = {"accept": row.accepted, "fix": row.fixed, "rework": row.reworked, "reject": row.rejected}
        return found | {"open": row.pieces - row.judged}

    @property
    def looked(self) -> float:
        return self.row.looked / self.row.pieces if self.row.pieces else 0.0

    @property
    def rounds(self) -> float | None:
        return self.row.rounds / self.row.counted if self.row.counted else None


class RuleLine(Struct, kw_only=True):
    code: str
    words: dict[str, str]
    pieces: int
    share: float
    """Of the largest."""


class Table(Struct, kw_only=True):
    """`by`: week, domain, person, stage or project."""

    by: str
    lines: list[Line]
    shown: int
    """So many of them; a list over more is in the CSV."""


class Gate(Struct, kw_only=True):
    """A filter that is on."""

    name: str
    value: str
    label: str = ""


class QualityPage(Struct, kw_only=True):
    """`/projects/{id}/quality`, and `/quality` over all projects."""

    base: str
    head: ProjectHead | None
    filter: QualityWish
    first: date
    last: date
    costs: list[Money]
    """Of looks, by currency."""
    all: QualityFigures | None
    outgoing: OutgoingEstimate | None
    promises: list[StagePromise]
    now: QualityNow
    weeks: list[Line]
    """Every week of the period, also those without work."""
    tables: list[Table]
    rules: list[RuleLine]
    domains: list[str]
    kinds: list[str]
    stages: list[Option]
    vendors: list[Option]
    gates: list[Gate]
    folded_seconds: int | None
    opens_tasks: bool
    """Whether the reader may open tasks, disputes and lots."""
    more: list[Option] = field(default_factory=list)
    """Other pages of the project that are about its quality."""


class WorksPage(Struct, kw_only=True):
    """`…/quality/works`: the pieces behind a figure."""

    base: str
    head: ProjectHead | None
    filter: QualityWish
    first: date
    last: date
    rows: list[QualityWork]
    gates: list[Gate]
    rule: RuleLine | None
    opens_tasks: bool
    next_cursor: str | None = None
