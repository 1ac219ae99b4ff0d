"""The rest of what a person's page says: roles, languages, what ends when, load, throughput, words of reviewers."""

from datetime import datetime
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing.review import Reason

sql = load(__package__)
AHEAD_DAYS = 400
"""What ends later is not worth a line yet."""


class Held(msgspec.Struct, frozen=True):
    """A role, everywhere or in one project."""

    code: str
    name_en: str
    name_zh: str
    project_name: str | None


class Spoken(msgspec.Struct, frozen=True):
    language: str
    level: int
    name_en: str | None
    name_zh: str | None


class End(msgspec.Struct, frozen=True):
    what: str
    """`credential`, `exam` (a cool-down) or `standing`."""
    title: str
    """Of a standing: its action."""
    domain: str | None
    ends_at: datetime


class Figures(msgspec.Struct, frozen=True):
    held: int
    done_7: int
    done_30: int
    judged_30: int
    accepted_30: int

    @property
    def acceptance(self) -> float | None:
        """Of the verdicts of 30 days, the share that took the work; None: nothing was judged."""
        return self.accepted_30 / self.judged_30 if self.judged_30 else None


class Feedback(msgspec.Struct, frozen=True):
    outcome: str
    reasons: list[Reason]
    comment: str
    given_at: datetime
    assignment_id: UUID
    task_id: UUID
    external_id: str
    title: str | None
    domain: str
    language: str
    difficulty_level: int | None
    project_name: str


async def roles_of(annotator_id: UUID) -> list[Held]:
    return await db.fetch_as(Held, sql.roles_of, annotator_id=annotator_id)


async def languages_of(annotator_id: UUID) -> list[Spoken]:
    return await db.fetch_as(Spoken, sql.languages_of, annotator_id=annotator_id)


async def what_ends(annotator_id: UUID) -> list[End]:
    """The next first."""
    return await db.fetch_as(End, sql.what_ends, annotator_id=annotator_id, days=float(AHEAD_DAYS))


async def figures_of(annotator_id: UUID) -> Figures:
    found = await db.fetch_one_as(Figures, sql.figures_of, annotator_id=annotator_id)
    assert found is not None
    return found


async def feedback_on(annotator_id: UUID, limit: int) -> list[Feedback]:
    """The newest first."""
    return await db.fetch_as(Feedback, sql.feedback_on, annotator_id=annotator_id, limit=limit)
