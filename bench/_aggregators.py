"""Ways to make one answer out of several: the production estimate, and what others use beside it."""

from typing import Protocol

import numpy as np
from _answer_log import Floats, Log, Whole
from numpy.typing import NDArray

from routing.consensus import UNKNOWN, Answers, Known, Model, World, estimate, nothing_known
from routing.overlap import in_sample, sample_helps

DS_ROUNDS = 20
"""Plain Dawid-Skene has converged by then on logs of this size."""
FAR = 50.0
"""Logits: below what any number of answers makes up for."""
DS_SMOOTHING = 0.5
"""Answers per cell beside what was counted, and one more on the diagonal: without any, a first answer is certain."""


class Aggregator(Protocol):
    """`posterior` [task, class] is kept up to date by `step`, and computed anew by `refit`."""

    posterior: Floats
    sample: NDArray[np.bool_] | None
    """Tasks that come first; none: no task does."""

    def refit(self, person: Whole, task: Whole, choice: Whole) -> None: ...
    def step(self, person: int, task: int, choice: int) -> None: ...
    def confusion(self, person: int, tasks: Whole) -> Floats: ...


class Consensus:
    """The production functions. `whole`: one domain for everything."""

    def __init__(self, log: Log, known: Known | None = None, *, whole: bool = False) -> None:
        domain, domains = (np.zeros_like(log.domain), 1) if whole else (log.domain, log.domains)
        self.world = World(log.people, log.choices, domains, domain, log.options)
        self._known = known or nothing_known(self.world)
        if whole and known is not None:
            right, taken = (table.sum(1, keepdims=True) for table in (known.exam_right, known.exam_taken))
            self._known = Known(known.truth, right, taken)
        nothing = np.zeros(0, dtype=np.intp)
        self.refit(nothing, nothing, nothing)
        helps = sample_helps(int(self.model.place.max()) + 1, float(self.model.evidence[:-1].mean()))
        self.sample = np.array([in_sample(str(task)) for task in range(log.tasks)], dtype=bool) if helps else None

    model: Model
    sample: NDArray[np.bool_] | None

    def refit(self, person: Whole, task: Whole, choice: Whole) -> None:
        found = estimate(Answers(person, task, choice, np.ones(len(task))), self.world, self._known)
        self.model, self.log_q, self.posterior = found
        self.places = self.model.place[self.world.domain]

    def step(self, person: int, task: int, choice: int) -> None:
        self.log_q[task] = self.model.step(self.log_q[task], person, int(self.world.domain[task]), choice)
        grown = np.exp(self.log_q[task])
        self.posterior[task] = grown / grown.sum()

    def confusion(self, person: int, tasks: Whole) -> Floats:
        return np.asarray(self.model.confusion[person, self.places[tasks]])


class Told(Consensus):
    """A bound: whenever somebody is measured, the truth of all that was answered is told; answers are read without it.

    As if every answer were reviewed at once, by somebody who never errs and is not paid.
    """

    def __init__(self, log: Log) -> None:
        self._truth = log.truth
        super().__init__(log)
        self.sample = None

    def refit(self, person: Whole, task: Whole, choice: Whole) -> None:
        told = np.full(len(self._truth), UNKNOWN, dtype=np.intp)
        told[task] = self._truth[task]
        found = estimate(
            Answers(person, task, choice, np.ones(len(task))), self.world, self._known._replace(truth=told)
        )
        self.model, self.log_q = found.model, found.log_q
        self.places = self.model.place[self.world.domain]
        self.posterior = np.exp(self.log_q)
        self.posterior /= self.posterior.sum(1, keepdims=True)


class Foreseen(Consensus):
    """A bound: everybody's true confusion matrix in each domain is known from the start, and how common the classes are."""

    def __init__(self, log: Log, confusion: Floats) -> None:
        accuracy = np.trace(confusion, axis1=2, axis2=3) / log.choices
        self._impossible = _impossible(log)
        prior = np.ones((log.domains, log.choices))
        np.add.at(prior, (log.domain, log.truth), 1)
        prior /= prior.sum(1, keepdims=True)
        self.model = Model(np.arange(log.domains), confusion, prior, accuracy, np.full_like(accuracy, np.inf), 0.0)
        super().__init__(log)

    def refit(self, person: Whole, task: Whole, choice: Whole) -> None:
        self.places = self.model.place[self.world.domain]
        self.log_q = np.log(self.model.prior)[self.places] + self._impossible
        np.add.at(self.log_q, task, np.log(self.model.confusion[person, self.places[task], :, choice]))
        self.log_q -= self.log_q.max(1, keepdims=True)
        self.posterior = np.exp(self.log_q)
        self.posterior /= self.posterior.sum(1, keepdims=True)


def _impossible(log: Log) -> Floats:
    """[task, class]: 0, or far below it where the task has no such choice."""
    options = np.full(log.tasks, log.choices) if log.options is None else log.options
    return np.where(np.arange(log.choices) < options[:, None], 0.0, -FAR)


class DawidSkene:
    """As published (1979): one confusion matrix per person, classes as common as they turn out, to convergence."""

    sample = None

    def __init__(self, log: Log) -> None:
        self._log, self._impossible = log, _impossible(log)
        nothing = np.zeros(0, dtype=np.intp)
        self.refit(nothing, nothing, nothing)

    def refit(self, person: Whole, task: Whole, choice: Whole) -> None:
        choices = self._log.choices
        votes = np.bincount(task * choices + choice, minlength=self._log.tasks * choices).reshape(-1, choices)
        posterior = (votes + 1e-3) / (votes + 1e-3).sum(1, keepdims=True)
        cell = person * choices + choice
        for _ in range(DS_ROUNDS):
            counts = np.stack(
                [
                    np.bincount(cell, posterior[task, c], self._log.people * choices).reshape(-1, choices)
                    for c in range(choices)
                ],
                axis=1,
            )
            counts = counts + DS_SMOOTHING + np.eye(choices)
            self._confusion = counts / counts.sum(-1, keepdims=True)
            common = posterior[votes.sum(1) > 0].sum(0) + 1
            said = np.log(self._confusion).transpose(0, 2, 1).reshape(-1, choices)[cell]
            log_q = (
                np.log(common / common.sum())
                + self._impossible
                + np.stack([np.bincount(task, said[:, c], self._log.tasks) for c in range(choices)], axis=1)
            )
            posterior = np.exp(log_q - log_q.max(1, keepdims=True))
            posterior /= posterior.sum(1, keepdims=True)
        self.posterior = posterior

    def step(self, person: int, task: int, choice: int) -> None:
        moved = self.posterior[task] * self._confusion[person, :, choice]
        self.posterior[task] = moved / moved.sum()

    def confusion(self, person: int, tasks: Whole) -> Floats:
        return np.asarray(np.broadcast_to(self._confusion[person], (len(tasks), *self._confusion.shape[1:])))


class Majority:
    """`posterior` holds shares of the votes."""

    sample = None

    def __init__(self, log: Log) -> None:
        self._votes = np.zeros((log.tasks, log.choices))
        self.posterior = self._votes

    def refit(self, person: Whole, task: Whole, choice: Whole) -> None:  # noqa: ARG002  who voted does not matter
        self._votes[:] = 0
        np.add.at(self._votes, (task, choice), 1)

    def step(self, person: int, task: int, choice: int) -> None:  # noqa: ARG002  as above
        self._votes[task, choice] += 1

    def confusion(self, person: int, tasks: Whole) -> Floats:  # noqa: ARG002  as above
        raise TypeError("a majority knows nothing of people")


def accuracy(posterior: Floats, truth: Whole) -> float:
    """Share of tasks whose likeliest class is the true one; of a tie its share."""
    best = posterior >= posterior.max(1, keepdims=True) - 1e-9
    return float((best[np.arange(len(truth)), truth] / best.sum(1)).mean())
