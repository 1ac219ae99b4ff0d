"""What the outside sees of a dialogue. Texts are carried as they were written; whoever shows them escapes them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

IMPORTED = "import"
"""`model` of the turns that came with the task."""

BY_HAND = "annotator"
"""`model` of a reply that the annotator wrote because no bot did."""

BLINDED = "blinded"
"""Stands for the model of a candidate until the work is handed in."""


class Awaited(StrEnum):
    """What must come next."""

    MESSAGE = "message"
    """A message of the annotator, or the end of the dialogue."""
    REPLY = "reply"
    """The bot's reply or its candidates, or a reply by hand."""
    CHOICE = "choice"
    """The decision between the candidates that are there."""
    RATING = "rating"
    """The rating of the last reply."""


class TurnView(Struct, frozen=True, kw_only=True):
    """One message; `no` counts from 1 at the root of the tree. `role` is system, user or assistant."""

    id: UUID
    no: int
    parent: UUID | None = None
    position: int = 1
    """Among the turns that follow the same one."""
    role: str
    text: str
    text_version: int = 1
    """Rises with every edit; what is marked in a text is marked in one version of it."""
    original_text: str | None = None
    """What the bot wrote, where the annotator changed it."""
    language: str | None = None
    choice_id: UUID | None = None
    """Set where this is one of several candidates."""
    slot: int | None = None
    """Its place among them, dealt out at random: 1 is shown first."""
    rank: int | None = None
    """1 is the best; ties are equal."""
    model: str | None = None
    rating: int | None = None
    """1 (useless) to 5 (could not be better)."""
    comment: str = ""
    created_at: datetime
    changed_at: datetime

    @property
    def imported(self) -> bool:
        return self.model == IMPORTED

    @property
    def by_hand(self) -> bool:
        return self.role == "assistant" and self.model == BY_HAND

    @property
    def edited(self) -> bool:
        return self.original_text is not None

    @property
    def lacks_rating(self) -> bool:
        """A bot's reply needs one; what was imported may have one; nobody rates what they wrote themselves."""
        return self.role == "assistant" and self.rating is None and self.model not in (IMPORTED, BY_HAND)

    def blind(self) -> "TurnView":
        """Without what says which bot it is: the model, and the moment at which it answered."""
        if self.choice_id is None:
            return self
        # `changed_at` of candidates that nobody edited is the moment at which their choice was asked for.
        return replace(self, model=BLINDED, created_at=self.changed_at)


class ChoiceView(Struct, frozen=True, kw_only=True):
    """Candidates for one reply. `state` is open, chosen, ranked, all_bad or set_aside (a reply was written by hand)."""

    id: UUID
    message_id: UUID
    round: int
    """Of this message: another round is asked for when all were bad."""
    wanted: int
    state: str
    chosen_id: UUID | None = None
    """The preferred one, which continues the dialogue."""
    reason: str = ""
    candidates: list[TurnView] = []
    """In the order in which they are shown."""

    @property
    def missing(self) -> list[int]:
        """The slots whose candidate has not come."""
        there = {candidate.slot for candidate in self.candidates}
        return [slot for slot in range(1, self.wanted + 1) if slot not in there]

    def blind(self) -> "ChoiceView":
        return replace(self, candidates=[candidate.blind() for candidate in self.candidates])


class ConversationView(Struct, frozen=True, kw_only=True):
    """A dialogue as it reads now: `turns` is the active path of its tree, from the root to the head."""

    id: UUID
    task_id: UUID
    annotator_id: UUID | None
    topic: str
    created_at: datetime
    version: int = 1
    """Rises with every change of anything in the dialogue: what one tab read can be told from what is."""
    rubric_id: UUID | None = None
    """What it is rated by; none: each reply from 1 to 5."""
    topic_id: UUID | None = None
    """The listed topic that was chosen, where there was a list."""
    turns: list[TurnView]
    choice: ChoiceView | None = None
    """The newest one at the head, where that is a message."""

    def blind(self) -> "ConversationView":
        """As its annotator may see it until it is handed in."""
        return replace(self, turns=[turn.blind() for turn in self.turns], choice=self.choice and self.choice.blind())

    @property
    def last(self) -> TurnView | None:
        return self.turns[-1] if self.turns else None

    @property
    def exchanges(self) -> int:
        """Replies that were given here; imported ones do not count."""
        return sum(turn.role == "assistant" and not turn.imported for turn in self.turns)

    @property
    def awaited(self) -> Awaited:
        if self.last is not None and self.last.role == "user":
            deciding = self.choice is not None and self.choice.state == "open" and not self.choice.missing
            return Awaited.CHOICE if deciding else Awaited.REPLY
        if self.last is not None and self.rubric_id is None and self.last.lacks_rating:
            return Awaited.RATING
        return Awaited.MESSAGE

    @property
    def own_characters(self) -> int:
        return sum(len(turn.text) + len(turn.original_text or "") for turn in self.turns if not turn.imported)


class Seed(Struct, frozen=True):
    """A turn that comes with the task and cannot be edited."""

    role: str
    text: str


class Start(Struct, frozen=True, kw_only=True):
    """What the task gives its annotator before anything is written. `opening` is a proposal for the first message."""

    title: str = ""
    brief: str = ""
    opening: str = ""
    follow_ups: list[str] = field(default_factory=list)
    seeds: list[Seed] = field(default_factory=list)

    @property
    def begins_with_reply(self) -> bool:
        """Whether the imported part ends with a question, so that the bot speaks first."""
        return bool(self.seeds) and self.seeds[-1].role == "user"


class Rules(Struct, frozen=True, kw_only=True):
    """What a project asks of its dialogues; the defaults are the plain form: one bot's reply at a time, one way."""

    candidates: int = 1
    """Replies that are asked for at once, to choose between."""
    decision: str = "choose"
    """choose one, or rank all of them."""
    ties: bool = True
    """Whether two may have the same rank."""
    all_bad: bool = True
    """Whether all may be turned down; then others are asked for, or the reply is written by hand."""
    branches: bool = True
    """Whether a dialogue may be taken up again from an earlier turn."""
    topics: str = "free"
    """free: any topic; task: the task's own; quota: one of those that the project still needs."""
    handover: str = "never"
    """When the next person goes on where the one before stopped: never, release, expiry, or both."""
    version: int = 0


class Writers(Struct, frozen=True, kw_only=True):
    """Of a dialogue that changed hands: who is who by number alone, 1 the first who had it."""

    you: int
    count: int
    by_turn: dict[UUID, int] = {}
    """Turn of the active path → its writer; of a bot's reply whoever edited, preferred or scored it."""


class Workspace(Struct, frozen=True, kw_only=True):
    """A dialogue task as its annotator meets it; without a conversation it has not begun."""

    assignment_id: UUID
    task_id: UUID
    project_id: UUID
    domain: str
    language: str
    min_turns: int
    max_turns: int
    """Exchanges, the installation's limit included."""
    start: Start
    rules: Rules
    conversation: ConversationView | None
    handed_in: bool = False
    """From then on it says which bot wrote which candidate."""
    writers: Writers | None = None
    """None: it never changed hands."""
    handed_on: bool = False
    """Somebody else goes on with what was begun under this hold; there is no conversation then."""
    left: list[TurnView] = []
    """Of a dialogue that was handed on: what stood there in that moment, without ratings."""
