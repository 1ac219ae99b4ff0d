"""What the answers to one task say together, and how far each person's answers can be trusted.

Hierarchical pooled Dawid-Skene, ROUTING.md section 1: a person's confusion matrix in a domain leans on the shape of the
domain's errors and on the person's own level, both lean on the whole crowd, and only four rounds of expectation and
maximisation are made, because run to convergence it collapses on noisy logs. Pure functions over arrays; whoever calls
them numbers people, tasks, domains and choices from 0. Import this module where it is used: numpy takes a while to load.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.intp]

ROUNDS = 4
"""Of expectation and maximisation; chosen on eight logs, never to convergence (ROUTING.md section 1)."""
POOL_ACCURACY, POOL_ANSWERS = 0.70, 20.0
"""What is believed of a crowd nobody knows, and the answers per class that this belief is worth."""
DOMAIN_ANSWERS = 60.0
"""Answers per class that the whole crowd's errors are worth in one domain; with none of them, small domains broke."""
LIFT_ANSWERS = 5.0
"""Answers of one person that "no better and no worse than the others" is worth."""
PERSON_ANSWERS = 12.0
"""Answers in one domain that the person's general level is worth there, as long as the crowd does not say less."""
LEAST_PERSON_ANSWERS = 2.0
"""However much people differ by domain."""
STRENGTH_PAIRS = 500.0
"""Pairs of answers, by one person in one domain, that `PERSON_ANSWERS` is worth beside what the crowd shows."""
SHAPE_ANSWERS = 20.0
"""Answers per class that the person's level and the shape of the domain's errors are worth beside the person's own.

ROUTING.md has 3. But of the few answers that somebody has per class and domain, most were believed because they are theirs, and at 3 such a cell
confirms itself. Firmer is better also in crowds whose people differ by class (docs/consensus.md).
"""
VERIFIED_WEIGHT = 5.0
"""An answer to a task whose truth is known teaches as much as five answers to others."""
CLASS_ANSWERS, DOMAIN_CLASS_ANSWERS, GUESSED_CLASS_WEIGHT = 10.0, 20.0, 0.3
"""How firmly classes are held to be equally common, overall and in a domain, and what a guessed class counts."""
LEAST_TASKS = 100
"""Of a domain that is told apart; those with fewer are one domain together (with 12 each, the estimate collapsed)."""
MOST_ACCURACY = 0.99
"""Nobody is believed beyond this: one answer must never settle a task for good."""
TINY = 1e-9
"""Keeps a crowd without answers from being divided by."""
LEAST_CHOICES, MOST_CHOICES = 2, 100
UNKNOWN = -1
"""Stands for the truth of a task that nobody verified."""


class Answers(NamedTuple):
    """One entry per answer; `weight` from 1 (today) down to 0 as answers age."""

    person: Whole
    task: Whole
    choice: Whole
    weight: Floats


class World(NamedTuple):
    """What the numbers in `Answers` run over."""

    people: int
    choices: int
    """2 to 100, the same for all tasks of one estimate."""
    domains: int
    domain: Whole
    """Of each task."""
    options: Whole | None = None
    """Of each task how many of the choices it has, the first so many; none: all of them."""


class Known(NamedTuple):
    """What is known apart from the answers."""

    truth: Whole
    """Of each task that was reviewed or is gold, `UNKNOWN` of the others."""
    exam_right: Floats
    exam_taken: Floats
    """By person and domain: exam items, gold met before, or ten pseudo answers at its holders' rate for a credential."""


class Model(NamedTuple):
    """The last row of `confusion` and `accuracy` is a newcomer: the mean of the crowd."""

    place: Whole
    """Domain → the place that it has here; domains too small to be told apart share one."""
    confusion: Floats
    """[person, place, true class, answer], rows sum to 1."""
    prior: Floats
    """[place, class], rows sum to 1."""
    accuracy: Floats
    """[person, place], 0 to 1."""
    evidence: Floats
    """[person, place]: answers and exam items that the accuracy rests on, beside `strength` of belief."""
    strength: float
    """Answers in one domain that somebody's general level is worth there: the less, the more domains differ."""

    @property
    def newcomer(self) -> int:
        return len(self.accuracy) - 1

    def variance(self) -> Floats:
        """Of `accuracy`, that of a beta distribution of as many answers."""
        return np.asarray(self.accuracy * (1 - self.accuracy) / (self.strength + self.evidence))

    def start(self, domain: int) -> Floats:
        """The log posterior [class] of a task that nobody has answered."""
        return np.asarray(np.log(self.prior[self.place[domain]]))

    def step(self, log_q: Floats, person: int, domain: int, choice: int) -> Floats:
        """The log posterior after one more answer, without estimating people anew: O(choices)."""
        moved = log_q + np.log(self.confusion[person, self.place[domain], :, choice])
        return np.asarray(moved - moved.max())


class Estimate(NamedTuple):
    model: Model
    log_q: Floats
    """[task, class] of the answers alone, also where the truth is known (calibration needs it so); rows peak at 0."""
    posterior: Floats
    """[task, class]: rows sum to 1; certain where the truth is known."""


def nothing_known(world: World) -> Known:
    return Known(
        np.full(len(world.domain), UNKNOWN, dtype=np.intp),
        np.zeros((world.people, world.domains)),
        np.zeros((world.people, world.domains)),
    )


def estimate(answers: Answers, world: World, known: Known | None = None, *, rounds: int = ROUNDS) -> Estimate:
    """People, domains and tasks estimated anew from all answers; the order of the answers does not matter.

    Raises `ValueError` for fewer than 2 or more than 100 choices.
    """
    if not LEAST_CHOICES <= world.choices <= MOST_CHOICES:
        raise ValueError(f"an estimate needs {LEAST_CHOICES} to {MOST_CHOICES} choices, not {world.choices}")
    known = known or nothing_known(world)
    place, places = _places(world)
    own = place[world.domain]
    offered = _Offered(world, own, places)
    exam = _Exam(_joined(known.exam_right, place, places), _joined(known.exam_taken, place, places))
    sums = _Sums(answers, world, own, places)
    verified = known.truth != UNKNOWN
    certain = np.eye(world.choices)[np.where(verified, known.truth, 0)]
    weight = answers.weight * np.where(verified[answers.task], VERIFIED_WEIGHT, 1.0)

    counts = np.zeros((world.people, places, world.choices, world.choices))
    people = _people(counts, exam, _Doubt(counts.sum((2, 3)), 0.0), offered)
    prior = _rows(offered.by_place + TINY)
    log_q = sums.log_posterior(people.confusion, prior, offered)
    posterior = np.where(verified[:, None], certain, _softmax(log_q))
    for _ in range(rounds):
        counts = sums.counts(posterior, weight)
        people = _people(counts, exam, sums.doubt(posterior, weight), offered)
        prior = _class_prior(posterior, verified, sums.answered, own, offered)
        log_q = sums.log_posterior(people.confusion, prior, offered)
        posterior = np.where(verified[:, None], certain, _softmax(log_q))
    return Estimate(
        Model(place, people.confusion, prior, people.accuracy, people.evidence, people.strength), log_q, posterior
    )


def _places(world: World) -> tuple[Whole, int]:
    """Domains with enough tasks get a place each, the others one together."""
    tasks = np.bincount(world.domain, minlength=world.domains)
    large = tasks >= LEAST_TASKS
    place = np.where(large, np.cumsum(large) - 1, large.sum()).astype(np.intp)
    return place, int(place.max(initial=0)) + 1


class _Offered:
    """Which of the choices tasks have, as 1 or 0: [task, class], and [place, class] of all tasks of a place together."""

    def __init__(self, world: World, own: Whole, places: int) -> None:
        options = np.full(len(own), world.choices) if world.options is None else world.options
        most = np.zeros(places, dtype=np.intp)
        np.maximum.at(most, own, options)
        most[most == 0] = world.choices
        self.by_task = (np.arange(world.choices) < options[:, None]).astype(np.float64)
        self.by_place = (np.arange(world.choices) < most[:, None]).astype(np.float64)
        self.log = None if world.options is None else np.log(self.by_task + TINY)
        self.number = self.by_place.sum(1)


class _Exam(NamedTuple):
    right: Floats
    taken: Floats


def _joined(by_domain: Floats, place: Whole, places: int) -> Floats:
    joined = np.zeros((len(by_domain), places))
    for domain, where in enumerate(place):
        joined[:, where] += by_domain[:, domain]
    return joined


class _Doubt(NamedTuple):
    squares: Floats
    """[person, place]: squared weights of the answers."""
    open: float
    """Variance that is left of their rightness, summed by weight."""


class _People(NamedTuple):
    confusion: Floats
    accuracy: Floats
    evidence: Floats
    strength: float


class _Sums:
    """The two sums over all answers, each a handful of `bincount` calls: what a round costs."""

    def __init__(self, answers: Answers, world: World, own: Whole, places: int) -> None:
        self._task, self._choice, self._own = answers.task, answers.choice, own
        self._choices, self._tasks = world.choices, len(own)
        self._shape = (world.people, places, world.choices)
        self._cell = (answers.person * places + own[answers.task]) * world.choices + answers.choice
        self.answered = np.bincount(answers.task, minlength=self._tasks) > 0

    def counts(self, posterior: Floats, weight: Floats) -> Floats:
        """[person, place, class, answer]: how often this was answered where that was (probably) true."""
        size = int(np.prod(self._shape))
        by_class = [
            np.bincount(self._cell, weight * posterior[self._task, c], size).reshape(self._shape)
            for c in range(self._choices)
        ]
        return np.stack(by_class, axis=2)

    def doubt(self, posterior: Floats, weight: Floats) -> _Doubt:
        """How much the posteriors leave open of whether each answer is right."""
        right = posterior[self._task, self._choice]
        size = self._shape[0] * self._shape[1]
        squares = np.bincount(self._cell // self._choices, weight**2, size).reshape(self._shape[:2])
        return _Doubt(squares, float((weight * right * (1 - right)).sum()))

    def log_posterior(self, confusion: Floats, prior: Floats, offered: _Offered) -> Floats:
        table = np.log(confusion[:-1]).transpose(0, 1, 3, 2).reshape(-1, self._choices)
        said = table[self._cell]
        log_q = np.log(prior)[self._own]
        if offered.log is not None:
            log_q = log_q + offered.log
        for c in range(self._choices):
            log_q[:, c] += np.bincount(self._task, said[:, c], self._tasks)
        return np.asarray(log_q - log_q.max(axis=1, keepdims=True))


def _people(counts: Floats, exam: _Exam, doubt: _Doubt, offered: _Offered) -> _People:
    """Confusion, accuracy and evidence of everybody and of a newcomer, from the crowd down to the person."""
    choices, number = counts.shape[-1], offered.number
    diagonal = np.eye(choices)
    pool = _rows(POOL_ANSWERS * _one_coin(POOL_ACCURACY, choices) + counts.sum((0, 1)) + _spread(exam, choices))
    pooled = _shaped(pool[None], (pool * diagonal).sum(-1)[None], offered)
    domain = _rows(DOMAIN_ANSWERS * pooled + counts.sum(0) + _spread_by_place(exam, offered))
    level = ((domain * diagonal).sum(-1) * offered.by_place).sum(-1) / number

    newcomer = np.zeros((1, *counts.shape[1:]))
    counts = np.concatenate([counts, newcomer])
    nobody = np.zeros((1, counts.shape[1]))
    answered = (counts * diagonal).sum((2, 3))
    right = answered + np.concatenate([exam.right, nobody])
    evidence = counts.sum((2, 3)) + np.concatenate([exam.taken, nobody])
    lift = (right.sum(1) - evidence @ level) / (evidence.sum(1) + LIFT_ANSWERS)
    believed = level + lift[:, None]
    strength = _strength(believed[:-1], answered[:-1], counts[:-1].sum((2, 3)), exam, doubt)
    accuracy = (strength * believed + right) / (strength + evidence)
    accuracy = np.clip(accuracy, 1 / number, MOST_ACCURACY)

    shape = _shaped(domain, accuracy[:, :, None], offered)
    # An exam does not tell which class was mistaken for which: its items add weight to the level, equally over the classes.
    known = (np.concatenate([exam.taken, nobody]) / number)[:, :, None, None]
    return _People(_rows((SHAPE_ANSWERS + known) * shape + counts), accuracy, evidence, strength)


def _shaped(errors: Floats, right: Floats, offered: _Offered) -> Floats:
    """Confusions that are `right` [..., place, class] so often, and err as `errors`, among what is offered in the place."""
    diagonal = np.eye(errors.shape[-1])
    wrong = errors * (1 - diagonal) * offered.by_place[:, None, :] + TINY * (1 - diagonal)
    wrong = wrong / wrong.sum(-1, keepdims=True)
    return np.asarray(right[..., None] * diagonal + (1 - right)[..., None] * wrong)


def _strength(believed: Floats, right: Floats, taken: Floats, exam: _Exam, doubt: _Doubt) -> float:
    """Answers in one domain that `believed` is worth, by the method of moments.

    What one person's results in one domain have in common beyond `believed` is the variance t of the true levels; a
    beta distribution of that variance is worth p(1-p)/t - 1 answers. An answer whose rightness is half open tells half.
    """
    believed = np.clip(believed, 1 - MOST_ACCURACY, MOST_ACCURACY)
    noise = believed * (1 - believed)
    shared = ((exam.right - exam.taken * believed) ** 2 - exam.taken * noise).sum()
    pairs = (exam.taken * (exam.taken - 1)).clip(0).sum()
    told = max(0.0, 1 - doubt.open / max(float((taken * noise).sum()), TINY))
    shared += ((right - taken * believed) ** 2 - told * doubt.squares * noise).sum()
    pairs += told**2 * (taken**2 - doubt.squares).clip(0).sum()
    usual = float(noise.mean())
    variance = (shared + STRENGTH_PAIRS * usual / (PERSON_ANSWERS + 1)) / (pairs + STRENGTH_PAIRS)
    return float(np.clip(usual / max(variance, TINY) - 1, LEAST_PERSON_ANSWERS, PERSON_ANSWERS))


def _class_prior(posterior: Floats, verified: NDArray[np.bool_], answered: NDArray[np.bool_], own: Whole, offered: _Offered) -> Floats:  # fmt: skip
    """How common the classes are, mostly equally: a prior learnt freely runs away on noisy logs."""
    trust = np.where(verified, 1.0, np.where(answered, GUESSED_CLASS_WEIGHT, 0.0))
    places, choices = offered.by_place.shape
    seen = np.stack([np.bincount(own, trust * posterior[:, c], places) for c in range(choices)], axis=1)
    overall = (CLASS_ANSWERS + seen.sum(0)) * offered.by_place
    return _rows(DOMAIN_CLASS_ANSWERS * overall / overall.sum(-1, keepdims=True) + seen + TINY)


def _one_coin(accuracy: float, choices: int) -> Floats:
    off = (1 - accuracy) / (choices - 1)
    return np.full((choices, choices), off) + (accuracy - off) * np.eye(choices)


def _spread(exam: _Exam, choices: int) -> Floats:
    """Exam items as answers, equally over the classes: the pool's level is that of those who took exams."""
    right, taken = exam.right.sum(), exam.taken.sum()
    diagonal = np.eye(choices)
    return np.asarray(right * diagonal / choices + (taken - right) * (1 - diagonal) / (choices * (choices - 1)))


def _spread_by_place(exam: _Exam, offered: _Offered) -> Floats:
    right, taken, number = (a[:, None, None] for a in (exam.right.sum(0), exam.taken.sum(0), offered.number))
    there = offered.by_place[:, :, None] * offered.by_place[:, None, :]
    diagonal = np.eye(there.shape[-1])
    return np.asarray(there * (right * diagonal / number + (taken - right) * (1 - diagonal) / (number * (number - 1))))


def _rows(counts: Floats) -> Floats:
    return np.asarray(counts / counts.sum(-1, keepdims=True))


def _softmax(log_q: Floats) -> Floats:
    """Of rows that peak at 0."""
    return _rows(np.exp(log_q))
