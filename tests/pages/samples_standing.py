"""The screens of standing."""

from typing import Any

from callboard.pages import views as v
from callboard.pages.views_standing import (
    PersonStanding,
    PreviewView,
    RulePage,
    Shown,
    StandingFilter,
    StandingPage,
)
from skills.profiles import Restriction
from skills.standing_conditions import (  # fmt: skip
    CredentialExpired,
    ExamFailed,
    GoldBelow,
    InactiveDays,
    OutcomesBelow,
    Rejected,
    SkillBelow,
)
from skills.standing_preview import Preview, Touched
from skills.standing_rules import RuleView
from skills.standings import Appeal, Evidence, Measure, StandingView
from tests.pages.sample_facts import NOW, minutes, uid

DAY = 24 * 60
LOW = "Your last ten pieces of work in this field were, on average, less than half as good as they need to be."
LOW_ZH = "您在该领域最近十件工作的平均质量不到要求的一半。"
CONDITIONS: list[tuple[Any, str, float]] = [
    (OutcomesBelow(share=0.5, last=10), "outcomes_below", 0.38),
    (Rejected(count=4, last=10), "rejected", 4),
    (GoldBelow(share=0.5, last=8), "gold_below", 0.25),
    (SkillBelow(level=2), "skill_below", -1.4),
    (InactiveDays(days=180), "inactive_days", 180),
    (CredentialExpired(), "credential_expired", 0),
    (ExamFailed(count=2), "exam_failed", 2),
]


def measure(n: int = 0) -> Measure:
    condition, kind, value = CONDITIONS[n]
    given = {name: getattr(condition, name) for name in condition.__struct_fields__}
    return Measure({"kind": kind, **given}, value, 10, [uid(810)])


def one(number: int, **changes: Any) -> StandingView:
    values: dict[str, Any] = {
        "id": uid(800 + number), "annotator_id": uid(number), "annotator": "Mei Lin", "vendor_id": None, "rule_id": uid(820),
        "rule_name": "Work below half", "rule_version": 2, "domain": "finance", "action": "pause", "reason_en": LOW,
        "reason_zh": LOW_ZH, "measure": measure(), "by": "rule", "state": "active", "started_at": minutes(-DAY),
        "ends_at": minutes(6 * DAY), "ended_at": None, "end_reason": None, "appeal": None,
    }  # fmt: skip
    return StandingView(**{**values, **changes})


def appeal(state: str = "open", *, overdue: bool = False, answer: str | None = None) -> Appeal:
    text = "Three of the ten were quotations that the guideline asks for.\nThe reviewer marked them as copied."
    due = minutes(-60) if overdue else minutes(5 * DAY)
    return Appeal(text, minutes(-2 * DAY), due, overdue, state, answer, None if answer is None else NOW)


def rule(n: int, **changes: Any) -> RuleView:
    values: dict[str, Any] = {
        "id": uid(820 + n), "name": ["Work below half", "Rejected again and again", "Known answers missed", "Surely below basic", "Away for half a year", "Credential expired", "Exam failed twice"][n],
        "condition": CONDITIONS[n][0], "action": ["pause", "ask_manager", "require_exam"][n % 3], "domain": None, "reason_en": LOW, "reason_zh": LOW_ZH,
        "lasts_days": None, "on": n < 2, "version": 2, "changed_at": NOW, "active": 3 - n if n < 3 else 0,
    }  # fmt: skip
    return RuleView(**{**values, **changes})


EVIDENCE = [
    Evidence(uid(810 + n), kind, "finance", outcome, minutes(-n * DAY - 90), n == 2)
    for n, (kind, outcome) in enumerate([("review_verdict", 0.0), ("gold", 0.25), ("review_verdict", 0.5)], 1)
]
DOMAINS = ["finance", "general", "law", "medicine", "technology"]
MINE = one(2, action="require_exam", ends_at=None, measure=measure(3), rule_name="Surely below basic")
STANDING = StandingPage(
    filter=StandingFilter(),
    appeals=[
        Shown(one=one(1, appeal=appeal(overdue=True)), evidence=EVIDENCE, may_lift=True),
        Shown(one=one(2, annotator="Tomás Rivera", rule_name=None, by="manager", measure=None, domain=None, appeal=appeal()), may_lift=True),
    ],
    rows=[
        one(1, appeal=appeal(overdue=True)),
        *[one(2 + n, annotator=f"Person {n}", measure=measure(n), action=["pause", "require_exam", "ask_manager"][n % 3], ends_at=None) for n in range(7)],
        one(9, annotator="Tomás Rivera", rule_name=None, by="manager", measure=None, domain=None),
    ],
    domains=DOMAINS, rules=[rule(n, lasts_days=7 if n == 0 else None) for n in range(7)], may_write=True, next_cursor="abc", done="on",
)  # fmt: skip
STANDING_EMPTY = StandingPage(filter=StandingFilter(), appeals=[], rows=[], domains=DOMAINS)
RULE = RulePage(rule=rule(0, lasts_days=7), domains=DOMAINS)
RULE_NEW = RulePage(rule=None, domains=DOMAINS, problem=v.Problem(status=409, code="standing_rule_exists", title="?"))
TOUCHED = PreviewView(
    preview=Preview(2, 200, False, [Touched(uid(n), f"Person {n}", "finance", 0.3 + n / 10, 10) for n in range(2)]), kind="outcomes_below",
)  # fmt: skip
TOUCHED_NOBODY = PreviewView(preview=Preview(0, 20, True, []), kind="rejected")
PERSON_OWN = PersonStanding(
    person_id=uid(1), name="Mei Lin", state="active", vendor="Northlight", own=True, appeal_days=7, domains=[], done="appealed",
    now=[
        Shown(one=one(1), evidence=EVIDENCE, may_appeal=True),
        Shown(one=MINE, evidence=EVIDENCE[:1]),
        Shown(one=one(3, action="ask_manager", ends_at=None, measure=measure(1), appeal=appeal("refused", answer="The sources were not named."))),
    ],
    past=[
        Shown(one=one(4, state="withdrawn", ended_at=NOW, end_reason="What it rested on was corrected or taken back; with what is known now it would not have come.")),
        Shown(one=one(5, state="lifted", ended_at=NOW, end_reason="You are right.", appeal=appeal("granted", answer="You are right."))),
        Shown(one=one(6, state="ended", ended_at=NOW, end_reason="Its time is over.")),
    ],
)  # fmt: skip
PERSON_OF = PersonStanding(
    person_id=uid(1), name="Mei Lin", state="active", vendor="Northlight", own=False, appeal_days=7, may_write=True, past=[],
    domains=list(DOMAINS),
    now=[Shown(one=one(1, appeal=appeal()), evidence=EVIDENCE, may_lift=True), Shown(one=one(3, action="ask_manager", ends_at=None), may_lift=True)],
)  # fmt: skip
PERSON_GOOD = PersonStanding(
    person_id=uid(1),
    name="Mei Lin",
    state="active",
    vendor="Northlight",
    own=True,
    appeal_days=7,
    domains=[],
    now=[],
    past=[],
)
RESTRICTIONS = [
    Restriction(uid(801), "finance", "pause", LOW, LOW_ZH, minutes(6 * DAY)),
    Restriction(uid(802), "law", "require_exam", LOW, LOW_ZH, None),
    Restriction(uid(803), None, "ask_manager", LOW, LOW_ZH, None),
]
