"""The queue of `bench/routing.py` is the one that ROUTING.md's figures come from, and the product keeps its word in it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from routing.weights import POLICY, Policy

pytest.importorskip("numpy")

BENCH = str(Path(__file__).parents[2] / "bench")
LOAD, HOURS = 0.9, 10.0
FIGURES = (
    "sla", "accuracy", "wait_minutes", "longest_wait_minutes", "expert_time_on_easy", "pay_per_1000_correct", "value", "starved",
)  # fmt: skip

MEASURED = {
    ("FirstInFirstOut", 0): (0.817426, 0.722749, 28.346535, 51.281091, 0.360298, 193.020008, 0.546217, 0.140007),
    ("FirstInFirstOut", 1): (0.850528, 0.732231, 21.530807, 44.50186, 0.362201, 187.381594, 0.586245, 0.088866),
    ("RoutingSteps", 0): (0.824742, 0.765798, 25.682788, 47.992056, 0.236207, 179.711828, 0.594135, 0.125707),
    ("RoutingSteps", 1): (0.850187, 0.77702, 21.683016, 43.576333, 0.240015, 175.77692, 0.627612, 0.082397),
    ("greedy", 0): (0.930163, 0.79689, 16.321378, 393.882519, 0.250533, 166.282777, 0.75765, 0.049884),
    ("greedy", 1): (0.938351, 0.801414, 12.538439, 366.859517, 0.289078, 161.733893, 0.76746, 0.042575),
    ("prototype", 0): (1.0, 0.823372, 17.130617, 54.970151, 0.087357, 156.577218, 0.822406, 0.0),
    ("prototype", 1): (1.0, 0.830176, 12.964226, 48.081743, 0.071806, 152.674346, 0.829034, 0.0),
}
"""Of the simulation that ROUTING.md's table was made with, at load 0.9 over ten hours: by way and seed."""


@pytest.fixture(scope="module")
def bench() -> Iterator[tuple[ModuleType, ModuleType]]:
    sys.path.append(BENCH)
    try:
        import _dispatchers
        import _world

        yield _world, _dispatchers
    finally:
        sys.path.remove(BENCH)


def dispatcher(by: Any, name: str, world: Any) -> Any:
    if name == "greedy":
        return by.Pairwise(world, 0.0, 0.0)
    if name == "prototype":
        return by.ProductByTask(world, Policy(), by.MOST_COMPARED)
    return getattr(by, name)(world)


@pytest.mark.parametrize(("name", "seed"), MEASURED)
def test_the_same_seed_gives_the_figures_of_the_original(
    bench: tuple[ModuleType, ModuleType], name: str, seed: int
) -> None:
    """The prototype's row is the product's functions under ROUTING.md's weights: they compute what was measured."""
    queue, by = bench
    world = queue.World(seed, LOAD, HOURS)
    outcome = queue.run(world, dispatcher(by, name, world))
    assert [getattr(outcome, figure) for figure in FIGURES] == pytest.approx(MEASURED[name, seed], abs=1e-6)


@pytest.mark.parametrize("load", [0.7, 0.9, 1.1])
def test_nobody_is_free_while_a_task_starves(bench: tuple[ModuleType, ModuleType], load: float) -> None:
    queue, by = bench
    world = queue.World(2, load, HOURS)
    assert queue.run(world, by.Product(world, POLICY)).left_waiting == 0


def test_what_is_left_waiting_is_counted(bench: tuple[ModuleType, ModuleType]) -> None:
    queue, by = bench
    world = queue.World(0, LOAD, HOURS)
    assert queue.run(world, by.Pairwise(world, 0.0, 0.0)).left_waiting > 0, "greedy fit leaves hard tasks until it must"
