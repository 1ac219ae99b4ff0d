"""How many people would fit, if a project asked something else: asked with the decision's own functions, changing nothing."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.eligibility import judge, passes
from routing.explain import AT_ONCE, MOST_PEOPLE
from routing.ladder import Step, asked
from routing.lanes import Lane, Requirements
from routing.projects import ProjectView
from routing.relaning import moves_of
from routing.requirements import canonical, text
from routing.views import Views
from routing.wanted import Known, Stated, read
from skills.profiles import Profile, load_profiles

sql = load(__package__)
MOST_LANES = 8
"""That one question looks at: those in which most waits."""
MOST_JUDGEMENTS = 200_000
"""Of one question: about two seconds of work."""

Fits = Callable[[Profile], Sequence[bool]]


class LaneFit(msgspec.Struct, frozen=True):
    """What waits alike, and how many active people it is open to."""

    domain: str
    language: str
    difficulty_band: int
    waiting: int
    asks: str
    """All that is asked, in the short form, in what was looked at."""
    before: int
    after: int


class Fit(msgspec.Struct, frozen=True):
    requirement: str
    """In its one form, as text."""
    active: int
    """People who were asked about."""
    left_out: int
    """Active people beyond those."""
    people: int
    """Active people who meet what the project asks, whatever a task asks beside it."""
    lanes: list[LaneFit]
    more_lanes: int


class StepFit(msgspec.Struct, frozen=True):
    """One lane on every step of a ladder, from 0."""

    domain: str
    language: str
    difficulty_band: int
    waiting: int
    people: list[int]


async def try_requirements(owner: ProjectView, stated: Stated, settings: Settings) -> Fit:
    """Raises `BadRequirement`."""
    own = read(stated, await Known.of([stated]), owner.expert_level)
    moves = await moves_of(msgspec.structs.replace(owner, requirements=stated))
    waiting = await _waiting(owner.id)
    lanes: dict[tuple[UUID, str], tuple[Lane, Lane, int]] = {}
    for move in moves:
        lanes.setdefault((move.old_id, move.new.key), (move.old, move.new, waiting.get(move.old_id, 0)))
    most = sorted(lanes.values(), key=lambda one: -one[2])
    shown, level, z = most[:MOST_LANES], owner.language_level, settings.skill_lower_bound_z

    def fits(profile: Profile) -> list[bool]:
        alone = _meets(profile, own, owner.id, z)
        pairs = [(not judge(profile, old, level, z), not judge(profile, new, level, z)) for old, new, _ in shown]
        return [alone, *(one for pair in pairs for one in pair)]

    counts, active, left_out = await counted(fits, 1 + 2 * len(shown), owner, settings)
    return Fit(
        text(canonical(own.require)), active, left_out, counts[0],
        [
            LaneFit(new.domain, new.language, new.difficulty_band, waits, text(new.asks), counts[2 * n + 1], counts[2 * n + 2])
            for n, (_, new, waits) in enumerate(shown)
        ],
        len(most) - len(shown),
    )  # fmt: skip


def _meets(profile: Profile, own: Requirements, project_id: UUID, z: float) -> bool:
    role = not own.role or profile.holds(own.role, project_id)
    return role and passes(own.require, profile, project_id, z)


async def try_ladder(owner: ProjectView, ladder: Sequence[Step], settings: Settings) -> list[StepFit]:
    """Of the lanes in which most waits, on every step."""
    waiting, z = await _waiting(owner.id), settings.skill_lower_bound_z
    lanes = {move.old_id: move.old for move in await moves_of(owner)}
    most = sorted(lanes, key=lambda one: -waiting.get(one, 0))[:MOST_LANES]
    steps = range(len(ladder) + 1)
    asks = [asked(lanes[one], owner.language_level, ladder, step) for one in most for step in steps]

    def fits(profile: Profile) -> list[bool]:
        return [not judge(profile, ask.lane, ask.language_level, z) for ask in asks]

    counts, _, _ = await counted(fits, len(asks), owner, settings)
    wide = len(steps)
    return [
        StepFit(
            lanes[one].domain, lanes[one].language, lanes[one].difficulty_band, waiting.get(one, 0),
            counts[n * wide : (n + 1) * wide],
        )
        for n, one in enumerate(most)
    ]  # fmt: skip


async def _waiting(project_id: UUID) -> dict[UUID, int]:
    rows = await db.fetch(sql.waiting_by_lane, project_id=project_id)
    return {UUID(int=row["lane"].int): row["waiting"] for row in rows}


async def counted(fits: Fits, questions: int, owner: ProjectView, settings: Settings) -> tuple[list[int], int, int]:
    """Yes by question, people who were asked, people who were not."""
    counts = [0] * questions
    if not questions:
        return counts, 0, 0
    rows = await db.fetch(sql.active_people, limit=min(MOST_PEOPLE, max(AT_ONCE, MOST_JUDGEMENTS // questions)))
    ids = [UUID(int=row["id"].int) for row in rows]
    for start in range(0, len(ids), AT_ONCE):
        for profile in await load_profiles(ids[start : start + AT_ONCE], settings.skill_half_life_days):
            seen = Views(profile, settings.skill_half_life_days).of(owner.skill_half_life_days)
            for n, yes in enumerate(fits(seen)):
                counts[n] += yes
        await asyncio.sleep(0)
    return counts, len(ids), (rows[0]["total"] if rows else 0) - len(ids)
