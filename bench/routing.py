"""Who gets what next: the product's scoring in a seeded queue, beside the ways of the field, at loads 0.7, 0.9 and 1.0.

Every way meets the same worlds (`_world.py`): the same people, arrivals and difficulties. Goals are those of ROUTING.md
(G4); the figures are means over the seeds, with their standard deviation from seed to seed. Needs numpy; scipy for the
assignments and the prices (`_prices.py`). With a log of real answers, the consensus is replayed on it as well (G1 to G3, `bench/overlap.py`).
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from multiprocessing import Pool
from statistics import fmean, stdev
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from _form import Goal, Options, main

from routing.lanes import Lane
from routing.scoring import score
from routing.weights import Policy
from skills.belief import LEVEL_CENTRES, Belief
from skills.profiles import Profile

if TYPE_CHECKING:  # numpy comes with a run, not with --help
    from _world import Outcome, World

LOADS = (0.7, 0.9, 1.0)
SEEDS, SEEDS_QUICK = 5, 3
PRODUCT, FIFO, STEPS, GREEDY = (
    "the product",
    "FIFO, longest idle",
    "routing steps (Connect-like)",
    "greedy fit, no ageing",
)
EVERY_SECONDS = 30.0
SCORES_TIMED = 20_000


class Way(NamedTuple):
    dispatcher: Callable[["World"], Any]
    quick: bool = False
    """Also in the quick form: what the goals compare with."""
    every_seconds: float | None = None


def ways() -> dict[str, Way]:
    import _dispatchers as by

    found = {
        FIFO: Way(by.FirstInFirstOut, quick=True),
        "most skilled first": Way(by.MostSkilled),
        "least flexible first": Way(by.LeastFlexible),
        STEPS: Way(by.RoutingSteps, quick=True),
        GREEDY: Way(lambda world: by.Pairwise(world, 0.0, 0.0), quick=True),
        "fit and ageing": Way(lambda world: by.Pairwise(world, 2.0, 0.0)),
    }
    if find_spec("scipy"):
        found["assignment at every event"] = Way(lambda world: by.Pairwise(world, 2.0, 0.25, assign=True))
        found["assignment every 30 s"] = Way(
            lambda world: by.Pairwise(world, 2.0, 0.25, assign=True), every_seconds=EVERY_SECONDS
        )
        import _prices

        found["LP prices for the reserve"] = Way(lambda world: _prices.Priced(world, "instead"))
        found["LP prices and the reserve"] = Way(lambda world: _prices.Priced(world, "beside"))
    return found | {
        "prototype's weights": Way(lambda world: by.ProductByTask(world, Policy(), by.MOST_COMPARED)),
        PRODUCT: Way(by.Product, quick=True),
        "product, one head a lane": Way(lambda world: by.Product(world, one_head=True)),
        "product, task by task": Way(by.ProductByTask),
    }


def one(job: tuple[str, float, int]) -> "Outcome":
    from _world import World, run

    name, load, seed = job
    way, world = ways()[name], World(seed, load)
    return run(world, way.dispatcher(world), way.every_seconds)


def compare(names: Sequence[str], seeds: Sequence[int]) -> dict[tuple[float, str], list["Outcome"]]:
    """The outcomes of all seeds, in their order, by load and way."""
    jobs = [(name, load, seed) for load in LOADS for name in names for seed in seeds]
    with Pool(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) as pool:
        outcomes = pool.map(one, jobs, chunksize=1)
    found: dict[tuple[float, str], list[Outcome]] = {}
    for (name, load, _), outcome in zip(jobs, outcomes, strict=True):
        found.setdefault((load, name), []).append(outcome)
    return found


COLUMNS = (
    ("SLA", "sla", 6, 4), ("right", "accuracy", 6, 4), ("hard", "accuracy_of_hard", 5, 3), ("wait", "wait_minutes", 5, 1),
    ("longest", "longest_wait_minutes", 7, 1), ("easy", "expert_time_on_easy", 5, 3), ("pay", "pay_per_1000_correct", 6, 1),
    ("value", "value", 6, 4), ("starved", "starved", 7, 4), ("left", "left_waiting", 5, 1),
)  # fmt: skip
"""Heading, figure, width and decimals. Waits in minutes; easy: share of the experts' time; pay: hours per 1,000 right."""


def show(found: dict[tuple[float, str], list["Outcome"]]) -> None:
    print(f"{'':<34}" + " ".join(f"{heading:>{width}}" for heading, _, width, _ in COLUMNS))
    for (load, name), outcomes in found.items():
        _row(f"{load:.1f} {name}", outcomes, fmean)
        if name == PRODUCT:
            _row("    standard deviation", outcomes, stdev)


def _row(name: str, outcomes: Sequence["Outcome"], of: Callable[[list[float]], float]) -> None:
    figures = (
        f"{of([float(getattr(outcome, figure)) for outcome in outcomes]):>{width}.{decimals}f}"
        for _, figure, width, decimals in COLUMNS
    )
    print(f"{name:<34}" + " ".join(figures))


def microseconds_per_score() -> float:
    """Of one person and one lane, everything worked out anew."""
    names = ("general", "finance", "law", "medicine", "technology")
    skills = {name: Belief(0.2 * n, 0.1) for n, name in enumerate(names)}
    person = Profile(UUID(int=1), "P", None, "active", None, 3, ["annotator"], {"en": 4}, skills, [])
    lanes = [
        Lane(UUID(int=2), "annotation", 0, name, "en", band + 1, 1, "annotator", required_credential=False)
        for name in names
        for band in range(len(LEVEL_CENTRES))
    ]
    best = float("inf")
    for _ in range(3):
        begun = perf_counter()
        for n in range(SCORES_TIMED):
            score(person, lanes[n % len(lanes)], float(n), 3600, pay=1.0)
        best = min(best, (perf_counter() - begun) / SCORES_TIMED)
    return best * 1e6


def measure(options: Options) -> list[Goal]:
    if options.path is None:
        return queue(options)
    import _replay

    return queue(options) + _replay.measure(options, [options.path])


def queue(options: Options) -> list[Goal]:
    """The simulated queue alone."""
    seeds = range(options.seed, options.seed + (SEEDS_QUICK if options.quick else SEEDS))
    names = [name for name, way in ways().items() if way.quick or not options.quick]
    found = compare(names, seeds)
    show(found)

    def mean(load: float, figure: str, name: str = PRODUCT) -> float:
        return fmean(getattr(outcome, figure) for outcome in found[load, name])

    def against(load: float, figure: str, other: str) -> float:
        return mean(load, figure) / mean(load, figure, other)

    left = sum(outcome.left_waiting for load in LOADS for outcome in found[load, PRODUCT])
    return [
        Goal("load 0.9: begun within the SLA", mean(0.9, "sla"), 0.985, "share"),
        Goal("load 0.9: more right than routing steps", mean(0.9, "accuracy") - mean(0.9, "accuracy", STEPS), 0.036, "share"),
        Goal("load 0.9: expert time on easy work against routing steps", against(0.9, "expert_time_on_easy", STEPS), 0.35, "ratio", at_most=True),
        Goal("load 0.9: pay per right answer against routing steps", against(0.9, "pay_per_1000_correct", STEPS), 0.89, "ratio", at_most=True),
        Goal("load 0.9: longest wait against first in, first out", against(0.9, "longest_wait_minutes", FIFO), 1.1, "ratio", at_most=True),
        Goal("load 0.9: starved", mean(0.9, "starved"), 0.001, "share", at_most=True),
        Goal("load 0.7: right", mean(0.7, "accuracy"), 0.838, "share"),
        Goal("load 0.7: pay per 1,000 right", mean(0.7, "pay_per_1000_correct"), 148.0, "hours", at_most=True),
        Goal("load 1.0: value in time against greedy fit", against(1.0, "value", GREEDY), 1.0, "ratio"),
        Goal("load 1.0: starved against greedy fit", against(1.0, "starved", GREEDY), 0.5, "ratio", at_most=True),
        Goal("load 1.0: longest wait against greedy fit", against(1.0, "longest_wait_minutes", GREEDY), 0.25, "ratio", at_most=True),
        Goal("tasks beyond twice their SLA while somebody was free", left, 0, "tasks", at_most=True),
        Goal("one person and one lane, scored", microseconds_per_score(), 30.0, "µs", at_most=True),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(
        main(__doc__ or "", measure, path="log of real answers to be replayed as well: worker, task, answer, truth")
    )
