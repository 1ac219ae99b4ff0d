"""The screens of the exams."""

from typing import Any

import msgspec

from callboard.pages.views_exams import ExamsView, SittingView
from skills.exam_sitting import AttemptView, Feedback, Question, Result
from skills.exams import ExamView
from tests.pages.sample_facts import NOW, minutes, uid, usd


def exam(number: int, **changes: Any) -> ExamView:
    values: dict[str, Any] = {
        "id": uid(700 + number), "name": "Finance, level 4", "description": "Statements, rates and risk.",
        "domain": "finance", "language": "en", "mode": "adaptive", "cut_level": 4, "min_items": 6, "max_items": 40,
        "stop_rule": "sprt", "time_limit_seconds": 1800, "attempts_allowed": 2, "cooldown_seconds": 86400, "pay": None, "pay_project_id": None,
        "training": False, "state": "open", "items": 60, "attempts_used": 0, "attempts_left": 2, "passed": False,
        "running_id": None, "opens_again_at": None, "speaks": True,
    }  # fmt: skip
    return ExamView(**{**values, **changes})


def attempt(**changes: Any) -> AttemptView:
    values: dict[str, Any] = {
        "id": uid(750), "exam_id": uid(701), "exam_name": "Finance, level 4", "annotator_id": uid(1), "domain": "finance",
        "language": "en", "cut_level": 4, "training": False, "fixed": False, "number": 1, "state": "finished",
        "started_at": NOW, "ends_at": minutes(30), "ended_at": minutes(9), "answered": 11, "max_items": 40, "pay": None,
        "question": None, "feedback": None, "result": None,
    }  # fmt: skip
    return AttemptView(**{**values, **changes})


ASKED = Question(
    4, "A bond pays its coupon while market rates rise. What happens to its price?",
    ["It falls", "It rises", "It stays", "It is repaid at once"],
)  # fmt: skip
EXAMS = ExamsView(
    exams=[
        exam(1, running_id=uid(750), attempts_left=1, pay=usd(200)),
        exam(2, name="Law, level 3", domain="law", cut_level=3, pay=usd(150)),
        exam(3, name="General, practice", domain="general", training=True, mode="fixed", max_items=8),
        exam(4, name="Medicine, level 3", domain="medicine", passed=True),
        exam(5, opens_again_at=minutes(600), attempts_left=1),
        exam(6, attempts_left=0),
        exam(7, items=2, language="zh-CN", speaks=False),
    ]
)
EXAMS_EMPTY = ExamsView()
QUESTION = SittingView(
    attempt=attempt(state="running", ended_at=None, answered=3, question=ASKED), exam=exam(1, running_id=uid(750))
)
PRACTICE = SittingView(
    attempt=attempt(
        state="running", ended_at=None, training=True, fixed=True, answered=3, max_items=8, question=ASKED,
        feedback=Feedback(3, "What does a balance sheet show?", False, "A year", "One day", "It is a snapshot."),
    ),
    exam=exam(3, training=True),
)  # fmt: skip
PRACTICE_DONE = SittingView(
    attempt=msgspec.structs.replace(
        PRACTICE.attempt, state="finished", ended_at=minutes(5), question=None, answered=8, result=Result(False, "last_item", 5)
    ),
    exam=exam(3, training=True, attempts_left=40),
)  # fmt: skip
PASSED = SittingView(attempt=attempt(result=Result(True, "decided", None)), exam=exam(1, passed=True))
TIME_UP = SittingView(
    attempt=attempt(result=Result(False, "time_up", None)), exam=exam(1, attempts_left=1, opens_again_at=minutes(900))
)
