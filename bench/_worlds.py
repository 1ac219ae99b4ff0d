"""Seeded crowds with known truth, for what one log cannot show: domains that differ, and experts who cost more.

Everybody answers a task rightly with the chance 1/K + (1 - 1/K) sigmoid(skill - difficulty): K choices, of which even
somebody without any skill hits one. A share of the wrong answers goes to the task's most tempting wrong choice, because
real crowds err together, the rest to any other. Skills and difficulties vary with sd 1, the prior variances of ROUTING.md
section 1, unless said otherwise. How easy the tasks are is set so that a majority of three is right about as often as in
the real log that the crowd is modelled after (section 4: MIX6, prelec_art, nyu_mcqa, tweet, web).

`MIXED` has more to go by: majorities of three and of five right in .798 and .826 (MIX6), and a
person's past in the domain predicting the next answer with an AUC of .70, the mean of the four logs in section 1 (.625,
.645, .717, .815). Skills then vary with sd 2.2 and difficulties with 2.5; docs/consensus.md has what milder mixes gave.
The estimate knows none of this: its model has no difficulty of tasks and no temptation.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from _answer_log import Floats, Log, Whole
from numpy.typing import NDArray

from routing.consensus import MOST_ACCURACY, UNKNOWN, Known

ANSWERS_PER_TASK = 12
"""Of which a course takes what it asks for; the public logs have 10 to 20."""
ACTIVITY_SD = 1.0
"""Of the log of how much somebody works: the busiest tenth does about a third, between the logs' .18 and .56."""
QUALIFYING = 0.4
"""Share of the tasks, with their truth, that qualify people and make the tiers, before the rest is played."""
EXPERT_PAY = 3.0


class Crowd(NamedTuple):
    """How a crowd is made; the values of `skill_sd` are logits."""

    name: str
    people: int
    tasks: int
    domains: int
    choices: int
    easiness: float
    """Mean skill less mean difficulty, in logits."""
    general_sd: float = 1.0
    """Of the skill that somebody has everywhere."""
    domain_sd: float = 0.0
    """Of what comes on top in each domain."""
    careless: float = 0.0
    """Share of people who answer at random."""
    professionals: float = 0.0
    """Share of people who are `professional_lift` better."""
    professional_lift: float = 0.0
    expert_share: float = 0.2
    """The best of the qualified in each domain, who are paid three times as much."""
    newcomers: float = 0.0
    """Share of people who came after the qualification."""
    difficulty_sd: float = 1.0
    """Of the tasks, in logits."""
    tempted: float = 0.5
    """Share of the wrong answers that go to the task's most tempting wrong choice."""


MIXED = Crowd(
    "mix of 6",
    people=60,
    tasks=2220,
    domains=6,
    choices=4,
    easiness=1.45,
    general_sd=0.0,
    domain_sd=2.2,
    difficulty_sd=2.5,
    tempted=0.65,
)
"""As MIX6: each person is six different people, one per domain, so nothing carries over from one to another."""
PAID = (
    MIXED._replace(name="domains differ", tasks=1500),
    Crowd("laypeople and professionals", 40, 900, 1, 2, -1.69, general_sd=0.7, professionals=0.4, professional_lift=1.0, expert_share=0.4),
    Crowd("easy and even", 100, 1000, 1, 4, 1.78, general_sd=0.7),
    Crowd("many careless", 80, 1000, 1, 2, 0.44, careless=0.35),
    Crowd("half came later", 100, 1000, 1, 5, 0.35, newcomers=0.5, expert_share=0.4),
)  # fmt: skip


class Paid(NamedTuple):
    log: Log
    known: Known
    pay: Floats
    """[person, domain], a generalist's answer costs 1."""


def _skills(crowd: Crowd, rng: np.random.Generator) -> Floats:
    """[person, domain], less the mean difficulty; the first that is drawn of a crowd."""
    skill = rng.normal(crowd.easiness, crowd.general_sd, crowd.people)[:, None] + rng.normal(
        0, crowd.domain_sd, (crowd.people, crowd.domains)
    )
    skill += crowd.professional_lift * (rng.random(crowd.people) < crowd.professionals)[:, None]
    skill[rng.random(crowd.people) < crowd.careless] = -np.inf
    return skill


def confusions(crowd: Crowd, rng: np.random.Generator) -> Floats:
    """[person, domain, true class, answer] of the crowd that `crowd_log` makes of the same `rng`: what nobody can know.

    The chance of being right is the mean over difficulties (a hundred equally likely ones), at most 0.99.
    """
    skill = _skills(crowd, rng)
    difficulties = crowd.difficulty_sd * np.array([NormalDist().inv_cdf((n + 0.5) / 100) for n in range(100)])
    with np.errstate(over="ignore"):
        able = (1 / (1 + np.exp(difficulties - skill[:, :, None]))).mean(2)
    right = np.minimum(1 / crowd.choices + (1 - 1 / crowd.choices) * able, MOST_ACCURACY)[:, :, None, None]
    same = np.eye(crowd.choices)
    return np.asarray(right * same + (1 - right) / (crowd.choices - 1) * (1 - same))


def crowd_log(crowd: Crowd, rng: np.random.Generator) -> Log:
    skill = _skills(crowd, rng)
    domain = np.arange(crowd.tasks) % crowd.domains
    difficulty = rng.normal(0, crowd.difficulty_sd, crowd.tasks)
    truth = rng.integers(0, crowd.choices, crowd.tasks)
    tempting = (truth + rng.integers(1, crowd.choices, crowd.tasks)) % crowd.choices
    activity = np.exp(rng.normal(0, ACTIVITY_SD, crowd.people))
    person = _who_answered(activity, crowd.tasks, rng)
    task = np.repeat(np.arange(crowd.tasks), ANSWERS_PER_TASK)
    guess = 1 / crowd.choices
    with np.errstate(over="ignore"):
        able = 1 / (1 + np.exp(difficulty[task] - skill[person, domain[task]]))
    right = rng.random(len(task)) < guess + (1 - guess) * able
    elsewhere = (truth[task] + rng.integers(1, crowd.choices, len(task))) % crowd.choices
    wrong = np.where(rng.random(len(task)) < crowd.tempted, tempting[task], elsewhere)
    choice = np.where(right, truth[task], wrong)
    return Log(crowd.name, person, task, choice, truth, domain, np.ones(crowd.people), crowd.choices, crowd.domains)


def _who_answered(activity: Floats, tasks: int, rng: np.random.Generator) -> Whole:
    """For each task as many different people, the busy more often (Efraimidis and Spirakis: the largest of u^(1/w))."""
    keys = np.log(rng.random((tasks, len(activity)))) / activity
    return np.argpartition(-keys, ANSWERS_PER_TASK, axis=1)[:, :ANSWERS_PER_TASK].ravel()


def qualified(crowd: Crowd, rng: np.random.Generator) -> Paid:
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
    )
    return Paid(played, Known(np.full(played.tasks, UNKNOWN, dtype=np.intp), right, taken), pay)
