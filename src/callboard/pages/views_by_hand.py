"""What the page shows on which a manager gives a task to somebody."""

from uuid import UUID

from msgspec import Struct

from callboard.pages.views import Problem, TaskFacts
from routing.by_hand import Candidate


class GiveView(Struct, kw_only=True):
    task: TaskFacts
    state: str
    q: str
    people: list[Candidate]
    moving: UUID | None = None
    """The assignment that is taken from its holder in the same step."""
    problem: Problem | None = None
