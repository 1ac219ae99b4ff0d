"""Toloka's dynamic overlap, one of the baselines of ROUTING.md: more answers to a task until they are confident enough.

As documented (Toloka/docs, en/guide/concepts/dynamic-overlap.md): somebody's accuracy is what they got right of gold,
smoothed; their errors are spread evenly; by Bayes' rule, from classes that are equally common, the confidence in the
answer that the most accuracy stands behind; below `enough` one more person is asked. Nobody chooses who comes or what is done.
"""

from typing import NamedTuple

import numpy as np
from _answer_log import Floats, Log, Whole

GOLD_ITEMS = 5
"""Per person, and paid for (ROUTING.md section 4)."""
SMOOTHING = 0.5
"""K of the formula."""
CONFIDENCES = (0.85, 0.95, 0.99)
"""With which the published figures were taken (ROUTING.md section 4)."""
LEAST, MOST = 2, 10
"""Answers of a task. The documentation leaves both to the project; two come nearest to the published .939 at 2.38 on nyu_mcqa."""


EQUAL = 1e-9
"""Votes that differ by less are a tie."""


class Bought(NamedTuple):
    accuracy: float
    answers: float
    """Per task, gold with it."""


def dynamic_overlap(
    log: Log, enough: float, rng: np.random.Generator, *, least: int = LEAST, most: int = MOST
) -> Bought:
    """One pass over a log; whoever answered a task in it is asked in an order drawn by lot."""
    shuffled = rng.permutation(len(log.task))
    gold = _first(log.person[shuffled], GOLD_ITEMS)
    examined, rows = shuffled[gold], shuffled[~gold]
    good = log.choice[examined] == log.truth[log.task[examined]]
    right, taken = (np.bincount(log.person[examined], weight, log.people) for weight in (good, np.ones(len(good))))
    level = (SMOOTHING + right) / (2 * SMOOTHING + taken)

    place, task, choice, sure = _places(log.task[rows]), log.task[rows], log.choice[rows], level[log.person[rows]]
    options = np.full(log.tasks, log.choices) if log.options is None else log.options
    asked, used = np.ones(log.tasks, dtype=bool), np.zeros(len(rows), dtype=bool)
    for n in range(most):
        used |= (place == n) & asked[task]
        tally = tallied(task[used], choice[used], sure[used], options, log.choices)
        asked = (tally.confidence() < enough) | (n + 1 < least)
    best = (tally.votes >= tally.votes.max(1, keepdims=True) - EQUAL) & np.isfinite(tally.log_q)
    found = float((best[np.arange(log.tasks), log.truth] / best.sum(1)).mean())
    return Bought(found, (int(used.sum()) + len(examined)) / log.tasks)


class Tally(NamedTuple):
    """[task, class] of the answers so far."""

    votes: Floats
    """Accuracy that stands behind the class."""
    log_q: Floats
    """Not normalised; minus infinity where the task has no such choice."""

    def confidence(self) -> Floats:
        """By task, in the answer that the most accuracy stands behind."""
        q = np.exp(self.log_q - self.log_q.max(1, keepdims=True))
        return np.asarray((q / q.sum(1, keepdims=True))[np.arange(len(q)), self.votes.argmax(1)])


def tallied(task: Whole, choice: Whole, accuracy: Floats, options: Whole, choices: int) -> Tally:
    """`accuracy` is that of each answer's author, `options` how many of the choices each task has."""
    shape = (len(options), choices)
    cell = task * choices + choice
    wrong = np.log((1 - accuracy) / (options[task] - 1))
    votes = np.bincount(cell, accuracy, shape[0] * choices).reshape(shape)
    log_q = np.bincount(cell, np.log(accuracy) - wrong, shape[0] * choices).reshape(shape)
    log_q = log_q + np.bincount(task, wrong, shape[0])[:, None]
    return Tally(votes, np.where(np.arange(choices) < options[:, None], log_q, -np.inf))


def _places(group: Whole) -> Whole:
    """Of each entry how many of its group come before it."""
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))
    place = np.empty(len(group), dtype=np.intp)
    place[order] = np.arange(len(group)) - np.concatenate([[0], ends[:-1]])[group[order]]
    return place


def _first(group: Whole, number: int) -> Whole:
    return np.asarray(_places(group) < number)
