"""The consensus: what holds for any answers, and that it finds the truth where the truth is known."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.consensus import UNKNOWN, Answers, Estimate, Floats, Known, Whole, World, estimate, nothing_known


class Made(NamedTuple):
    answers: Answers
    world: World
    truth: Whole


def made(seed: int, accuracy: Floats, *, tasks: int = 300, each: int = 3, choices: int = 3, domains: int = 1) -> Made:
    """`accuracy` [person, domain]; every task is answered by `each` different people."""
    rng = np.random.default_rng(seed)
    people = len(accuracy)
    truth, domain = rng.integers(0, choices, tasks), np.arange(tasks) % domains
    person = np.concatenate([rng.choice(people, each, replace=False) for _ in range(tasks)])
    task = np.repeat(np.arange(tasks), each)
    right = rng.random(len(task)) < accuracy[person, domain[task]]
    choice = np.where(right, truth[task], (truth[task] + rng.integers(1, choices, len(task))) % choices)
    return Made(Answers(person, task, choice, np.ones(len(task))), World(people, choices, domains, domain), truth)


def right(found: Estimate, truth: Whole) -> float:
    return float((found.posterior.argmax(1) == truth).mean())


@given(seed=st.integers(0, 2**32), choices=st.integers(2, 6), each=st.integers(0, 4), tasks=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_every_distribution_sums_to_one(seed: int, choices: int, each: int, tasks: int) -> None:
    accuracy = np.random.default_rng(seed).random((7, 2))
    some = made(seed, accuracy, tasks=tasks, each=each or 1, choices=choices, domains=2)
    answers = some.answers if each else Answers(*(column[:0] for column in some.answers))
    found = estimate(answers, some.world)
    assert found.posterior.sum(1) == pytest.approx(1)
    assert found.model.confusion.sum(-1) == pytest.approx(1)
    assert found.model.prior.sum(-1) == pytest.approx(1)
    assert (found.posterior > 0).all()
    assert (found.model.accuracy >= 1 / choices).all()
    assert found.model.confusion.shape[0] == 8


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_answers_does_not_matter(seed: int) -> None:
    some = made(seed, np.linspace(0.5, 0.95, 10)[:, None], tasks=80)
    order = np.random.default_rng(seed).permutation(len(some.answers.task))
    shuffled = Answers(*(column[order] for column in some.answers))
    one, other = estimate(some.answers, some.world), estimate(shuffled, some.world)
    assert other.posterior == pytest.approx(one.posterior, abs=1e-9)
    assert other.model.confusion == pytest.approx(one.model.confusion, abs=1e-9)


def test_unequal_people_are_told_apart_and_beat_their_majority() -> None:
    accuracy = np.array([0.95, 0.9, 0.85] + [0.4] * 7)[:, None]
    some = made(5, accuracy, tasks=600, each=5)
    found = estimate(some.answers, some.world)
    votes = np.zeros((600, 3))
    np.add.at(votes, (some.answers.task, some.answers.choice), 1)
    assert right(found, some.truth) > float((votes.argmax(1) == some.truth).mean()) + 0.05
    assert np.corrcoef(found.model.accuracy[:-1, 0], accuracy[:, 0])[0, 1] > 0.95


def test_who_is_always_right_dominates_any_two_others() -> None:
    """Known from an exam to be perfect, among people who are right half of the time."""
    some = made(6, np.array([1.0] + [0.55] * 9)[:, None], tasks=500, each=5)
    known = nothing_known(some.world)
    known.exam_taken[:] = 60
    known.exam_right[:] = 33
    known.exam_right[0] = 60
    found = estimate(some.answers, some.world, known)
    of_the_perfect = some.answers.task[some.answers.person == 0]
    assert (found.posterior.argmax(1) == some.truth)[of_the_perfect].mean() > 0.985
    trusted = found.model.confusion[:, 0].diagonal(axis1=1, axis2=2).min(1)
    assert trusted[0] > 1.5 * trusted[1:].max()
    assert found.model.accuracy[0, 0] > 0.95


def test_domains_are_told_apart_only_where_they_have_enough_tasks() -> None:
    accuracy = np.full((12, 2), 0.4)
    accuracy[:6, 0] = accuracy[6:, 1] = 0.95
    large = made(7, accuracy, tasks=800, each=4, domains=2)
    found = estimate(large.answers, large.world)
    assert found.model.place.tolist() == [0, 1]
    assert found.model.accuracy[:6, 0].min() > found.model.accuracy[:6, 1].max()
    together = estimate(large.answers, large.world._replace(domains=1, domain=np.zeros_like(large.world.domain)))
    assert right(found, large.truth) > right(together, large.truth) + 0.05

    small = made(7, accuracy, tasks=160, each=4, domains=2)
    assert estimate(small.answers, small.world).model.place.tolist() == [0, 0]
    uneven = World(12, 3, 3, np.repeat([0, 1, 2], [150, 20, 30]))
    assert estimate(Answers(*(column[:0] for column in small.answers)), uneven).model.place.tolist() == [0, 1, 1]


def test_how_much_domains_differ_is_found_in_answers_and_exams() -> None:
    """The same skill everywhere leaves the usual 12 answers of belief; nobody's answers do so exactly."""
    rng = np.random.default_rng(8)
    differing = made(8, np.clip(rng.normal(0.7, 0.25, (30, 3)), 0.35, 0.98), tasks=900, each=5, domains=3)
    alike = made(9, np.repeat(rng.uniform(0.6, 0.95, (30, 1)), 3, axis=1), tasks=900, each=5, domains=3)
    found, same = (estimate(some.answers, some.world).model for some in (differing, alike))
    assert found.strength < 6
    assert same.strength > 10
    assert (found.variance()[:-1] > found.accuracy[:-1] * (1 - found.accuracy[:-1]) / (12 + found.evidence[:-1])).all()
    nothing = Answers(*(column[:0] for column in differing.answers))
    assert estimate(nothing, differing.world).model.strength == pytest.approx(12)
    taken = np.full((30, 3), 40.0)
    examined = Known(
        nothing_known(differing.world).truth, rng.binomial(40, rng.choice([0.5, 0.95], (30, 3))) * 1.0, taken
    )
    assert estimate(nothing, differing.world, examined).model.strength < 5


def test_that_somebody_errs_by_class_is_believed_of_many_answers_and_not_of_few() -> None:
    """A dozen answers to each class do not split a person's level; a hundred to each show who overlooks one."""

    def by_class(some: Made) -> Floats:
        return estimate(some.answers, some.world).model.confusion[:-1, 0].diagonal(axis1=1, axis2=2)

    even = made(10, np.linspace(0.55, 0.9, 24)[:, None], tasks=400)
    assert np.ptp(by_class(even), axis=1).mean() < 0.11

    some = made(11, np.full((12, 1), 0.8), tasks=1200)
    overlooks = (some.answers.person < 4) & (some.truth[some.answers.task] == 2)
    found = by_class(some._replace(answers=some.answers._replace(choice=np.where(overlooks, 0, some.answers.choice))))
    assert (found[:4, 2] < found[:4, :2].min(1) - 0.4).all()
    assert (found[4:, 2] > found[4:, :2].min(1) - 0.15).all()


def test_a_task_with_fewer_choices_is_not_taken_for_one_with_more() -> None:
    """Two kinds of task beside each other, of two choices and of five: each as certain as if it were alone."""
    rng = np.random.default_rng(5)
    tasks, each = 400, 3
    options = np.where(np.arange(tasks) < 200, 2, 5)
    truth = rng.integers(0, options)
    task = np.repeat(np.arange(tasks), each)
    person = np.concatenate([rng.choice(12, each, replace=False) for _ in range(tasks)])
    right = rng.random(len(task)) < 0.8
    choice = np.where(right, truth[task], (truth[task] + rng.integers(1, options[task])) % options[task])
    answers = Answers(person, task, choice, np.ones(len(task)))
    domain = (np.arange(tasks) >= 200).astype(np.intp)
    found = estimate(answers, World(12, 5, 2, domain, options))
    assert found.posterior[:200, 2:].max() < 1e-6
    two, five = (found.model.accuracy[:-1, place].mean() for place in (0, 1))
    assert two == pytest.approx(0.8, abs=0.06)
    assert five == pytest.approx(0.8, abs=0.06)
    first = task < 200
    alone = estimate(
        Answers(person[first], task[first], choice[first], np.ones(first.sum())),
        World(12, 2, 1, np.zeros(200, dtype=np.intp)),
    )
    assert found.posterior[:200, :2] == pytest.approx(alone.posterior, abs=0.12)
    unaware = estimate(answers, World(12, 5, 2, domain))
    assert unaware.posterior[:200, :2].sum(1).min() < 1 - 1e-4


def test_verified_tasks_are_certain_and_teach_about_people() -> None:
    some = made(8, np.array([0.9, 0.35, 0.35, 0.35, 0.35])[:, None], tasks=120)
    known = nothing_known(some.world)
    known.truth[:60] = some.truth[:60]
    without, found = estimate(some.answers, some.world), estimate(some.answers, some.world, known)
    assert (found.posterior[:60].argmax(1) == some.truth[:60]).all()
    assert found.posterior[:60].max(1) == pytest.approx(1)
    assert found.log_q[:60].max(1) == pytest.approx(0)
    assert (found.log_q[:60].min(1) > -50).all(), "what the answers alone say, for the calibration"
    assert right(found, some.truth) > right(without, some.truth)
    assert (known.truth[60:] == UNKNOWN).all()


def test_an_exam_speaks_before_the_first_answer_and_newcomers_are_as_those_who_took_it() -> None:
    world = World(3, 4, 1, np.zeros(10, dtype=np.intp))
    nothing = Answers(*(np.zeros(0, dtype=np.intp),) * 3, np.zeros(0))
    known = Known(np.full(10, UNKNOWN), np.array([[38.0], [15.0], [0.0]]), np.array([[40.0], [40.0], [0.0]]))
    model = estimate(nothing, world, known).model
    good, poor, unexamined = model.accuracy[:3, 0]
    assert good > unexamined > poor
    assert unexamined == pytest.approx(model.accuracy[model.newcomer, 0])
    assert np.diagonal(model.confusion[0, 0]).min() > np.diagonal(model.confusion[1, 0]).max()
    everybody = Known(known.truth, np.full((3, 1), 380.0), np.full((3, 1), 400.0))
    better = estimate(nothing, world, everybody).model
    assert better.accuracy[better.newcomer, 0] > 0.9
    assert (model.variance()[:2] < model.variance()[2]).all()


def test_old_answers_count_less() -> None:
    some = made(9, np.array([0.95, 0.95, 0.95, 0.4])[:, None], tasks=200, each=3)
    fresh = estimate(some.answers, some.world).model
    old = estimate(some.answers._replace(weight=np.full(600, 0.01)), some.world).model
    assert (old.evidence[:-1] < fresh.evidence[:-1] / 50).all()
    assert np.ptp(old.accuracy) < np.ptp(fresh.accuracy) / 3


def test_one_more_answer_without_an_estimate_says_what_the_confusion_says() -> None:
    some = made(10, np.linspace(0.5, 0.95, 8)[:, None])
    model = estimate(some.answers, some.world).model
    log_q = model.start(0)
    for person, choice in ((7, 2), (0, 1), (7, 2)):
        log_q = model.step(log_q, person, 0, choice)
    by_hand = model.prior[0] * model.confusion[7, 0, :, 2] ** 2 * model.confusion[0, 0, :, 1]
    assert np.exp(log_q) / np.exp(log_q).sum() == pytest.approx(by_hand / by_hand.sum())
    assert log_q.max() == 0


@pytest.mark.parametrize("choices", [1, 101])
def test_too_few_or_too_many_choices_are_refused(choices: int) -> None:
    with pytest.raises(ValueError, match="2 to 100"):
        estimate(
            Answers(*(np.zeros(0, dtype=np.intp),) * 3, np.zeros(0)), World(1, choices, 1, np.zeros(1, dtype=np.intp))
        )
