"""What the outside sees of a dialogue. Texts are carried as they were written; whoever shows them escapes them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field

IMPORTED = "import"
"""`model` of the turns that came with the task."""

BY_HAND = "annotator"
"""`model` of a reply that the annotator wrote because no bot did."""


class Awaited(StrEnum):
    """What must come next."""

    MESSAGE = "message"
    """A message of the annotator, or the end of the dialogue."""
    REPLY = "reply"
    """The bot's reply, or one by hand."""
    RATING = "rating"
    """The rating of the last reply."""


class TurnView(Struct, frozen=True, kw_only=True):
    """One message; `no` counts from 1 over all roles. `role` is system, user or assistant."""

    id: UUID
    no: int
    role: str
    text: str
    original_text: str | None = None
    """What the bot wrote, where the annotator changed it."""
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


class ConversationView(Struct, frozen=True, kw_only=True):
    id: UUID
    task_id: UUID
    annotator_id: UUID
    topic: str
    created_at: datetime
    turns: list[TurnView]

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
            return Awaited.REPLY
        if self.last is not None and self.last.lacks_rating:
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
    conversation: ConversationView | None
