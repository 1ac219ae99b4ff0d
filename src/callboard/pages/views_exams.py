"""What the screens of the exams show; the facts come from `skills` as they are."""

from typing import Any

from msgspec import Struct, field

from skills.exam_sitting import AttemptView
from skills.exams import ExamView


class ExamsView(Struct, kw_only=True):
    exams: list[ExamView] = field(default_factory=list)
    """Those that can be begun, or run, first; then what was passed or has to wait."""
    pay_inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the exam's id: how its pay would be exchanged for this person now."""


class SittingView(Struct, kw_only=True):
    attempt: AttemptView
    exam: ExamView
    """Where the person stands with it: what is left after a result."""
