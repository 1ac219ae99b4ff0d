"""Severity is told apart from bad luck with authors, shrinks where little was seen, and its intervals hold what they say."""

import numpy as np
import pytest

from routing.severity import severities


def world(seed: int, looks: int, *, mislead: bool) -> tuple[list[tuple[str, str, bool]], dict[str, float]]:
    """Reviewers of known severity; `mislead`: who is stricter is given the better authors, so that raw rates mislead."""
    reviewers = 12
    random = np.random.default_rng(seed)
    strict = np.sort(random.normal(0, 0.8, reviewers))
    strict -= strict.mean()
    authors = np.sort(random.normal(0, 1.2, 40))[::-1]
    rows = []
    for n, own in enumerate(strict):
        start = round(n / reviewers * 20)
        for author in random.integers(start, start + 20, looks) if mislead else random.integers(0, 40, looks):
            chance = 1 / (1 + np.exp(-(-0.7 + own + authors[author])))
            rows.append((f"r{n:02}", f"a{author:02}", bool(random.random() < chance)))
    return rows, {f"r{n:02}": float(own) for n, own in enumerate(strict)}


def test_whose_work_they_saw_is_taken_into_account() -> None:
    rows, truth = world(1, 400, mislead=True)
    found = severities(rows)
    names = sorted(truth)
    raw = [np.mean([bad for who, _, bad in rows if who == name]) for name in names]
    true = [truth[name] for name in names]
    adjusted = float(np.corrcoef([found[name].logit for name in names], true)[0, 1])
    assert adjusted > 0.9
    assert adjusted > float(np.corrcoef(raw, true)[0, 1]) + 0.1


def test_intervals_hold_the_truth() -> None:
    for looks, mislead in ((60, False), (200, True)):
        held = []
        for seed in range(12):
            rows, truth = world(seed, looks, mislead=mislead)
            found = severities(rows)
            held += [found[name].low <= truth[name] <= found[name].high for name in truth]
        assert np.mean(held) > 0.92


def test_little_says_little() -> None:
    rows = [("many", f"a{n % 10}", n % 2 == 0) for n in range(200)] + [("few", f"a{n}", True) for n in range(3)]
    rows += [(f"other{k}", f"a{n % 10}", n % 2 == 0) for k in range(4) for n in range(100)]
    found = severities(rows)
    assert found["few"].low < 0 < found["few"].logit < 1.5
    assert found["few"].high - found["few"].low > found["many"].high - found["many"].low
    assert found["few"].odds == pytest.approx(np.exp(found["few"].logit))
    assert severities(rows[:200]) == {}, "strict beside whom?"
    assert severities([]) == {}
    same = severities([("x", "a", False), ("y", "a", False)])
    assert same["x"].logit == pytest.approx(same["y"].logit)
