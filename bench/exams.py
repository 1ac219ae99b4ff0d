"""Exams: pass or fail by fewer items than a fixed form of 30, at no less accuracy (ROUTING.md section 6).

A bank of 150 items with known difficulty and discrimination, of which the exam knows what a noisy calibration says;
examinees of known ability sit in each exam with the same answers to the same items. The functions are the product's.
"""

import math
import random
import sys
from collections.abc import Sequence
from typing import NamedTuple

from _form import Goal, Options, main

from skills.belief import sigmoid
from skills.exam_engine import Item, Rules, answered, begin, choose, decide, plan

BANK, FIXED = 150, 30
CUT = 0.0
CALIBRATION_SD = 0.2
"""Error of a difficulty that was fitted on about 200 answers; discrimination is off by about 15 %."""
TIMES = 4
"""Populations, each with a bank of its own, as in the prototype."""


class BankItem(NamedTuple):
    number: int
    real: Item
    calibrated: "Calibrated"


class Calibrated(Item, frozen=True):
    number: int = 0


class Result(NamedTuple):
    right: float
    items: float


def bank(draw: random.Random) -> list[BankItem]:
    made = []
    for number in range(BANK):
        real = Item(draw.gauss(0, 1), math.exp(draw.gauss(0.1, 0.35)))
        seen = Calibrated(
            real.difficulty + draw.gauss(0, CALIBRATION_SD),
            min(4.0, max(0.2, real.discrimination * math.exp(draw.gauss(0, 0.15)))),
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


def compare(options: Options) -> dict[str, Result]:
    exams = {
        "fixed": Rules(CUT, FIXED, FIXED, fixed=True),
        "sprt": Rules(CUT),
        "bayes": Rules(CUT, stop_rule="bayes"),
    }
    totals = dict.fromkeys(exams, (0, 0))
    people = 0
    for time in range(TIMES):
        draw = random.Random(f"{options.seed}:{time}")  # noqa: S311
        items = bank(draw)
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


def measure(options: Options) -> list[Goal]:
    found = compare(options)
    for name, result in found.items():
        print(f"{name:<6} accuracy {result.right:.3f}   items {result.items:.1f}")
    fixed, sprt, bayes = found["fixed"], found["sprt"], found["bayes"]
    return [
        Goal("items of the sequential test against a fixed form", sprt.items / fixed.items, 0.4, "ratio", at_most=True),
        Goal("accuracy of the sequential test against a fixed form", sprt.right / fixed.right, 1.0, "ratio"),
        Goal("accuracy of the Bayes rule against a fixed form", bayes.right / fixed.right, 1.0, "ratio"),
    ]


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", measure))
