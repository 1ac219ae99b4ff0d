"""What the screens of standing show; restrictions and rules come from `skills` as they are."""

from uuid import UUID

from msgspec import Struct, field

from callboard.pages.views import Problem
from skills.standing_preview import Preview
from skills.standing_rules import RuleView
from skills.standings import Evidence, StandingView


class Shown(Struct, kw_only=True):
    """A restriction with what whoever looks at it may do about it."""

    one: StandingView
    evidence: list[Evidence] = field(default_factory=list)
    may_appeal: bool = False
    may_lift: bool = False


class StandingFilter(Struct, kw_only=True):
    action: str = ""
    domain: str = ""


class StandingPage(Struct, kw_only=True):
    """`/standing`, for managers."""

    filter: StandingFilter
    appeals: list[Shown]
    """Open ones, those that wait longest first."""
    rows: list[StandingView]
    """In force now, newest first."""
    domains: list[str]
    rules: list[RuleView] = field(default_factory=list)
    may_write: bool = False
    next_cursor: str | None = None
    done: str = ""
    problem: Problem | None = None


class RulePage(Struct, kw_only=True):
    """`/standing/rules/…`: one rule as a form; `rule` none: a new one."""

    rule: RuleView | None
    domains: list[str]
    problem: Problem | None = None


class PreviewView(Struct, kw_only=True):
    preview: Preview
    kind: str
    """Of the condition: says what the values mean."""


class PersonStanding(Struct, kw_only=True):
    """`/people/{id}/standing`, for managers and for the person."""

    person_id: UUID
    name: str
    state: str
    vendor: str | None
    own: bool
    now: list[Shown]
    past: list[Shown]
    domains: list[str]
    appeal_days: int
    may_write: bool = False
    done: str = ""
    problem: Problem | None = None
