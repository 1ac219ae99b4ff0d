"""What the screens about agreement, adjudication and reviewers show."""

from msgspec import Struct, field

from callboard.pages.views import Guideline, HeldTask, Problem
from callboard.pages.views_projects import Fault, ProjectHead
from routing.adjudicating import AdjudicationWork
from routing.agreeing import AgreementReport
from routing.calibration_sets import CalibrationCandidate, CalibrationSetView
from routing.reviewer_figures import ReviewersReport


class SetForm(Struct, kw_only=True):
    """As typed."""

    name: str = ""
    share: str = "5"
    note: str = ""
    chosen: list[str] = field(default_factory=list)


class AgreementPage(Struct, kw_only=True):
    """`/projects/{id}/agreement`"""

    head: ProjectHead
    report: AgreementReport
    may_write: bool
    sets: list[CalibrationSetView] = field(default_factory=list)
    candidates: list[CalibrationCandidate] = field(default_factory=list)
    form: SetForm = field(default_factory=SetForm)
    faults: dict[str, Fault] = field(default_factory=dict)


class Named(Struct, frozen=True):
    id: str
    name: str


class ReviewersPage(Struct, kw_only=True):
    """`/reviewers`"""

    report: ReviewersReport
    projects: list[Named]
    domains: list[str]
    project: str = ""
    domain: str = ""
    sort: str = "looks"
    query: str = ""
    """Of the address, for the way to the file."""


class AdjudicationPage(Struct, kw_only=True):
    """`/review/{assignment_id}`, where somebody decides between answers: nobody who answered is in here."""

    held: HeldTask
    brief: str
    guidelines: list[Guideline]
    payload_text: str
    """The task itself, as far as it is more than a brief."""
    work: AdjudicationWork
    typed: dict[str, str] = field(default_factory=dict)
    """As it was kept: `label`, `other`, `reason`."""
    draft_version: int | None = None
    ended: str | None = None
    decided: str = ""
    problem: Problem | None = None
