"""Prices of the linear programme in `bench/_prices.py`: nothing for what the optimum does, what it loses for the rest."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

BENCH = str(Path(__file__).parents[2] / "bench")


@pytest.fixture(scope="module")
def prices() -> Iterator[ModuleType]:
    sys.path.append(BENCH)
    try:
        import _prices

        yield _prices
    finally:
        sys.path.remove(BENCH)


def test_an_expert_is_dear_where_their_own_work_waits(prices: ModuleType) -> None:
    """One expert (hard .9, easy .9), one generalist (hard .4, easy .8), and more of both kinds than they can do."""
    worth = np.array([[0.9, 0.9], [0.4, 0.8]])
    per_person = prices.HORIZON_SECONDS / prices.MEAN_SERVICE_SECONDS
    both = prices.Prices(worth, np.array([1, 1]), np.array([per_person, per_person]), 1.0).lost
    assert both[0, 0] == pytest.approx(0.0)
    assert both[1, 1] == pytest.approx(0.0)
    # Swapped, the two bring 1.3 instead of 1.7; how the duals share the loss between the two pairs is free.
    assert both[0, 1] + both[1, 0] == pytest.approx(0.4)
    idle = prices.Prices(worth, np.array([1, 1]), np.array([0.0, per_person]), 1.0).lost
    assert idle[0, 1] == pytest.approx(0.0), "where nothing hard waits, an expert costs nothing"


def test_a_run_with_prices_gives_everything_out(prices: ModuleType) -> None:
    import _world

    world = _world.World(1, 0.9, 3.0)
    dispatcher = prices.Priced(world, "beside")
    outcome = _world.run(world, dispatcher)
    assert dispatcher.solutions > 100, "every minute"
    assert outcome.starved == 0
    assert outcome.left_waiting == 0
