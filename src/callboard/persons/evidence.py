"""The evidence about one person, as people read it: what it came from, and what it did to the belief."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from skills.belief import LEVEL_CENTRES, level_of, sigmoid
from skills.history import Story, load_story
from skills.profiles import load_profile

sql = load(__package__)

EvidenceKind = Literal[
    "assessment", "review_verdict", "review_given", "exam_item", "gold", "agreement", "credential"
]  # fmt: skip
KINDS = get_args(EvidenceKind)


class Difficulty(msgspec.Struct, frozen=True):
    level: int
    """1 to 5: the nearest one."""
    percent: int
    """On the scale of skills: who stands there does it acceptably half of the time."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece of evidence came from. `type` and `id` are the ones under which it spoke."""

    type: str
    id: UUID
    title: str | None
    """Of the task or the exam, where it is still known."""
    verdict: str | None = None
    """`accept`, `fix`, `rework` or `reject`, for judged work."""
    task_id: UUID | None = None
    assignment_id: UUID | None = None
    """The person's own hold on the work, or on its review."""
    exam_id: UUID | None = None
    attempt_id: UUID | None = None


class Retracted(msgspec.Struct, frozen=True):
    reason: str
    at: datetime


class PercentChange(msgspec.Struct, frozen=True):
    """Of the belief about the domain, in percent."""

    before: int
    after: int


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    at: datetime
    kind: str
    domain: str
    domain_en: str
    domain_zh: str
    outcome: float | None
    """0 (not acceptable) to 1 (acceptable); none for a stated level."""
    stated_level: int | None
    """Of an assessment, 1 to 5."""
    difficulty: Difficulty | None
    weight: float
    counts: bool
    """Neither retracted nor of weight 0."""
    revision: int
    """How often its source was corrected before."""
    source: Source
    retracted: Retracted | None
    effect: PercentChange | None
    """None where it does not count."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is given must hold."""

    domain: str | None = None
    kind: str | None = None
    counted: bool | None = None
    silent: bool = False
    """Whether known answers are listed that the person was never told of: for those who do not work on them."""


async def story_of(annotator_id: UUID, settings: Settings) -> Story:
    """Raises `NoSuchAnnotator`."""
    half_life = settings.skill_half_life_days
    return await load_story(await load_profile(annotator_id, half_life), half_life)


async def evidence(
    annotator_id: UUID, story: Story, wish: Wish, *, before: tuple[datetime, UUID] | None = None, limit: int
) -> list[EvidenceRow]:
    """Newest first; the cursor is (time, id)."""
    at, last = before or (None, None)
    rows = await db.fetch(
        sql.evidence_of, annotator_id=annotator_id, before_at=at, before_id=last, limit=limit,
        **msgspec.structs.asdict(wish),
    )  # fmt: skip
    return [_row(row, story) for row in rows]


def _row(row: Any, story: Story) -> EvidenceRow:
    retracted = row["retracted_at"] is not None
    effect = None if row["weight"] == 0 else story.effect(row["id"])
    return EvidenceRow(
        id=row["id"], at=row["observed_at"], kind=row["kind"], domain=row["domain"], domain_en=row["domain_en"],
        domain_zh=row["domain_zh"], outcome=row["outcome"],
        stated_level=None if row["belief_mean"] is None else level_of(row["belief_mean"]),
        difficulty=None if row["difficulty_mean"] is None else difficulty_of(row["difficulty_mean"]),
        weight=row["weight"], counts=not retracted and row["weight"] > 0, revision=row["revision"],
        source=Source(
            type=row["source_type"], id=row["source_id"], title=row["title"] or row["external_id"] or row["exam_name"],
            verdict=row["verdict"], task_id=row["task_id"], assignment_id=row["assignment_id"], exam_id=row["exam_id"],
            attempt_id=row["attempt_id"],
        ),
        retracted=Retracted(row["retracted_reason"], row["retracted_at"]) if retracted else None,
        effect=None if effect is None else PercentChange(effect.before.percent, effect.after.percent),
    )  # fmt: skip


def difficulty_of(mean: float) -> Difficulty:
    nearest = min(range(5), key=lambda n: abs(LEVEL_CENTRES[n] - mean))
    return Difficulty(nearest + 1, round(100 * sigmoid(mean)))


async def domains_and_kinds(
    annotator_id: UUID, *, silent: bool = False
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """In which domains (code, English and Chinese name), and of which kinds, there is evidence."""
    rows = await db.fetch(sql.domains_and_kinds, annotator_id=annotator_id, silent=silent)
    domains = {row["domain"]: (row["domain"], row["name_en"], row["name_zh"]) for row in rows}
    kinds = {row["kind"] for row in rows}
    return list(domains.values()), [kind for kind in KINDS if kind in kinds]
