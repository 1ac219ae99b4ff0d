"""What the screens of those who manage exams show."""

from typing import Any
from uuid import UUID

from msgspec import Struct, field

from callboard.exam_file import Fault
from callboard.pages.views import Option, Problem
from skills.exam_bank import AttemptLine, ExamFigures, ItemView
from skills.exams import ExamView


class ExamRow(Struct, kw_only=True):
    exam: ExamView
    figures: ExamFigures


class ManageView(Struct, kw_only=True):
    rows: list[ExamRow]
    changed: ExamView | None = None
    """Opened or closed just now: offered to be undone."""
    next_cursor: str | None = None


class NewExamView(Struct, kw_only=True):
    values: dict[str, Any]
    """Of the form, as they were typed or as they are usual."""
    domains: list[str]
    languages: list[str]
    projects: list[Option]
    copy_of: str | None = None
    problem: Problem | None = None


class BankFilter(Struct, kw_only=True):
    show: str = ""
    """Empty: those that are asked; `retired`, `calibrated`, `worn` (few showings left), `all`."""
    sort: str = "difficulty"
    direction: str = "up"


class OneExamView(Struct, kw_only=True):
    exam: ExamView
    figures: ExamFigures
    attempts: list[AttemptLine]
    items: list[ItemView]
    filter: BankFilter
    found: int
    """Questions that match, of which `items` is one page."""
    page: int
    pages: int
    shares: list[str] = field(default_factory=list)
    """Names of the other exams that ask from the same bank."""
    payer: str | None = None
    problem: Problem | None = None
    faults: list[Fault] = field(default_factory=list)
    """Of the file that was sent just now."""
    done: str | None = None
    count: int = 0


class OtherOutcome(Struct, frozen=True):
    """A result that stands, and would have been another with the right key."""

    annotator_id: UUID
    name: str
    passed: bool


class KeyChange(Struct, kw_only=True):
    """What another key changes, or has changed just now."""

    answer: int
    """From 1."""
    reason: str
    done: bool
    people: int
    evidence: int
    others: list[OtherOutcome]


class ItemPageView(Struct, kw_only=True):
    exam: ExamView
    item: ItemView | None
    """None: a new one."""
    values: dict[str, Any]
    problem: Problem | None = None
    key: KeyChange | None = None
