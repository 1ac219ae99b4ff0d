"""The product with prices from a linear programme in place of its reserve, or beside it.

Every minute of the shift: groups of people (the experts of each domain; generalists by skill) times lanes, the most value
that the coming hour can bring.

    max  sum w[g,l] y[g,l]    w = value * P(acceptable) - pay_weight * pay, y = tasks of lane l that group g does
    s.t. sum over l of y[g,l] * seconds  <=  people in g * hour       dual: what the group's time is worth
         sum over g of y[g,l]            <=  waiting now + what came in the last hour      dual: what the task is worth

A pair's price is what the optimum loses by it: time and task at their duals, less what the pair brings; nothing for
pairs that the optimum uses. It fades with waiting as the reserve does. Solved by HiGHS (scipy).
"""

from collections import Counter
from typing import Literal

import numpy as np
from _dispatchers import Pairs, Product
from _world import MEAN_SERVICE_SECONDS, Array, Moment, World
from scipy.optimize import linprog
from scipy.sparse import coo_array

from routing.scoring import Fit
from routing.weights import POLICY, Policy

EVERY_SECONDS = 60.0
HORIZON_SECONDS = 3600.0
GENERALIST_GROUPS = 4
"""By mean skill."""
WEIGHT = 1.0
"""Task values per task value lost; docs/decisions/0008 says what else was tried."""

How = Literal["instead", "beside"]


def groups_of(world: World) -> Array:
    """The number of everybody's group."""
    found = world.home.copy()
    first = int(world.home.max()) + 1
    generalists = np.flatnonzero(world.home < 0)
    order = generalists[np.argsort(world.skill_seen[generalists].mean(1), kind="stable")]
    for n, some in enumerate(np.array_split(order, GENERALIST_GROUPS)):
        found[some] = first + n
    return found


class Prices:
    """What the optimum loses by a pair, by group and lane."""

    def __init__(self, worth: Array, people: Array, demand: Array, weight: float) -> None:
        """`worth` by group and lane, `people` in each group, `demand` of each lane in tasks of the horizon."""
        groups, lanes = worth.shape
        number = np.arange(groups * lanes)
        rows = np.concatenate([number // lanes, groups + number % lanes])
        uses = np.concatenate([np.full(len(number), MEAN_SERVICE_SECONDS), np.ones(len(number))])
        taken = coo_array((uses, (rows, np.concatenate([number, number]))), shape=(groups + lanes, len(number)))
        limits = np.concatenate([people * HORIZON_SECONDS, demand])
        solved = linprog(-worth.ravel(), A_ub=taken.tocsr(), b_ub=limits, method="highs")
        self.lost = np.zeros_like(worth)
        if solved.status == 0:
            dual = -solved.ineqlin.marginals
            at_duals = dual[:groups, None] * MEAN_SERVICE_SECONDS + dual[None, groups:]
            self.lost = weight * np.maximum(0.0, at_duals - worth)


class Priced(Product):
    def __init__(self, world: World, how: How, policy: Policy = POLICY, weight: float = WEIGHT) -> None:
        super().__init__(world, policy)
        self.how, self.weight = how, weight
        self.group = groups_of(world)
        self.sizes = np.bincount(self.group)
        self.samples: dict[tuple[int, ...], int] = {}
        """A task of every lane that was seen."""
        self.lane_by_task: list[tuple[int, ...]] = []
        self.solved_at = -EVERY_SECONDS
        self.priced: dict[tuple[int, ...], tuple[list[Fit], float]] = {}
        self.solutions = 0

    def __call__(self, moment: Moment) -> Pairs:
        for task in range(len(self.lane_by_task), moment.arrived):
            lane = self.lane(task)
            self.lane_by_task.append(lane)
            self.samples.setdefault(lane, task)
        if moment.now - self.solved_at >= EVERY_SECONDS:
            self._solve(moment)
        return super().__call__(moment)

    def fits_of(self, lane: tuple[int, ...], task: int) -> tuple[list[Fit], float]:
        return self.priced.get(lane) or super().fits_of(lane, task)

    def _solve(self, moment: Moment) -> None:
        lanes = list(self.samples)
        since = int(np.searchsorted(self.world.arrived, moment.now - HORIZON_SECONDS))
        # What came before the first hour is over stands for a whole hour of it.
        seen_for = max(MEAN_SERVICE_SECONDS, min(HORIZON_SECONDS, moment.now))
        came = Counter(self.lane_by_task[since:])
        waits = Counter(self.lane_by_task[task] for task in moment.queue)
        demand = np.array([waits[lane] + came[lane] * HORIZON_SECONDS / seen_for for lane in lanes])
        fits = [super(Priced, self).fits_of(lane, self.samples[lane]) for lane in lanes]
        each = np.array([[one.worth for one in known] for known, _ in fits])
        worth = np.stack([each[:, self.group == g].mean(1) for g in range(len(self.sizes))])
        lost = Prices(worth, self.sizes, demand, self.weight).lost[self.group].T.tolist()
        self.priced = {
            lane: ([self._with(one, price) for one, price in zip(known, prices, strict=True)], best)
            for lane, (known, best), prices in zip(lanes, fits, lost, strict=True)
        }
        self.solved_at = moment.now
        self.solutions += 1

    def _with(self, one: Fit, price: float) -> Fit:
        return Fit(one.p_acceptable, one.worth, price + (one.reserve if self.how == "beside" else 0.0))
