"""Ways to give out work: those of the field, those that know more mathematics, and the product's own functions."""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from _world import MEAN_SERVICE_SECONDS, Array, Moment, World, sigmoid

from routing.scoring import BAND_VARIANCE, Fit, Pressure, allowed, fit, pressure, remembered, total
from routing.weights import POLICY, Policy
from skills.belief import LEVEL_CENTRES, Belief

Pairs = list[tuple[int, int]]
SKILL_VARIANCE = 0.0625
"""Of the estimate that the world shows: its error has a standard deviation of 0.25."""
MOST_COMPARED = 150
"""Of the oldest waiting tasks, in the ways that look at every pair: those that were measured in ROUTING.md did so."""


class Turn(NamedTuple):
    task: int
    free: dict[int, float]
    """People, and since when."""
    waited_slas: float


class Oldest(ABC):
    """The oldest task first, to the one of the free people that `choose` names, or to nobody yet."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fit = world.fit_seen().T.tolist()
        self.skill = world.skill_seen.T.tolist()
        self.domain = world.domain.tolist()
        self.sla, self.arrived = world.sla.tolist(), world.arrived.tolist()

    def __call__(self, moment: Moment) -> Pairs:
        pairs, free = [], dict(moment.free)
        for task in moment.queue:
            if not free:
                break
            person = self.choose(Turn(task, free, (moment.now - self.arrived[task]) / self.sla[task]))
            if person is not None:
                pairs.append((person, task))
                del free[person]
        return pairs

    @abstractmethod
    def choose(self, turn: Turn) -> int | None: ...


class FirstInFirstOut(Oldest):
    """To whoever is idle for longest: a queue as most tools have it."""

    def choose(self, turn: Turn) -> int | None:
        return min(turn.free, key=turn.free.__getitem__)


class MostSkilled(Oldest):
    def choose(self, turn: Turn) -> int | None:
        return max(sorted(turn.free), key=self.skill[self.domain[turn.task]].__getitem__)


class LeastFlexible(Oldest):
    """To who is good enough and can do little else; after half the SLA to anybody who can do little else."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.domains_known = (world.skill_seen > 1.0).sum(1).tolist()

    def choose(self, turn: Turn) -> int | None:
        people = sorted(turn.free)
        good = [person for person in people if self.fit[turn.task][person] >= 0.7]
        if not good and turn.waited_slas < 0.5:
            return None
        return min(good or people, key=lambda person: (self.domains_known[person], turn.free[person]))


class RoutingSteps(Oldest):
    """As a contact centre does it (Amazon Connect): a high bar, after a quarter of the SLA a lower one, then none."""

    def choose(self, turn: Turn) -> int | None:
        bar = 0.8 if turn.waited_slas < 0.25 else 0.65 if turn.waited_slas < 0.5 else 0.0
        good = [person for person in turn.free if self.fit[turn.task][person] >= bar]
        return min(good, key=turn.free.__getitem__, default=None)


class Pairwise:
    """Value of the fit, less pay, plus ageing, less a reserve, over all pairs: the best first, or assigned at once."""

    def __init__(self, world: World, ageing: float, reserve: float, *, assign: bool = False) -> None:
        self.world, self.ageing, self.assign = world, ageing, assign
        above = np.maximum(0, world.skill_seen - np.median(world.skill_seen, axis=0)[None])
        used = above[:, world.domain] * sigmoid(world.difficulty_seen + 0.3)[None]
        self.worth = world.value[None] * world.fit_seen() - 0.10 * world.pay[:, None]
        self.reserve = reserve * (above.max(1)[:, None] - used)

    def __call__(self, moment: Moment) -> Pairs:
        world, people, tasks = self.world, list(moment.free), moment.queue[:MOST_COMPARED]
        waited = (moment.now - world.arrived[tasks]) / world.sla[tasks]
        aged = world.value[tasks] * self.ageing * np.minimum(waited, 4) ** 2
        kept = self.reserve[np.ix_(people, tasks)] * np.exp(-2 * np.minimum(waited, 2))[None]
        scores = self.worth[np.ix_(people, tasks)] + aged[None] - kept
        if self.assign:
            from scipy.optimize import linear_sum_assignment

            rows, columns = linear_sum_assignment(-scores)
            return [(people[i], tasks[j]) for i, j in zip(rows, columns, strict=True) if scores[i, j] > 0]
        return [(people[i], tasks[j]) for i, j in _best_first(scores)]


def _best_first(scores: Array) -> Pairs:
    pairs: Pairs = []
    for _ in range(min(scores.shape)):
        i, j = divmod(int(np.argmax(scores)), scores.shape[1])
        if scores[i, j] <= 0:
            break
        pairs.append((i, j))
        scores[i] = scores[:, j] = -math.inf
    return pairs


class Head:
    """A task that may be given out next, and what its lane makes of everybody."""

    __slots__ = ("best", "fits", "now", "task")

    def __init__(self, task: int, fits: Sequence[Fit], best: float, now: Pressure) -> None:
        self.task, self.fits, self.best, self.now = task, fits, best, now


class Product:
    """The product's own functions, asked as its claim asks them: the oldest task of every lane, the best pair first.

    A lane is a domain, a band of difficulty and an SLA. A lane whose oldest task is late also shows the oldest one that
    can still be in time, unless `one_head`.
    """

    def __init__(self, world: World, policy: Policy = POLICY, *, one_head: bool = False) -> None:
        self.world, self.policy, self.one_head = world, policy, one_head
        self.arrived, self.sla, self.value = world.arrived.tolist(), world.sla.tolist(), world.value.tolist()
        self.domain, self.difficulty = world.domain.tolist(), world.difficulty_seen.tolist()
        self.pay, skill = world.pay.tolist(), world.skill_seen
        self.skill = [[Belief(mean, SKILL_VARIANCE) for mean in row] for row in skill.tolist()]
        self.above = np.maximum(0, skill - np.median(skill, axis=0)[None]).tolist()
        self.fits: dict[tuple[int, ...], tuple[list[Fit], float]] = {}
        self.waiting: dict[tuple[int, ...], deque[int]] = {}
        self.late: dict[tuple[int, ...], deque[int]] = {}
        self.seen = 0
        self.longest_queue_seconds = self.asked_at = 0.0

    def lane(self, task: int) -> tuple[int, ...]:
        seen = self.difficulty[task]
        band = min(range(len(LEVEL_CENTRES)), key=lambda n: abs(seen - LEVEL_CENTRES[n]))
        return self.domain[task], band, int(self.sla[task])

    def difficulty_of(self, task: int) -> Belief:
        return Belief(LEVEL_CENTRES[self.lane(task)[1]], BAND_VARIANCE)

    def fits_of(self, lane: tuple[int, ...], task: int) -> tuple[list[Fit], float]:
        """What everybody on shift would make of it, and the most that anybody would."""
        known = self.fits.get(lane)
        if known is None:
            domain, difficulty = self.domain[task], self.difficulty_of(task)
            fits = [
                fit(
                    self.skill[person][domain], difficulty, value=self.value[task], pay=self.pay[person],
                    advantage=self.above[person][domain], best_advantage=max(self.above[person]), policy=self.policy,
                )
                for person in range(self.world.people)
            ]  # fmt: skip
            known = self.fits[lane] = fits, max(one.worth for one in fits)
        return known

    def head(self, lane: tuple[int, ...], task: int, moment: Moment) -> Head:
        waited = (moment.now - self.arrived[task]) / self.sla[task]
        backlog = len(moment.queue) / self.world.people
        now = pressure(
            waited, value=self.value[task], backlog=backlog,
            longest_queue_slas=self.longest_queue_seconds / self.sla[task], policy=self.policy,
        )  # fmt: skip
        return Head(task, *self.fits_of(lane, task), now)

    def __call__(self, moment: Moment) -> Pairs:
        self._sort_in(moment)
        self._remember(moment)
        heads = [self.head(lane, tasks[0], moment) for lane, tasks in self._lanes() if tasks]
        return self._give_out(heads, moment)

    def _remember(self, moment: Moment) -> None:
        queue_seconds = MEAN_SERVICE_SECONDS * len(moment.queue) / self.world.people
        passed = moment.now - self.asked_at
        self.longest_queue_seconds = remembered(self.longest_queue_seconds, passed, queue_seconds, self.policy)
        self.asked_at = moment.now

    def _lanes(self) -> list[tuple[tuple[int, ...], deque[int]]]:
        return [*self.waiting.items(), *self.late.items()]

    def _sort_in(self, moment: Moment) -> None:
        for task in range(self.seen, moment.arrived):
            self.waiting.setdefault(self.lane(task), deque()).append(task)
        self.seen = moment.arrived
        if not self.one_head:
            for lane, tasks in self.waiting.items():
                while tasks and moment.now - self.arrived[tasks[0]] > self.sla[tasks[0]]:
                    self.late.setdefault(lane, deque()).append(tasks.popleft())

    def _give_out(self, heads: list[Head], moment: Moment) -> Pairs:
        free = list(moment.free)
        offers = [offer for person in free for offer in self._offers(person, heads)]
        pairs: Pairs = []
        while offers:
            _, person, head = max(offers, key=lambda offer: offer[0])
            pairs.append((person, head.task))
            free.remove(person)
            offers = [offer for offer in offers if offer[1] != person and offer[2] is not head]
            for following in self._taken(head.task, moment):
                offers += [offer for other in free for offer in self._offers(other, [following])]
        return pairs

    def _taken(self, task: int, moment: Moment) -> list[Head]:
        """The next head of the lane, which the one that was taken had hidden."""
        lane = self.lane(task)
        for tasks in (self.waiting.get(lane), self.late.get(lane)):
            if tasks and tasks[0] == task:
                tasks.popleft()
                return [self.head(lane, tasks[0], moment)] if tasks else []
        return []

    def _offers(self, person: int, heads: Sequence[Head]) -> list[tuple[float, int, Head]]:
        policy = self.policy
        return [
            (total(head.fits[person], head.now), person, head)
            for head in heads
            if allowed(head.fits[person], head.now, head.best, policy)
        ]


class ProductByTask(Product):
    """Every task a lane of its own, with the estimates as they are: what ROUTING.md measured."""

    def __init__(self, world: World, policy: Policy = POLICY, most: int | None = None) -> None:
        super().__init__(world, policy)
        self.most = most
        self.skill = [[Belief(belief.mean, 0.0) for belief in row] for row in self.skill]

    def lane(self, task: int) -> tuple[int, ...]:
        return (task,)

    def difficulty_of(self, task: int) -> Belief:
        return Belief(self.difficulty[task], 0.0)

    def __call__(self, moment: Moment) -> Pairs:
        self._remember(moment)
        return self._give_out([self.head(self.lane(task), task, moment) for task in moment.queue[: self.most]], moment)
