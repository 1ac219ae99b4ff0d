"""Gold: the bank as it fares, an empty one, one in doubt, and what an author is told."""

from typing import Any

from callboard.pages.views_gold import GoldBankPage, GoldForm, GoldOnePage, GoldQuery, RuleForm
from callboard.pages.views_judged import GoldTold
from callboard.pages.views_projects import Fault
from routing.gold_answers import GoldDoubtSeen, GoldResult
from routing.gold_bank import GoldAnswerView, GoldTotals, GoldVersionView, GoldView
from routing.gold_doubts import GoldContestView
from routing.gold_rules import GoldRateView, GoldRuleView
from routing.gold_scoring import GoldKey
from tests.pages.sample_facts import minutes, uid
from tests.pages.samples_projects import DRAFT, head

DOUBT = "Clause 4 ends the lease with the year, not with the quarter; the key reads clause 3."
BANDS = GoldKey(bands={"helpfulness": (3.0, 5.0), "factuality": (4.0, 5.0)})


def gold(n: int = 1, **changes: Any) -> GoldView:
    facts: dict[str, Any] = {
        "id": uid(600 + n), "project_id": uid(21), "name": f"lease-{n:05}", "kind": "choice", "domain": "law", "language": "en", "band": 3,
        "payload": {"title": "When does this lease end?", "question": "When?", "choices": ["with the quarter", "with the year"]},
        "key": GoldKey(answer="with the quarter"), "version": 1, "state": "active", "origin": "form", "source_task_id": None, "note": "",
        "created_by": "person:1", "created_at": minutes(-9000), "served": 41, "answered": 38, "met": 31, "met_share": 31 / 38,
        "discrimination": 0.42, "fast": 1, "last_served_at": minutes(-30), "contests": 0,
    }  # fmt: skip
    return GoldView(**(facts | changes))


def doubt(n: int = 1, **changes: Any) -> GoldContestView:
    facts: dict[str, Any] = {
        "id": uid(640 + n), "gold_id": uid(600 + n), "name": f"lease-{n:05}", "project_id": uid(21), "project_name": "Law", "annotator_id": uid(3),
        "annotator": "Ann Example", "opened_by": "person:3", "automatic": False, "reason": DOUBT, "state": "open", "opened_at": minutes(-600),
        "due_at": minutes(3000), "overdue": False, "decided_by": None, "decided_at": None, "decision": "",
    }  # fmt: skip
    return GoldContestView(**(facts | changes))


RULE = GoldRuleView(
    enabled=True, feedback=True, newcomer_share=0.2, newcomer_tasks=20, share=0.04, version=3, changed_at=minutes(-500)
)
ROWS = [
    gold(), gold(2, state="contested", met=9, met_share=9 / 38, discrimination=-0.12, contests=2), gold(3, key=BANDS, origin="task", source_task_id=uid(701)),
    gold(4, state="retired", fast=22, payload={}), gold(5, served=0, answered=0, met=0, met_share=None, discrimination=None, fast=0, key=GoldKey(answer=["a", "b"])),
]  # fmt: skip
CHOICES: dict[str, Any] = {
    "kinds": ["choice", "rating"], "domains": ["law"], "all_kinds": ["choice", "dialogue", "rating"], "all_domains": ["finance", "law"],
}  # fmt: skip
ANSWERS = [
    GoldAnswerView(uid(3), "Ann Example", minutes(-300), 0.0, False, 0.81, 74, 1),
    GoldAnswerView(uid(4), "李雷", minutes(-900), 1.0, True, None, None, 1),
]
VERSIONS = [
    (GoldVersionView(2, GoldKey(answer="with the year"), "Clause 4.", "person:1", minutes(-100)), "with the year"),
    (GoldVersionView(1, GoldKey(answer="with the quarter"), "", "person:1", minutes(-9000)), "with the quarter"),
]


def told(**changes: Any) -> GoldTold:
    facts: dict[str, Any] = {
        "met": False, "share": 0.0, "answer": "with the year", "bands": {}, "missed": [], "corrected": False, "doubt": None,
    }  # fmt: skip
    return GoldTold(result=GoldResult(**(facts | changes)), key_text="with the year", doubt_at="/work/x/gold-doubt")


TOLD = [
    told(),
    told(met=True, share=1.0, corrected=True, doubt=GoldDoubtSeen("corrected", True, DOUBT, "So it is.", minutes(3))),
    told(bands=dict(BANDS.bands), missed=["factuality"], doubt=GoldDoubtSeen("open", True, DOUBT, "", minutes(3000))),
    told(doubt=GoldDoubtSeen("upheld", False, "", "Clause 4 says so.", minutes(3))),
]
GOLD = {
    "project-gold": (
        "projects/gold.html",
        GoldBankPage(
            head=head("gold"), totals=GoldTotals(40, 31, 1, 8, 812, 640, 3), rule=RULE,
            rule_form=RuleForm(enabled=True, feedback=True, newcomer_share="20", newcomer_tasks="20", share="4"), query=GoldQuery(q="lease"), rows=ROWS,
            open_doubts=[doubt(2, automatic=True, annotator=None, annotator_id=None), doubt(7, overdue=True), doubt(8, annotator=None)],
            rates=[GoldRateView(uid(3), "Ann Example", 0.1, "Came back after a year.", "person:1", minutes(-5))], form=GoldForm(),
            asked="q=lease&sort=newest", page=1, more=True, **CHOICES,
        ),
    ),
    "project-gold-empty": (
        "projects/gold.html",
        GoldBankPage(
            head=head("gold", DRAFT), totals=GoldTotals(0, 0, 0, 0, 0, 0, 0), rule=GoldRuleView(
                enabled=False, feedback=False, newcomer_share=0.2, newcomer_tasks=20, share=0.04, version=0, changed_at=None),
            rule_form=RuleForm(newcomer_share="80", newcomer_tasks="20", share="4"), query=GoldQuery(), rows=[], open_doubts=[], rates=[],
            form=GoldForm(tasks="a-1"), refused=["a-1: Only accepted work becomes gold."], faults={"newcomer_share": Fault("percent", {"low": 0, "high": 50})},
            **CHOICES,
        ),
    ),
    "project-gold-nothing": (
        "projects/gold.html",
        GoldBankPage(
            head=head("gold"), totals=GoldTotals(2, 0, 0, 2, 0, 0, 0), rule=RULE, rule_form=RuleForm(enabled=True), query=GoldQuery(q="zz"), rows=[],
            open_doubts=[], rates=[], form=GoldForm(name="x"), **CHOICES,
        ),
    ),
    "project-gold-one": (
        "projects/gold_one.html",
        GoldOnePage(
            head=head("gold"), one=ROWS[1], key_text="with the quarter", payload_text="{}", versions=VERSIONS, answers=ANSWERS,
            doubts=[doubt(2), doubt(3, state="upheld", decision="Clause 3 stands.", overdue=False)], may_decide=True,
        ),
    ),
    "project-gold-new": (
        "projects/gold_one.html",
        GoldOnePage(
            head=head("gold"), one=gold(3, key=BANDS, origin="task", source_task_id=uid(701), note="Of the pilot."), key_text="helpfulness: 3 – 5",
            payload_text='{"title": "…"}', versions=VERSIONS[1:], answers=[], doubts=[], may_decide=False,
        ),
    ),
}  # fmt: skip
