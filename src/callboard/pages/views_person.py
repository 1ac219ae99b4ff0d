"""What the pages about one person show: their skills, what opens the next level, the evidence, and what managers need."""

from uuid import UUID

from msgspec import Struct, field

from callboard.pages.charts_skill import HistoryChart
from callboard.pages.views import HeldTask, Option, Reason, TaskFacts
from callboard.persons.evidence import EvidenceRow
from callboard.persons.facts import End, Figures, Held, Spoken
from callboard.persons.prospects import NextLevel
from kernel.money import Money
from routing.presence import PresenceView
from skills.profiles import Restriction, SkillView


class PersonHead(Struct, kw_only=True):
    """What every page about the person begins with."""

    id: UUID
    name: str
    state: str
    state_reason: str | None = None
    vendor: str | None = None
    own: bool = False
    """The reader's own."""
    manages: bool = False
    """The reader may change state and capacity."""
    assesses: bool = False
    """The reader may state levels."""
    reads_tasks: bool = False
    """The reader may open the pages of tasks."""


class SkillLine(Struct, kw_only=True):
    """One domain of the tree; `depth` 0 for a field of its own."""

    skill: SkillView
    depth: int
    next: NextLevel
    change_30: int | None = None
    """Percent points in 30 days; none where nothing was believed then from evidence."""
    kinds: list[SkillView] = field(default_factory=list)
    """Kinds of work in the domain of which something was seen, such as reviewing."""


class Feedback(Struct, kw_only=True):
    reason: Reason
    task: TaskFacts
    assignment_id: UUID


class ForManagers(Struct, kw_only=True):
    figures: Figures
    capacity: int
    cap_per_day: int | None = None
    """Most tasks given on a day over all projects; none: no cap."""
    given_today: int = 0
    """Of those that count; 0 where there is no cap."""
    currency: str | None = None
    """That the person is paid in; none: in each project's."""
    pays: bool = False
    """Whether the reader sets it."""
    holds: list[HeldTask] = field(default_factory=list)
    pay_per_accepted: list[Money] = field(default_factory=list)
    """Earned by accepted work, mean of all time, one per currency."""
    roles: list[str] = field(default_factory=list)
    """Codes that can be given."""
    projects: list[Option] = field(default_factory=list)
    language_tags: list[str] = field(default_factory=list)
    """Offered beside what can be typed: those that somebody here speaks, and those of the product."""
    presence: PresenceView | None = None


class PersonView(Struct, kw_only=True):
    head: PersonHead
    seen: list[SkillLine] = field(default_factory=list)
    """Domains with evidence of their own, or of a kind of work in them."""
    inferred: list[SkillLine] = field(default_factory=list)
    """Domains of which the others alone speak."""
    chart: HistoryChart | None = None
    chart_domain: str = "general"
    languages: list[Spoken] = field(default_factory=list)
    roles: list[Held] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    managing: ForManagers | None = None
    notice: str | None = None
    """What was just done: `state`, `capacity`, `assessed`, `role` or `language`."""


class EvidenceFilter(Struct, kw_only=True):
    domain: str = ""
    kind: str = ""
    counted: str = ""
    """`yes`, `no` or nothing."""


class EvidenceView(Struct, kw_only=True):
    head: PersonHead
    filter: EvidenceFilter = field(default_factory=EvidenceFilter)
    rows: list[EvidenceRow] = field(default_factory=list)
    domains: list[tuple[str, str, str]] = field(default_factory=list)
    """Code, English and Chinese name of those with evidence."""
    kinds: list[str] = field(default_factory=list)
    next_cursor: str | None = None
