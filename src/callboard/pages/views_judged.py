"""What the author of handed-in work had rated, compared and marked, as whoever judges it reads it: nothing here names a bot."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from dialogue.diffs import Part
from routing.gold_answers import GoldResult


class PlanStage(Struct, kw_only=True):
    """Of the project's plan of review: `number` of `of`."""

    number: int
    of: int
    name: str


class Mend(Struct):
    """What was changed. `what`: prompt, reply, or a field of the answer."""

    what: str
    before: str
    """As the author wrote it."""
    parts: list[Part]
    by: str = "stage"
    """`stage`: an earlier stage of the plan mended it. `author`: since it was sent back."""


class Answered(Struct, kw_only=True):
    """How the author answered the same rule before: what a reviewer said of an earlier work, and what they made of it."""

    item: str
    words: dict[str, str]
    text: str
    at: datetime
    outcome: str
    """State of the round that followed; empty: none did."""
    mends: list[Mend]


class Passage(Struct, kw_only=True):
    """`current`: marked in the text that is shown, and not in an older one."""

    id: UUID
    quote: str
    label: str
    reason: str
    current: bool
    occurrence: int = 0
    """Which of the equal passages of the text it is, from 0."""
    original: bool = False
    """Marked in the bot's own words, where an edit is what stands now."""


class Score(Struct, kw_only=True):
    """One value of the author's rubric. Words are by language; `name` is empty where the rubric is not known here."""

    code: str
    name: dict[str, str]
    value: int
    highest: int | None = None
    means: dict[str, str] = field(default_factory=dict)
    comment: str = ""


class Rival(Struct, kw_only=True):
    slot: int
    text: str
    rank: int | None = None
    scores: list[Score] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)


class Round(Struct, kw_only=True):
    """Candidates that were asked for together. `state`: chosen, ranked, all_bad, set_aside."""

    state: str
    rivals: list[Rival]
    """Those that were not preferred, in the order in which they stood."""
    chosen: int | None = None
    """The place of the preferred one."""
    rank: int | None = None
    reason: str = ""
    ranking: str = ""
    """Places by number, best first: `2 = 3 › 1`."""


class Judged(Struct, kw_only=True):
    """Beside one exchange."""

    scores: list[Score] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    comment: str = ""
    """On a rating from 1 to 5."""


class GoldTold(Struct, kw_only=True):
    """What an author reads of a gold that they answered."""

    result: GoldResult
    key_text: str
    doubt_at: str
