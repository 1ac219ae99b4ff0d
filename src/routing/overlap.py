"""Whether a task needs one more answer, and what an answer by this person would be worth: ROUTING.md sections 3 and 4.

Pure functions over arrays; information is counted in nats, accuracy from 0 to 1. Import this module where it is used,
as `routing.consensus`.
"""

import math
from typing import Literal, NamedTuple
from zlib import crc32

import numpy as np

from routing.consensus import Floats, Whole

INFORMATION_WEIGHT = 0.15
"""Of information beside expected accuracy where everybody is paid the same; from 0.05 to 1 it made no difference."""
PAID_INFORMATION_WEIGHT, SETTLING_WEIGHT = 0.25, 0.5
"""Of information beside expected accuracy where pay differs: as such, and by the share of the task's doubt that the answer takes away.

Information becomes accuracy when a task gets settled. A cheap vote that leaves it open was for nothing where an expert must come in the end; where not even
an expert settles it, cheap votes are what helps. With 0.5 or 0.25 and nothing for the share, one crowd costs more than one expert does; with 2 and nothing for
the share all came out alike within chance (docs/consensus.md).
"""
TEMPERATURE, TEMPERATURE_SD = 0.7, 0.25
"""Posteriors claim more than they keep: before any review log T is believed to be N(log 0.7, 0.25).

ROUTING.md has 0.5. But reviews go to where errors are likeliest, and say little of the rest: with 0.5 the calibration error after 10 % reviewed was
.050, with 0.25 it is .041 (docs/consensus.md).
"""
LOG_TEMPERATURES = (-4.0, 2.0)
"""Between which T is sought: from "says nearly nothing" to "could claim much more"."""
PRECISION = 1e-4
"""Of log T: far below what any number of reviews could tell apart."""
SAMPLE_SHARE, SAMPLE_ANSWERS = 0.08, 4
"""Of the tasks, and answers to each of them, that come first where domains are told apart and nobody is known yet.

One answer to every task shows nobody's mistakes; .55 of overlap 3 became .45 in the simulated mix (docs/consensus.md).
"""
SAMPLE_EVIDENCE = 4.0
"""Answers and exam items per person and domain, in the mean, from which on people are known well enough without."""
LEAST_DOUBT = 1e-9
"""Nats: keeps the share of what is settled already at 0."""
TINY = 1e-300
"""Keeps 0 log 0 at 0."""


class Worth(NamedTuple):
    """Of one more answer, one entry per task."""

    accuracy: Floats
    """Expected rise of the chance that the likeliest class is the true one; never below 0 but for rounding."""
    information: Floats
    """Expected fall of entropy in nats; never below 0 but for rounding."""
    doubt: Floats
    """Entropy of the task before it, in nats."""


def worth(posterior: Floats, confusion: Floats) -> Worth:
    """`posterior` [task, class] beside `confusion` [task, class, answer] of the person who would answer."""
    said = np.einsum("tc,tcl->tl", posterior, confusion)
    likeliest, best = posterior[:, :1] * confusion[:, 0], posterior[:, 0]
    # Class by class: to reduce over an axis of three or four is what numpy does slowest.
    for c in range(1, posterior.shape[1]):
        likeliest = np.maximum(likeliest, posterior[:, c : c + 1] * confusion[:, c])
        best = np.maximum(best, posterior[:, c])
    noise = np.einsum("tc,tc->t", posterior, _entropy(confusion))
    return Worth(
        np.asarray(np.einsum("tl->t", likeliest) - best), np.asarray(_entropy(said) - noise), _entropy(posterior)
    )


def score(gained: Worth, pay: Floats | float | None = None) -> Floats:
    """What dispatch ranks by: accuracy + 0.15 information; where pay differs (accuracy + (0.25 + 0.5 share) information) / pay.

    `share` is the share of the task's entropy that the answer is expected to take away, 0 to 1. ROUTING.md section 4 has
    information alone per unit of pay, because accuracy alone buys cheap votes (answer 7).
    """
    if pay is None:
        return np.asarray(gained.accuracy + INFORMATION_WEIGHT * gained.information)
    share = gained.information / np.maximum(gained.doubt, LEAST_DOUBT)
    weight = PAID_INFORMATION_WEIGHT + SETTLING_WEIGHT * share
    return np.asarray((gained.accuracy + weight * gained.information) / pay)


def _entropy(p: Floats) -> Floats:
    return np.asarray(-np.einsum("...l,...l->...", p, np.log(p + TINY)))


def calibrated(posterior: Floats, temperature: float) -> Floats:
    """softmax(T log q) by row: with T below 1 less sure, the order of the classes unchanged."""
    heated = np.exp(temperature * (np.log(posterior + TINY) - np.log(posterior.max(-1, keepdims=True))))
    return np.asarray(heated / heated.sum(-1, keepdims=True))


def fitted_temperature(log_q: Floats, truth: Whole) -> float:
    """The likeliest T given reviewed tasks, a mode under the prior; without any it is the prior's, 0.7.

    `log_q` [task, class] is that of the answers alone, `truth` the reviewed class. Golden-section search over log T.
    """
    if not len(truth):
        return TEMPERATURE
    low, high = LOG_TEMPERATURES
    shrink = (math.sqrt(5) - 1) / 2
    left, right = high - shrink * (high - low), low + shrink * (high - low)
    at_left, at_right = _loss(left, log_q, truth), _loss(right, log_q, truth)
    while high - low > PRECISION:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - shrink * (high - low)
            at_left = _loss(left, log_q, truth)
        else:
            low, left, at_left = left, right, at_right
            right = low + shrink * (high - low)
            at_right = _loss(right, log_q, truth)
    return math.exp((low + high) / 2)


def _loss(log_temperature: float, log_q: Floats, truth: Whole) -> float:
    scaled = math.exp(log_temperature) * log_q
    highest = scaled.max(1)
    claimed = highest + np.log(np.exp(scaled - highest[:, None]).sum(1))
    surprise = (log_temperature - math.log(TEMPERATURE)) ** 2 / (2 * TEMPERATURE_SD**2)
    return float((claimed - scaled[np.arange(len(truth)), truth]).sum()) + surprise


def sample_helps(domains: int, evidence: float) -> bool:
    """Whether people should be got to know by a sample; `domains` are those told apart, `evidence` is of each in the mean.

    Where there is one domain the sample teaches too little for its answers (docs/consensus.md).
    """
    return domains > 1 and evidence < SAMPLE_EVIDENCE


def in_sample(task: str) -> bool:
    """By the name of the task, so that every process says the same; evenly over whatever the order of tasks is."""
    return crc32(task.encode()) < SAMPLE_SHARE * 2**32


class Stopping(NamedTuple):
    """When a task has answers enough."""

    target: float = 0.9
    """Calibrated chance of being right at which nobody is asked any more; 0.90 to 0.95 (ROUTING.md section 4)."""
    least: int = 1
    most: int = 3
    """Answers per task: 3 for objective tasks, 5 and more for subjective ones; then an expert reviews."""


Why = Literal["below_least", "unsure", "sure", "most_answers", "not_worth_its_pay"]


class Wanted(NamedTuple):
    another: bool
    why: Why
    sure: float
    """The calibrated chance that the likeliest class is the true one."""


def wanted(
    posterior: Floats,
    answers: int,
    rule: Stopping,
    *,
    temperature: float = TEMPERATURE,
    gain: float = math.inf,
    task_value: float = 1.0,
    pay: float = 0.0,
) -> Wanted:
    """Whether one more answer should be asked for; `posterior` [class] of the one task.

    `gain` is the worth of the best answer to be had (infinite: somebody will do), `task_value` and `pay` are in one unit.
    """
    sure = float(calibrated(posterior[None, :], temperature).max())
    if answers >= rule.most:
        return Wanted(False, "most_answers", sure)
    if answers < rule.least:
        return Wanted(True, "below_least", sure)
    if sure >= rule.target:
        return Wanted(False, "sure", sure)
    if gain * task_value <= pay:
        return Wanted(False, "not_worth_its_pay", sure)
    return Wanted(True, "unsure", sure)


def expected_error(posterior: Floats, truth: Whole, bins: int = 10) -> float:
    """ECE: how far claimed and kept accuracy are apart, mean over ten equal bins of the claim, by tasks."""
    claim = posterior.max(1)
    right = posterior.argmax(1) == truth
    where = np.minimum((claim * bins).astype(np.intp), bins - 1)
    gap = np.abs(np.bincount(where, claim, bins) - np.bincount(where, right, bins))
    return float(gap.sum() / max(1, len(truth)))
