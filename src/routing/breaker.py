"""When rejections jump past what the authors' record explains: a cumulative sum of evidence for a rogue. Pure.

Each verdict is held against the chance that this author's work is turned down at all. The evidence is the logarithm of how
much likelier the verdict is of somebody who turns down `ODDS` times as readily than of an honest reviewer; what speaks for
honesty counts down to 0 and no further, so that a long good record buys nobody a burst (Page 1954, "Continuous inspection schemes").
"""

import math
from collections.abc import Iterable

ODDS = 6.0
"""A rogue's odds of turning work down, in an honest reviewer's. Less needs more verdicts to be sure of."""
LIMIT = 13.0
"""Evidence at which somebody is held: under 1 % of honest reviewers in 500 verdicts (`bench/reviews.py`)."""
LEAST, MOST = 0.03, 0.6
"""Chances of a rejection are taken no further from the middle: a single verdict never decides."""


def evidence(expected: float, *, rejected: bool) -> float:
    """`expected`: chance that an honest reviewer turns this author's work down, 0 to 1."""
    p = min(max(expected, LEAST), MOST)
    odds = ODDS * p / (1 - p)
    rogue = odds / (1 + odds)
    return math.log(rogue / p) if rejected else math.log((1 - rogue) / (1 - p))


def add(sum_before: float, expected: float, *, rejected: bool) -> float:
    return max(0.0, sum_before + evidence(expected, rejected=rejected))


def summed(verdicts: Iterable[tuple[float, bool]]) -> float:
    """Of (expected, rejected), oldest first."""
    total = 0.0
    for expected, rejected in verdicts:
        total = add(total, expected, rejected=rejected)
    return total
