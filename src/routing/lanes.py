"""Lanes: what a slot asks of a person, as a value with a canonical key; and the fixed order inside a lane."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from routing import requirements as req
from routing.requirement_reading import from_stored, preference_stored
from routing.requirements import Node, Prefer

ANNOTATION, REVIEW = "annotation", "review"
HIGHEST_LEVEL = 5
PRIORITY_STEP = timedelta(hours=6)
"""One step of priority is worth this much waiting; everything in a lane ages at the same speed, so one number orders it."""
MIDDLE_PRIORITY = 3
LEVEL_BELOW_DIFFICULTY = 1
"""Without a stated requirement a task of difficulty n asks for level n - 1: people grow on tasks just above them."""


class Requirements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one task and its project ask for beyond the task's domain, language and difficulty; `wanted` reads it."""

    min_level: int | None = None
    """1 to 5, tested against the lower bound of the skill in the task's domain."""
    role: str | None = None
    credential: bool = False
    """A verified, unexpired credential in the task's domain."""
    require: Node = req.EVERYBODY
    """As written."""
    prefer: Prefer = req.NO_PREFERENCE


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
    requirement: Node = req.EVERYBODY
    """Canonical; what is asked beside `min_level`, `required_role` and `required_credential`, which lists and figures read."""
    prefer: Prefer = req.NO_PREFERENCE
    other_vendor: bool = False
    """Than the author's; of a stage of review that asks for it, whatever its project says."""

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
        if self.task_kind:
            parts.append(self.task_kind)
        if self.requirement != req.EVERYBODY:
            parts.append(f"asks {req.key(self.requirement)}")
        if self.prefer:
            parts.append(f"prefers {req.preference_key(self.prefer)}")
        if self.other_vendor:
            parts.append("other vendor")
        return "|".join(parts)

    @property
    def asks(self) -> Node:
        """All that the lane asks of a person beside an active profile, good standing and the project's language level."""
        return _asks(
            self.domain, self.skill_kind, self.min_level, self.required_role, self.required_credential, self.requirement
        )


@lru_cache(maxsize=20_000)
def _asks(domain: str, kind: str, min_level: int, role: str, credential: bool, rest: Node) -> Node:  # noqa: PLR0917  the cache's key
    parts: list[Node] = [req.Level(domain, min_level, kind), rest]
    if role:
        parts.append(req.Role(role))
    if credential:
        parts.append(req.Credential(domain))
    return req.join(*parts)


def asking(lane: Lane, asks: Node) -> Lane:
    """The lane with this as all that it asks; however it is spelled, the same lane comes out."""
    parts = list(req.conjuncts(req.canonical(asks)))
    level = next((one for one in parts if isinstance(one, req.Level) and _is_own(one, lane)), None)
    role = next((one for one in parts if isinstance(one, req.Role)), None)
    credential = req.Credential(lane.domain) in parts
    rest = [one for one in parts if one not in (level, role) and one != req.Credential(lane.domain)]
    return msgspec.structs.replace(
        lane, min_level=level.level if level else 1, required_role=role.role if role else "",
        required_credential=credential, requirement=req.join(*rest),
    )  # fmt: skip


def _is_own(level: req.Level, lane: Lane) -> bool:
    return (level.domain, level.kind) == (lane.domain, lane.skill_kind)


def lane_of(row: Mapping[str, Any]) -> Lane:
    """Of a row of the table, with `requirement` and `prefer` as text."""
    return Lane(
        row["project_id"], row["kind"], row["stage"], row["domain"], row["language"], row["difficulty_band"], row["min_level"],
        row["required_role"], row["required_credential"], row["task_kind"],
        from_stored(row["requirement"]), preference_stored(row["prefer"]), row["other_vendor"],
    )  # fmt: skip


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
    """Where nothing is said of the level in the task's domain, or of a role, the usual ones are asked for."""
    said = [leaf for leaf, negated in req.leaves(requirements.require) if not negated]
    knows = any(isinstance(leaf, req.Level | req.Expert) and leaf.domain == domain for leaf in said)
    usual_level = 1 if knows else max(1, band - LEVEL_BELOW_DIFFICULTY)
    usual_role = "" if any(isinstance(leaf, req.Role) for leaf in said) else project_role or "annotator"
    lane = Lane(
        project_id, ANNOTATION, 0, domain, language, band,
        requirements.min_level or usual_level, requirements.role or usual_role, requirements.credential, task_kind,
        req.canonical(requirements.require), requirements.prefer,
    )  # fmt: skip
    return asking(lane, lane.asks)


def review_lane(work: Lane, stage: int = 1, asked: Requirements | None = None, *, other_vendor: bool = False) -> Lane:
    """Reviewing asks for the level of the work itself, one above what doing it asks for, and for the rest of what shows
    competence or excludes somebody. Who was named to do the work (by role, vendor or person) is not asked to judge it.

    `asked`: what a stage of the project's plan asks of its reviewers beside; a level or role that it names takes the
    place of the usual one.
    """
    asked = asked or Requirements()
    said = [leaf for leaf, negated in req.leaves(asked.require) if not negated]
    knows = any(isinstance(leaf, req.Level | req.Expert) and leaf.domain == work.domain for leaf in said)
    usual_level = 1 if knows else min(HIGHEST_LEVEL, max(work.min_level, work.difficulty_band))
    usual_role = "" if any(isinstance(leaf, req.Role) for leaf in said) else "reviewer"
    rest = req.join(*(part for part in req.conjuncts(work.requirement) if not _names_the_author(part)), asked.require)
    bare = Lane(
        work.project_id, REVIEW, stage, work.domain, work.language, work.difficulty_band,
        asked.min_level or usual_level, asked.role or usual_role, work.required_credential or asked.credential,
        requirement=req.canonical(rest), prefer=asked.prefer, other_vendor=other_vendor,
    )  # fmt: skip
    return asking(bare, bare.asks)


def _names_the_author(part: Node) -> bool:
    return any(
        isinstance(leaf, req.Role | req.Vendor | req.People) and not negated for leaf, negated in req.leaves(part)
    )


def rank(created_at: datetime, priority: int, due_at: datetime | None, sla_seconds: int) -> int:
    """Milliseconds since 1970 at which the task counts as having come in; the smallest is served first.

    Priority moves it by `PRIORITY_STEP` a step, a due time to at most one SLA before it is due.
    """
    moment = created_at - PRIORITY_STEP * (priority - MIDDLE_PRIORITY)
    if due_at is not None:
        moment = min(moment, due_at - timedelta(seconds=sla_seconds))
    return int(moment.timestamp() * 1000)
