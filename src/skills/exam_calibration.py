"""How difficult and how sharp questions turned out to be: pure functions over the answers that people gave.

The two-parameter model by marginal maximum likelihood: what each person can do is integrated out over a grid, the figures
of the questions are fitted to what is left (Bock and Aitkin, Psychometrika 46, 1981), drawn towards what their author said
(Mislevy, Psychometrika 51, 1986). Questions with few answers stay as they are and hold the scale.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import msgspec

from skills.belief import sigmoid
from skills.exam_engine import Item

AUTHOR_SD = 0.7
"""How far authors are off in a difficulty, in logits: nearly one of the five levels, which stand 0.8 apart."""
SHARPNESS_SD = 0.3
"""How far discriminations stray from what was said, in log units: from a = 1 most lie between 0.55 and 1.8."""
LEAST_SPREAD = 0.3
"""Of the people, in logits: a handful who all answer alike must not make every question infinitely sharp."""
GRID = [step * 0.4 for step in range(-12, 13)]
"""Skills that are tried for everybody, in logits; beyond ±4.8 nobody is told apart."""
MOST_ROUNDS = 60
SETTLED = 0.004
"""Largest move of a difficulty in the last round, in logits: a fiftieth of its standard error at 200 answers."""
SCORING_STEPS = 3
LONGEST_STEP = 0.5
DIFFICULTY_RANGE, DISCRIMINATION_RANGE = (-6.0, 6.0), (0.2, 4.0)
"""What the bank takes."""

P = TypeVar("P", bound=Hashable)
I = TypeVar("I", bound=Hashable)  # noqa: E741  an item
Vector = list[float]


class Given(msgspec.Struct, frozen=True):
    """The answers to one question, by the place of the person."""

    right: list[int]
    wrong: list[int]


def calibrate(answers: Sequence[tuple[P, I, bool]], authored: Mapping[I, Item], least: int) -> dict[I, Item]:
    """The figures of the questions that have at least `least` answers.

    `authored` holds every question that was answered, with its author's figures, so that fitting again on more answers
    does not creep.
    """
    people: dict[P, int] = {}
    given: dict[I, Given] = defaultdict(lambda: Given([], []))
    for person, item, correct in answers:
        place = people.setdefault(person, len(people))
        (given[item].right if correct else given[item].wrong).append(place)
    free = [item for item, said in given.items() if len(said.right) + len(said.wrong) >= least]
    figures = {item: authored[item] for item in given}
    mean, spread = 0.0, 1.0
    for _ in range(MOST_ROUNDS if free else 0):
        posterior = _posterior(len(people), given, figures, mean, spread)
        moved = 0.0
        for item in free:
            fitted = _fit(figures[item], authored[item], given[item], posterior)
            moved = max(moved, abs(fitted.difficulty - figures[item].difficulty))
            figures[item] = fitted
        mean, spread = _crowd(posterior)
        if moved < SETTLED:
            break
    return {item: figures[item] for item in free}


def _posterior(
    people: int, given: Mapping[I, Given], figures: Mapping[I, Item], mean: float, spread: float
) -> list[Vector]:
    """How likely each skill of the grid is for each person, after the answers."""
    prior = [-0.5 * ((theta - mean) / spread) ** 2 for theta in GRID]
    evidence: list[list[Vector]] = [[prior] for _ in range(people)]
    for item, said in given.items():
        chances = [_chance(figures[item], theta) for theta in GRID]
        right, wrong = [math.log(p) for p in chances], [math.log(1 - p) for p in chances]
        for place in said.right:
            evidence[place].append(right)
        for place in said.wrong:
            evidence[place].append(wrong)
    return [_normalised([sum(column) for column in zip(*rows, strict=True)]) for rows in evidence]


def _chance(item: Item, theta: float) -> float:
    return min(max(sigmoid(item.discrimination * (theta - item.difficulty)), 1e-9), 1 - 1e-9)


def _normalised(logs: Vector) -> Vector:
    top = max(logs)
    weights = [math.exp(value - top) for value in logs]
    total = sum(weights)
    return [weight / total for weight in weights]


def _fit(item: Item, authored: Item, said: Given, posterior: Sequence[Vector]) -> Item:
    """Fisher scoring on difficulty and log discrimination, for the expected numbers of answers at each skill."""
    right = _sums([posterior[place] for place in said.right])
    asked = [r + w for r, w in zip(right, _sums([posterior[place] for place in said.wrong]), strict=True)]
    b, log_a = item.difficulty, math.log(item.discrimination)
    for _ in range(SCORING_STEPS):
        a = math.exp(log_a)
        now = Item(b, a)
        grad_b, grad_a = (authored.difficulty - b) / AUTHOR_SD**2, 0.0
        grad_a += (math.log(authored.discrimination) - log_a) / SHARPNESS_SD**2
        info_bb, info_aa, info_ab = 1 / AUTHOR_SD**2, 1 / SHARPNESS_SD**2, 0.0
        for theta, n, r in zip(GRID, asked, right, strict=True):
            p, z = _chance(now, theta), a * (theta - b)
            error, weight = r - n * p, n * p * (1 - p)
            grad_b -= a * error
            grad_a += z * error
            info_bb += a * a * weight
            info_aa += z * z * weight
            info_ab -= a * z * weight
        determinant = info_bb * info_aa - info_ab**2
        b = _within(b + _short((info_aa * grad_b - info_ab * grad_a) / determinant), DIFFICULTY_RANGE)
        a = math.exp(log_a + _short((info_bb * grad_a - info_ab * grad_b) / determinant))
        log_a = math.log(_within(a, DISCRIMINATION_RANGE))
    return Item(b, math.exp(log_a))


def _sums(rows: Sequence[Vector]) -> Vector:
    return [sum(column) for column in zip(*rows, strict=True)] if rows else [0.0] * len(GRID)


def _short(step: float) -> float:
    return _within(step, (-LONGEST_STEP, LONGEST_STEP))


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _crowd(posterior: Sequence[Vector]) -> tuple[float, float]:
    """Mean and standard deviation of what the people can do."""
    share = [total / len(posterior) for total in _sums(posterior)]
    mean = sum(theta * weight for theta, weight in zip(GRID, share, strict=True))
    variance = sum((theta - mean) ** 2 * weight for theta, weight in zip(GRID, share, strict=True))
    return mean, max(math.sqrt(variance), LEAST_SPREAD)
