"""The screens of those who manage exams."""

from typing import Any

from callboard.exam_file import Fault
from callboard.pages.exam_forms import USUAL, values_of_item
from callboard.pages.views import Option, Problem
from callboard.pages.views_exam_manage import (
    BankFilter,
    ExamRow,
    ItemPageView,
    KeyChange,
    ManageView,
    NewExamView,
    OneExamView,
    OtherOutcome,
)
from skills.exam_bank import AttemptLine, ExamFigures, ItemView
from tests.pages.sample_facts import NOW, minutes, uid, usd
from tests.pages.samples_exams import exam


def item(number: int, **changes: Any) -> ItemView:
    values: dict[str, Any] = {
        "id": uid(800 + number), "key": f"k{number}", "text": "A bond pays its coupon while market rates rise. What happens to its price?",
        "options": ["It falls", "It rises", "It stays"], "answer": 0, "explanation": "", "difficulty": 0.3 * number,
        "discrimination": 1.0, "authored_difficulty": None, "authored_discrimination": None, "exposure_count": 40,
        "exposure_left": 460, "shown": 40, "answered": 39, "right_share": 0.61, "calibrated_answers": 0,
        "calibrated_at": None, "retired": False, "retired_reason": None, "version": 1, "created_at": NOW,
    }  # fmt: skip
    return ItemView(**{**values, **changes})


def line(place: int, **changes: Any) -> AttemptLine:
    values: dict[str, Any] = {
        "id": uid(850 + place), "annotator_id": uid(1), "annotator_name": "Ana Lindqvist", "number": 1, "state": "finished",
        "passed": True, "reason": "decided", "started_at": NOW, "ended_at": minutes(11), "answered": 12, "right_answers": 10,
        "pay": usd(200),
    }  # fmt: skip
    return AttemptLine(**{**values, **changes})


WENT = ExamFigures(attempts=41, running=2, finished=39, passed=24, mean_items=11.37, mean_seconds=640.0)
FRESH, CALIBRATED, RETIRED = (
    item(1, shown=0, answered=0, exposure_count=0, exposure_left=500, right_share=None),
    item(2, calibrated_at=NOW, calibrated_answers=240, authored_difficulty=0.1, authored_discrimination=1.0),
    item(3, retired=True, retired_reason="shown too often", exposure_left=0, shown=500),
)
PAID = exam(1, pay=usd(200), pay_project_id=uid(20))
ONE: dict[str, Any] = {
    "exam": PAID, "figures": WENT, "items": [item(0), FRESH, CALIBRATED, RETIRED], "filter": BankFilter(show="all"), "found": 112,
    "page": 2, "pages": 3, "shares": ["Finance, level 3"], "payer": "Finance dialogues",
    "attempts": [
        line(1, state="running", passed=None, reason=None, ended_at=None, answered=3, right_answers=2), line(2),
        line(3, passed=False, number=2, reason="time_up", annotator_name="Wei Zhang"),
    ],
}  # fmt: skip
NEW: dict[str, Any] = {
    "values": dict(USUAL), "domains": ["general", "finance", "law"], "languages": ["de", "en", "zh-CN"],
    "projects": [Option(value=str(uid(20)), label="Finance dialogues (USD)")],
}  # fmt: skip
WRONG = Problem(
    status=422, code="bad_exam", title="The exam cannot be held like that", detail="min_items is larger than max_items."
)
MANAGED_EXAMS: dict[str, tuple[str, object]] = {
    "manage": (
        "exams/manage.html",
        ManageView(
            rows=[
                ExamRow(exam=PAID, figures=WENT),
                ExamRow(exam=exam(2, name="Law, level 3", domain="law", state="closed", items=2), figures=ExamFigures()),
                ExamRow(exam=exam(3, name="General, practice", training=True), figures=WENT),
            ],
            changed=exam(2, name="Law, level 3", state="closed"),
            next_cursor="abc",
        ),
    ),
    "manage-empty": ("exams/manage.html", ManageView(rows=[], changed=PAID)),
    "manage-new": ("exams/new.html", NewExamView(**NEW)),
    "manage-copy": ("exams/new.html", NewExamView(**NEW, copy_of="Finance, level 4", problem=WRONG)),
    "manage-one": ("exams/one.html", OneExamView(**ONE, done="added", count=12)),
    "manage-faults": (
        "exams/one.html",
        OneExamView(
            **{**ONE, "items": [], "attempts": [], "figures": ExamFigures(), "exam": exam(3, training=True), "pages": 1, "page": 1},
            faults=[Fault(3, "question: two options are the same."), Fault(7, "Expected `float`, got `str` - at `$.difficulty`")],
        ),
    ),
    "manage-created": ("exams/one.html", OneExamView(**{**ONE, "exam": exam(4, items=0), "shares": []}, done="created")),
    "manage-retired": ("exams/one.html", OneExamView(**ONE, done="retired", problem=WRONG)),
    "manage-item-new": ("exams/item.html", ItemPageView(exam=PAID, item=None, values=values_of_item(None), problem=WRONG)),
    "manage-item-fresh": ("exams/item.html", ItemPageView(exam=PAID, item=FRESH, values=values_of_item(FRESH))),
    "manage-item-calibrated": ("exams/item.html", ItemPageView(exam=PAID, item=CALIBRATED, values=values_of_item(CALIBRATED))),
    "manage-item-key-looked": (
        "exams/item.html",
        ItemPageView(exam=PAID, item=CALIBRATED, values=values_of_item(CALIBRATED), key=KeyChange(
            answer=2, reason="Two of the options say the same.", done=False, people=14, evidence=15,
            others=[OtherOutcome(uid(3), "Mei Lin", passed=True), OtherOutcome(uid(4), "Tomás Rey", passed=False)],
        )),
    ),
    "manage-item-key-corrected": (
        "exams/item.html",
        ItemPageView(exam=PAID, item=CALIBRATED, values=values_of_item(CALIBRATED), key=KeyChange(
            answer=2, reason="Two of the options say the same.", done=True, people=1, evidence=1, others=[],
        )),
    ),
    "manage-item-retired": ("exams/item.html", ItemPageView(exam=PAID, item=RETIRED, values=values_of_item(RETIRED))),
}  # fmt: skip
