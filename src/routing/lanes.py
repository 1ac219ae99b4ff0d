"""Lanes: what a slot asks of a person, as a value with a canonical key; and the fixed order inside a lane."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

ANNOTATION, REVIEW = "annotation", "review"
HIGHEST_LEVEL = 5
PRIORITY_STEP = timedelta(hours=6)
"""One step of priority is worth this much waiting; everything in a lane ages at the same speed, so one number orders it."""
MIDDLE_PRIORITY = 3
LEVEL_BELOW_DIFFICULTY = 1
"""Without a stated requirement a task of difficulty n asks for level n - 1: people grow on tasks just above them."""


class Requirements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one task asks for beyond its domain, language and difficulty."""

    min_level: int | None = None
    """1 to 5, tested against the lower bound of the skill."""
    role: str | None = None
    credential: bool = False
    """A verified, unexpired credential in the task's domain."""


class Lane(msgspec.Struct, frozen=True):
    project_id: UUID
    kind: str
    stage: int
    domain: str
    language: str
    difficulty_band: int
    min_level: int
    required_role: str
    required_credential: bool
    task_kind: str = ""
    """Of the work, where it has a skill of its own; empty: the domain's skill decides."""

    @property
    def skill_kind(self) -> str:
        """What people are judged by in this lane, beside the domain."""
        return REVIEW if self.kind == REVIEW else self.task_kind

    @property
    def key(self) -> str:
        credential = "credential" if self.required_credential else "-"
        parts = [
            str(self.project_id), self.kind, str(self.stage), self.domain, self.language,
            str(self.difficulty_band), str(self.min_level), self.required_role, credential,
        ]  # fmt: skip
        return "|".join([*parts, self.task_kind] if self.task_kind else parts)


def annotation_lane(
    project_id: UUID,
    *,
    domain: str,
    language: str,
    band: int,
    requirements: Requirements,
    project_role: str | None,
    task_kind: str = "",
) -> Lane:
    return Lane(
        project_id, ANNOTATION, 0, domain, language, band,
        requirements.min_level or max(1, band - LEVEL_BELOW_DIFFICULTY),
        requirements.role or project_role or "annotator", requirements.credential, task_kind,
    )  # fmt: skip


def review_lane(work: Lane, stage: int = 1) -> Lane:
    """Reviewing asks for the level of the work itself, one above what doing it asks for."""
    return Lane(
        work.project_id, REVIEW, stage, work.domain, work.language, work.difficulty_band,
        min(HIGHEST_LEVEL, max(work.min_level, work.difficulty_band)), "reviewer", work.required_credential,
    )  # fmt: skip


def rank(created_at: datetime, priority: int, due_at: datetime | None, sla_seconds: int) -> int:
    """Milliseconds since 1970 at which the task counts as having come in; the smallest is served first.

    Priority moves it by `PRIORITY_STEP` a step, a due time to at most one SLA before it is due.
    """
    moment = created_at - PRIORITY_STEP * (priority - MIDDLE_PRIORITY)
    if due_at is not None:
        moment = min(moment, due_at - timedelta(seconds=sla_seconds))
    return int(moment.timestamp() * 1000)
