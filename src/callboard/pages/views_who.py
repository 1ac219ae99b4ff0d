"""What the part of a task's page about who could take it shows."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from routing.explain import CandidateView, KeptBy


class WhoPlace(Struct, kw_only=True):
    kind: str
    no: int
    state: str
    requirement: str
    """In the short form, vendors by name."""
    able: int
    fitting: int
    kept: list[KeptBy]
    best: list[CandidateView]


class PersonFound(Struct, kw_only=True):
    id: UUID
    name: str


class Step(Struct, kw_only=True):
    action: str
    of: str = ""
    kind: str = ""
    level: int | None = None
    count: int | None = None
    """Of a capacity or a cap."""
    lifted: bool = False
    """A cap that would have to be higher than any."""
    until: datetime | None = None


class Asked(Struct, kw_only=True):
    """One place of the task before one person."""

    kind: str
    no: int
    eligible: bool
    conditions: list[str]
    steps: list[Step]
    score: float
    lanes_before: int


class WhoView(Struct, kw_only=True):
    task_id: UUID
    title: str
    active: int
    left_out: int
    places: list[WhoPlace]
    person: str = ""
    """A name or an id, as it was typed."""
    found: list[PersonFound] = field(default_factory=list)
    answers: list[Asked] = field(default_factory=list)
    """For the one person who was found."""
