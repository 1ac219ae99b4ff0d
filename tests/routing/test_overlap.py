"""The value of an answer, the temperature, and when a task has answers enough."""

import math
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.consensus import Floats
from routing.overlap import (
    SAMPLE_SHARE,
    Stopping,
    Wanted,
    calibrated,
    expected_error,
    fitted_temperature,
    in_sample,
    sample_helps,
    score,
    wanted,
    worth,
)


def rows(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.dirichlet(np.full(shape[-1], 0.5), shape[:-1])


def entropy(p: Floats) -> float:
    return -sum(x * math.log(x) for x in p if x > 0)


@given(seed=st.integers(0, 2**32), choices=st.integers(2, 6))
def test_an_answer_never_takes_information_away(seed: int, choices: int) -> None:
    rng = np.random.default_rng(seed)
    gained = worth(rows(rng, 20, choices), rows(rng, 20, choices, choices))
    assert gained.information.min() >= -1e-9
    assert gained.accuracy.min() >= -1e-9


@given(seed=st.integers(0, 2**32))
def test_the_worth_is_the_expectation_over_answers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, confusion = rows(rng, 1, 3)[0], rows(rng, 3, 3)
    said = q @ confusion
    after = [q * confusion[:, answer] / said[answer] for answer in range(3)]
    gained = worth(q[None], confusion[None])
    assert gained.accuracy[0] == pytest.approx(sum(said[a] * after[a].max() for a in range(3)) - q.max(), abs=1e-9)
    assert gained.information[0] == pytest.approx(
        entropy(q) - sum(said[a] * entropy(after[a]) for a in range(3)), abs=1e-9
    )


def test_who_is_always_right_is_worth_most_and_a_coin_nothing() -> None:
    q = np.array([[0.5, 0.3, 0.2]])
    perfect, good, coin = (worth(q, one_coin(accuracy)) for accuracy in (1.0, 0.8, 1 / 3))
    assert perfect.information[0] == pytest.approx(entropy(q[0]))
    assert perfect.accuracy[0] == pytest.approx(0.5)
    assert perfect.information > good.information > coin.information
    assert coin.information[0] == pytest.approx(0, abs=1e-12)
    assert score(perfect) > score(good) > score(coin)


def one_coin(accuracy: float) -> Floats:
    off = (1 - accuracy) / 2
    return np.array([np.full((3, 3), off) + (accuracy - off) * np.eye(3)])


def test_unequal_pay_is_measured_by_information_too() -> None:
    """A vote that cannot turn the decision has no accuracy to sell, and still tells something."""
    sure = np.array([[0.9, 0.05, 0.05]])
    weak = worth(sure, one_coin(0.6))
    assert weak.accuracy[0] == pytest.approx(0)
    assert score(weak, 1.0)[0] > 0
    assert score(weak, 3.0)[0] == pytest.approx(score(weak, 1.0)[0] / 3)


def test_where_pay_differs_an_answer_that_decides_comes_before_one_that_only_tells_more() -> None:
    fresh = worth(np.full((1, 3), 1 / 3), one_coin(0.5))
    settled = worth(np.array([[0.8, 0.1, 0.1]]), one_coin(0.65))
    assert settled.accuracy[0] == pytest.approx(0)
    assert settled.information[0] > 1.5 * fresh.information[0]
    assert score(fresh, 1.0)[0] > score(settled, 1.0)[0]
    assert score(fresh, 6.0)[0] < score(settled, 1.0)[0]


def test_where_pay_differs_who_settles_a_task_comes_before_a_cheap_vote_that_leaves_it_open() -> None:
    """Accuracy per unit of pay buys the vote, although the expert has to come in the end; where nobody settles it, the vote is right."""
    open_task = np.full((1, 2), 1 / 2)
    for vote, expert, expert_first in ((0.73, 0.97, True), (0.57, 0.69, False)):
        cheap, dear = (
            worth(open_task, np.array([[[right, 1 - right], [1 - right, right]]])) for right in (vote, expert)
        )
        assert cheap.doubt[0] == pytest.approx(math.log(2))
        assert dear.accuracy[0] / 3 < cheap.accuracy[0]
        assert (score(dear, 3.0)[0] > score(cheap, 1.0)[0]) == expert_first


def test_a_settled_task_has_no_share_of_doubt_to_pay_for() -> None:
    settled = worth(np.array([[1.0, 0.0, 0.0]]), one_coin(0.9))
    assert score(settled, 3.0)[0] == pytest.approx(0)


@given(seed=st.integers(0, 2**32), temperature=st.floats(0.05, 3))
def test_calibrating_keeps_the_order_and_sums_to_one(seed: int, temperature: float) -> None:
    q = rows(np.random.default_rng(seed), 10, 4)
    cooled = calibrated(q, temperature)
    assert cooled.sum(1) == pytest.approx(1)
    assert (cooled.argmax(1) == q.argmax(1)).all()
    if temperature < 1:
        assert (cooled.max(1) <= q.max(1) + 1e-9).all()


def overconfident(seed: int, tasks: int, kept: float) -> tuple[Floats, np.ndarray]:
    """Posteriors that claim `kept` times as much on the log scale as they keep."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet([0.6, 0.6, 0.6], tasks)
    truth = np.array([rng.choice(3, p=p) for p in honest])
    return np.log(honest) / kept, truth


@pytest.mark.parametrize("kept", [0.4, 0.6, 1.0])
def test_the_temperature_is_found_and_mends_the_calibration(kept: float) -> None:
    log_q, truth = overconfident(3, 4000, kept)
    claimed = np.exp(log_q - log_q.max(1, keepdims=True))
    claimed /= claimed.sum(1, keepdims=True)
    temperature = fitted_temperature(log_q[:1500], truth[:1500])
    assert temperature == pytest.approx(kept, rel=0.12)
    before = expected_error(claimed[1500:], truth[1500:])
    after = expected_error(calibrated(claimed[1500:], temperature), truth[1500:])
    assert after < 0.03
    if kept < 1:
        assert after < before / 2


def test_without_reviews_the_prior_speaks_and_a_few_move_it_a_little() -> None:
    log_q, truth = overconfident(4, 400, 0.25)
    nothing = fitted_temperature(log_q[:0], truth[:0])
    few, many = fitted_temperature(log_q[:5], truth[:5]), fitted_temperature(log_q, truth)
    assert nothing == pytest.approx(0.7)
    assert abs(math.log(few / 0.7)) < abs(math.log(many / 0.7))


@given(
    seed=st.integers(0, 2**32),
    answers=st.integers(0, 6),
    low=st.floats(0.3, 1),
    high=st.floats(0.3, 1),
    gain=st.floats(0, 0.2),
)
def test_a_higher_target_never_stops_earlier(seed: int, answers: int, low: float, high: float, gain: float) -> None:
    q = rows(np.random.default_rng(seed), 1, 3)[0]
    low, high = sorted((low, high))
    asks = [
        wanted(q, answers, Stopping(target=target, least=1, most=5), gain=gain, pay=0.05).another
        for target in (low, high)
    ]
    assert asks[0] <= asks[1]


@pytest.mark.parametrize(
    ("q", "answers", "gain", "expected"),
    [
        ([0.98, 0.02], 0, math.inf, Wanted(True, "below_least", 0.94)),
        ([0.98, 0.02], 1, math.inf, Wanted(False, "sure", 0.94)),
        ([0.8, 0.2], 1, math.inf, Wanted(True, "unsure", 0.73)),
        ([0.8, 0.2], 3, math.inf, Wanted(False, "most_answers", 0.73)),
        ([0.8, 0.2], 1, 0.04, Wanted(False, "not_worth_its_pay", 0.73)),
        ([0.8, 0.2], 1, 0.06, Wanted(True, "unsure", 0.73)),
    ],
)
def test_when_one_more_is_wanted(q: list[float], answers: int, gain: float, expected: Wanted) -> None:
    found = wanted(np.array(q), answers, Stopping(), gain=gain, task_value=1.0, pay=0.05)
    assert found[:2] == expected[:2]
    assert found.sure == pytest.approx(expected.sure, abs=0.005)


def test_the_sample_is_a_twelfth_of_any_tasks_and_only_where_domains_are_told_apart() -> None:
    assert sum(in_sample(str(UUID(int=n))) for n in range(20_000)) / 20_000 == pytest.approx(SAMPLE_SHARE, abs=0.008)
    assert in_sample("a task") == in_sample("a task")
    assert sample_helps(2, 0.0)
    assert not sample_helps(1, 0.0), "one domain"
    assert not sample_helps(6, 4.0), "everybody is known from exams"
