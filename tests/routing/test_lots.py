"""Plans of acceptance against what the standard prints, and against what its numbers must mean."""

import math
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from routing import lots
from routing.lots import AQLS, LETTERS, SAMPLE_SIZES, Plan, chance_accepted, characteristic, code_letter, plan, table

PRINTED = {
    # As printed in the standard: lot size, level, AQL → letter, sample, acceptance number.
    (8, "II", 6.5): ("A", 2, 0), (30, "II", 1.0): ("E", 13, 0), (500, "II", 1.0): ("H", 50, 1),
    (1000, "II", 1.0): ("J", 80, 2), (1000, "II", 2.5): ("J", 80, 5), (1000, "II", 4.0): ("J", 80, 7),
    (1000, "II", 0.65): ("J", 80, 1), (1000, "II", 0.25): ("H", 50, 0), (1000, "II", 0.4): ("K", 125, 1),
    (3200, "II", 1.0): ("K", 125, 3), (3201, "II", 1.0): ("L", 200, 5), (10_001, "II", 1.0): ("M", 315, 7),
    (40_000, "II", 4.0): ("M", 315, 21), (40_000, "II", 10.0): ("K", 125, 21), (280, "I", 2.5): ("F", 20, 1),
    (280, "III", 2.5): ("H", 50, 3), (1200, "S-3", 2.5): ("F", 20, 1), (1200, "S-4", 4.0): ("F", 20, 2), (20, "II", 10.0): ("C", 5, 1),
    (5, "II", 10.0): ("C", 5, 1), (150_000, "II", 0.065): ("P", 800, 1),
}  # fmt: skip

EXPECTED = {0: 0.87, 1: 0.90, 2: 0.945, 3: 0.955, 5: 0.975, 7: 0.98, 10: 0.98, 14: 0.975, 21: 0.98}
"""Acceptance number → the least chance of work at the AQL; all lie within 0.03 above it."""


def test_plans_are_those_that_are_printed() -> None:
    for (size, level, aql), printed in PRINTED.items():
        found = plan(size, level, aql)  # type: ignore[arg-type]
        assert (found.letter, SAMPLE_SIZES[LETTERS.index(found.letter)], found.accept) == printed, (size, level, aql)
    assert plan(5, "II", 10.0) == Plan("C", 5, 1, all=True)
    assert plan(30, "II", 0.065) == Plan("L", 30, 0, all=True)


def test_over_the_whole_table_work_at_the_aql_is_accepted_as_often_as_the_standard_means() -> None:
    """Of the producer's side: 87 % with the smallest samples to 99 % with the largest; arrows included."""
    seen: dict[int, list[float]] = {}
    for letter in LETTERS:
        for aql in AQLS:
            to, accept = table(letter, aql)
            n, p = SAMPLE_SIZES[LETTERS.index(to)], aql / 100
            chance = sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(accept + 1))
            assert 0.87 < chance < 0.997, (letter, aql, to, accept, chance)
            seen.setdefault(accept, []).append(chance)
            assert table(to, aql) == (to, accept), "an arrow leads to a plan, not to another arrow"
    assert sorted(seen) == [0, 1, 2, 3, 5, 7, 10, 14, 21]
    low = {accept: min(found) for accept, found in seen.items()}
    assert all(low[accept] > least for accept, least in EXPECTED.items()), low
    assert all(max(found) < EXPECTED[accept] + 0.03 for accept, found in seen.items())
    assert all(max(found) - min(found) < 0.02 for found in seen.values()), "each number is one diagonal"


def test_the_rows_of_code_letters_never_fall() -> None:
    assert all(len(row) == len(lots.SIZES_UP_TO) + 1 for row in lots.CODE_LETTERS.values())
    for size in (*lots.SIZES_UP_TO, 500_001):
        found = [LETTERS.index(code_letter(size, level)) for level in lots.LEVELS]
        assert found == sorted(found), (size, found)
    assert all(list(row) == sorted(row) for row in lots.CODE_LETTERS.values())


@given(
    st.integers(2, 3000),
    st.sampled_from(lots.LEVELS),
    st.sampled_from(AQLS),
)
def test_the_characteristic_falls_from_certainty(size: int, level: lots.Level, aql: float) -> None:
    chosen = plan(size, level, aql)
    chances = [point.accepted for point in characteristic(size, chosen)]
    assert math.isclose(chances[0], 1.0, abs_tol=1e-9)
    assert all(a >= b - 1e-9 for a, b in pairwise(chances))
    if chosen.all:
        fewest = lots.fewest_refused(size, chosen)
        assert fewest == min(size, chosen.accept + 1)


def test_the_chance_is_the_hypergeometric_one() -> None:
    exact = sum(math.comb(10, k) * math.comb(90, 20 - k) for k in range(3)) / math.comb(100, 20)
    assert math.isclose(chance_accepted(100, 10, Plan("F", 20, 2)), exact, rel_tol=1e-9)


def test_one_defect_too_many_decides_at_once() -> None:
    chosen = Plan("J", 80, 2)
    assert [lots.decided(chosen, 79, 2), lots.decided(chosen, 80, 2), lots.decided(chosen, 3, 3)] == [
        "open",
        "accepted",
        "sent_back",
    ]


def test_a_sample_can_be_repeated_and_not_foreseen() -> None:
    pieces = [UUID(int=n) for n in range(400)]
    seed = lots.digest((one, one.bytes) for one in pieces)
    first = lots.draw(pieces, 50, seed, b"k")
    assert first == lots.draw(reversed(pieces), 50, lots.digest((one, one.bytes) for one in pieces[::-1]), b"k")
    assert len({*first} & {*lots.draw(pieces, 50, seed, b"other")}) < 20
    assert len(set(first)) == 50
