"""Earnings, and disputes of pay from both sides."""

from typing import Any
from uuid import UUID

from callboard.pages.views import Option, TaskFacts
from callboard.pages.views_earnings import EarningLine, EarningsFilter, EarningsView, EarningTotals
from callboard.pages.views_pay import PayDisputesPage
from payments.earnings_more import Figures, LineMore, UnpaidWork
from payments.pay_dispute_views import PayDisputeView
from tests.pages.sample_facts import BONDS, KEYS, LEASE, minutes, uid, usd

DAY = 1440.0
PRICED = {
    "rate_card_version": 4, "kind": "annotation", "base": "1.500000", "difficulty_band": 4, "difficulty_factor": "1.2", "expert": True,
    "expert_factor": "1.25", "asked_level": 3, "class_factor": "1.1", "language": "pt-BR", "language_factor": "1.05", "minimum": "0.400000",
}  # fmt: skip
"""A fixed price with every factor."""
PLAIN = {"rate_card_version": 4, "kind": "annotation", "base": "1.500000", "difficulty_band": 2}


def priced(level: int, factor: str) -> dict[str, Any]:
    return PLAIN | {"difficulty_band": level, "difficulty_factor": factor}


def more(**given: Any) -> LineMore:
    return LineMore(**(
        {"assignment_id": uid(1), "submitted_at": None, "active_seconds": 0, "accepted_at": None, "review_due_at": None, "acts_at": None,
         "adjustment_state": None, "disputable_from": None, "dispute_id": None, "dispute_state": None} | given
    ))  # fmt: skip


def line(seq: int, task: TaskFacts, state: str, amount: float, inputs: dict[str, Any], **given: Any) -> EarningLine:
    return EarningLine(
        task=task, at=minutes(-60 * seq), stage=given.pop("stage", "annotation"), state=state, amount=usd(amount), seq=seq, inputs=inputs,
        **given,
    )  # fmt: skip


def dispute(n: int, state: str, kind: str, **given: Any) -> PayDisputeView:
    return PayDisputeView(**({
        "id": UUID(int=n), "kind": kind, "project_id": uid(50), "project": "Clinic dialogues", "annotator_id": uid(7), "name": "Ana Moreno",
        "line": 1200 + n, "task_id": uid(n), "assignment_id": uid(n), "external_id": f"clinic-{n:04}", "work": "annotation", "amount": usd(240),
        "wanted": None, "line_reason": "", "price_inputs": PRICED, "reason": "Two of my messages are missing from the count.", "state": state,
        "opened_at": minutes(-DAY * n), "due_at": minutes(DAY * (4 - n)), "overdue": n > 3 and state == "open", "decided_at": None, "answer": "",
        "decision": "", "adjustment_id": None, "adjustment_state": None, "pays": None, "not_yours": False,
    } | given))  # fmt: skip


OPEN = dispute(1, "open", "posted", wanted=usd(50))
UPHELD = dispute(
    2, "upheld", "voided", answer="our_mistake", decision="The reviewer had looked at the round before.", decided_at=minutes(-300),
    adjustment_id=uid(90), adjustment_state="scheduled", pays=usd(240),
)  # fmt: skip
REFUSED = dispute(
    3, "refused", "missing", line=None, price_inputs={}, amount=usd(0), answer="as_agreed", decided_at=minutes(-900)
)

FROM_YUAN = {"from": "CNY", "to": "USD", "rate": "0.1404", "day": "2026-01-14", "source": "Central bank, daily fixing"}

EARNINGS = EarningsView(
    totals=[
        EarningTotals(
            pending=usd(390), posted=usd(48_260), today=usd(720), paid=usd(41_100),
            figures=Figures(
                currency="USD", starts_at=minutes(-20 * DAY), ends_at=minutes(10 * DAY), period=usd(6_315), payable=usd(5_160), on_the_way=usd(2_000),
                hourly=usd(1_842), timed_seconds=12_340,
            ),
        )
    ],
    lines=[
        line(1, KEYS, "pending", 180, priced(2, "1.2"), more=more(submitted_at=minutes(-70), accepted_at=minutes(3 * DAY), disputable_from=minutes(7 * DAY))),
        line(2, LEASE, "pending", 390, PRICED, more=more(submitted_at=minutes(-8 * DAY), review_due_at=minutes(-DAY), disputable_from=minutes(-DAY))),
        line(3, BONDS, "posted", 300.25, priced(5, "2"), stage="review", more=more(active_seconds=840, disputable_from=minutes(-80)), hourly=usd(1_286)),
        line(8, BONDS, "posted", 421.2, PRICED | {"exchange": FROM_YUAN}, stage="review", exchange=FROM_YUAN),
        line(4, KEYS, "posted", 240, PLAIN, more=more(active_seconds=610, dispute_id=OPEN.id, dispute_state="open"), hourly=usd(1_416)),
        line(5, LEASE, "voided", 210, priced(3, "1.4"), reason="rejected", items=["edit_insufficient"], more=more(disputable_from=minutes(-1500))),
        line(6, TaskFacts(id=uid(61), title="", project="Clinic dialogues", kind="bonus", domain="", language="en", level=None), "pending", 500, {}, stage="bonus", more=more(acts_at=minutes(8), adjustment_state="scheduled")),
    ],
    filter=EarningsFilter(project_id=str(uid(50))), query="project_id=50",
    projects=[Option(value=str(uid(50)), label="Clinic dialogues"), Option(value=str(uid(51)), label="Spring dialogues")],
    next_page="cursor=abc", disputes=[OPEN, UPHELD, REFUSED], done="disputed",
    unpaid=[UnpaidWork(assignment_id=uid(70), task_id=uid(71), title="A trial task", project="Spring dialogues", kind="annotation", ended_at=minutes(-4000))],
)  # fmt: skip
EARNINGS_EMPTY = EarningsView(totals=[], lines=[])

DISPUTES = PayDisputesPage(
    rows=[
        dispute(5, "open", "held", name="Wei Chen", reason="I handed this in eleven days ago.", price_inputs=PLAIN),
        dispute(4, "open", "posted", name="Lena Vogt", not_yours=True, work="adjustment", task_id=None, assignment_id=None, external_id=None, price_inputs={}, amount=usd(-8_000), line_reason="Paid twice in January"),
        OPEN, UPHELD, REFUSED,
    ],
    next_page="state=all&cursor=abc", query="state=all", wish={"state": "all", "sort": "due"}, projects=EARNINGS.projects, person="",
    values={"answer": "", "reason": "", "amount": ""}, done="uphold",
)  # fmt: skip
DISPUTES_EMPTY = PayDisputesPage(
    rows=[],
    next_page="",
    query="",
    wish={},
    projects=[],
    person="Ana Moreno",
    values={"answer": "", "reason": "", "amount": ""},
)
BOSS = ("manager",)
EARNED: dict[str, tuple[str, Any, str, tuple[str, ...]]] = {
    "earnings": ("earnings.html", EARNINGS, "/earnings", ("annotator",)),
    "earnings-empty": ("earnings.html", EARNINGS_EMPTY, "/earnings", ("annotator",)),
    "pay-disputes": ("payroll_disputes.html", DISPUTES, "/payroll/disputes", BOSS),
    "pay-disputes-empty": ("payroll_disputes.html", DISPUTES_EMPTY, "/payroll/disputes", BOSS),
}
"""Template, view, path and roles by name."""
