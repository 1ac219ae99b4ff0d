"""G5 of ROUTING.md: errors that are caught where looks go to risks, beside looks by lot; how well claims are kept; a refit's time.

Crowds are seeded, each modelled after a public log (`_worlds.py`), and a real log where one is named. With one answer a task a piece is an answer,
and whoever works has as many pieces as the log has answers of theirs: nothing but their reviewed work tells of them. With two or three a piece is a
task that has them all, in any order; the estimate is made anew after every twelfth of the tasks and knows what was reviewed,
as in a project. A look sees what is wrong, and whether it was worth it: the error that would have counted.
"""

import math
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple
from uuid import UUID

import numpy as np
from _answer_log import Floats, Log, LogError, Whole, read
from _form import Goal, Options
from _worlds import CF, DOG, NYU, RTE, SP, TWEET, WEB, crowd_log
from numpy.typing import NDArray

from routing.asking import agreed
from routing.consensus import UNKNOWN, Answers, World, estimate, nothing_known
from routing.crowd_estimate import Fitted, Given, fit
from routing.overlap import TEMPERATURE, calibrated, expected_error, fitted_temperature
from routing.risk_review import BELIEF_LOOKS, WINDOW, Budget, Past, Reviewed, choose, error_rate, risk_of

CROWDS = (TWEET, RTE, CF, SP, DOG, WEB, NYU)
BUDGETS, OVERLAPS = (0.1, 0.2), (1, 2, 3)
GOALS = {(0.1, 1): 1.42, (0.1, 3): 2.7}
"""Errors caught beside as many looks by lot, by budget and overlap (ROUTING.md section 8, G5)."""
CALIBRATION = 0.046
REFITS = 12
START_RATE = 0.2
"""Of defects, as is believed of a crowd of which nothing was seen; worth one author."""
REFRESHED, MOST_SINGLE = 20, 8000
"""Pieces after which the crowd's rate is worked out anew; answers of a log that a quick run plays."""
TINY = 1e-300
SECONDS = 1.0
"""For a refit of 200,000 answers to 60,000 tasks by 500 people in 8 domains (issue 6)."""


class Caught(NamedTuple):
    share: float
    """Of the errors."""
    spent: float
    """Of the pieces: that were looked at."""

    @property
    def ratio(self) -> float:
        return self.share / self.spent if self.spent else math.nan


class Stage:
    """A stage of review as it decides, one piece after the other."""

    def __init__(self, budget: Budget, rng: np.random.Generator) -> None:
        self._budget, self._rng = budget, rng
        self._window: deque[Past] = deque(maxlen=WINDOW)

    def looks(self, risk: float, *, newcomer: bool) -> bool:
        chosen = choose(self._budget, risk, newcomer=newcomer, window=self._window)
        self._window.append(Past(risk, chosen.chance, newcomer))
        return bool(self._rng.random() < chosen.chance)


def single(log: Log, budget: Budget, rng: np.random.Generator, most: int | None = None) -> Caught:
    """Overlap 1: by what reviews found of authors, who are believed to be as the crowd is at first."""
    stage = Stage(budget, rng)
    wrong = log.choice != log.truth[log.task]
    looks = defaultdict[tuple[int, int], float](float)
    defects = defaultdict[tuple[int, int], float](float)
    own: dict[int, tuple[float, float]] = {}
    handed = [0] * log.people
    seen = np.zeros(len(wrong), dtype=bool)
    order = rng.permutation(len(wrong))[:most]
    usual = START_RATE
    for n, row in enumerate(order):
        person = int(log.person[row])
        at = person, int(log.domain[log.task[row]])
        if n % REFRESHED == 0:
            usual = _crowd(own)
        all_looks, all_defects = own.get(person, (0.0, 0.0))
        here = Reviewed(looks[at], defects[at])
        risk = error_rate(here, Reviewed(all_looks - here.looks, all_defects - here.defects), usual, usual)
        handed[person] += 1
        if stage.looks(risk, newcomer=handed[person] <= budget.newcomers):
            seen[row] = True
            looks[at] += 1
            defects[at] += wrong[row]
            own[person] = all_looks + 1, all_defects + float(wrong[row])
    return _caught(seen[order], wrong[order])


def _crowd(own: dict[int, tuple[float, float]]) -> float:
    """The mean author, each as far as looks tell of them: the mean look is at somebody worse."""
    parts = [(looks / (looks + BELIEF_LOOKS), defects / looks) for looks, defects in own.values()]
    return (START_RATE + sum(part * rate for part, rate in parts)) / (1 + sum(part for part, _ in parts))


def _caught(seen: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> Caught:
    return Caught(float((seen & wrong).sum() / max(1, wrong.sum())), float(seen.mean()))


class Kept(NamedTuple):
    """What claims are worth: ECE of the tasks that were not looked at."""

    raw: float
    """As the answers say."""
    unreviewed: float
    """At the temperature that is used before any review."""
    fitted: float


def together(log: Log, overlap: int, budget: Budget, rng: np.random.Generator) -> tuple[Caught, Kept]:
    """Two or three answers to a task: by what its answers leave open."""
    rows = _some_answers(log, overlap, rng)
    order = rng.permutation(log.tasks)
    world = World(log.people, log.choices, log.domains, log.domain, log.options)
    truth = np.full(log.tasks, UNKNOWN, dtype=np.intp)
    done = np.zeros(log.tasks, dtype=bool)
    stage, temperature = Stage(budget, rng), TEMPERATURE
    claims, wrong = np.zeros((log.tasks, log.choices)), np.zeros(log.tasks, dtype=bool)
    handed = [0] * log.people
    answers = np.split(
        rows[np.argsort(log.task[rows], kind="stable")],
        np.cumsum(np.bincount(log.task[rows], minlength=log.tasks))[:-1],
    )
    for part in np.array_split(order, REFITS):
        in_part = np.zeros(log.tasks, dtype=bool)
        in_part[part] = True
        # Answers of the pieces that wait count for what is known of people, as those of all that was handed in.
        told = rows[(done | in_part)[log.task[rows]]]
        found = estimate(
            Answers(log.person[told], log.task[told], log.choice[told], np.ones(len(told))),
            world,
            nothing_known(world)._replace(truth=truth),
        )
        for task in part:
            place = found.model.place[log.domain[task]]
            options = _options(log, task)
            given = [
                (str(log.choice[row]), float(found.model.accuracy[log.person[row], place])) for row in answers[task]
            ]
            posterior = agreed(given, [str(c) for c in range(options)])
            claims[task] = [posterior.get(str(c), TINY) for c in range(log.choices)]
            wrong[task] = claims[task].argmax() != log.truth[task]
            for row in answers[task]:
                handed[log.person[row]] += 1
            newcomer = any(handed[log.person[row]] <= budget.newcomers for row in answers[task])
            if stage.looks(risk_of(posterior, None, temperature), newcomer=newcomer):
                truth[task] = log.truth[task]
        done |= in_part
        looked = truth != UNKNOWN
        temperature = fitted_temperature(np.log(claims[looked]), truth[looked])
    seen = truth != UNKNOWN
    return _caught(seen, wrong), _kept(log, rows, answers, truth)


def _kept(log: Log, rows: Whole, answers: Sequence[Whole], truth: Whole) -> Kept:
    """As a project fits and reads it: the temperature of the job that refits, the reading of `routing/asking.py`."""
    rest = truth == UNKNOWN
    blind, told = (fit(_given(log, rows, known)) for known in (np.full_like(truth, UNKNOWN), truth))
    assert blind is not None
    assert told is not None
    before, after = (_claims(log, answers, found)[rest] for found in (blind, told))
    pairs = (before, 1.0), (before, TEMPERATURE), (after, told.temperature)
    return Kept(*(expected_error(calibrated(claims, t), log.truth[rest]) for claims, t in pairs))


def _given(log: Log, rows: Whole, truth: Whole) -> list[Given]:
    names = [tuple(str(c) for c in range(_options(log, task))) for task in range(log.tasks)]
    return [
        Given(
            UUID(int=int(log.person[row])), UUID(int=int(log.task[row])), str(log.domain[log.task[row]]), str(log.choice[row]),
            names[log.task[row]], None if truth[log.task[row]] == UNKNOWN else str(truth[log.task[row]]), 1.0,
        )
        for row in rows
    ]  # fmt: skip


def _claims(log: Log, answers: Sequence[Whole], found: Fitted) -> Floats:
    """[task, class] of the answers, each by how often its author is right."""
    claims = np.full((log.tasks, log.choices), TINY)
    for task, given in enumerate(answers):
        domain, options = str(log.domain[task]), _options(log, task)
        people = [found.people[str(UUID(int=int(log.person[row])))][domain][0] for row in given]
        labels = [str(log.choice[row]) for row in given]
        posterior = agreed(list(zip(labels, people, strict=True)), [str(c) for c in range(options)])
        claims[task, :options] = [posterior[str(c)] for c in range(options)]
    return claims


def _options(log: Log, task: int) -> int:
    return log.choices if log.options is None else int(log.options[task])


def _some_answers(log: Log, overlap: int, rng: np.random.Generator) -> Whole:
    """Of each task so many of its answers, any of them."""
    mixed = rng.permutation(len(log.task))
    by_task = mixed[np.argsort(log.task[mixed], kind="stable")]
    first = np.searchsorted(log.task[by_task], log.task[by_task], side="left")
    return by_task[np.arange(len(by_task)) - first < overlap]


def refit_seconds(seed: int) -> float:
    """Processor time, the best of three: what else the machine does is no part of it."""
    rng = np.random.default_rng(seed)
    answers = Answers(
        rng.integers(0, 500, 200_000), rng.integers(0, 60_000, 200_000), rng.integers(0, 4, 200_000), np.ones(200_000)
    )
    world = World(500, 4, 8, rng.integers(0, 8, 60_000))
    best = math.inf
    for _ in range(3):
        started = time.process_time()
        estimate(answers, world)
        best = min(best, time.process_time() - started)
    return best


def measure(options: Options) -> list[Goal]:
    runs = 1 if options.quick else 6
    caught: dict[tuple[float, int], list[float]] = {}
    kept: list[Kept] = []
    for number, crowd in enumerate(CROWDS):
        for n in range(runs):
            log = crowd_log(crowd, np.random.default_rng([options.seed, number, n]))
            _one_log(log, options, [number, n], caught, kept)
    for (share, overlap), ratios in caught.items():
        each = [fmean(ratios[n : n + runs]) for n in range(0, len(ratios), runs)]
        told = ", ".join(f"{crowd.name} {ratio:.2f}" for crowd, ratio in zip(CROWDS, each, strict=True))
        print(
            f"errors per look beside looks by lot, {share:.0%} looked at, overlap {overlap}: {fmean(ratios):.2f} ({told})"
        )
    means = Kept(*(fmean(values) for values in zip(*kept, strict=True)))
    print(
        f"claims at overlap 3: ECE {means.raw:.3f} as the answers say, {means.unreviewed:.3f} at T = {TEMPERATURE}, {means.fitted:.3f} after 10 % were looked at"
    )
    if options.path is not None:
        _real(options)
    seconds = refit_seconds(options.seed)
    return [
        *(
            Goal(
                f"errors per look beside looks by lot, {share:.0%} looked at, overlap {overlap}",
                fmean(caught[share, overlap]),
                goal,
                "ratio",
            )
            for (share, overlap), goal in GOALS.items()
        ),
        Goal("calibration error after 10 % were looked at", means.fitted, CALIBRATION, "ECE", at_most=True),
        Goal("refit of 200,000 answers by 500 people", seconds, SECONDS, "s", at_most=True),
    ]


def _one_log(
    log: Log, options: Options, seed: Sequence[int], caught: dict[tuple[float, int], list[float]], kept: list[Kept]
) -> None:
    for share in BUDGETS:
        for overlap in OVERLAPS:
            rng = np.random.default_rng([options.seed, *seed, overlap])
            if overlap == 1:
                found = single(log, Budget(budget=share), rng, MOST_SINGLE if options.quick else None)
            else:
                found, claims = together(log, overlap, Budget(budget=share), rng)
                if (share, overlap) == (0.1, 3):
                    kept.append(claims)
            caught.setdefault((share, overlap), []).append(found.ratio)


def _real(options: Options) -> None:
    """Printed beside; held against nothing, because the goals are means over logs."""
    assert options.path is not None
    try:
        log = read(options.path)
    except LogError as error:
        print(f"{error}")
        return
    caught: dict[tuple[float, int], list[float]] = {}
    kept: list[Kept] = []
    for n in range(2 if options.quick else 6):
        _one_log(log, options, [n], caught, kept)
    told = "; ".join(
        f"overlap {overlap} {share:.0%}: {fmean(ratios):.2f}" for (share, overlap), ratios in caught.items()
    )
    means = Kept(*(fmean(values) for values in zip(*kept, strict=True)))
    print(
        f"{log.text}\n  errors per look beside looks by lot, {told}\n  ECE {means.raw:.3f}, {means.unreviewed:.3f} at T = {TEMPERATURE}, {means.fitted:.3f} after 10 % were looked at"
    )
