"""What the screens of projects show: rules come from `routing` as they are, forms as they were typed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import Problem
from payments.earnings import ProjectBudget
from payments.rates import RateCardView
from routing.calendar_store import CalendarView
from routing.fitting import Fit, StepFit
from routing.projects import ProjectView
from routing.refitting import ConsensusReport
from routing.risk import Forecast


class Fault(Struct, frozen=True):
    """What is wrong with a field: the key of a sentence in `field_fault`, and what it names."""

    code: str
    values: dict[str, Any] = {}


class Named(Struct, kw_only=True):
    id: UUID
    name: str


class ProjectHead(Struct, kw_only=True):
    """What every page of one project begins with."""

    project: ProjectView
    tab: str
    may_edit: bool
    done: str = ""
    """What was saved a moment ago: the name of the page, or `undone`."""
    undo_version: int | None = None
    """Of the project; the last change can be taken back as long as it is still this one."""
    undo_change: str = ""
    """The same of rules of dialogues, rubric and topics: what `project_undo` calls the change."""
    undo_page: str = ""
    problem: Problem | None = None
    stale: bool = False
    """Somebody changed it while this form was open; saving again replaces that."""


class Waits(Struct, kw_only=True):
    """Of one project, at this moment."""

    waiting: int = 0
    in_work: int = 0
    review_waiting: int = 0
    in_review: int = 0


class ProjectRow(Struct, kw_only=True):
    project: ProjectView
    waits: Waits
    forecast: Forecast | None = None


class ProjectsView(Struct, kw_only=True):
    rows: list[ProjectRow]
    next_cursor: str | None = None


class HistoryLine(Struct, kw_only=True):
    at: datetime
    who: str | None
    action: str
    """`created`, `changed`, `requirements`, `reason`, or the state that it entered."""
    names: list[str]
    """Of the rules that changed."""
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str | None


class OverviewView(Struct, kw_only=True):
    head: ProjectHead
    waits: Waits
    accepted: int
    forecast: Forecast | None
    card: RateCardView | None
    budget: ProjectBudget
    requirement: str
    """In the short form; empty: nothing beside what tasks ask."""
    history: list[HistoryLine]
    faults: dict[str, Fault] = field(default_factory=dict)
    reason: str = ""


class TextFault(Struct, kw_only=True):
    """Where an expression stops making sense: its line, cut at the place."""

    before: str = ""
    at: str = ""
    after: str = ""
    position: int | None = None
    """The character from 1; none: it concerns the whole."""
    kind: str = "unexpected"
    """`unexpected`, `unknown`, `contradiction`, `together` or `other`."""
    allowed: list[str] = field(default_factory=list)
    detail: str = ""
    """In English, for what has no words of its own."""


class RequirementCheck(Struct, kw_only=True):
    """The answer to what was typed."""

    fit: Fit | None = None
    short: str = ""
    """The requirement in its one form, vendors by name."""
    fault: TextFault | None = None


class RequirementForm(Struct, kw_only=True):
    """As typed."""

    text: str = ""
    min_level: str = ""
    role: str = ""
    credential: bool = False
    vendors: dict[str, str] = field(default_factory=dict)
    """By id: `welcome` or `out`."""
    people: dict[str, str] = field(default_factory=dict)
    person: str = ""
    """Typed to be added."""
    reason: str = ""


class RequirementsView(Struct, kw_only=True):
    head: ProjectHead
    form: RequirementForm
    vendors: list[Named]
    people: list[Named]
    roles: list[str]
    suggestions: list[str]
    """Names that the field for another person offers."""
    words: list[str]
    """Domains, which an expression may name."""
    check: RequirementCheck | None = None
    faults: dict[str, Fault] = field(default_factory=dict)
    focus: str = ""
    looked: bool = False
    """Nothing was to be saved: a row was added, or a person."""


class StepForm(Struct, kw_only=True):
    """As typed; empty: not said."""

    after: str = ""
    unit: str = "minutes"
    share: str = ""
    queue: str = ""
    level: str = "0"
    language: str = "0"
    role: str = ""
    second: bool = False
    expedite: bool = True


class StepEffect(Struct, kw_only=True):
    at: datetime | None
    """For a task that comes in now, by waiting alone; none: waiting does not lead there."""
    waits_seconds: float | None


class LadderPreview(Struct, kw_only=True):
    effects: list[StepEffect]
    lanes: list[StepFit]
    fault: bool = False


class LadderView(Struct, kw_only=True):
    head: ProjectHead
    steps: list[StepForm]
    roles: list[str]
    most_steps: int
    preview: LadderPreview | None = None
    reason: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    focus: str = ""
    looked: bool = False
    """Nothing was to be saved: a row was added, or a person."""


class Pause(Struct, kw_only=True):
    begin: datetime
    end: datetime | None


class TimeView(Struct, kw_only=True):
    head: ProjectHead
    values: dict[str, str]
    calendars: list[CalendarView]
    open_hours: float | None
    """In the week of the chosen calendar; none: around the clock."""
    pauses: list[Pause]
    done_at: datetime | None
    """When a task that comes in now has reached its SLA; none while the clock stands still."""
    faults: dict[str, Fault] = field(default_factory=dict)


class GeneralView(Struct, kw_only=True):
    """What a project is called, what people read beside the work, and when a skill counts in it."""

    head: ProjectHead
    values: dict[str, str]
    roles: list[str]
    usual_half_life: int
    """Days, of the installation."""
    waits: int = 0
    """Tasks that would move with the role or the level of an expert."""
    faults: dict[str, Fault] = field(default_factory=dict)


class ConsensusView(Struct, kw_only=True):
    head: ProjectHead
    report: ConsensusReport


class RulesView(Struct, kw_only=True):
    head: ProjectHead
    values: dict[str, str]
    offer_seconds: int
    offer_parallel: int
    offers_per_round: int
    vendors: int
    faults: dict[str, Fault] = field(default_factory=dict)


class CalendarPage(Struct, kw_only=True):
    """`/calendars/…`: one calendar as a form; `calendar` none: a new one."""

    calendar: CalendarView | None
    values: dict[str, str]
    """`name`, `zone`, `holidays`, `reason`, and the hours by day."""
    zones: list[str]
    used_by: list[Named]
    project: Named | None = None
    """From whose page one came, and goes back to."""
    hours: float | None = None
    """Open in the week, as saved."""
    done: str = ""
    """`saved` or `undone`."""
    may_undo: bool = False
    """The last change, which nothing has followed."""
    stale: bool = False
    may_edit: bool = True
    problem: Problem | None = None
    faults: dict[str, Fault] = field(default_factory=dict)
