"""Values of the domain as views show them."""

from typing import Any
from uuid import UUID

from callboard.pages.views import HeldTask, Reason, ReasonPoint, TaskFacts
from kernel.money import Money
from routing.assignments import AssignmentView
from routing.lanes import REVIEW
from routing.review import AuthorFeedback
from routing.verdict_items import Named


def title_of(payload: dict[str, Any], external_id: str) -> str:
    title = payload.get("title")
    return title if isinstance(title, str) and title.strip() else external_id


def facts_of(row: Any, title: str | None = None, kind: str = "dialogue") -> TaskFacts:
    """Of anything with the columns of a task: assignments, holds, rows of lists."""
    name = title if title is not None else title_of(getattr(row, "payload", {}) or {}, row.external_id)
    level = getattr(row, "difficulty_level", None) or getattr(row, "difficulty_band", None)
    return TaskFacts(
        id=getattr(row, "task_id", None) or row.id, title=name, project=row.project_name, kind=kind, domain=row.domain,
        language=row.language, level=level, external_id=row.external_id,
    )  # fmt: skip


def stage_of(kind: str, rework_rounds: int) -> str:
    if kind == REVIEW:
        return "review"
    return "rework" if rework_rounds else "annotation"


def held_of(row: AssignmentView, *, turns_done: int = 0, reason: Reason | None = None) -> HeldTask:
    return HeldTask(
        assignment_id=row.id, epoch=row.epoch, task=facts_of(row), stage=stage_of(row.kind, row.rework_rounds),
        price=Money(row.price_micros, row.currency), lease_until=row.lease_until, deadline=row.deadline,
        turns_done=turns_done, turns_wanted=0 if row.kind == REVIEW else row.min_turns, reason=reason,
        price_inputs=row.price_inputs,
    )  # fmt: skip


def reason_of(feedback: AuthorFeedback, named: Named) -> Reason:
    return Reason(
        outcome=feedback.outcome, points=points_of(feedback.reasons, named), comment=feedback.comment, at=feedback.given_at,
        given=feedback.given, overturned_because=feedback.overturned_because,
    )  # fmt: skip


def points_of(reasons: Any, named: Named) -> list[ReasonPoint]:
    """A reason names the message; people count exchanges, of two messages each. `named`: what the project's rubric calls its rules."""
    return [
        ReasonPoint(
            reason.item,
            reason.text,
            None if reason.turn_no is None else (reason.turn_no + 1) // 2,
            named.get(reason.item, {}),
        )
        for reason in reasons
    ]


def uuid_of(text: str) -> UUID | None:
    """None for what is no id: a filter in an address that somebody shortened."""
    try:
        return UUID(text)
    except ValueError:
        return None
