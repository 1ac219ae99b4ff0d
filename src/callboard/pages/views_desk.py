"""What the workspace shows besides the plain form: candidates, scales of a rubric, passages, branches, what is missing."""

from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views_judged import Judged, Passage
from dialogue.rubrics import SpanLabel
from dialogue.topics import QuotaView


class Fault(Struct, kw_only=True):
    """Why a candidate did not come, for the same macro that shows any error."""

    code: str
    detail: str = ""
    title: str = ""
    retry_after_seconds: float | None = None
    request_id: str | None = None


class Scale(Struct, kw_only=True):
    """One dimension of the rubric where it is asked. Words are by language."""

    key: str
    """Unique on the page."""
    code: str
    name: dict[str, str]
    description: dict[str, str]
    lowest: int
    highest: int
    anchors: dict[str, dict[str, str]]
    required: bool
    comment_at: int | None
    value: int | None = None
    comment: str = ""
    draft: str | None = None
    """A comment that was typed and not taken over yet."""

    @property
    def values(self) -> range:
        return range(self.lowest, self.highest + 1)

    @property
    def wants_comment(self) -> bool:
        return self.value is not None and self.comment_at is not None and self.value <= self.comment_at

    @property
    def shows_comment(self) -> bool:
        return self.wants_comment or bool(self.comment or self.draft)


class Rated(Struct, kw_only=True):
    """A text that is judged: its scales and its marked passages."""

    turn_id: UUID
    text_version: int = 1
    scales: list[Scale] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)


class Candidate(Struct, kw_only=True):
    """`state`: waiting, failed, ready."""

    slot: int
    state: str
    id: UUID | None = None
    text: str = ""
    rank: int | None = None
    chosen: bool = False
    fault: Fault | None = None
    partial: str = ""
    running: bool = False
    """A bot is writing it, asked for by itself or by a page that was left."""
    rated: Rated | None = None


class Choice(Struct, kw_only=True):
    """`state` as in the domain; `asking`: the page asks for what is missing by itself, because nothing failed yet."""

    id: UUID | None
    state: str
    candidates: list[Candidate]
    asking: bool = False
    earlier: list["Choice"] = field(default_factory=list)
    """Rounds before, all turned down."""

    @property
    def ready(self) -> int:
        return sum(one.state == "ready" for one in self.candidates)

    @property
    def failed(self) -> bool:
        return any(one.state == "failed" for one in self.candidates)

    @property
    def running(self) -> str:
        """Slots that are being written beside others that failed: the page listens to these alone."""
        return "" if self.asking else ",".join(str(one.slot) for one in self.candidates if one.running)


class Way(Struct, kw_only=True):
    """A branch: `tip` is the turn where it goes on."""

    tip: UUID
    text: str
    turns: int
    here: bool = False


class More(Struct, kw_only=True):
    """Of one exchange."""

    message_id: UUID | None = None
    choice: Choice | None = None
    rated: Rated | None = None
    """The reply that stands."""
    ways: list[Way] = field(default_factory=list)
    """Where the way divides before this exchange; empty where it does not."""
    own_draft: str = ""
    by_choice: bool = False
    """Whether the reply was preferred over others."""
    judged: Judged | None = None
    """Of work that was handed in."""


class Missing(Struct, kw_only=True):
    """One thing before handing in, and the id of its place on the page."""

    code: str
    target: str
    number: int | None = None
    name: dict[str, str] = field(default_factory=dict)
    slot: int | None = None


class DeskView(Struct, kw_only=True):
    """The dialogue as a whole. `version` is what every change of it names."""

    version: int = 0
    candidates: int = 1
    decision: str = "choose"
    ties: bool = True
    all_bad: bool = True
    branches: bool = True
    topics: str = "free"
    quotas: list[QuotaView] = field(default_factory=list)
    whole: list[Scale] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    labels: list[SpanLabel] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    """What was written behind the head before it was moved there."""
    can_undo: bool = False
    rated: bool = False
    """Whether a rubric asks instead of the numbers from 1 to 5."""
    min_turns: int = 0
    guidelines_version: str = ""
    """Of their text: the first digits of its SHA-256, the same for everybody who reads the same words."""

    @property
    def by_tree(self) -> bool:
        return self.candidates > 1 or self.rated


class Said(Struct, kw_only=True):
    """What was told to the managers."""

    what: str
