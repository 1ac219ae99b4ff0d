"""How much is looked at for a promise, the guard that trusts nobody, and the sum that finds a rogue."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import breaker
from routing.sampling import (
    Promise,
    Seen,
    Tally,
    cost,
    crowd_of,
    expected,
    fewest_escaped,
    gain,
    most_escaped,
    outgoing,
    shares,
)

GOOD, BAD = ("good", "law|3"), ("bad", "law|3")


@given(chance=st.floats(0.02, 0.99), part=st.floats(0.05, 0.95))
def test_a_defect_is_a_fair_game_for_the_guard(chance: float, part: float) -> None:
    """Seen or not, it neither gains nor loses on average: all that Ville's inequality asks for."""
    rate = -math.log1p(-chance) * part
    assert (1 - chance) * math.exp(rate) + chance * math.exp(-cost(chance, rate)) == pytest.approx(1)
    assert (1 - chance) * math.exp(-rate) + chance * math.exp(gain(chance, rate)) == pytest.approx(1)


def test_the_guard_holds_whatever_the_authors_do() -> None:
    """Defects come exactly when little is looked at; the bounds are asked at every moment."""
    wrong = 0
    for seed in range(60):
        rng, found, escaped, bad = random.Random(seed), dict[int, int](), 0, False
        for n in range(1, 600):
            percent = rng.choice([10, 20, 50, 100])
            if percent <= 20 and rng.random() < 0.3:
                if rng.random() < percent / 100:
                    found[percent] = found.get(percent, 0) + 1
                else:
                    escaped += 1
            if n % 50 == 0:
                seen = Seen(n, found, 10)
                bad |= not fewest_escaped(seen, 0.9) <= escaped <= most_escaped(seen, 0.9)
        wrong += bad
    assert wrong <= 6, "one in ten at most, by far"


def test_bad_work_is_looked_at_and_good_work_a_little() -> None:
    tallies = {GOOD: Tally(200, 1, 300, 100), BAD: Tally(200, 60, 0, 100)}
    seen, promise = Seen(700, {10: 1}, 10), Promise(defects=0.05)
    found = shares(seen, tallies, promise)
    assert found[GOOD] == promise.floor
    assert found[BAD] > 0.5
    broken = shares(seen, tallies | {GOOD: Tally(200, 40, 300, 100)}, promise)
    assert set(broken.values()) == {1.0}, "where the promise may be broken, everything is looked at"
    guarded = shares(Seen(700, {10: 20}, 10), tallies, promise)
    assert set(guarded.values()) == {1.0}, "the guard alone is enough"


def test_what_is_expected_is_shrunk_as_far_as_people_are_alike() -> None:
    alike = [(100.0, 10.0 + n % 3) for n in range(30)]
    apart = [(100.0, 40.0 if n % 4 == 0 else 1.0) for n in range(30)]
    assert crowd_of(alike).weight > 10 * crowd_of(apart).weight
    tallies = {(n, "law|3"): Tally(looks, defects) for n, (looks, defects) in enumerate(apart)}
    risks = expected(tallies | {(0, "tax|3"): Tally(0, 0), (99, "law|3"): Tally(0, 0)})
    assert (
        risks[0, "law|3"].mean
        > 0.3
        > risks[0, "tax|3"].mean - 0.2
        > risks[99, "law|3"].mean - 0.2
        > risks[1, "law|3"].mean - 0.2
    )
    said = outgoing(Seen(1000, {}, 100), {GOOD: Tally(1000, 20)}, 0.95)
    assert said.estimate == said.upper == said.surely_most == 0.0, "everything was looked at"


def test_a_rogue_is_held_and_a_strict_reviewer_of_bad_authors_is_not() -> None:
    assert breaker.summed([(0.1, True)] * 12) > breaker.LIMIT
    assert breaker.summed([(0.6, n % 5 > 0) for n in range(200)]) < breaker.LIMIT, "bad authors explain it"
    burst = breaker.summed([(0.1, False)] * 1000 + [(0.1, True)] * 12)
    assert burst == breaker.summed([(0.1, True)] * 12), "a long good record buys no burst"
