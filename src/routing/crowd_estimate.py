"""A project's own estimate of its people, fitted on its answers, and how far it can be trusted: pure, over rows.

Import this module where it is used, as `routing.consensus`: numpy takes a while to load.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

import msgspec
import numpy as np

from routing.consensus import (
    LEAST_CHOICES,
    MOST_ACCURACY,
    MOST_CHOICES,
    UNKNOWN,
    Answers,
    Estimate,
    Floats,
    Model,
    Whole,
    World,
    estimate,
    nothing_known,
)
from routing.overlap import TEMPERATURE, calibrated, expected_error, fitted_temperature
from routing.refitting import ForetoldError

LEAST_ANSWERS = 50
"""Below it the crowd says less than is believed of its people anyway."""
DIGITS = 4


class Given(NamedTuple):
    """One answer as it stands in the database."""

    person: UUID
    task: UUID
    domain: str
    label: str
    choices: tuple[str, ...]
    """Of the task's payload; empty: whatever anybody answered in the project."""
    truth: str | None
    """The label that a reviewer let stand, of this answer."""
    weight: float
    """1 today, less with age."""


class Fitted(msgspec.Struct, frozen=True):
    """What is stored of a project's crowd."""

    temperature: float
    strength: float
    """Answers in one domain that somebody's general level is worth there: 12, or less where domains differ."""
    domains: int
    """That are told apart."""
    evidence: float
    """Answers per person and domain, in the mean."""
    answers: int
    tasks: int
    expected_accuracy: float
    """Mean calibrated chance that the likeliest label of an answered task is the true one."""
    errors: ForetoldError | None
    """None until tasks in both halves are reviewed."""
    people: dict[str, dict[str, tuple[float, float]]]
    """Annotator → domain → accuracy, and the answers that it rests on."""


class _Numbered(NamedTuple):
    answers: Answers
    world: World
    truth: Whole
    people: list[UUID]
    domains: list[str]
    fold: Whole
    """0 or 1, of each task."""


def fit(given: Sequence[Given]) -> Fitted | None:
    """None where there is nothing to estimate yet: too few answers, or all of them the same label.

    Classes are places in the task's list of choices, so that tasks with different choices teach of the same people.
    """
    made = _numbered(given)
    if made is None:
        return None
    found = _estimate(made, made.truth)
    claims, truth = _foretold(made)
    temperature = fitted_temperature(np.log(claims), truth)
    sure = calibrated(_read(made, found.model), temperature).max(1)
    return Fitted(
        temperature=round(temperature, DIGITS),
        strength=round(found.model.strength, DIGITS),
        domains=int(found.model.place.max()) + 1,
        evidence=round(float(found.model.evidence[:-1].mean()), DIGITS),
        answers=len(made.answers.task),
        tasks=len(made.truth),
        expected_accuracy=round(float(np.where(made.truth == UNKNOWN, sure, 1.0).mean()), DIGITS),
        errors=_errors(made, claims, truth),
        people=_people(found.model, made),
    )


def _numbered(given: Sequence[Given]) -> _Numbered | None:
    seen = tuple(sorted({one.label for one in given if not one.choices}))
    kept = [(one, names) for one in given if one.label in (names := one.choices or seen)]
    most = max((len(names) for _, names in kept), default=0)
    if len(kept) < LEAST_ANSWERS or not LEAST_CHOICES <= most <= MOST_CHOICES:
        return None
    people = {one: n for n, one in enumerate(sorted({one.person for one, _ in kept}))}
    tasks = {one: n for n, one in enumerate(sorted({one.task for one, _ in kept}))}
    domains = {one: n for n, one in enumerate(sorted({one.domain for one, _ in kept}))}
    truth, domain, options = np.full(len(tasks), UNKNOWN, dtype=np.intp), *np.zeros((2, len(tasks)), dtype=np.intp)
    for one, names in kept:
        options[tasks[one.task]] = len(names)
        domain[tasks[one.task]] = domains[one.domain]
        if one.truth in names:
            truth[tasks[one.task]] = names.index(one.truth)
    answers = Answers(
        np.array([people[one.person] for one, _ in kept], dtype=np.intp),
        np.array([tasks[one.task] for one, _ in kept], dtype=np.intp),
        np.array([names.index(one.label) for one, names in kept], dtype=np.intp),
        np.array([one.weight for one, _ in kept]),
    )
    fold = np.array([crc32(task.bytes) & 1 for task in tasks], dtype=np.intp)
    return _Numbered(
        answers, World(len(people), most, len(domains), domain, options), truth, list(people), list(domains), fold
    )


def _estimate(made: _Numbered, truth: Whole) -> Estimate:
    return estimate(made.answers, made.world, nothing_known(made.world)._replace(truth=truth))


def _foretold(made: _Numbered) -> tuple[Floats, Whole]:
    """The posterior of each reviewed task as it would be without its review, and what the review said."""
    reviewed = made.truth != UNKNOWN
    claims = np.full((len(made.truth), made.world.choices), 1 / made.world.choices)
    for fold in (0, 1):
        hidden = reviewed & (made.fold == fold)
        if hidden.any():
            claims[hidden] = _read(made, _estimate(made, np.where(hidden, UNKNOWN, made.truth)).model)[hidden]
    return claims[reviewed], made.truth[reviewed]


def _read(made: _Numbered, model: Model) -> Floats:
    """[task, class]: what `routing.asking.agreed` makes of the answers when it knows how often their authors are right.

    Not the posterior of the estimate, which knows how people err as well: a temperature is of the reading that uses it.
    """
    task, choice = made.answers.task, made.answers.choice
    options = np.full(len(made.truth), made.world.choices) if made.world.options is None else made.world.options
    offered = np.arange(made.world.choices) < options[:, None]
    number = options[task]
    accuracy = model.accuracy[made.answers.person, model.place[made.world.domain[task]]]
    right = np.clip(accuracy, 1 / number, MOST_ACCURACY)
    log_q = np.where(offered, 0.0, -np.inf)
    np.add.at(log_q, (task, choice), np.log(right) - np.log((1 - right) / (number - 1)))
    claims = np.exp(log_q - log_q.max(1, keepdims=True))
    return np.asarray(np.maximum(claims / claims.sum(1, keepdims=True), np.finfo(np.float64).tiny))


def _errors(made: _Numbered, claims: Floats, truth: Whole) -> ForetoldError | None:
    """The temperature that each half is judged by is fitted on the other."""
    fold = made.fold[made.truth != UNKNOWN]
    if len(set(fold.tolist())) < 2:  # noqa: PLR2004  both halves
        return None
    heated = np.empty_like(claims)
    for half in (0, 1):
        other = fold != half
        heated[fold == half] = calibrated(claims[~other], fitted_temperature(np.log(claims[other]), truth[other]))
    return ForetoldError(
        tasks=len(truth),
        claimed=round(float(heated.max(1).mean()), DIGITS),
        right=round(float((heated.argmax(1) == truth).mean()), DIGITS),
        calibration=round(expected_error(heated, truth), DIGITS),
        calibration_before=round(expected_error(calibrated(claims, TEMPERATURE), truth), DIGITS),
    )


def _people(model: Model, made: _Numbered) -> dict[str, dict[str, tuple[float, float]]]:
    """Only where somebody answered: elsewhere what is believed of them in general says more."""
    taken = np.zeros((made.world.people, made.world.domains))
    np.add.at(taken, (made.answers.person, made.world.domain[made.answers.task]), made.answers.weight)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for person, domain in zip(*np.nonzero(taken), strict=True):
        accuracy = round(float(model.accuracy[person, model.place[domain]]), DIGITS)
        answers = round(float(taken[person, domain]), DIGITS)
        found.setdefault(str(made.people[person]), {})[made.domains[domain]] = (accuracy, answers)
    return found
