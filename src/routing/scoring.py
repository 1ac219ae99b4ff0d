"""How good it is to give the head of a lane to a person now: ROUTING.md section 3, as pure functions.

score = value * p + value * 2 * min(x, 4)^2 - reserve, with p = P(acceptable), x = waiting time / SLA, and
reserve = 0.25 * (best - min(advantage, best) * sigma(b + 0.3)) * exp(-2 * min(x, 2)): what the person is uniquely
good for is not spent on what anybody could do, until that has waited long. Pay is left out of the score as long as
everybody in a lane is paid the same.
"""

import math

import msgspec

from routing.lanes import Lane
from skills.belief import Belief, expected, level_centre, sigmoid
from skills.profiles import Profile

AGEING_WEIGHT = 2.0
"""Value of having waited one SLA: twice the task itself; convex, so nothing starves."""
MOST_SLAS = 4.0
"""Beyond four SLAs everything is equally overdue and the fit decides again."""
RESERVE_WEIGHT = 0.25
"""Opportunity cost of an expert's time, in task values per logit of advantage."""
EASE_SHIFT = 0.3
RESERVE_FADES = 2.0
CROWD_MEAN = -0.2
"""The median skill that an advantage is measured against, until the operation's own median is computed."""
BAND_VARIANCE = 0.1
"""Spread of the difficulties inside one band (width 0.8 logits: 0.8^2 / 12, rounded up)."""


class Score(msgspec.Struct, frozen=True):
    total: float
    p_acceptable: float
    ageing: float
    reserve: float
    waited_seconds: float


def score(profile: Profile, lane: Lane, waited_seconds: float, sla_seconds: int, value: float = 1.0) -> Score:
    difficulty = Belief(level_centre(lane.difficulty_band), BAND_VARIANCE)
    p = expected(profile.belief(lane.domain, lane.skill_kind), difficulty)
    waited = max(0.0, waited_seconds) / sla_seconds
    ageing = value * AGEING_WEIGHT * min(waited, MOST_SLAS) ** 2
    reserve = _reserve(profile, lane.domain, difficulty.mean, waited)
    return Score(value * p + ageing - reserve, p, ageing, reserve, max(0.0, waited_seconds))


def _reserve(profile: Profile, domain: str, difficulty: float, waited: float) -> float:
    advantages = {
        name: max(0.0, belief.mean - CROWD_MEAN) for name, belief in profile.skills.items() if name != "general"
    }
    best = max(advantages.values(), default=0.0)
    here = min(advantages.get(domain, 0.0), best)
    return (
        RESERVE_WEIGHT * (best - here * sigmoid(difficulty + EASE_SHIFT)) * math.exp(-RESERVE_FADES * min(waited, 2.0))
    )
