"""On which step of its project's ladder each lane stands; worked out off the hot path, every few seconds.

Claims read `lane.step` and nothing of this. Where it is late or dead the last steps hold; `upkeep` says how old they are.
"""

from uuid import UUID

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.eligibility import judge
from routing.heads import head_of
from routing.ladder import asked, steps_of, steps_reached
from routing.lanes import Lane
from routing.views import Views
from skills.profiles import load_profile

sql = load(__package__)
CLIMB = "routing.climb"


async def climb(settings: Settings) -> int:
    """How many lanes moved to another step. May run again at any time."""
    db.require_transaction()
    rows = await db.fetch(sql.climbing_lanes)
    people = [] if not rows else await _people_here(settings)
    z = settings.skill_lower_bound_z
    asks: dict[tuple[Lane, int, int | None], int] = {}

    def can_take(lane: Lane, language_level: int, half_life_days: int | None) -> int:
        key = (lane, language_level, half_life_days)
        if key not in asks:
            asks[key] = sum(not judge(views.of(half_life_days), lane, language_level, z) for views in people)
        return asks[key]

    steps = []
    for row in rows:
        head, ladder = head_of(row), steps_of(row["ladder"])
        on_steps = [asked(head.lane, head.language_level, ladder, step) for step in range(len(ladder) + 1)]
        present = [can_take(one.lane, one.language_level, head.half_life_days) for one in on_steps]
        steps.append(steps_reached(ladder, head.waited_seconds, head.sla_seconds, row["queue"], present))
    moved = await db.execute(sql.stand_on_steps, ids=[row["id"] for row in rows], steps=steps)
    await db.execute(sql.ran_upkeep, name=CLIMB)
    return moved


async def _people_here(settings: Settings) -> list[Views]:
    days = settings.skill_half_life_days
    rows = await db.fetch(sql.people_here, seconds=float(settings.present_seconds))
    return [Views(await load_profile(UUID(int=row["id"].int), days), days) for row in rows]


async def ages() -> dict[str, float]:
    """Seconds since each calculation off the hot path last ran to its end."""
    return {row["name"]: row["seconds"] for row in await db.fetch(sql.upkeep_ages)}
