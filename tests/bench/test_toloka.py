"""Toloka's dynamic overlap, held to the two examples of its documentation."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCH)])


def test_confidence_is_what_the_documentation_works_out() -> None:
    """Values OK, BAD and 404; people of .7 and .9 who agree are 97.7 sure; who differ, 76.1 of the better one's."""
    from _toloka import tallied

    agreed = tallied(np.array([0, 0]), np.array([0, 0]), np.array([0.7, 0.9]), np.array([3]), 3)
    assert agreed.confidence() == pytest.approx([0.977], abs=0.001)
    differ = tallied(np.array([0, 0]), np.array([0, 1]), np.array([0.7, 0.9]), np.array([3]), 3)
    assert differ.confidence() == pytest.approx([0.761], abs=0.001)
    assert differ.votes[0].argmax() == 1


def test_who_wants_more_confidence_pays_for_it_and_is_right_more_often() -> None:
    from _toloka import GOLD_ITEMS, dynamic_overlap
    from _worlds import MIXED, NYU, crowd_log

    for crowd in (NYU, MIXED):
        log = crowd_log(crowd, np.random.default_rng(1))
        loose, firm = (dynamic_overlap(log, enough, np.random.default_rng(1)) for enough in (0.85, 0.99))
        assert 2 + GOLD_ITEMS * log.people / log.tasks * 0.9 < loose.answers < firm.answers
        assert firm.accuracy > loose.accuracy + 0.005
