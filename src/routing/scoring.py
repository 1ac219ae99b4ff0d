"""How good it is to give the head of a lane to a person now: ROUTING.md section 3, as pure functions over values.

    total = value * P(acceptable) - pay_weight * pay + bonus + ageing(x) - reserve * fade(x),    x = waiting time / SLA

What depends on person and lane alone is a `Fit`, what depends on the moment alone a `Pressure`; whoever compares many
people with many lanes makes each once. A pair may be made now (`allowed`) if nobody on shift would do it much better;
how much better grows with waiting and with the backlog: patience while there is time, none when there is none.
"""

import math
from collections.abc import Mapping

import msgspec

from routing.lanes import MIDDLE_PRIORITY, Lane
from routing.weights import POLICY, Policy
from skills.belief import Belief, expected, level_centre, sigmoid
from skills.profiles import Profile

CROWD_MEAN = -0.2
"""The median skill that an advantage is measured against where the operation's own median is not known."""
BAND_VARIANCE = 0.1
"""Spread of the difficulties inside one band (width 0.8 logits: 0.8^2 / 12, rounded up)."""
RESCUE_POWER = 4
"""So high that a late task hardly counts half-way to the limit and before everything else at the limit."""
NEVER = math.inf
"""Minutes since somebody worked on a topic, where they did not."""


class Fit(msgspec.Struct, frozen=True):
    """What person and lane make of each other, whatever the time."""

    p_acceptable: float
    worth: float
    """value * p - pay_weight * pay, in task values."""
    reserve: float
    """Before it fades with waiting, in task values."""


class Pressure(msgspec.Struct, frozen=True):
    """What the moment asks of a lane's head, whoever takes it."""

    ageing: float
    fade: float
    """Share of the reserve that still counts."""
    tolerance: float
    """Task values by which the best person on shift may be better than who gets it."""


class Score(msgspec.Struct, frozen=True):
    total: float
    p_acceptable: float
    ageing: float
    reserve: float
    waited_seconds: float
    pay: float = 0.0
    """What is taken off for pay, in task values."""
    welcome: float = 0.0
    """For being named as welcome."""
    topic: float = 0.0
    """For having worked on the topic a moment ago."""
    author: float = 0.0
    """For having judged the author last; negative where the project asks for somebody else."""


def fit(
    skill: Belief,
    difficulty: Belief,
    *,
    value: float,
    pay: float,
    advantage: float,
    best_advantage: float,
    policy: Policy = POLICY,
) -> Fit:
    """`advantage` in this lane's domain and the person's best one: logits above the median of the domain, at least 0."""
    return fit_from(
        expected(skill, difficulty), difficulty, value=value, pay=pay, advantage=advantage, best_advantage=best_advantage,
        policy=policy,
    )  # fmt: skip


def fit_from(
    p: float,
    difficulty: Belief,
    *,
    value: float,
    pay: float,
    advantage: float,
    best_advantage: float,
    policy: Policy = POLICY,
) -> Fit:
    """`fit` where the chance of acceptable work is known already."""
    used = min(advantage, best_advantage) * sigmoid(difficulty.mean + policy.ease_shift)
    return Fit(p, value * p - policy.pay_weight * pay, policy.reserve_weight * (best_advantage - used))


def pressure(
    waited_slas: float,
    *,
    value: float,
    backlog: float,
    longest_queue_slas: float = 0.0,
    patience_slas: float | None = None,
    policy: Policy = POLICY,
) -> Pressure:
    """`backlog`: waiting tasks per person on shift; `longest_queue_slas`: `remembered`, in SLAs of this task.

    `patience_slas`: the waiting as patience counts it, where that is not the task's own SLA.
    """
    tolerance = math.inf
    tried = waited_slas if patience_slas is None else patience_slas
    if tried < policy.patience_ends_slas:
        tolerance = (
            policy.patience_least
            + policy.patience_per_sla * tried
            + policy.patience_per_backlog * min(policy.most_backlog, backlog)
        )
    fade = math.exp(-policy.reserve_fade * min(waited_slas, policy.reserve_fades_for_slas))
    return Pressure(ageing(waited_slas, value, longest_queue_slas, policy), fade, tolerance)


def ageing(waited_slas: float, value: float, longest_queue_slas: float = 0.0, policy: Policy = POLICY) -> float:
    """Task values: generalised c-mu (Mandelbaum and Stolyar 2004) up to the SLA, then what lateness leaves of it."""
    capped = min(waited_slas, policy.most_slas)
    aged = value * policy.ageing_weight * capped * capped
    if capped <= 1:
        return aged
    delayed = policy.rescue_first_slas + policy.rescue_delay * max(0.0, longest_queue_slas - policy.overload_slas)
    late_for = (capped - 1) / (min(policy.rescue_last_slas, delayed) - 1)
    rescued: float = policy.rescue_weight * late_for**RESCUE_POWER
    return policy.late_share * aged + rescued


def remembered(longest: float, seconds_since: float, queue: float, policy: Policy = POLICY) -> float:
    """The longest queue of late, from what was remembered some seconds ago and what is now; in the unit of both."""
    return max(queue, longest * math.exp(-seconds_since / (3600 * policy.overload_fades_hours)))


def value_of(priority: int, policy: Policy = POLICY) -> float:
    """Task values, of a task of this priority (1 to 5)."""
    return policy.priority_factor ** (priority - MIDDLE_PRIORITY)


def topic_bonus(minutes: float, policy: Policy = POLICY) -> float:
    """Task values, so long after work on the same topic."""
    return policy.topic_bonus * math.exp(-minutes / policy.topic_fade_minutes)


def total(pair: Fit, now: Pressure) -> float:
    return pair.worth + now.ageing - pair.reserve * now.fade


def allowed(pair: Fit, now: Pressure, best_worth: float, policy: Policy = POLICY) -> bool:
    """Whether to give it out now instead of waiting; `best_worth` is the most `Fit.worth` of anybody on shift.

    The work goes to whoever is there once patience is over, also where the score says that their time is too good.
    """
    if now.tolerance == math.inf:
        return True
    return pair.worth >= best_worth - now.tolerance and total(pair, now) > policy.least_total


def advantages(skills: Mapping[str, Belief], medians: Mapping[str, float] | None = None) -> dict[str, float]:
    """By domain, logits above the median skill of the people in it, at least 0; `general` is nobody's speciality."""
    known = medians or {}
    return {
        domain: max(0.0, belief.mean - known.get(domain, CROWD_MEAN))
        for domain, belief in skills.items()
        if domain != "general"
    }


def fit_of(
    profile: Profile,
    lane: Lane,
    *,
    value: float = 1.0,
    pay: float = 0.0,
    medians: Mapping[str, float] | None = None,
    policy: Policy = POLICY,
) -> Fit:
    """What a person, as the lane's project sees them, and a lane make of each other."""
    above = advantages(profile.skills, medians)
    difficulty = Belief(level_centre(lane.difficulty_band), BAND_VARIANCE)
    return fit(
        profile.belief(lane.domain, lane.skill_kind), difficulty, value=value, pay=pay, policy=policy,
        advantage=above.get(lane.domain, 0.0), best_advantage=max(above.values(), default=0.0),
    )  # fmt: skip


def score(
    profile: Profile,
    lane: Lane,
    waited_seconds: float,
    sla_seconds: int,
    *,
    value: float = 1.0,
    pay: float = 0.0,
    medians: Mapping[str, float] | None = None,
    policy: Policy = POLICY,
) -> Score:
    """The score in its parts, with nothing else waiting. `pay` in units of a generalist's."""
    pair = fit_of(profile, lane, value=value, pay=pay, medians=medians, policy=policy)
    waited = max(0.0, waited_seconds)
    now = pressure(waited / sla_seconds, value=value, backlog=0.0, policy=policy)
    reserve, paid = pair.reserve * now.fade, policy.pay_weight * pay
    return Score(total(pair, now), pair.p_acceptable, now.ageing, reserve, waited, paid)
