"""Alpha on the worked example that is published with it, and on what can be worked out by hand."""

import pytest

from routing.alpha import Metric, kendall_u, krippendorff, strengths

FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example D: four observers, twelve units, gaps."""
TWELVE_UNITS = [[float(one) for one in unit if one is not None] for unit in zip(*FOUR_OBSERVERS, strict=True)]


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_published_example(metric: Metric, published: float) -> None:
    found = krippendorff(TWELVE_UNITS, metric)
    assert found.value == pytest.approx(published, abs=0.0005)
    assert found.units == 11, "the unit that one person judged is compared with nothing"
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high <= 1


def test_binary_example() -> None:
    """Example A of the same source: two observers, ten units, 0.095."""
    meg, owen = "0100000000", "1110010010"
    units = [list(pair) for pair in zip(meg, owen, strict=True)]
    assert krippendorff(units, "nominal").value == pytest.approx(0.095, abs=0.0005)


def test_nothing_to_say() -> None:
    assert krippendorff([["a"], ["b"]], "nominal").value is None
    assert krippendorff([["a", "a"], ["a", "a"]], "nominal").value is None, "without variation agreement is no merit"
    alone = krippendorff([["a", "a"], ["b", "b"]], "nominal")
    assert (alone.value, alone.low, alone.pairs) == (1.0, None, 2)


def test_orders_of_preference() -> None:
    same, turned = [["a"], ["b"], ["c"]], [["c"], ["b"], ["a"]]
    assert kendall_u([[same, same], [same, same]]).value == 1
    assert kendall_u([[same, turned]]).value == -1
    # One of three pairs differs: tau = (2 - 1) / 3; a tie agrees with neither side.
    assert kendall_u([[same, [["a"], ["c"], ["b"]]]]).value == pytest.approx(1 / 3, abs=1e-6)
    assert kendall_u([[same, [["a"], ["b", "c"]]]]).value == pytest.approx(2 / 3, abs=1e-6)
    assert kendall_u([[same]]).value is None


def test_strengths_follow_the_preferences() -> None:
    found = strengths([[["a"], ["b"], ["c"]], [["a"], ["c"], ["b"]], [["a"], ["b"], ["c"]]])
    assert sum(found.values()) == pytest.approx(1)
    assert found["a"] > found["b"] > found["c"] > 0
    two = strengths([[["a"], ["b"]]] * 3)
    # Three wins and half a win each way: 3.5 to 0.5.
    assert two["a"] / two["b"] == pytest.approx(7, rel=1e-6)
    assert strengths([]) == {}
