"""Goals G1 to G3 of ROUTING.md: how many answers, and how much pay, the production estimate and choice save.

G1 on logs of real answers: how many answers per task it takes to be as often right as with 3 (5) answers of everybody
and a majority, beside QASCA with Dawid-Skene, and giving out in turn. G2 on a seeded crowd whose people differ by domain.
G3 on seeded crowds whose experts cost three times as much, and, for comparison, on the logs. Called by `bench/routing.py` and `bench/overlap.py`.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from _aggregators import Aggregator, Consensus, DawidSkene, Foreseen, Majority, Told
from _answer_log import Log, LogError, read
from _course import Chooser, Curve, by_accuracy, by_breadth, by_value, course, fixed, in_order, mean_curve
from _form import Goal, Options
from _paid import Way, bought, usual
from _toloka import CONFIDENCES, dynamic_overlap
from _worlds import MIXED, PAID, confusions, crowd_log, qualified, split

from routing.overlap import Stopping

LOG = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "events" / "nyu_mcqa.csv"
OVERLAPS = (3, 5)
WORST = {3: 0.80, 5: 0.65}
"""Of a single log (ROUTING.md section 8, G1)."""
GEO_MEAN = {3: 0.56, 5: 0.47}
"""Over the eleven logs; asked for as soon as there are three."""
LOGS_FOR_A_MEAN = 3
MOST = 3.6
"""Answers per task up to which a course goes; what has not been reached by then counts as not reached."""
OPERATED = Stopping(target=0.90, least=1, most=5)
REFERENCE_DRAWS = 10
"""Of the fixed overlap, per log: it is cheap, and everything is held against it."""


class Engine(NamedTuple):
    name: str
    estimate: Callable[[Log], Aggregator]
    choose: Chooser
    most: float = MOST


OURS = Engine("production", Consensus, by_value)
WHOLE = Engine("production without domains", lambda log: Consensus(log, whole=True), by_value)
QASCA = Engine("QASCA + DS", DawidSkene, by_accuracy)
TOLD = Engine("if the truth of whatever was answered were told, to measure people", Told, by_value)
FORESEEN = "if everybody's true confusion matrix were known"
"""What our reading and choice would do if they knew more than anybody can: printed beside, held against nothing."""
TURNS_MV = Engine("in turn + majority", Majority, by_breadth, most=6.0)
TURNS_HDS = Engine("in turn + production estimate", Consensus, by_breadth)


def measure(options: Options, logs: Sequence[Path]) -> list[Goal]:
    return [*replayed(options, logs), *domains(options), *expert_pay(options)]


def replayed(options: Options, paths: Sequence[Path]) -> list[Goal]:
    """G1. A log that cannot be read is a goal that was not met."""
    goals: list[Goal] = []
    ratios: dict[int, list[float]] = {overlap: [] for overlap in OVERLAPS}
    for path in paths:
        try:
            log = read(path)
        except LogError as error:
            print(f"{error}")
            goals.append(Goal(f"a log that can be replayed ({path.name})", 0.0, 1.0, "log"))
            continue
        for overlap, ratio in _replay(log, options).items():
            ratios[overlap].append(ratio)
            goals.append(
                Goal(f"answers beside overlap {overlap} + majority ({log.name})", ratio, WORST[overlap], "ratio", at_most=True)
            )  # fmt: skip
    for overlap, found in ratios.items():
        if len(found) >= LOGS_FOR_A_MEAN:
            goals.append(
                Goal(f"answers beside overlap {overlap} + majority, geometric mean of {len(found)} logs", _geo_mean(found), GEO_MEAN[overlap], "ratio", at_most=True)
            )  # fmt: skip
    return goals


def _replay(log: Log, options: Options) -> dict[int, float]:
    seeds = 2 if options.quick else 6
    print(log.text)
    reached = {overlap: _reference(log, overlap, options.seed) for overlap in OVERLAPS}
    found = {}
    for engine in (OURS, QASCA, TURNS_MV, TURNS_HDS):
        # In a hurry the others run once: only ours is held against a goal.
        runs = seeds if engine is OURS or not options.quick else 1
        curves = [_course(engine, log, options.seed, n) for n in range(runs)]
        ratios = _ratios(curves, reached)
        if engine is OURS:
            found = ratios
        print(f"  {engine.name}: {_told(curves, ratios, reached)}")
    _print_toloka([log] * seeds, options)
    _print_operated(log, options)
    _print_paid(log, options)
    return found


def _print_toloka(logs: Sequence[Log], options: Options) -> None:
    """What each confidence reaches and costs; one confidence is one way to work, there is no curve to read a ratio off."""
    told = []
    for enough in CONFIDENCES:
        each = [dynamic_overlap(log, enough, np.random.default_rng([options.seed, n])) for n, log in enumerate(logs)]
        right, answers = (fmean(values) for values in zip(*each, strict=True))
        told.append(f"{right:.3f} with {answers:.2f} answers a task (confidence {enough})")
    print(f"  Toloka's dynamic overlap: {', '.join(told)}")


def _reference(log: Log, overlap: int, seed: int) -> float:
    """What a majority of as many answers reaches; printed beside other ways to make one of them."""
    majority, ours, plain = (
        fmean(fixed(log, estimate(log), overlap, np.random.default_rng([seed, n])) for n in range(draws))
        for estimate, draws in ((Majority, REFERENCE_DRAWS), (Consensus, 3), (DawidSkene, 3))
    )
    print(f"  overlap {overlap}: majority {majority:.3f}, production estimate {ours:.3f}, DS {plain:.3f}")
    return majority


def _course(engine: Engine, log: Log, seed: int, n: int) -> Curve:
    return course(log, engine.estimate(log), engine.choose, np.random.default_rng([seed, n]), engine.most)[0]


def _ratios(curves: Sequence[Curve], reached: dict[int, float]) -> dict[int, float]:
    """Of the mean of the courses: one alone crosses the line by chance."""
    mean = mean_curve(curves)
    return {overlap: mean.reaching(wanted) / overlap for overlap, wanted in reached.items()}


def _told(curves: Sequence[Curve], ratios: dict[int, float], reached: dict[int, float]) -> str:
    each = [[curve.reaching(wanted) / overlap for curve in curves] for overlap, wanted in reached.items()]
    spread = [
        f" (sd {stdev(values):.2f})" if len(values) > 1 and all(map(math.isfinite, values)) else "" for values in each
    ]
    shown = [
        f"{ratio:.2f} of overlap {overlap}{how}" if math.isfinite(ratio) else f"never as good as overlap {overlap}"
        for (overlap, ratio), how in zip(ratios.items(), spread, strict=True)
    ]
    return f"{', '.join(shown)}; right at 3 answers {mean_curve(curves).at(3):.3f}"


def _print_operated(log: Log, options: Options) -> None:
    """As a project runs it: until the target is reached, at most so many answers; before any review, so T is 0.7."""
    for name, choose in (("the best task first", by_value), ("in order, as lanes do", in_order)):
        curve, answers = course(
            log, Consensus(log), choose, np.random.default_rng(options.seed), OPERATED.most, stopping=OPERATED
        )
        print(
            f"  stopping at {OPERATED.target}, at most {OPERATED.most}, {name}: {answers:.2f} answers a task, "
            f"right {float(curve.accuracy[-1]):.3f}"
        )


TIER = 0.17
"""Share of people who are experts in a real log: on nyu_mcqa any three then cost what ROUTING.md says, 4.25."""


def _print_paid(log: Log, options: Options) -> None:
    """As G3, on the log itself; held against nothing, because G3 asks for a mean over several."""
    ways: dict[str, list[Way]] = {}
    curves = []
    for n in range(2 if options.quick else 5):
        paid = split(log, np.ones(log.people, dtype=bool), TIER, np.random.default_rng([options.seed, n]))
        for name, way in usual(paid, np.random.default_rng([options.seed, n])).items():
            ways.setdefault(name, []).append(way)
        rng = np.random.default_rng([options.seed, n])
        curves.append(bought(paid, Consensus(paid.log, paid.known), rng, MOST_PAY[options.quick]))
    told = []
    for name, each in ways.items():
        right, pay = (fmean(values) for values in zip(*each, strict=True))
        told.append(f"{mean_curve(curves).reaching(right) / pay:.2f} of {name} ({right:.3f} for {pay:.2f})")
    print(f"  experts at three times the pay: {'; '.join(told)}")


def domains(options: Options) -> list[Goal]:
    """G2."""
    runs = 1 if options.quick else 6
    curves: dict[str, list[Curve]] = {}
    three, logs = [], []
    for n in range(runs):
        log = crowd_log(MIXED, np.random.default_rng([options.seed, n]))
        logs.append(log)
        three.append(fmean(fixed(log, Majority(log), 3, np.random.default_rng([options.seed, n, m])) for m in range(5)))
        truly = confusions(MIXED, np.random.default_rng([options.seed, n]))
        for engine in (OURS, WHOLE, QASCA, TOLD, Engine(FORESEEN, partial(Foreseen, confusion=truly), by_value)):
            curves.setdefault(engine.name, []).append(_course(engine, log, options.seed, n))
    wanted = fmean(three)
    print(f"{log.text}, {runs} such crowds; majority of three {wanted:.3f}")
    cost = {}
    for name, found in curves.items():
        cost[name] = mean_curve(found).reaching(wanted)
        print(f"  {name}: {_told(found, {3: cost[name] / 3}, {3: wanted})}")
    _print_toloka(logs, options)
    gained = mean_curve(curves[OURS.name]).at(3) - wanted
    return [
        Goal("answers beside overlap 3 + majority where domains differ", cost[OURS.name] / 3, 0.35, "ratio", at_most=True),
        Goal("right at 3 answers, more than a majority, where domains differ", 100 * gained, 8.0, "points"),
        Goal("answers beside the same engine without domains", cost[OURS.name] / cost[WHOLE.name], 0.7, "ratio", at_most=True),
    ]  # fmt: skip


PAY_GOALS = {"any three": 0.30, "two generalists, then an expert": 0.44}
MOST_PAY = {True: 4.0, False: 5.0}
"""Per task, by `quick`: what has not been reached for it counts as not reached."""
SMALL_CROWD, RUNS_OF_SMALL = 400, 4
"""Tasks below which a crowd is run so many times as often: of few tasks one is a lot."""


def expert_pay(options: Options) -> list[Goal]:
    """G3, each crowd by the mean of its courses, as G1 and G2."""
    ratios: dict[tuple[str, str], list[float]] = {}
    for number, crowd in enumerate(PAID):
        curves: dict[str, list[Curve]] = {}
        ways: dict[str, list[Way]] = {}
        for n in range((1 if options.quick else 5) * (RUNS_OF_SMALL if crowd.tasks < SMALL_CROWD else 1)):
            paid = qualified(crowd, np.random.default_rng([options.seed, number, n]))
            for name, way in usual(paid, np.random.default_rng([options.seed, n])).items():
                ways.setdefault(name, []).append(way)
            engines = {OURS.name: Consensus(paid.log, paid.known)}
            if not options.quick:
                truly = confusions(crowd, np.random.default_rng([options.seed, number, n]))
                engines[FORESEEN] = Foreseen(paid.log, truly)
            for engine, estimate in engines.items():
                rng = np.random.default_rng([options.seed, n])
                curves.setdefault(engine, []).append(bought(paid, estimate, rng, MOST_PAY[options.quick]))
        mean = {name: Way(*(fmean(values) for values in zip(*each, strict=True))) for name, each in ways.items()}
        shown = "; ".join(f"{name} {way.accuracy:.3f} for {way.pay:.2f}" for name, way in mean.items())
        print(f"experts at three times the pay, {crowd.name}: {shown}")
        for engine, found in curves.items():
            for name, way in mean.items():
                ratios.setdefault((engine, name), []).append(mean_curve(found).reaching(way.accuracy) / way.pay)
            told = "; ".join(f"{ratios[engine, name][-1]:.2f} of the pay of {name}" for name in mean)
            print(f"  {engine}: {told}")
    for engine in engines:
        means = "; ".join(f"{_geo_mean(ratios[engine, name]):.2f} of the pay of {name}" for name in mean)
        print(f"{engine}, geometric mean: {means}")
    goals = [
        Goal(f"pay beside {name}, geometric mean of {len(PAID)} crowds", _geo_mean(ratios[OURS.name, name]), goal, "ratio", at_most=True)
        for name, goal in PAY_GOALS.items()
    ]  # fmt: skip
    goals.append(
        Goal("pay beside one expert, the worst crowd", max(ratios[OURS.name, "one expert"]), 1.0, "ratio", at_most=True)
    )
    return goals


def _geo_mean(ratios: Sequence[float]) -> float:
    return math.exp(fmean(math.log(ratio) for ratio in ratios)) if all(map(math.isfinite, ratios)) else math.inf
