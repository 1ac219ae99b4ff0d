"""How far people agree beyond chance: Krippendorff's alpha, and Kendall's u for orders of preference. Pure; numpy.

Alpha: K. Krippendorff, Content Analysis (4th ed. 2018), chapter 12, and "Computing Krippendorff's Alpha-Reliability" (2011):
1 - D_o / D_e over the values of units that at least two people judged; whoever left a unit out is left out. u: M. Kendall and
B. Babington Smith, Biometrika 31 (1940): the mean Kendall's tau over pairs of people, here with ties as half a pair each way.

Both come with a 95 % interval by a bootstrap over units (percentiles; a fixed seed, so that the same data give the same
interval), as the units, not the people, are what was drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Value = str | float
Floats = NDArray[np.float64]
RESAMPLES = 500
LEAST_UNITS = 5
"""Below so many units an interval by resampling says nothing."""
TWO_SIDED = (2.5, 97.5)
_EPSILON = 1e-12


class Agreement(msgspec.Struct, frozen=True):
    value: float | None
    """1: always the same; 0: as chance would have it; below 0: less. None: too little to go by, or never anything but one value."""
    low: float | None
    """95 % interval; none below five units."""
    high: float | None
    units: int
    """That at least two people judged."""
    pairs: int
    """Of answers to one unit that were compared."""


NOTHING = Agreement(None, None, None, 0, 0)


def krippendorff(units: Sequence[Sequence[Value]], metric: Metric, resamples: int = RESAMPLES) -> Agreement:
    """`units`: the values that each unit was given, in no order. Numbers for all metrics but `nominal`; `ratio` of none below 0."""
    shared = [unit for unit in units if len(unit) > 1]
    pairs = sum(len(unit) * (len(unit) - 1) // 2 for unit in shared)
    names = sorted({value for unit in shared for value in unit}, key=_order)
    if len(names) < 2:  # noqa: PLR2004  of one value alone nothing can be said
        return Agreement(None, None, None, len(shared), pairs)
    place = {name: n for n, name in enumerate(names)}
    counts = np.zeros((len(shared), len(names)))
    for n, unit in enumerate(shared):
        for value in unit:
            counts[n, place[value]] += 1
    once = np.ones((1, len(shared)))
    found = _alphas(counts, once, names, metric)[0]
    low, high = _interval(lambda weights: _alphas(counts, weights, names, metric), len(shared), resamples)
    return Agreement(round(float(found), 6), low, high, len(shared), pairs)


def _order(value: Value) -> tuple[bool, Value]:
    return isinstance(value, str), value


def _alphas(counts: Floats, weights: Floats, names: Sequence[Value], metric: Metric) -> Floats:
    """One for each row of `weights` (how often each unit counts); NaN where nothing varies."""
    marginals = weights @ counts
    totals = marginals.sum(axis=1)
    if metric == "ordinal":
        seen, expected = _ordinal(counts, weights, marginals)
    else:
        apart = _apart(names, metric)
        by_unit = ((counts @ apart) * counts).sum(axis=1) / (counts.sum(axis=1) - 1)
        seen, expected = weights @ by_unit, ((marginals @ apart) * marginals).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = 1 - (totals - 1) * seen / expected
    found[expected < _EPSILON] = np.nan
    return found


def _apart(names: Sequence[Value], metric: Metric) -> Floats:
    """The squared difference of each pair of values."""
    if metric == "nominal":
        return np.ones((len(names), len(names))) - np.eye(len(names))
    values = np.array(names, dtype=float)
    difference: Floats = values[:, None] - values[None, :]
    if metric == "interval":
        squares: Floats = np.square(difference)
        return squares
    total = values[:, None] + values[None, :]
    relative: Floats = np.divide(difference, total, out=np.zeros_like(difference), where=total > 0)
    return relative**2


def _ordinal(counts: Floats, weights: Floats, marginals: Floats) -> tuple[Floats, Floats]:
    """The ordinal difference of two values is that of their mid-ranks among all values, which a resample changes."""
    people = counts.sum(axis=1)
    ranks = np.cumsum(marginals, axis=1) - marginals / 2
    seen, expected = np.empty(len(weights)), np.empty(len(weights))
    for n, rank in enumerate(ranks):
        squares, sums = counts @ rank**2, counts @ rank
        seen[n] = weights[n] @ (2 * (people * squares - sums**2) / (people - 1))
        of = marginals[n]
        expected[n] = 2 * (of.sum() * (of @ rank**2) - (of @ rank) ** 2)
    return seen, expected


def _interval(of: Callable[[Floats], Floats], units: int, resamples: int) -> tuple[float | None, float | None]:
    if units < LEAST_UNITS:
        return None, None
    drawn = np.random.default_rng(0).multinomial(units, np.full(units, 1 / units), size=resamples).astype(float)
    found = of(drawn)
    found = found[~np.isnan(found)]
    if not len(found):
        return None, None
    low, high = np.percentile(found, TWO_SIDED)
    return round(float(low), 6), round(float(high), 6)


Order = Sequence[Sequence[str]]
"""Best first; what is equally good stands together."""


def kendall_u(units: Sequence[Sequence[Order]], resamples: int = RESAMPLES) -> Agreement:
    """`units`: the orders that people gave of each unit's candidates. A pair that somebody did not rank is not compared."""
    seen, pairs = [], 0
    for unit in units:
        agreed = compared = 0.0
        for one, other in combinations([_sides(order) for order in unit], 2):
            both = one.keys() & other.keys()
            agreed += sum(one[pair] * other[pair] for pair in both)
            compared += len(both)
        if compared:
            seen.append((agreed, compared))
            pairs += len(unit) * (len(unit) - 1) // 2
    if not seen:
        return NOTHING
    table = np.array(seen)

    def mean(weights: Floats) -> Floats:
        found: Floats = (weights @ table[:, 0]) / (weights @ table[:, 1])
        return found

    low, high = _interval(mean, len(seen), resamples)
    return Agreement(round(float(mean(np.ones((1, len(seen))))[0]), 6), low, high, len(seen), pairs)


def _sides(order: Order) -> dict[tuple[str, str], int]:
    """Each pair of candidates, by name: 1 the first is better, -1 the second, 0 equally good."""
    place = {name: n for n, group in enumerate(order) for name in group}
    return {
        (one, other): (place[one] < place[other]) - (place[one] > place[other])
        for one, other in combinations(sorted(place), 2)
    }


def strengths(orders: Sequence[Order]) -> dict[str, float]:
    """Candidate → its strength by Bradley and Terry, all of them summing to 1; the chance that i is preferred to j is s_i / (s_i + s_j).

    By D. Hunter's MM algorithm (Annals of Statistics 32, 2004). A tie is half a win each; half a win each way between all
    pairs besides keeps whoever never lost from being infinitely strong.
    """
    names = sorted({name for order in orders for group in order for name in group})
    wins: dict[tuple[str, str], float] = {(one, other): 0.5 for one in names for other in names if one != other}
    for order in orders:
        for (one, other), side in _sides(order).items():
            wins[one, other] += (side + 1) / 2
            wins[other, one] += (1 - side) / 2
    return _fitted(names, wins)


def _fitted(names: Sequence[str], wins: Mapping[tuple[str, str], float]) -> dict[str, float]:
    if not names:
        return {}
    matrix = np.array([[wins.get((one, other), 0.0) for other in names] for one in names])
    games, strength = matrix + matrix.T, np.full(len(names), 1 / len(names))
    for _ in range(500):
        apart = games / (strength[:, None] + strength[None, :])
        new = matrix.sum(axis=1) / np.maximum(apart.sum(axis=1), _EPSILON)
        new /= max(new.sum(), _EPSILON)
        if np.abs(new - strength).max() < 1e-9:  # noqa: PLR2004  far below what is shown
            break
        strength = new
    else:
        return dict(zip(names, strength.tolist(), strict=True))
    return dict(zip(names, new.tolist(), strict=True))
