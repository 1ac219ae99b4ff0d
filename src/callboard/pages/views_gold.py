"""What the screens about gold show."""

from msgspec import Struct, field

from callboard.pages.views_projects import Fault, ProjectHead
from routing.gold_bank import GoldAnswerView, GoldTotals, GoldVersionView, GoldView
from routing.gold_doubts import GoldContestView
from routing.gold_rules import GoldRateView, GoldRuleView


class GoldQuery(Struct, kw_only=True):
    """As asked for; empty: all."""

    q: str = ""
    state: str = ""
    kind: str = ""
    domain: str = ""
    sort: str = "newest"


class GoldForm(Struct, kw_only=True):
    """A new one, as typed."""

    name: str = ""
    kind: str = ""
    domain: str = ""
    language: str = "en"
    difficulty: str = ""
    payload: str = ""
    key: str = ""
    note: str = ""
    tasks: str = ""
    """Names of accepted tasks, one a line."""


class RuleForm(Struct, kw_only=True):
    """As typed, in percent."""

    enabled: bool = False
    feedback: bool = False
    newcomer_share: str = ""
    newcomer_tasks: str = ""
    share: str = ""
    reason: str = ""


class GoldBankPage(Struct, kw_only=True):
    """`/projects/{id}/gold`"""

    head: ProjectHead
    totals: GoldTotals
    rule: GoldRuleView
    rule_form: RuleForm
    query: GoldQuery
    rows: list[GoldView]
    open_doubts: list[GoldContestView]
    rates: list[GoldRateView]
    kinds: list[str]
    domains: list[str]
    all_kinds: list[str]
    all_domains: list[str]
    form: GoldForm
    refused: list[str] = field(default_factory=list)
    """Of the tasks that were to become gold: why not."""
    asked: str = ""
    """The query as it stands in addresses."""
    page: int = 0
    more: bool = False
    faults: dict[str, Fault] = field(default_factory=dict)


class GoldOnePage(Struct, kw_only=True):
    """`/projects/{id}/gold/{gold}`"""

    head: ProjectHead
    one: GoldView
    key_text: str
    payload_text: str
    versions: list[tuple[GoldVersionView, str]]
    """With the key in words."""
    answers: list[GoldAnswerView]
    doubts: list[GoldContestView]
    may_decide: bool
    faults: dict[str, Fault] = field(default_factory=dict)
