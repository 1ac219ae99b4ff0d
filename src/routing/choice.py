"""Which of the lanes' heads is best for one person: the one decision of claims, alone or together, and of explanations.

What person and lane make of each other is a `Trait`, what the moment asks of a head a `Lot`; `ranked` brings the two
together. All of it is arithmetic on values: who may take what was judged before, and slots are locked after.
"""

import math
from collections.abc import Mapping, MutableSequence, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from routing.calendars import Clock
from routing.lanes import Lane
from routing.scoring import BAND_VARIANCE, NEVER, Score, advantages, fit, pressure, topic_bonus, value_of
from routing.situation import NOBODY_AT_ALL, Situation, Stock
from routing.weights import Policy
from skills.belief import Belief, level_centre
from skills.profiles import Profile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HIGHEST_PRIORITY = 5
RETRY_LEAST_SECONDS, RETRY_MOST_SECONDS = 10, 60


class Trait(msgspec.Struct, frozen=True, gc=False):
    """What a person and a lane make of each other, whatever the time; numbers alone, so the collector need not look at fifty of each person."""

    p: float
    """P(acceptable); -inf: not eligible."""
    pay: float
    """In units of what a generalist gets for the same."""
    advantage: float
    """Logits above the median of the lane's domain."""
    best_advantage: float
    """The same in the domain in which it is most."""
    reserve: float
    """Before it fades, in task values."""
    welcome: bool = False
    """Whether the lane names the person or their vendor."""
    topic_minutes: float = NEVER
    """Since work on the lane's topic, where its project sticks to topics: the one thing here that time changes."""


BARRED = Trait(-math.inf, 0.0, 0.0, 0.0, 0.0)


class Known(NamedTuple):
    """Traits of one person by lane, as columns."""

    p: MutableSequence[float]
    extra: MutableSequence[float]
    """`extra`, in task values."""
    reserve: MutableSequence[float]


def extra(one: Trait, policy: Policy) -> float:
    """What comes on top of the value of the work, in task values: who is welcome, the topic; less pay."""
    bonus = policy.welcome_bonus if one.welcome else 0.0
    if one.topic_minutes < NEVER:
        bonus += topic_bonus(one.topic_minutes, policy)
    return bonus - policy.pay_weight * one.pay


def known_of(traits: Sequence[Trait], policy: Policy) -> Known:
    return Known([one.p for one in traits], [extra(one, policy) for one in traits], [one.reserve for one in traits])


class Recent(NamedTuple):
    """What somebody worked on last. A topic is a domain of a project: tasks say nothing finer that holds everywhere."""

    project_id: UUID
    domain: str
    minutes: float

    def since(self, lane: Lane) -> float:
        """Minutes since work on this lane's topic."""
        return self.minutes if (self.project_id, self.domain) == (lane.project_id, lane.domain) else NEVER


def recent_of(row: Mapping[str, Any]) -> Recent | None:
    if row["worked_project"] is None:
        return None
    return Recent(UUID(int=row["worked_project"].int), row["worked_domain"], max(0.0, row["worked_minutes"]))


class Lot(NamedTuple):
    """The head of a lane, as the moment shows it."""

    place: int
    """Of the lane, in the caller's order."""
    from_rank: int
    """The lane is served from this rank on; 0: from its oldest."""
    value: float
    lift: float
    """What is added to the score: ageing, and `author`."""
    fade: float
    least_worth: float
    """What the match must be worth as long as patience is asked."""
    least_total: float
    waited_seconds: float
    priority: int
    best: float
    """Most that anybody on shift would make of it."""
    author: float = 0.0
    """Of one person alone, in task values: for the author, or against."""
    author_says: int = 0
    """1: this person judged the author last, and the project asks for the same reviewer; -1: it asks for another one."""
    slot_id: UUID | None = None
    """One place that is meant for this person, wherever in the lane it stands; none: the lane's order decides."""

    @property
    def ageing(self) -> float:
        return self.lift - self.author

    def by_author(self, says: int, policy: Policy, slot_id: UUID | None = None) -> "Lot":
        """The same for whoever judged the author last."""
        bonus = says * policy.author_bonus
        return self._replace(lift=self.lift + bonus, author=bonus, author_says=says, slot_id=slot_id)


class Waiting(NamedTuple):
    """A head as the database shows it."""

    from_rank: int
    waited_seconds: float
    priority: int


def heads_of_row(row: Any, runs: Clock, now: float) -> list[Waiting]:
    """One or two of a lane: the oldest, and the oldest that can be in time where that one is late. By the project's clock."""
    found = [Waiting(0, max(0.0, runs.seconds(row["waits_since"], now)), row["priority"])]
    if row["fresh_rank"] is not None:
        found.append(Waiting(row["fresh_rank"], max(0.0, runs.seconds(row["fresh_since"], now)), row["fresh_priority"]))
    return found


def trait(profile: Profile, lane: Lane, *, expert: bool, expert_pay: float, stock: Stock, policy: Policy) -> Trait:
    """`profile` as the lane's project sees the person; `expert`: whether they are paid as one there."""
    above = advantages(profile.skills, stock.medians)
    here, most = above.get(lane.domain, 0.0), max(above.values(), default=0.0)
    pay = expert_pay if expert else 1.0
    difficulty = Belief(level_centre(lane.difficulty_band), BAND_VARIANCE)
    pair = fit(
        profile.belief(lane.domain, lane.skill_kind), difficulty, value=1.0, pay=pay, advantage=here,
        best_advantage=most, policy=policy,
    )  # fmt: skip
    welcome = bool(lane.prefer) and lane.prefer.names(profile.id, profile.vendor_id)
    return Trait(pair.p_acceptable, pay, here, most, pair.reserve, welcome)


def lot(place: int, lane_key: str, sla_seconds: int, head: Waiting, situation: Situation) -> Lot:
    policy, stock = situation.policy, situation.stock
    value = value_of(head.priority, policy)
    best = stock.best.get(lane_key, NOBODY_AT_ALL)[min(HIGHEST_PRIORITY, max(1, head.priority)) - 1]
    now = pressure(
        head.waited_seconds / sla_seconds, value=value, backlog=stock.backlog,
        longest_queue_slas=stock.longest_queue_seconds / sla_seconds,
        patience_slas=head.waited_seconds / patience_sla(sla_seconds, policy), policy=policy,
    )  # fmt: skip
    patient = situation.patient and best > -math.inf and now.tolerance < math.inf
    # A single person's time is worth more elsewhere only if somebody else is there for this.
    alone = stock.people <= 1
    return Lot(
        place, head.from_rank, value, now.ageing, now.fade,
        best - now.tolerance if patient else -math.inf, policy.least_total if patient and not alone else -math.inf,
        head.waited_seconds, head.priority, best,
    )  # fmt: skip


def patience_sla(sla_seconds: float, policy: Policy) -> float:
    """Seconds that count as one SLA where patience is asked."""
    return min(sla_seconds, 60 * policy.patience_longest_sla_minutes)


class Lots(NamedTuple):
    """Lots as columns: everybody who claims is held against all of them."""

    place: "NDArray[np.intp]"
    value: "NDArray[np.float64]"
    lift: "NDArray[np.float64]"
    fade: "NDArray[np.float64]"
    least_worth: "NDArray[np.float64]"
    least_total: "NDArray[np.float64]"


def columns(lots: Sequence[Lot]) -> Lots:
    import numpy as np  # noqa: PLC0415  loaded where somebody claims: decision 9

    figures = np.array([one[2:7] for one in lots], dtype=np.float64).reshape(-1, 5).T
    return Lots(
        np.fromiter((one.place for one in lots), dtype=np.intp, count=len(lots)), *np.ascontiguousarray(figures)
    )


def ranked(known: Known, lots: Lots, most: int) -> list[tuple[float, int]]:
    """The best lots as (score, place in `lots`), best first, without those that are kept for somebody who fits better.

    `known` by the lots' `place`. Equal scores: the later lot first.
    """
    import numpy as np  # noqa: PLC0415  as in `columns`

    p, extra_of, reserve = (np.asarray(column, dtype=np.float64)[lots.place] for column in known)
    worth = lots.value * p + extra_of
    score = worth + lots.lift - reserve * lots.fade
    found = np.flatnonzero((worth >= lots.least_worth) & (worth > -math.inf) & (score > lots.least_total))
    best = found[np.argsort(score[found], kind="stable")[: -most - 1 : -1]]
    return list(zip(score[best].tolist(), best.tolist(), strict=True))


def kept(p: Sequence[float], lots: Sequence[Lot]) -> list[Lot]:
    """Those that the person may take and is not given, where `ranked` found nothing."""
    return [one for one in lots if p[one.place] > -math.inf]


def retry_after(lots: Sequence[Lot], slas: Sequence[int], policy: Policy) -> int:
    """Seconds until the first of the lots is for everybody, within reason: somebody may also leave, or go on shift."""
    waits = [policy.patience_ends_slas * patience_sla(slas[one.place], policy) - one.waited_seconds for one in lots]
    return int(min(RETRY_MOST_SECONDS, max(RETRY_LEAST_SECONDS, min(waits, default=RETRY_MOST_SECONDS))))


def scored(one: Lot, what: Trait, policy: Policy) -> Score:
    """The score in its parts."""
    paid, reserve, more = policy.pay_weight * what.pay, what.reserve * one.fade, extra(what, policy)
    return Score(
        one.value * what.p + more + one.lift - reserve, what.p, one.ageing, reserve, one.waited_seconds, paid,
        policy.welcome_bonus if what.welcome else 0.0, topic_bonus(what.topic_minutes, policy), one.author,
    )  # fmt: skip


class Inputs(msgspec.Struct, frozen=True):
    """Of one candidate: enough to weigh it again under another policy."""

    p: float
    pay: float
    advantage: float
    best_advantage: float
    band: int
    priority: int
    waited_seconds: float
    sla_seconds: int
    best: float | None
    """Most that anybody on shift would have made of it; None: nobody knew."""
    welcome: bool = False
    topic_minutes: float | None = None
    author_says: int = 0


def inputs(one: Lot, what: Trait, band: int, sla_seconds: int) -> dict[str, Any]:
    return {
        "p": round(what.p, 4), "pay": round(what.pay, 4), "advantage": round(what.advantage, 4),
        "best_advantage": round(what.best_advantage, 4), "band": band, "priority": one.priority,
        "waited_seconds": round(one.waited_seconds, 1), "sla_seconds": sla_seconds,
        "best": None if one.least_worth == -math.inf else round(one.best, 4),
        **({"welcome": True} if what.welcome else {}),
        **({"topic_minutes": round(what.topic_minutes, 1)} if what.topic_minutes < NEVER else {}),
        **({"author_says": one.author_says} if one.author_says else {}),
    }  # fmt: skip
