"""Seeded crowds with known truth, for what one log cannot show: domains that differ, and experts who cost more.

Everybody answers a task rightly with the chance 1/K + (1 - 1/K) sigmoid(skill - difficulty): K choices, of which even
somebody without any skill hits one. A share of the wrong answers goes to the task's most tempting wrong choice, because
real crowds err together, the rest to any other. Where a crowd is `misled`, a task that is too hard is answered rightly less
often than by guessing, and where it is `uneven`, some classes are common. The estimate knows none of this but the last:
its model has no difficulty of tasks, no temptation and nothing that misleads.

Each crowd is modelled after one public log: people, tasks, choices and answers per task are the log's, and skill,
difficulty, temptation, the share of careless people and of experts were fitted to what ROUTING.md section 4 says of
everything but our engine: majorities of three and of five, and accuracy and pay of any three, of two generalists and an
expert, of one expert; for rte also how well a person's past predicts the next answer (section 1: AUC .717). What is open
beside these stays near sd 1, the prior variances of section 1. docs/consensus.md says how near it came.

`MIXED` is a world of its own: six domains fitted to what is published of the baselines in MIX6, and of nothing else. Which six
logs that is, ROUTING.md does not say; its domains are no logs.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from _answer_log import Floats, Log, Whole
from numpy.typing import NDArray

from routing.consensus import MOST_ACCURACY, UNKNOWN, Known

ACTIVITY_SD = 1.0
"""Of the log of how much somebody works: the busiest tenth does about a third, between the logs' .18 and .56."""
QUALIFYING = 0.4
"""Share of the tasks, with their truth, that qualify people and make the tiers, before the rest is played."""
EXPERT_PAY = 3.0
TINY = 1e-9
"""Chance of an answer that a task does not have; never met."""


class Crowd(NamedTuple):
    """How a crowd is made; the values of `skill_sd` are logits."""

    name: str
    people: int
    tasks: int
    choices: int
    easiness: float
    """Mean skill less mean difficulty, in logits."""
    general_sd: float = 1.0
    """Of the skill that somebody has everywhere."""
    careless: float = 0.0
    """Share of people who answer at random."""
    expert_share: float = 0.2
    """The best of the qualified in each domain, who are paid three times as much."""
    newcomers: float = 0.0
    """Share of people who came after the qualification."""
    difficulty_sd: float = 1.0
    """Of the tasks, in logits."""
    tempted: float = 0.5
    """Share of the wrong answers that go to the task's most tempting wrong choice."""
    answers: int = 12
    """Per task, of which a course takes what it asks for; the public logs have 10 to 20."""
    activity_sd: float = ACTIVITY_SD
    uneven: float = 0.0
    """Of the classes: each is exp(uneven) times as common as the next rarer one."""
    misled: float = 0.0
    """How far below a guess hard tasks lead whoever tries them: 0 to 1, of the chance to hit one by guessing."""


class Mix(NamedTuple):
    """Domains that have nothing in common: each person is somebody else in each of them."""

    name: str
    people: int
    tasks: int
    """Of all domains together."""
    answers: int
    """Per task."""
    expert_share: float
    parts: tuple[Crowd, ...]
    newcomers: float = 0.0


TWEET = Crowd(
    "tweet", 85, 1000, 2, -0.85, general_sd=3.2, difficulty_sd=1.7, careless=0.07, expert_share=0.20, answers=20
)
RTE = Crowd("rte", 164, 800, 2, 1.15, general_sd=2.1, difficulty_sd=2.95, careless=0.24, answers=10)
CF = Crowd("CF_amt", 110, 300, 5, 1.48, general_sd=1.05, difficulty_sd=3.0, tempted=0.2, expert_share=0.34, answers=20)
SP = Crowd("SP_amt", 143, 500, 2, 2.86, general_sd=2.35, difficulty_sd=3.1, careless=0.02, answers=20)
DOG = Crowd("dog", 109, 807, 4, 1.49, general_sd=1.85, difficulty_sd=3.2, tempted=0.84, answers=10)
WEB = Crowd(
    "web",
    177,
    2000,
    5,
    0.5,
    general_sd=2.2,
    difficulty_sd=1.75,
    tempted=0.58,
    expert_share=0.84,
    newcomers=0.06,
    answers=14,
)
NYU = Crowd("nyu_mcqa", 107, 1429, 4, 2.97, general_sd=1.0, difficulty_sd=2.1, expert_share=0.18, answers=7)
PRELEC = Crowd(
    "prelec_art", 40, 90, 2, -1.61, general_sd=1.79, difficulty_sd=5.0, careless=0.05, expert_share=0.46, misled=0.09, answers=40
)  # fmt: skip
# As these logs were paid for: their rows there are of other tasks than their majorities.
NYU_PAID = NYU._replace(
    easiness=3.37, general_sd=0.87, difficulty_sd=2.47, tempted=0.59, expert_share=0.19, newcomers=0.02
)
TWEET_PAID = TWEET._replace(
    easiness=-0.76, general_sd=3.29, difficulty_sd=1.55, careless=0.06, expert_share=0.21, activity_sd=0.80
)
RTE_PAID = Crowd(
    "rte", 164, 800, 2, 0.83, general_sd=0.84, difficulty_sd=1.4, careless=0.59, expert_share=0.047, answers=20
)
WEB_PAID = WEB._replace(
    easiness=0.6, general_sd=2.05, difficulty_sd=1.81, tempted=0.78, expert_share=0.83, newcomers=0.05, activity_sd=0.96
)
DOMAIN = Crowd("one of six", 60, 371, 2, 0.0, uneven=1.26, misled=0.27)
SIX = (
    DOMAIN._replace(choices=2, easiness=0.33, general_sd=3.31, difficulty_sd=1.50, tempted=0.56),
    DOMAIN._replace(choices=2, easiness=0.09, general_sd=1.32, difficulty_sd=3.25, tempted=0.62, careless=0.21),
    DOMAIN._replace(choices=5, easiness=2.22, general_sd=1.05, difficulty_sd=3.04, tempted=0.19),
    DOMAIN._replace(choices=2, easiness=3.40, general_sd=2.50, difficulty_sd=2.70, tempted=0.43),
    DOMAIN._replace(choices=4, easiness=3.54, general_sd=2.24, difficulty_sd=3.89, tempted=0.95),
    DOMAIN._replace(choices=5, easiness=1.36, general_sd=1.64, difficulty_sd=2.04, tempted=0.64, careless=0.03),
)
MIXED = Mix("mix of 6", 60, 2226, 11, 0.18, SIX)
PAID: tuple[Crowd | Mix, ...] = (MIXED, PRELEC, NYU_PAID, TWEET_PAID, RTE_PAID, CF, WEB_PAID)


class Paid(NamedTuple):
    log: Log
    known: Known
    pay: Floats
    """[person, domain], a generalist's answer costs 1."""


def _skills(crowd: Crowd, rng: np.random.Generator) -> Floats:
    """Of each person, less the mean difficulty; the first that is drawn of a crowd."""
    skill = rng.normal(crowd.easiness, crowd.general_sd, crowd.people)
    skill[rng.random(crowd.people) < crowd.careless] = -np.inf
    return skill


def _guess(crowd: Crowd, skill: Floats) -> Floats:
    """Of each person the chance to be right at a task that is too hard; the careless are not misled."""
    return np.where(np.isfinite(skill), 1 - crowd.misled, 1) / crowd.choices


def confusions(crowd: Crowd | Mix, rng: np.random.Generator) -> Floats:
    """[person, domain, true class, answer] of the crowd that `crowd_log` makes of the same `rng`: what nobody can know.

    The chance of being right is the mean over difficulties (a hundred equally likely ones), at most 0.99.
    """
    if isinstance(crowd, Mix):
        choices = max(part.choices for part in crowd.parts)
        found = np.full((crowd.people, len(crowd.parts), choices, choices), TINY)
        for domain, (part, own) in enumerate(_parts(crowd, rng)):
            found[:, domain, : part.choices, : part.choices] = confusions(part, own)[:, 0]
        return found
    skill = _skills(crowd, rng)
    difficulties = crowd.difficulty_sd * np.array([NormalDist().inv_cdf((n + 0.5) / 100) for n in range(100)])
    with np.errstate(over="ignore"):
        able = (1 / (1 + np.exp(difficulties - skill[:, None]))).mean(1)
    guess = _guess(crowd, skill)
    right = np.minimum(guess + (1 - guess) * able, MOST_ACCURACY)[:, None, None, None]
    same = np.eye(crowd.choices)
    return np.asarray(right * same + (1 - right) / (crowd.choices - 1) * (1 - same))


def _parts(mix: Mix, rng: np.random.Generator) -> list[tuple[Crowd, np.random.Generator]]:
    of_all = mix.tasks / sum(part.tasks for part in mix.parts)
    return [
        (part._replace(people=mix.people, tasks=round(part.tasks * of_all), answers=mix.answers), own)
        for part, own in zip(mix.parts, rng.spawn(len(mix.parts)), strict=True)
    ]


def crowd_log(crowd: Crowd | Mix, rng: np.random.Generator) -> Log:
    if isinstance(crowd, Crowd):
        return _one_log(crowd, rng)
    logs = [_one_log(part, own) for part, own in _parts(crowd, rng)]
    tasks = [log.tasks for log in logs]
    return Log(
        crowd.name,
        np.concatenate([log.person for log in logs]),
        np.concatenate([log.task + sum(tasks[:n]) for n, log in enumerate(logs)]),
        np.concatenate([log.choice for log in logs]),
        np.concatenate([log.truth for log in logs]),
        np.repeat(np.arange(len(logs)), tasks),
        np.ones(crowd.people),
        max(log.choices for log in logs),
        len(logs),
        np.repeat([log.choices for log in logs], tasks),
    )


def _one_log(crowd: Crowd, rng: np.random.Generator) -> Log:
    skill = _skills(crowd, rng)
    difficulty = rng.normal(0, crowd.difficulty_sd, crowd.tasks)
    truth = _truths(crowd, rng)
    tempting = (truth + rng.integers(1, crowd.choices, crowd.tasks)) % crowd.choices
    activity = np.exp(rng.normal(0, crowd.activity_sd, crowd.people))
    person = _who_answered(crowd, activity, rng)
    task = np.repeat(np.arange(crowd.tasks), crowd.answers)
    guess = _guess(crowd, skill)[person]
    with np.errstate(over="ignore"):
        able = 1 / (1 + np.exp(difficulty[task] - skill[person]))
    right = rng.random(len(task)) < guess + (1 - guess) * able
    elsewhere = (truth[task] + rng.integers(1, crowd.choices, len(task))) % crowd.choices
    wrong = np.where(rng.random(len(task)) < crowd.tempted, tempting[task], elsewhere)
    choice = np.where(right, truth[task], wrong)
    return Log(crowd.name, person, task, choice, truth, np.zeros_like(truth), np.ones(crowd.people), crowd.choices, 1)


def _truths(crowd: Crowd, rng: np.random.Generator) -> Whole:
    """Of each task; which classes are the common ones is drawn."""
    if not crowd.uneven:
        return rng.integers(0, crowd.choices, crowd.tasks)
    share = np.exp(-crowd.uneven * rng.permutation(crowd.choices))
    return rng.choice(crowd.choices, crowd.tasks, p=share / share.sum())


def _who_answered(crowd: Crowd, activity: Floats, rng: np.random.Generator) -> Whole:
    """For each task as many different people, the busy more often (Efraimidis and Spirakis: the largest of u^(1/w))."""
    keys = np.log(rng.random((crowd.tasks, len(activity)))) / activity
    if crowd.answers >= len(activity):
        return np.tile(np.arange(len(activity)), crowd.tasks)
    return np.argpartition(-keys, crowd.answers, axis=1)[:, : crowd.answers].ravel()


def qualified(crowd: Crowd | Mix, rng: np.random.Generator) -> Paid:
    """Tiers and exam results from the first part of a log; the rest of it is to be played."""
    log = crowd_log(crowd, rng)
    return split(log, rng.random(log.people) >= crowd.newcomers, crowd.expert_share, rng)


def split(log: Log, early: NDArray[np.bool_], expert_share: float, rng: np.random.Generator) -> Paid:
    """The same of any log; who is not `early` has no results and counts as a generalist."""
    examined = rng.random(log.tasks) < QUALIFYING
    rows = examined[log.task] & early[log.person]
    cell = log.person[rows] * log.domains + log.domain[log.task[rows]]
    size = log.people * log.domains
    taken = np.bincount(cell, minlength=size).reshape(-1, log.domains).astype(np.float64)
    good = (log.choice == log.truth[log.task])[rows]
    right = np.bincount(cell, good, size).reshape(-1, log.domains)
    # Shrunk, or three lucky answers would make an expert.
    level = (right + 10 * right.sum(0) / np.maximum(taken.sum(0), 1)) / (taken + 10)
    level[taken == 0] = -1
    cut = [
        np.quantile(level[known, d], 1 - expert_share) if (known := taken[:, d] > 0).any() else np.inf
        for d in range(log.domains)
    ]
    pay = np.where(level >= np.array(cut), EXPERT_PAY, 1.0)

    number = np.cumsum(~examined) - 1
    rest = ~examined[log.task]
    played = log._replace(
        person=log.person[rest],
        task=number[log.task[rest]],
        choice=log.choice[rest],
        truth=log.truth[~examined],
        domain=log.domain[~examined],
        options=None if log.options is None else log.options[~examined],
    )
    return Paid(played, Known(np.full(played.tasks, UNKNOWN, dtype=np.intp), right, taken), pay)
