"""Experts at three times the pay: what accuracy costs, with the production choice and with the three usual ways."""

from typing import NamedTuple

import numpy as np
from _aggregators import Consensus, accuracy
from _answer_log import Floats, Whole
from _course import REFITS_PER_ROUND, Curve, Open
from _worlds import Paid

from routing.overlap import score, worth

FREE_AT_ONCE = 8
"""People among whom the next answer is given out, drawn as often as they answered; as PUSH8 of ROUTING.md section 4."""


class Way(NamedTuple):
    """What a way of working reaches, and costs per task."""

    accuracy: float
    pay: float


def bought(paid: Paid, estimate: Consensus, rng: np.random.Generator, most_pay: float) -> Curve:
    """Accuracy by pay per task: of those who are free, whoever is worth most per unit of pay answers, where that is most."""
    log = paid.log
    opened = Open(log)
    arrivals = np.bincount(log.person, minlength=log.people).astype(np.float64)
    answers: list[int] = []
    points = [(0.0, accuracy(estimate.posterior, log.truth))]
    every, spent = max(1, log.tasks // REFITS_PER_ROUND), 0.0
    while spent < most_pay * log.tasks and arrivals.sum() > 0:
        working = min(FREE_AT_ONCE, int((arrivals > 0).sum()))
        free = rng.choice(log.people, working, replace=False, p=arrivals / arrivals.sum())
        row, person = _best(paid, estimate, opened, free)
        opened.take(person, row)
        arrivals[person] -= 1
        estimate.step(person, int(log.task[row]), int(log.choice[row]))
        spent += float(paid.pay[person, log.domain[log.task[row]]])
        answers.append(row)
        if len(answers) % every == 0:
            rows = np.array(answers)
            estimate.refit(log.person[rows], log.task[rows], log.choice[rows])
            points.append((spent / log.tasks, accuracy(estimate.posterior, log.truth)))
    x, y = zip(*points, strict=True)
    return Curve(np.array(x), np.array(y))


def _best(paid: Paid, estimate: Consensus, opened: Open, free: Whole) -> tuple[int, int]:
    rows = [opened.rows(person) for person in free]
    row, person = np.concatenate(rows), np.repeat(free, [len(own) for own in rows])
    tasks = paid.log.task[row]
    confusion = estimate.model.confusion[person, estimate.places[tasks]]
    values = score(worth(estimate.posterior[tasks], confusion), paid.pay[person, paid.log.domain[tasks]])
    best = int(values.argmax())
    return int(row[best]), int(person[best])


def usual(paid: Paid, rng: np.random.Generator) -> dict[str, Way]:
    """Any three and a majority; two generalists, then an expert where they differ; one expert.

    Where no expert answered, nobody is asked in an expert's place: a tie stays a tie, a task stays a guess. Thus were the
    figures of ROUTING.md taken: .781 for 2.38 with one expert on nyu_mcqa, where whoever is asked is right in .88 at least.
    """
    log = paid.log
    right: dict[str, float] = {}
    pay: dict[str, float] = {}
    cost = paid.pay[log.person, log.domain[log.task]]
    shuffled = rng.permutation(len(log.task))
    order = shuffled[np.argsort(log.task[shuffled], kind="stable")]
    for rows in np.split(order, np.cumsum(np.bincount(log.task, minlength=log.tasks))[:-1]):
        truth = log.truth[log.task[rows[0]]]
        experts, others = rows[cost[rows] > 1], rows[cost[rows] == 1]
        two = np.concatenate([others, experts])[:2]
        differ = len(set(log.choice[two].tolist())) > 1
        third = [row for row in experts if row not in two][: int(differ)]
        asked = {
            "any three": rows[:3],
            "two generalists, then an expert": np.concatenate([two, np.array(third, dtype=np.intp)]),
            "one expert": experts[:1],
        }
        for name, whom in asked.items():
            said = log.choice[third if third and name.startswith("two") else whom]
            right[name] = right.get(name, 0.0) + _majority(said, truth, log.choices)
            pay[name] = pay.get(name, 0.0) + float(cost[whom].sum())
    return {name: Way(right[name] / log.tasks, pay[name] / log.tasks) for name in right}


def _majority(said: Whole, truth: int, choices: int) -> float:
    """1 where it is right, of a tie its share, without any answer that of a guess."""
    votes: Floats = np.bincount(said, minlength=choices).astype(np.float64)
    best = votes == votes.max()
    return float(best[truth] / best.sum())
