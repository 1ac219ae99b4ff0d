"""One course through a log: people arrive as often as they answered in it, and each answer is the one they gave."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from _aggregators import Aggregator, accuracy
from _answer_log import Floats, Log, Whole
from numpy.typing import NDArray

from routing.overlap import SAMPLE_ANSWERS, TEMPERATURE, Stopping, calibrated, score, worth

REFITS_PER_ROUND = 12
"""The estimate is made anew after every (tasks / 12) answers: ROUTING.md section 1."""


class Curve(NamedTuple):
    """Accuracy after so many answers per task."""

    answers: Floats
    accuracy: Floats

    def at(self, answers: float) -> float:
        return float(np.interp(answers, self.answers, self.accuracy))

    def reaching(self, wanted: float) -> float:
        """The answers per task at which it gets as good as `wanted`; infinite where it never does.

        Read off the curve made non-decreasing (isotonic regression): a lucky peak is no more an achievement than a
        dip behind it is a failure.
        """
        rising = isotonic(self.accuracy)
        reached = np.flatnonzero(rising >= wanted)
        if not len(reached):
            return float("inf")
        first = reached[0]
        if first == 0:
            return float(self.answers[0])
        (x0, x1), (y0, y1) = self.answers[first - 1 : first + 1], rising[first - 1 : first + 1]
        return float(x0 + (wanted - y0) * (x1 - x0) / (y1 - y0))


def isotonic(values: Floats) -> Floats:
    """The nearest non-decreasing curve by least squares: neighbours that fall are pooled into their mean."""
    means: list[float] = []
    sizes: list[int] = []
    for value in values:
        means.append(float(value))
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            mean, size = means.pop(), sizes.pop()
            means[-1] = (means[-1] * sizes[-1] + mean * size) / (sizes[-1] + size)
            sizes[-1] += size
    return np.repeat(means, sizes)


Chooser = Callable[[Aggregator, int, Whole, Whole], Floats]
"""What each of the tasks (third) is worth to this person (second); the fourth counts the answers of each task so far."""


def by_value(estimate: Aggregator, person: int, tasks: Whole, given: Whole) -> Floats:
    """The production score; what is not of the sample waits until the sample has its answers."""
    values = score(worth(estimate.posterior[tasks], estimate.confusion(person, tasks)))
    sample = estimate.sample
    if sample is not None and given[sample].mean() < SAMPLE_ANSWERS and (first := sample[tasks]).any():
        return np.where(first, values, -np.inf)
    return values


def by_accuracy(estimate: Aggregator, person: int, tasks: Whole, given: Whole) -> Floats:  # noqa: ARG001  one form for all
    """QASCA's: the expected gain in accuracy alone."""
    return worth(estimate.posterior[tasks], estimate.confusion(person, tasks)).accuracy


def by_breadth(estimate: Aggregator, person: int, tasks: Whole, given: Whole) -> Floats:  # noqa: ARG001  one form for all
    """The task with the fewest answers."""
    return np.asarray(-given[tasks], dtype=np.float64)


def in_order(estimate: Aggregator, person: int, tasks: Whole, given: Whole) -> Floats:  # noqa: ARG001  one form for all
    """The oldest that still wants an answer: what a lane does."""
    return np.asarray(-tasks, dtype=np.float64)


class Open:
    """Which of their logged answers each person has not given yet."""

    def __init__(self, log: Log) -> None:
        order = np.argsort(log.person, kind="stable")
        ends = np.cumsum(np.bincount(log.person, minlength=log.people))
        self._rows = np.split(order, ends[:-1])
        self._left = [np.ones(len(rows), dtype=bool) for rows in self._rows]

    def rows(self, person: int) -> Whole:
        return self._rows[person][self._left[person]]

    def take(self, person: int, row: int) -> None:
        self._left[person][np.searchsorted(self._rows[person], row)] = False


def course(
    log: Log,
    estimate: Aggregator,
    choose: Chooser,
    rng: np.random.Generator,
    most: float,
    *,
    stopping: Stopping | None = None,
) -> tuple[Curve, float]:
    """Up to `most` answers per task. With `stopping` a task that has enough is offered to nobody any more.

    The second value is the answers per task that were given in all: less than `most` if stopping ended it before.
    """
    opened, given = Open(log), np.zeros(log.tasks, dtype=np.intp)
    answers, points = [], []
    every = max(1, log.tasks // REFITS_PER_ROUND)
    asked = np.ones(log.tasks, dtype=bool)
    for person in rng.permutation(log.person):
        rows = opened.rows(person)
        rows = rows[asked[log.task[rows]]]
        if not len(rows):
            continue
        tasks = log.task[rows]
        values = choose(estimate, person, tasks, given)
        best = rng.choice(np.flatnonzero(values >= values.max() - 1e-12))
        row, task = rows[best], tasks[best]
        opened.take(person, row)
        estimate.step(person, task, log.choice[row])
        given[task] += 1
        answers.append(row)
        if stopping is not None:
            asked[task] = asks(estimate, given, np.array([task]), stopping)[0]
        if len(answers) % every == 0:
            _refit(log, estimate, answers)
            if stopping is not None:
                asked = asks(estimate, given, np.arange(log.tasks), stopping)
            points.append((len(answers) / log.tasks, accuracy(estimate.posterior, log.truth)))
        if len(answers) >= most * log.tasks:
            break
    _refit(log, estimate, answers)
    points.append((len(answers) / log.tasks, accuracy(estimate.posterior, log.truth)))
    x, y = zip(*points, strict=True)
    return Curve(np.array(x), np.array(y)), len(answers) / log.tasks


def asks(estimate: Aggregator, given: Whole, tasks: Whole, rule: Stopping) -> NDArray[np.bool_]:
    """`routing.overlap.wanted` for many tasks at once (a test holds them together); somebody will always do."""
    sure = calibrated(estimate.posterior[tasks], TEMPERATURE).max(1)
    return (given[tasks] < rule.most) & ((given[tasks] < rule.least) | (sure < rule.target))


def _refit(log: Log, estimate: Aggregator, answers: Sequence[int]) -> None:
    rows = np.array(answers, dtype=np.intp)
    estimate.refit(log.person[rows], log.task[rows], log.choice[rows])


def fixed(log: Log, estimate: Aggregator, overlap: int, rng: np.random.Generator) -> float:
    """Accuracy with `overlap` answers of each task, drawn from those that it has."""
    shuffled = rng.permutation(len(log.task))
    order = shuffled[np.argsort(log.task[shuffled], kind="stable")]
    starts = np.cumsum(np.bincount(log.task, minlength=log.tasks))
    place = np.arange(len(order)) - np.concatenate([[0], starts[:-1]])[log.task[order]]
    rows = order[place < overlap]
    estimate.refit(log.person[rows], log.task[rows], log.choice[rows])
    return accuracy(estimate.posterior, log.truth)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """On a grid of a twentieth of an answer, up to where the shortest ends."""
    grid = np.arange(0.25, min(curve.answers[-1] for curve in curves) + 1e-9, 0.05)
    return Curve(grid, np.mean([np.interp(grid, curve.answers, curve.accuracy) for curve in curves], axis=0))
