"""What a form that is declared rather than programmed shows: each block with what it reads, and what was typed into it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import Dimension, Guideline, HeldTask, Option, Problem, Reason, VerdictDraft
from callboard.pages.views_judged import Answered, GoldTold, Mend, PlanStage
from callboard.pages.views_projects import ProjectHead
from dialogue.diffs import Part
from routing.forms.answers import Choosable
from routing.forms.declaration import Words
from routing.forms.faults import Fault
from routing.forms.store import FormView


class Shown(Struct, kw_only=True):
    """One candidate at its place; `name` is its field in the form of a ranking."""

    letter: str
    id: str
    text: str
    name: str = ""
    place: str = ""


class Passage(Struct, kw_only=True):
    """A run of text, marked or not."""

    text: str
    label: Words | None = None


class TurnRating(Struct, kw_only=True):
    """One scale below one turn; `name` is its field, `typed` what it holds, `value` what was answered."""

    no: int
    text: str
    names: Words
    name: str
    points: list[int]
    anchors: dict[str, Words] = {}
    typed: str = ""
    value: Any = None
    focus: bool = False


class Line(Struct, kw_only=True):
    no: int
    role: str
    text: str
    ratings: list[TurnRating] = field(default_factory=list)


class BlockView(Struct, kw_only=True):
    """`name` is the field of the form; `typed` what it holds, by field."""

    kind: str
    """As `block` in the declaration."""
    names: Words
    help: Words = {}
    name: str = ""
    text: str = ""
    lines: list[Line] = field(default_factory=list)
    source: str = ""
    """Of a dialogue: its place in the payload."""
    candidates: list[Shown] = field(default_factory=list)
    options: list[Choosable] = field(default_factory=list)
    fields: dict[str, str] = {}
    """Of several that may be chosen: value → name of its field."""
    anchors: dict[str, Words] = {}
    points: list[int] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    value: Any = None
    """What was answered, for reading; none: nothing."""
    passages: list[Passage] = field(default_factory=list)
    diff: list[Part] = field(default_factory=list)
    required: bool = False
    longest: int | None = None
    rows: int = 4
    ties: bool = False
    unit: Words = {}
    turns: list[TurnRating] = field(default_factory=list)
    fault: Fault | None = None
    first_fault: bool = False

    @property
    def asks(self) -> bool:
        return bool(self.name)

    @property
    def rated(self) -> list[int]:
        """Of the turns, in their order."""
        return [one.value for one in self.turns if isinstance(one.value, int)]


class TaskAnswer(Struct, kw_only=True):
    """One answer to a task, by the layout that it was given by; `text` where it does not fit that."""

    who: str
    state: str
    at: datetime
    blocks: list[BlockView] = field(default_factory=list)
    corrected: bool = False
    """Whether it is shown as a reviewer left it."""
    right: bool | None = None
    text: str = ""


class TaskForm(Struct, kw_only=True):
    """A task of a declared kind, as its managers read it."""

    names: Words
    blocks: list[BlockView]
    """What the task holds."""
    answers: list[TaskAnswer] = field(default_factory=list)
    """The newest first."""
    key: str = ""


class KindWorkView(Struct, kw_only=True):
    """`/work/{assignment_id}` of a declared kind."""

    held: HeldTask
    kind: Words
    help: Words
    version: int
    brief: str
    guidelines: list[Guideline]
    blocks: list[BlockView]
    draft_saved_at: Any = None
    draft_version: int | None = None
    handed_on: bool = False
    """Only a dialogue goes on in other hands."""
    ended: str | None = None
    judged: str | None = None
    problem: Problem | None = None
    faults: int = 0
    read_only: bool = False
    diff_at: str = ""
    form: str = "kind-form"
    gold: GoldTold | None = None


class KindReviewView(Struct, kw_only=True):
    """`/review/{assignment_id}` of a declared kind: the answer by the same layout, and the form again for a correction."""

    held: HeldTask
    submission_id: UUID
    kind: Words
    version: int
    brief: str
    guidelines: list[Guideline]
    blocks: list[BlockView]
    key: str
    """The right answer, as JSON; empty where none is known."""
    right: bool | None
    dimensions: list[Dimension]
    rubric_items: list[Option]
    draft: VerdictDraft
    draft_version: int | None = None
    earlier: list[Reason] = field(default_factory=list)
    stage: PlanStage | None = None
    answered: list[Answered] = field(default_factory=list)
    mended: list[Mend] = field(default_factory=list)
    ended: str | None = None
    problem: Problem | None = None
    faults: int = 0
    diff_at: str = ""
    form: str = "verdict"


class KindRow(Struct, kw_only=True):
    form: FormView
    inputs: int
    unfinished: int


class KindsView(Struct, kw_only=True):
    """`/projects/{id}/forms`."""

    head: ProjectHead
    rows: list[KindRow]


class PlaceFault(Struct, frozen=True):
    path: str
    message: str


class KindCheck(Struct, kw_only=True):
    """What was made of a declaration: the form, or where it is wrong."""

    project_id: UUID
    blocks: list[BlockView] = field(default_factory=list)
    faults: list[PlaceFault] = field(default_factory=list)
    names: Words = {}
    payload: str = ""
    diff_at: str = ""
    form: str = ""
    read_only: bool = False


class KindPage(Struct, kw_only=True):
    """`/projects/{id}/forms/{kind}`. `kind` is empty for a new one; `text` is the declaration as typed."""

    head: ProjectHead
    kind: str
    text: str
    payload: str
    version: int
    versions: list[FormView]
    check: KindCheck
    reason: str = ""
    shown_version: int | None = None
