"""Exams: pass or fail by fewer items than a fixed form of 30, at no less accuracy (ROUTING.md section 6).

A bank of 150 items with known difficulty and discrimination, of which the exam knows what a noisy calibration says;
examinees of known ability sit in each exam with the same answers to the same items. The functions are the product's.
`bench/skills.py` prints this too.
"""

import math
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from _form import Goal, Options, main

from skills.belief import sigmoid
from skills.exam_engine import Item, Rules, answered, begin, choose, decide, plan

BANK, FIXED = 150, 30
CUT = 0.0
CALIBRATION_SD = 0.2
"""Error of a difficulty that was fitted on about 200 answers; discrimination is off by about 15 %."""
TIMES = 4
"""Populations, each with a bank of its own, as in the prototype."""
EXAMS = {"fixed": Rules(CUT, FIXED, FIXED, fixed=True), "sprt": Rules(CUT), "bayes": Rules(CUT, stop_rule="bayes")}
MOST_ITEMS = 60
"""Of the best rule there is, so that its table is finite."""


class Bank(NamedTuple):
    """How the discriminations of a bank are drawn: log-normal. ROUTING.md does not say how its own were."""

    mean: float
    """Of the logarithm."""
    sd: float


BANKS = {
    "mean 1.2": Bank(0.1, 0.35),
    "mean 1": Bank(-0.06, 0.35),
    "all 1": Bank(0.0, 0.0),
}
"""What a bank looks like after calibration has sorted out the worst items; before; and if no item were better than others."""


class BankItem(NamedTuple):
    number: int
    real: Item
    calibrated: "Calibrated"


class Calibrated(Item, frozen=True):
    number: int = 0


class Result(NamedTuple):
    right: float
    items: float


def bank(draw: random.Random, like: Bank) -> list[BankItem]:
    made = []
    for number in range(BANK):
        real = Item(draw.gauss(0, 1), math.exp(draw.gauss(like.mean, like.sd)))
        seen = Calibrated(
            real.difficulty + draw.gauss(0, CALIBRATION_SD),
            min(4.0, max(0.2, real.discrimination * math.exp(draw.gauss(0, 0.15 if like.sd else 0.0)))),
            number,
        )
        made.append(BankItem(number, real, seen))
    return made


def sit(items: list[BankItem], rules: Rules, right: Sequence[bool], seed: int) -> tuple[bool, int]:
    """Pass or fail, and how many items it took."""
    left = {item.number: item.calibrated for item in items}
    form = [item.number for item in plan(list(left.values()), rules.max_items, seed)] if rules.fixed else []
    standing = begin(rules)
    while True:
        at = standing.answered
        item = left.pop(form[at]) if rules.fixed else left.pop(choose(list(left.values()), rules, seed, at).number)
        standing = answered(standing, item, right[item.number], rules)
        verdict = decide(standing, rules, items_left=len(left))
        if verdict is not None:
            return verdict.passed, standing.answered


def compare(options: Options, like: Bank, exams: Mapping[str, Rules]) -> dict[str, Result]:
    totals = dict.fromkeys(exams, (0, 0))
    people = 0
    for time in range(TIMES):
        draw = random.Random(f"{options.seed}:{time}")  # noqa: S311
        items = bank(draw, like)
        for person in range(400 if options.quick else 2000):
            people += 1
            theta = draw.gauss(0, 1)
            right = [
                draw.random() < sigmoid(item.real.discrimination * (theta - item.real.difficulty)) for item in items
            ]
            for name, rules in exams.items():
                passed, used = sit(items, rules, right, person if name != "fixed" else time)
                hit, count = totals[name]
                totals[name] = (hit + (passed == (theta > CUT)), count + used)
    return {name: Result(hit / people, count / people) for name, (hit, count) in totals.items()}


def best_possible(right: float) -> float:
    """Items, in the mean, of the best rule that is as often right, were all of them a = 1 and exactly at the cut.

    Optimal stopping for a price per item, by backward induction over (asked, right so far); the price is found by
    bisection. Ability is N(cut, 1), as drawn here, and the rule knows that.
    """
    cheap, dear = 0.0005, 0.05
    for _ in range(12):
        price = math.sqrt(cheap * dear)
        found = _optimal(price)
        cheap, dear = (price, dear) if found.right > right else (cheap, price)
    return _optimal(cheap).items


def _optimal(price: float) -> Result:
    import numpy as np

    theta = np.linspace(-5, 5, 400)
    mass = np.exp(-(theta**2) / 2)
    up = np.log(1 / (1 + np.exp(-theta)))
    asked = np.arange(MOST_ITEMS + 1)[:, None]

    def wrong_and_all(n: int) -> tuple[Any, Any]:
        weights = mass / mass.sum() * np.exp(asked[: n + 1] * up + (n - asked[: n + 1]) * (up - theta))
        return np.minimum(weights[:, theta > 0].sum(1), weights[:, theta < 0].sum(1)), weights.sum(1)

    errors, _ = wrong_and_all(MOST_ITEMS)
    items = np.zeros(MOST_ITEMS + 1)
    for n in range(MOST_ITEMS - 1, -1, -1):
        now, everybody = wrong_and_all(n)
        later, more = errors[1:] + errors[:-1], everybody + items[1:] + items[:-1]
        stop = now <= later + price * more
        errors, items = np.where(stop, now, later), np.where(stop, 0.0, more)
    return Result(1 - float(errors[0]), float(items[0]))


def measure(options: Options) -> list[Goal]:
    goals = []
    for name, like in BANKS.items():
        if options.quick and not like.sd:
            continue
        kinds = {kind: rules for kind, rules in EXAMS.items() if kind != "bayes" or not options.quick or not goals}
        found = compare(options, like, kinds)
        told = ", ".join(f"{kind} {result.items:.1f} items at {result.right:.3f}" for kind, result in found.items())
        print(f"exams, discrimination {name}: {told}")
        fixed, sprt = found["fixed"], found["sprt"]
        if not like.sd:
            print(
                f"  at the fixed form's accuracy no rule can do with fewer than {best_possible(fixed.right):.1f} such items"
            )
            continue
        goals += [
            Goal(f"items of an exam against a fixed form ({name})", sprt.items / fixed.items, 0.4, "ratio", at_most=True),
            Goal(f"accuracy of an exam against a fixed form ({name})", sprt.right / fixed.right, 1.0, "ratio"),
        ]  # fmt: skip
        if "bayes" in found:
            rule = f"accuracy of the Bayes rule against a fixed form ({name})"
            goals.append(Goal(rule, found["bayes"].right / fixed.right, 1.0, "ratio"))
    return goals


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", measure))
