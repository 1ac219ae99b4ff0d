"""What comes next for somebody: the decision's own functions, asked without deciding."""

from collections import Counter
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.caps import Caps, caps_of
from routing.choice import Recent, recent_of
from routing.eligibility import Failure, judge
from routing.explain import KeptBy
from routing.heads import KINDS, Head, lane_heads, weigh
from routing.mending import Mended, smallest_change
from routing.requirements import text
from routing.situation import Situation, situation
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)
TOP_LANES = 5


class LaneSeen(msgspec.Struct, frozen=True):
    """A lane in which something waits, as one person stands to it."""

    project_name: str
    kind: str
    domain: str
    language: str
    difficulty_band: int
    requirement: str
    waited_seconds: int
    """Of its head."""
    score: dict[str, float]
    kept_for_better_fit: bool
    """Somebody on shift would do it so much better that it waits a little."""
    failures: list[Failure]
    smallest_change: Mended | None


class Outlook(msgspec.Struct, frozen=True):
    annotator_id: UUID
    state: str
    held: int
    capacity: int
    own_rework: int
    """Pieces that wait for this person alone; a claim gives these first."""
    open_lanes: int
    next: list[LaneSeen]
    """The lanes with the highest scores, the best first: why this one, with the runners-up."""
    kept: list[KeptBy]
    """By what the other lanes are shut; `people` counts lanes here."""
    shut: list[LaneSeen]
    """Of those, the ones that the smallest change would open."""


async def outlook(annotator_id: UUID, settings: Settings) -> Outlook:
    """What a claim would give somebody now, and what keeps them from the rest. Raises `NoSuchAnnotator`."""
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    views, z = Views(profile, settings.skill_half_life_days), settings.skill_lower_bound_z
    facts = await db.fetch_one(sql.load_of, annotator_id=annotator_id, task_id=None)
    rework = await db.fetch(
        sql.reserved_slots, annotator_id=annotator_id, kinds=list(KINDS), project_ids=None, limit=100
    )
    assert facts is not None
    now = await situation()
    heads = await lane_heads(KINDS, None)
    caps = (await caps_of([annotator_id], {head.lane.project_id for head in heads if head.capped}))[annotator_id]
    seen = [_lane_seen(views.of(head.half_life_days), head, z, now, caps, recent=recent_of(facts)) for head in heads]
    fitting = [lane for lane in seen if not lane.failures]
    fitting.sort(key=lambda lane: (lane.kept_for_better_fit, -lane.score["total"]))
    shut = [lane for lane in seen if lane.failures]
    shut.sort(key=lambda lane: (len(lane.smallest_change.steps) if lane.smallest_change else 0, -lane.score["total"]))
    people = Counter(name for lane in shut for name in {failure.predicate for failure in lane.failures})
    alone = Counter(lane.failures[0].predicate for lane in shut if len(lane.failures) == 1)
    kept = [KeptBy(name, lanes, alone[name]) for name, lanes in people.most_common()]
    return Outlook(
        annotator_id,
        profile.state,
        facts["held"],
        profile.capacity,
        len(rework),
        len(fitting),
        fitting[:TOP_LANES],
        kept,
        shut[:TOP_LANES],
    )


def _lane_seen(
    profile: Profile, head: Head, z: float, now: Situation, caps: Caps, *, recent: Recent | None
) -> LaneSeen:
    lane = head.lane
    failures = judge(profile, lane, head.language_level, z) or caps.failures(lane.project_id)
    worth, kept = weigh(profile, head, z, now, recent=recent)
    return LaneSeen(
        head.project_name, lane.kind, lane.domain, lane.language, lane.difficulty_band, text(lane.asks),
        int(head.waited_seconds), {name: round(value, 4) for name, value in msgspec.structs.asdict(worth).items()}, kept,
        failures, smallest_change(profile, lane, head.language_level, z) if failures else None,
    )  # fmt: skip
