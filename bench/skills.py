"""How well the belief knows people: coverage, ranking and prediction of the production update, beside simpler ways.

A seeded population with known abilities (five domains, some people drift, some answer at random) answers tasks of known
levels; the same answers go to the production update, to a batch maximum-likelihood fit, to raw accuracy, a rolling mean
and Elo. Then every answer of a real log is predicted before it is seen.
"""

import csv
import math
import random
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any, NamedTuple

from _form import Goal, Options, main

from skills.belief import Belief, difficulty_prior, difficulty_updated, expected, sigmoid
from skills.crowd import estimate
from skills.hierarchy import GENERAL, Local, Tree, belief_about, beliefs, edge_of, learned

PEOPLE, DOMAINS = 200, ("general", "finance", "law", "medicine", "technology")
PARENTS: dict[str, str | None] = dict.fromkeys(DOMAINS)
DAYS, PIECES_OF_FEW, PIECES_OF_MANY = 60.0, 30, 150
"""Pieces of evidence of one person over all domains: 6 and 30 in each."""
SPAMMERS, DRIFTERS = 0.05, 0.2
DRIFT_SD = 0.3
"""Of the whole way that a drifter's general skill goes, in logits."""
DIFFICULTY_SD = 0.5
"""How far a task is from the level that somebody stated: what `difficulty_prior` assumes."""
ARRIVING_TOGETHER = 20
"""The crowd is estimated anew before each group, as the clock does it daily."""
LOG = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "events" / "nyu_mcqa.csv"
LEAST_ANSWERS = 8
"""Of a question that is replayed: the 1,429 questions of ROUTING.md; most others were answered once or twice."""

LOG_DIFFICULTY = Belief(-4.0, 3.0)
"""The log's questions are easy (89 % right) and differ much; chosen on this log, which is given to develop on."""
LOG_EDGE = Belief(0.0, 0.05)
"""Its domains are genres of one exercise: what somebody can do in one, they can in the others."""


class Piece(NamedTuple):
    day: float
    domain: str
    difficulty: Belief
    outcome: float


class Person(NamedTuple):
    truth: dict[str, float]
    """At the end."""
    pieces: list[Piece]


def population(rng: random.Random, pieces: int) -> list[Person]:
    offsets = {domain: 0.0 if domain == GENERAL else rng.uniform(0.2, 0.9) for domain in DOMAINS}
    return [_person(rng, offsets, pieces) for _ in range(PEOPLE)]


def _person(rng: random.Random, offsets: Mapping[str, float], pieces: int) -> Person:
    spams = rng.random() < SPAMMERS
    general = -2.5 if spams else rng.gauss(0.2, 0.8)
    drift = rng.gauss(0, DRIFT_SD) if not spams and rng.random() < DRIFTERS else 0.0
    own = {
        domain: general if spams else general - offsets[domain] + (0 if domain == GENERAL else rng.gauss(0, 0.6))
        for domain in DOMAINS
    }
    days = sorted(rng.uniform(0, DAYS) for _ in range(pieces))
    done = []
    for n, day in enumerate(days):
        domain, stated = DOMAINS[n % len(DOMAINS)], difficulty_prior(rng.randint(1, 5))
        actual = rng.gauss(stated.mean, DIFFICULTY_SD)
        skill = own[domain] + drift * day / DAYS
        done.append(Piece(day, domain, stated, float(rng.random() < sigmoid(skill - actual))))
    return Person({domain: skill + drift for domain, skill in own.items()}, done)


class Estimates(NamedTuple):
    beliefs: list[dict[str, Belief]]
    seconds_per_update: float


def production(people: Sequence[Person]) -> Estimates:
    """Each piece in turn by the functions that `skills.evidence` folds with; newcomers start from the crowd so far."""
    seen: list[dict[str, Local]] = []
    found, seconds, updates = [], 0.0, 0
    for first in range(0, len(people), ARRIVING_TOGETHER):
        tree = estimate(PARENTS, seen).tree(PARENTS) if seen else Tree(PARENTS)
        for person in people[first : first + ARRIVING_TOGETHER]:
            began = perf_counter()
            known = _learned_from(person, tree)
            seconds, updates = seconds + perf_counter() - began, updates + len(person.pieces)
            seen.append(known)
            found.append(beliefs(tree, known, DOMAINS))
    return Estimates(found, seconds / updates)


def _learned_from(person: Person, tree: Tree) -> dict[str, Local]:
    start = {domain: Local(edge=edge_of(tree, {}, domain)) for domain in DOMAINS}
    known, today = start | {GENERAL: Local(anchor=tree.root)}, 0.0
    for piece in person.pieces:
        known = {domain: local.faded(piece.day - today) for domain, local in known.items()}
        today = piece.day
        known[piece.domain] = learned(tree, known, piece.domain, piece.outcome, piece.difficulty)
    return known


def coverage(people: Sequence[Person], found: Sequence[Mapping[str, Belief]]) -> float:
    """Percent of (person, domain) whose true skill lies within 1.96 sd."""
    inside = [
        abs(person.truth[domain] - believed[domain].mean) <= 1.96 * math.sqrt(believed[domain].variance)
        for person, believed in zip(people, found, strict=True)
        for domain in DOMAINS
    ]
    return 100 * fmean(inside)


def batch_fit(people: Sequence[Person]) -> list[dict[str, float]]:
    """Maximum likelihood over all answers at once (scipy's L-BFGS), one skill per person and domain, levels as stated.

    Whoever got everything right has no finite maximum: a ridge of 0.05, a twentieth of an answer, keeps it finite.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    rows = [(n * len(DOMAINS) + DOMAINS.index(piece.domain), piece.difficulty.mean, piece.outcome)
            for n, person in enumerate(people) for piece in person.pieces]  # fmt: skip
    who, hard, outcome = (np.array(column) for column in zip(*rows, strict=True))
    ridge = 0.05

    def loss(theta: Any) -> tuple[float, Any]:
        z = theta[who] - hard
        value = np.logaddexp(0, z).sum() - (outcome * z).sum() + ridge / 2 * (theta**2).sum()
        slope = np.bincount(who, expit(z) - outcome, minlength=len(theta)) + ridge * theta
        return float(value), slope

    theta = minimize(loss, np.zeros(len(people) * len(DOMAINS)), jac=True, method="L-BFGS-B").x
    return [dict(zip(DOMAINS, theta[n * len(DOMAINS) :], strict=False)) for n in range(len(people))]


Simple = Callable[[Sequence[Piece]], float]


def raw_accuracy(pieces: Sequence[Piece]) -> float:
    return fmean(piece.outcome for piece in pieces)


def rolling_mean(pieces: Sequence[Piece]) -> float:
    return fmean(deque((piece.outcome for piece in pieces), maxlen=20))


def elo(pieces: Sequence[Piece]) -> float:
    """Without uncertainty: the step of ROUTING.md's Elo, 0.8 / (1 + 0.05 n)."""
    skill = -0.8
    for n, piece in enumerate(pieces):
        skill += 0.8 / (1 + 0.05 * n) * (piece.outcome - sigmoid(skill - piece.difficulty.mean))
    return skill


def simple(people: Sequence[Person], estimator: Simple) -> list[dict[str, float]]:
    return [
        {domain: estimator([piece for piece in person.pieces if piece.domain == domain]) for domain in DOMAINS}
        for person in people
    ]


def ranking(people: Sequence[Person], found: Sequence[Mapping[str, float]]) -> float:
    """Spearman's correlation with the truth over people, mean of the domains."""
    from scipy.stats import spearmanr

    return fmean(
        float(spearmanr([one.truth[domain] for one in people], [one[domain] for one in found]).statistic)
        for domain in DOMAINS
    )


def simulated(rng: random.Random, quick: bool) -> list[Goal]:
    goals = []
    runs = 3 if quick else 10
    for pieces in (PIECES_OF_FEW, PIECES_OF_MANY):
        covered, ours, batch, cost = [], [], [], []
        others: dict[str, list[float]] = defaultdict(list)
        for _ in range(runs):
            people = population(rng, pieces)
            found = production(people)
            covered.append(coverage(people, found.beliefs))
            means = [{domain: belief.mean for domain, belief in one.items()} for one in found.beliefs]
            ours.append(ranking(people, means))
            batch.append(ranking(people, batch_fit(people)))
            cost.append(found.seconds_per_update)
            for estimator in (raw_accuracy, rolling_mean, elo):
                others[estimator.__name__].append(ranking(people, simple(people, estimator)))
        each = pieces // len(DOMAINS)
        print(f"{pieces} pieces of evidence a person, {each} in each domain, {runs} populations of {PEOPLE}:")
        print(f"  interval covers {fmean(covered):.2f} % (by population {min(covered):.1f} to {max(covered):.1f})")
        print(
            f"  rank correlation with the truth: production {fmean(ours):.3f}, batch fit {fmean(batch):.3f}, ", end=""
        )
        print(", ".join(f"{name.replace('_', ' ')} {fmean(values):.3f}" for name, values in others.items()))
        goals += [
            Goal(f"95 % interval covers the truth ({pieces} pieces), at least", fmean(covered), 93.0, "%"),
            Goal(f"95 % interval covers the truth ({pieces} pieces), at most", fmean(covered), 97.0, "%", at_most=True),
            Goal(f"rank correlation over that of the batch fit ({pieces} pieces)", fmean(ours) / fmean(batch), 0.9, "ratio"),
            Goal(f"one update, pure code ({pieces} pieces)", 1000 * fmean(cost), 1.0, "ms", at_most=True),
        ]  # fmt: skip
    return goals


def replayed(path: Path) -> list[Goal]:
    """One step ahead through a log: person and task are updated after each answer, as a verdict does it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = Counter(row["task"] for row in rows)
    rows = [row for row in rows if answers[row["task"]] >= LEAST_ANSWERS]
    genres = dict.fromkeys(row["domain"] for row in rows)
    tree = Tree(genres, edges=dict.fromkeys(genres, LOG_EDGE))
    known = defaultdict[str, dict[str, Local]](dict)
    difficulty: dict[str, Belief] = defaultdict(lambda: LOG_DIFFICULTY)
    right: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    ours, accuracy, outcomes = [], [], []
    began = perf_counter()
    for row in rows:
        worker, task, domain = row["worker"], row["task"], row["domain"]
        outcome = float(row["answer"] == row["truth"])
        skill, hard = belief_about(tree, known[worker], domain), difficulty[task]
        ours.append(expected(skill, hard))
        accuracy.append((right[worker][0] + 4.4) / (right[worker][1] + 5))
        outcomes.append(outcome)
        known[worker][domain] = learned(tree, known[worker], domain, outcome, hard)
        difficulty[task] = difficulty_updated(skill, hard, outcome)
        right[worker][0], right[worker][1] = right[worker][0] + outcome, right[worker][1] + 1
    seconds = (perf_counter() - began) / len(rows)
    print(f"{path.name}, {len(rows):,} answers predicted before they were seen ({1000 * seconds:.3f} ms each):")
    print(
        f"  AUC {auc(ours, outcomes):.3f}, log-loss {log_loss(ours, outcomes):.3f}; by the worker's accuracy alone ",
        end="",
    )
    print(f"{auc(accuracy, outcomes):.3f}, {log_loss(accuracy, outcomes):.3f}")
    return [Goal(f"AUC of predicting the next answer ({path.name})", auc(ours, outcomes), 0.81, "AUC")]


def auc(scores: Sequence[float], outcomes: Sequence[float]) -> float:
    """The chance that a right answer was given the higher score than a wrong one; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    good = sum(outcomes)
    total = sum(rank for rank, outcome in zip(ranks, outcomes, strict=True) if outcome)
    return float((total - good * (good + 1) / 2) / (good * (len(outcomes) - good)))


def log_loss(scores: Sequence[float], outcomes: Sequence[float]) -> float:
    return -fmean(math.log(p if outcome else 1 - p) for p, outcome in zip(scores, outcomes, strict=True))


def measure(options: Options, log: Path) -> list[Goal]:
    goals = simulated(random.Random(options.seed), options.quick)  # noqa: S311  a simulation, no secret
    if log.is_file():
        goals += replayed(log)
    else:
        print(f"No log of real answers at {log}; name one: bench/skills.py PATH.")
    return goals


if __name__ == "__main__":
    arguments = sys.argv[1:]
    named = arguments.pop(0) if arguments and not arguments[0].startswith("-") else LOG
    sys.exit(main(__doc__.splitlines()[0], partial(measure, log=Path(named)), arguments))
