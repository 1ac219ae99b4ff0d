"""What an exam asks next and when it knows enough: pure functions over values, no database and no clock.

Items are asked where they tell most about one question only: is the person above or below the cut? The model is that of
`skills.belief` with a discrimination a: P(right) = 1 / (1 + exp(-a (theta - b))). Formulas and measured baselines:
ROUTING.md section 6; Wald's sequential test for the stop rule.
"""

import itertools
import math
import random
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from skills.belief import Belief, level_floor, sigmoid, updated

DELTA = 0.5
"""Half of the indifference region in logits: whoever is nearer to the cut may be decided either way."""
ERROR_RATE = 0.05
"""Of each kind, at the edges of the indifference region."""
LOG_BOUND = math.log((1 - ERROR_RATE) / ERROR_RATE)
"""Wald's bound: 2.94; both error rates are the same, so both bounds are."""
BAYES_CERTAINTY = 1 - ERROR_RATE
RANDOMESQUE = 5
"""The next item is drawn from this many best ones, so that no two exams run alike and no item is in all of them."""
ITEM_VARIANCE = 0.09
"""How sure the bank is of a difficulty: a standard deviation of 0.3 logits, as from about 50 answers."""
START_VARIANCE = 1.0
"""An exam begins at the cut, as unsure as the crowd varies: what is known of the person does not decide it."""


class Item(msgspec.Struct, frozen=True):
    difficulty: float
    """Logit of the skill that answers it right half of the time."""
    discrimination: float = 1.0


class Rules(msgspec.Struct, frozen=True):
    cut: float
    min_items: int = 6
    max_items: int = 40
    stop_rule: str = "sprt"
    """`sprt` or `bayes`; a fixed exam never stops before its last item."""
    fixed: bool = False


class Standing(msgspec.Struct, frozen=True):
    """Where an exam stands after some answers."""

    belief: Belief
    log_ratio: float = 0.0
    """Log likelihood ratio of cut + DELTA against cut - DELTA."""
    answered: int = 0


class Decision(msgspec.Struct, frozen=True):
    passed: bool
    reason: str
    """`decided`: the stop rule; `last_item`: the answers ran to the last item; the nearer side counts."""


I = TypeVar("I", bound=Item)  # noqa: E741  an item


def cut_of(level: int) -> float:
    """The least skill of a level from 2 to 5, in logits; below level 2 there is nothing to prove."""
    return level_floor(level)


def begin(rules: Rules) -> Standing:
    return Standing(Belief(rules.cut, START_VARIANCE))


def information(item: Item, theta: float) -> float:
    """Fisher information at theta: a^2 p (1 - p)."""
    p = sigmoid(item.discrimination * (theta - item.difficulty))
    return item.discrimination**2 * p * (1 - p)


def choose(items: Sequence[I], rules: Rules, seed: int, position: int) -> I:
    """One of the items that tell most at the cut. The same seed and position draw the same item from the same bank."""
    best = sorted(items, key=lambda item: -information(item, rules.cut))[:RANDOMESQUE]
    return random.Random(f"{seed}:{position}").choice(best)  # noqa: S311  a draw that can be repeated


def plan(items: Sequence[I], count: int, seed: int) -> list[I]:
    """The form of a fixed exam: one item out of each of `count` steps of difficulty, in shuffled order.

    With fewer items than wanted all of them.
    """
    drawn = random.Random(seed)  # noqa: S311
    ranked = sorted(items, key=lambda item: item.difficulty)
    count = min(count, len(ranked))
    edges = [step * len(ranked) // count for step in range(count + 1)] if count else [0]
    form = [drawn.choice(ranked[low:high]) for low, high in itertools.pairwise(edges)]
    drawn.shuffle(form)
    return form


def answered(standing: Standing, item: Item, correct: bool, rules: Rules) -> Standing:
    """The standing after an answer. On the scale stretched by a, the 2PL is the 1PL of `skills.belief`."""
    a = item.discrimination
    skill = Belief(a * standing.belief.mean, a * a * standing.belief.variance)
    after = updated(skill, Belief(a * item.difficulty, a * a * ITEM_VARIANCE), float(correct))
    above = sigmoid(a * (rules.cut + DELTA - item.difficulty))
    below = sigmoid(a * (rules.cut - DELTA - item.difficulty))
    step = math.log(above / below) if correct else math.log((1 - above) / (1 - below))
    return Standing(Belief(after.mean / a, after.variance / (a * a)), standing.log_ratio + step, standing.answered + 1)


def chance_above(belief: Belief, cut: float) -> float:
    """P(theta > cut) under the belief."""
    return 0.5 * (1 + math.erf((belief.mean - cut) / math.sqrt(2 * belief.variance)))


def decide(standing: Standing, rules: Rules, *, items_left: int) -> Decision | None:
    """None while another item is worth asking; `items_left` is what the bank still has for this attempt."""
    if not rules.fixed and standing.answered >= rules.min_items:
        if rules.stop_rule == "sprt" and abs(standing.log_ratio) >= LOG_BOUND:
            return Decision(standing.log_ratio > 0, "decided")
        above = chance_above(standing.belief, rules.cut)
        if rules.stop_rule == "bayes" and not 1 - BAYES_CERTAINTY < above < BAYES_CERTAINTY:
            return Decision(above > 0.5, "decided")  # noqa: PLR2004  the likelier side
    if standing.answered >= rules.max_items or items_left == 0:
        return Decision(nearer_side(standing, rules), "last_item")
    return None


def nearer_side(standing: Standing, rules: Rules) -> bool:
    """What the answers so far speak for."""
    if rules.stop_rule == "sprt" and not rules.fixed:
        return standing.log_ratio > 0
    return standing.belief.mean > rules.cut
