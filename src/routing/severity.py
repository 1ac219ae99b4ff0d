"""How strict a reviewer is, beside the others and adjusted for whose work they saw. Pure; numpy.

The many-facet model of J. Linacre (Many-Facet Rasch Measurement, 1989) with two facets and two categories: the log-odds that a
look finds something (anything but an acceptance) is a common level, plus how often the author's work has something, plus how
strict the reviewer is. Both facets are normal around 0 with a variance that is estimated from the same verdicts (empirical
Bayes by EM over a Laplace approximation, as R. Breslow and D. Clayton, JASA 88, 1993), so that few verdicts say little: whoever
gave three of them is near 0 with a wide interval.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS, STEPS = 25, 3
PRIOR_VARIANCE, PRIOR_WEIGHT = 0.25, 4.0
"""Reviewers differ by a factor of 1.6 in the odds, before verdicts say otherwise, as if four of them had said so."""
AUTHOR_VARIANCE = 2.0
"""Never less: authors are hardly drawn together. Otherwise, where strict reviewers get the better authors, half of both
differences would be taken for chance."""
Z = 1.959964
"""Of a 95 % interval."""


class Severity(msgspec.Struct, frozen=True):
    looks: int
    logit: float
    """Above 0: finds something more readily than the mean reviewer would in the same work."""
    low: float
    """95 % interval."""
    high: float

    @property
    def odds(self) -> float:
        """So many times the odds of the mean reviewer to find something."""
        return float(np.exp(self.logit))


def severities(looks: Sequence[tuple[str, str, bool]]) -> dict[str, Severity]:
    """Reviewer → severity, from (reviewer, author, found something); none from looks of one reviewer alone."""
    reviewers, authors = sorted({one[0] for one in looks}), sorted({one[1] for one in looks})
    if len(reviewers) < 2:  # noqa: PLR2004  strict beside whom?
        return {}
    who = {name: n for n, name in enumerate(reviewers)}
    whose = {name: n for n, name in enumerate(authors)}
    r = np.array([who[one[0]] for one in looks])
    a = np.array([whose[one[1]] for one in looks])
    model = _Model(r, a, np.array([float(one[2]) for one in looks]), len(reviewers), len(authors))
    for _ in range(ROUNDS):
        model.climb()
    model.climb()
    spread = Z * np.sqrt(model.spread)
    count = np.bincount(r, minlength=len(reviewers))
    return {
        name: Severity(
            int(count[n]), round(float(model.strict[n]), 4), round(float(model.strict[n] - spread[n]), 4),
            round(float(model.strict[n] + spread[n]), 4),
        )
        for n, name in enumerate(reviewers)
    }  # fmt: skip


class _Model:
    """The mode of level, authors and reviewers; the authors' block is diagonal, so that only the reviewers' is solved whole."""

    def __init__(self, r: NDArray[np.int_], a: NDArray[np.int_], y: Floats, reviewers: int, authors: int) -> None:
        self._r, self._a, self._y = r, a, y
        self.level = float(np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5)))
        self.strict, self.fault = np.zeros(reviewers), np.zeros(authors)
        self.spread = np.full(reviewers, PRIOR_VARIANCE)
        """Posterior variance of each reviewer's severity."""
        self._tau_r, self._tau_a = PRIOR_VARIANCE, AUTHOR_VARIANCE

    def climb(self) -> None:
        """A few Newton steps, then the variances of both facets anew."""
        for _ in range(STEPS):
            inverse, authors = self._step()
        self.spread = np.diag(inverse)[1:].copy()
        self._tau_r = _variance(self.strict, self.spread, PRIOR_VARIANCE)
        self._tau_a = max(AUTHOR_VARIANCE, _variance(self.fault, authors, AUTHOR_VARIANCE))

    def _step(self) -> tuple[Floats, Floats]:
        """Level and reviewers by the Schur complement of the authors; their inverse Hessian, and the authors' variances."""
        chance = 1 / (1 + np.exp(-(self.level + self.strict[self._r] + self.fault[self._a])))
        weight, rest = chance * (1 - chance), self._y - chance
        n_r, n_a = len(self.strict), len(self.fault)
        by_r = np.bincount(self._r, weight, n_r)
        own = np.bincount(self._a, weight, n_a) + 1 / self._tau_a
        cross = np.zeros((n_a, n_r + 1))
        np.add.at(cross, (self._a, self._r + 1), weight)
        cross[:, 0] = np.bincount(self._a, weight, n_a)
        block = np.diag(np.concatenate([[weight.sum() + 1e-6], by_r + 1 / self._tau_r]))
        block[0, 1:] = block[1:, 0] = by_r
        slope = np.concatenate([[rest.sum()], np.bincount(self._r, rest, n_r) - self.strict / self._tau_r])
        slope_a = np.bincount(self._a, rest, n_a) - self.fault / self._tau_a
        inverse: Floats = np.linalg.inv(block - cross.T @ (cross / own[:, None])).astype(np.float64)
        move = inverse @ (slope - cross.T @ (slope_a / own))
        self.fault += np.clip((slope_a - cross @ move) / own, -2, 2)
        self.level += float(np.clip(move[0], -2, 2))
        self.strict += np.clip(move[1:], -2, 2)
        authors: Floats = 1 / own + np.einsum("ij,jk,ik->i", cross, inverse, cross) / own**2
        return inverse, authors


def _variance(values: Floats, spread: Floats, prior: float) -> float:
    return float(((values**2 + spread).sum() + PRIOR_WEIGHT * prior) / (len(values) + PRIOR_WEIGHT))
