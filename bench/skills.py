"""How well the belief knows people: coverage, ranking and prediction of the production update, beside simpler ways.

A seeded population with known abilities (five domains; some people drift, some answer at random) answers tasks of known
levels; the same answers go to the production update, to a batch maximum-likelihood fit, to raw accuracy, a rolling mean
and Elo. Then the exams (`bench/exams.py`), and every answer of a real log is predicted before it is seen.
"""

import csv
import math
import random
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any, NamedTuple

import exams
from _form import Goal, Options, main

from skills.belief import Belief, Gain, difficulty_prior, difficulty_updated, expected, sigmoid
from skills.crowd import estimate
from skills.difficulty import prior_from_history, seen_of
from skills.hierarchy import GENERAL, Local, Tree, belief_about, beliefs, edge_of, learned

PEOPLE, DOMAINS = 200, ("general", "finance", "law", "medicine", "technology")
PARENTS: dict[str, str | None] = dict.fromkeys(DOMAINS)
DAYS, PIECES_OF_FEW, PIECES_OF_MANY = 60.0, 30, 150
"""Pieces of evidence of one person over all domains: 6 and 30 in each."""
SPAMMERS, DRIFTERS = 0.05, 0.2
CHANCE = 0.25
"""Of a spammer's answer to be right, however hard the task: they pick one of four options without looking."""
DRIFT_SD = 0.8
"""Of the whole way that a drifter's skill goes, in logits: a level, up or down."""
DIFFICULTY_SD = 0.5
"""How far a task is from the level that somebody stated: what `difficulty_prior` assumes."""
ARRIVING_TOGETHER = 20
"""The crowd is estimated anew before each group, as the clock does it daily."""
LOG = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "events" / "nyu_mcqa.csv"
LEAST_ANSWERS = 8
"""Of a question that is replayed: the 1,429 questions of ROUTING.md; most others were answered once or twice."""

LOG_DIFFICULTY = Belief(-4.0, 3.0)
"""What is assumed of a lane before anything in it is closed: easy (89 % right), and of all sorts. As the edge below it was
chosen on this very log, which is given to develop on; the figure without that choice is printed beside it."""
LOG_EDGE = Belief(0.0, 0.05)
"""Its domains are genres of one exercise: what somebody can do in one, they can in the others."""


class Piece(NamedTuple):
    day: float
    domain: str
    difficulty: Belief
    outcome: float


class Person(NamedTuple):
    truth: dict[str, float]
    """At the end. A spammer has no ability: it is where somebody with one would be right as often (`as_good_as_chance`)."""
    pieces: list[Piece]
    kind: str
    """`steady`, `drifts` or `spams`."""


def population(rng: random.Random, pieces: int) -> list[Person]:
    offsets = {domain: 0.0 if domain == GENERAL else rng.uniform(0.2, 0.9) for domain in DOMAINS}
    return [_person(rng, offsets, pieces) for _ in range(PEOPLE)]


def _person(rng: random.Random, offsets: Mapping[str, float], pieces: int) -> Person:
    spams = rng.random() < SPAMMERS
    general = rng.gauss(0.2, 0.8)
    drifts = not spams and rng.random() < DRIFTERS
    drift = rng.gauss(0, DRIFT_SD) if drifts else 0.0
    own = {
        domain: general - offsets[domain] + (0 if domain == GENERAL else rng.gauss(0, 0.6)) for domain in DOMAINS
    }  # fmt: skip
    days = sorted(rng.uniform(0, DAYS) for _ in range(pieces))
    done = []
    for n, day in enumerate(days):
        domain, stated = DOMAINS[n % len(DOMAINS)], difficulty_prior(rng.randint(1, 5))
        actual = rng.gauss(stated.mean, DIFFICULTY_SD)
        right = CHANCE if spams else sigmoid(own[domain] + drift * day / DAYS - actual)
        done.append(Piece(day, domain, stated, float(rng.random() < right)))
    level = as_good_as_chance()
    truth = {domain: level if spams else skill + drift for domain, skill in own.items()}
    return Person(truth, done, "spams" if spams else "drifts" if drifts else "steady")


@cache
def as_good_as_chance() -> float:
    """The skill that is right as often as a spammer, over tasks of all levels; by bisection."""
    low, high = -8.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        right = fmean(expected(Belief(middle, 0.0), difficulty_prior(level)) for level in range(1, 6))
        low, high = (middle, high) if right < CHANCE else (low, middle)
    return low


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


def inside(people: Sequence[Person], found: Sequence[Mapping[str, Belief]]) -> dict[str, list[bool]]:
    """By kind of person: of each (person, domain), whether the true skill lies within 1.96 sd."""
    covered: dict[str, list[bool]] = {"steady": [], "drifts": [], "spams": []}
    for person, believed in zip(people, found, strict=True):
        for domain, truth in person.truth.items():
            off = abs(truth - believed[domain].mean)
            covered[person.kind].append(off <= 1.96 * math.sqrt(believed[domain].variance))
    return covered


def above_spammers(people: Sequence[Person], found: Sequence[Mapping[str, float]]) -> float:
    """The chance that somebody with an ability is believed better than a spammer is, by the mean of the domains."""
    skill = [fmean(one.values()) for one in found]
    return auc(skill, [float(person.kind != "spams") for person in people])


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


BASELINES: dict[str, Simple] = {"raw accuracy": raw_accuracy, "rolling mean": rolling_mean, "Elo": elo}


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
    for pieces in (PIECES_OF_FEW, PIECES_OF_MANY):
        goals += _measured(rng, pieces, 3 if quick else 10)
    return goals


def _measured(rng: random.Random, pieces: int, runs: int) -> list[Goal]:
    """Coverage is held against its goal over those who have an ability; spammers have none, and are told of apart."""
    covered: dict[str, list[bool]] = defaultdict(list)
    by_run: list[float] = []
    ranked: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        people = population(rng, pieces)
        found = production(people)
        kinds = inside(people, found.beliefs)
        for kind, those in kinds.items():
            covered[kind] += those
        by_run.append(100 * fmean(kinds["steady"] + kinds["drifts"]))
        means = [{domain: belief.mean for domain, belief in one.items()} for one in found.beliefs]
        ranked["production"].append(ranking(people, means))
        ranked["batch fit"].append(ranking(people, batch_fit(people)))
        ranked["above spammers"].append(above_spammers(people, means))
        ranked["ms"].append(1000 * found.seconds_per_update)
        for name, estimator in BASELINES.items():
            ranked[name].append(ranking(people, simple(people, estimator)))
    able, (ours, batch) = fmean(by_run), (fmean(ranked[name]) for name in ("production", "batch fit"))
    print(
        f"{pieces} pieces of evidence a person, {pieces // len(DOMAINS)} in each domain, {runs} populations of {PEOPLE}:"
    )
    print(
        f"  interval covers {able:.2f} % (by population {min(by_run):.1f} to {max(by_run):.1f}); of those who ", end=""
    )
    print(
        f"drift {100 * fmean(covered['drifts']):.1f} %; not counted: spammers, {100 * fmean(covered['spams']):.1f} % about"
    )
    print(f"  {as_good_as_chance():.2f}, as good as chance. Others are believed better than a spammer in ", end="")
    print(f"{100 * fmean(ranked['above spammers']):.0f} % of pairs")
    print("  rank correlation with the truth: ", end="")
    print(", ".join(f"{name} {fmean(ranked[name]):.3f}" for name in ("production", "batch fit", *BASELINES)))
    return [
        Goal(f"95 % interval covers the truth ({pieces} pieces), at least", able, 93.0, "%"),
        Goal(f"95 % interval covers the truth ({pieces} pieces), at most", able, 97.0, "%", at_most=True),
        Goal(f"rank correlation over that of the batch fit ({pieces} pieces)", ours / batch, 0.9, "ratio"),
        Goal(f"one update, pure code ({pieces} pieces)", fmean(ranked["ms"]), 1.0, "ms", at_most=True),
    ]


class Replay(NamedTuple):
    """One step ahead: what was expected of each answer before it was seen."""

    ours: list[float]
    accuracy: list[float]
    """By the worker's share of right answers alone."""
    outcomes: list[float]
    seconds: float


def replayed(path: Path, quick: bool) -> list[Goal]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = Counter(row["task"] for row in rows)
    rows = [row for row in rows if answers[row["task"]] >= LEAST_ANSWERS]
    found = replay(rows, LOG_DIFFICULTY)
    print(f"{path.name}, {len(rows):,} answers predicted before they were seen ({1000 * found.seconds:.3f} ms each):")
    print(f"  AUC and log-loss {_score(found.ours, found.outcomes)}; by the worker's accuracy alone ", end="")
    print(_score(found.accuracy, found.outcomes))
    if not quick:
        plain, unaware = replay(rows, LOG_DIFFICULTY, history=False), replay(rows, difficulty_prior(None))
        print(
            f"  without history {_score(plain.ours, plain.outcomes)}; where lanes start from N(0, 1), as they do ",
            end="",
        )
        print(f"where nothing is stated, {_score(unaware.ours, unaware.outcomes)}")
    return [Goal(f"AUC of predicting the next answer ({path.name})", auc(found.ours, found.outcomes), 0.81, "AUC")]


def replay(rows: Sequence[Mapping[str, str]], assumed: Belief, *, history: bool = True) -> Replay:
    """Person and task are updated after each answer, as a verdict does it.

    A question starts from what its lane's earlier questions turned out to be, and those on the same text: the log's
    protocols, three ways of getting questions written, are the lanes. The file has all answers to a question together.
    """
    genres = dict.fromkeys(row["domain"] for row in rows)
    tree = Tree(genres, edges=dict.fromkeys(genres, LOG_EDGE))
    known = defaultdict[str, dict[str, Local]](dict)
    closed = defaultdict[str, list[Gain]](list)
    right: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    found = Replay([], [], [], 0.0)
    began = perf_counter()
    for task, group in groupby(rows, key=itemgetter("task")):
        lane, text = task.partition(":")[0], task.partition("_plain")[0]
        start = prior_from_history(closed[text], prior_from_history(closed[lane], assumed)) if history else assumed
        hard = start
        for row in group:
            worker, domain, outcome = row["worker"], row["domain"], float(row["answer"] == row["truth"])
            skill = belief_about(tree, known[worker], domain)
            found.ours.append(expected(skill, hard))
            found.accuracy.append((right[worker][0] + 4.4) / (right[worker][1] + 5))
            found.outcomes.append(outcome)
            known[worker][domain] = learned(tree, known[worker], domain, outcome, hard)
            hard = difficulty_updated(skill, hard, outcome)
            right[worker][0], right[worker][1] = right[worker][0] + outcome, right[worker][1] + 1
        for past in (closed[lane], closed[text]):
            past.append(seen_of(start, hard))
    return found._replace(seconds=(perf_counter() - began) / len(rows))


def _score(scores: Sequence[float], outcomes: Sequence[float]) -> str:
    return f"{auc(scores, outcomes):.4f} and {log_loss(scores, outcomes):.3f}"


def auc(scores: Sequence[float], outcomes: Sequence[float]) -> float:
    """The chance that a right answer was given the higher score than a wrong one; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    good = sum(outcomes)
    total = sum(rank for rank, outcome in zip(ranks, outcomes, strict=True) if outcome)
    return float((total - good * (good + 1) / 2) / (good * (len(outcomes) - good)))


def log_loss(scores: Sequence[float], outcomes: Sequence[float]) -> float:
    return -fmean(math.log(p if outcome else 1 - p) for p, outcome in zip(scores, outcomes, strict=True))


def measure(options: Options) -> list[Goal]:
    goals = simulated(random.Random(options.seed), options.quick)  # noqa: S311  a simulation, no secret
    goals += exams.measure(options)
    log = options.path or LOG
    if log.is_file():
        return goals + replayed(log, options.quick)
    print(f"No log of real answers at {log}; name one: bench/skills.py PATH.")
    return [*goals, Goal(f"AUC of predicting the next answer ({log.name})", math.nan, 0.81, "AUC")]


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], measure, path="a log of answers: worker, task, answer, truth, domain"))
