"""What closed tasks say about the next one: found again where it is known, assumed where nothing was seen."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.belief import Belief, Gain, difficulty_updated, sigmoid, times
from skills.difficulty import IMAGINARY_TASKS, prior_from_history, seen_of

beliefs = st.builds(Belief, st.floats(-4, 4), st.floats(0.1, 4))
gains = st.builds(lambda precision, at: Gain(precision, precision * at), st.floats(0, 5), st.floats(-5, 5))


@given(beliefs)
def test_without_history_what_is_assumed_stands(assumed: Belief) -> None:
    assert prior_from_history([], assumed) == assumed


@given(beliefs, gains)
def test_what_was_seen_of_a_task_is_what_moved_it(prior: Belief, seen: Gain) -> None:
    now = times(prior, seen)
    found = seen_of(prior, now)
    assert found.precision == pytest.approx(seen.precision, abs=1e-6)
    assert found.shift == pytest.approx(seen.shift, abs=1e-6)


@given(st.lists(gains, min_size=1, max_size=8), beliefs)
def test_the_order_of_the_tasks_does_not_matter(seen: list[Gain], assumed: Belief) -> None:
    one, other = prior_from_history(seen, assumed), prior_from_history(seen[::-1], assumed)
    assert one.mean == pytest.approx(other.mean, abs=0.02)
    assert one.variance == pytest.approx(other.variance, rel=0.05, abs=0.02)


def test_tasks_of_which_nothing_was_seen_change_nothing() -> None:
    found = prior_from_history([Gain(0.0, 0.0)] * 20, Belief(1.0, 0.7))
    assert (found.mean, found.variance) == (pytest.approx(1.0), pytest.approx(0.7))


def test_a_few_tasks_are_shrunk_towards_what_is_assumed_and_many_are_not() -> None:
    assumed, sure = Belief(0.0, 1.0), Gain(1e6, 2e6)
    one = prior_from_history([sure], assumed)
    assert one.mean == pytest.approx(2.0 / (1 + IMAGINARY_TASKS), abs=1e-3)
    assert prior_from_history([sure] * 500, assumed).mean == pytest.approx(2.0, abs=0.05)
    assert prior_from_history([sure] * 500, assumed).variance < 0.15


@pytest.mark.parametrize(("mean", "sd"), [(-2.0, 1.2), (1.0, 1.0)])
def test_a_lanes_difficulties_are_found_from_the_answers_of_people(mean: float, sd: float) -> None:
    """300 tasks with eight answers each, the people known; nothing but the answers tells how hard the lane is."""
    draw, assumed = random.Random(5), Belief(0.0, 1.0)
    seen: list[Gain] = []
    prior = assumed
    for n in range(300):
        if n % 25 == 0:
            prior = prior_from_history(seen, assumed)
        actual, hard = draw.gauss(mean, sd), prior
        for _ in range(8):
            skill = Belief(draw.gauss(0, 1), 0.01)
            hard = difficulty_updated(skill, hard, float(draw.random() < sigmoid(skill.mean - actual)))
        seen.append(seen_of(prior, hard))
    found = prior_from_history(seen, assumed)
    assert found.mean == pytest.approx(mean, abs=0.3)
    assert found.variance == pytest.approx(sd * sd, rel=0.35)
