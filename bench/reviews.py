"""How much has to be looked at for a promise, and how soon a rogue is held: seeded worlds, the product's functions.

`bench/reviews.py [LOG.csv] [--quick] [--json] [--seed N]`. Worlds of 40 authors and 12,000 pieces with known rates of defects: most good and
a few bad (two of them), authors who are proven and get careless halfway, and a crowd of equals, in which no choice of what to look at helps.
The promise is 95 %. A fixed rate with the same promise is chosen with the truth at hand: the least share of looks that
keeps the promise in 95 % of the very same runs, which nobody could know before. A finder sees every defect that is looked at.
What looks at risks catch, and how well claims are kept, is in `_risk.py`; a log that is named is played there, too.
"""

import math
import random
import sys
from typing import NamedTuple

import _risk
from _form import Goal, Options, main

from routing import breaker
from routing.sampling import GRID, Promise, Seen, Tally, outgoing, shares

AUTHORS, PIECES, EVERY = 40, 12_000, 100
"""The plan of shares is made anew after so many pieces; in the product, every minute."""
KEPT, SHARE = 0.95, 0.60
OVERLOOKED = 0.3
"""Of the defects, those that reviewers let pass: what second looks at accepted work find."""
ROGUE_VERDICTS, HONEST_VERDICTS, FALSE_ALARMS = 30, 500, 0.01


class World(NamedTuple):
    name: str
    beta: tuple[float, float]
    """Of the authors' rates of defects."""
    defects: float
    """Promised at most."""
    careless: float = 0.0
    """Share of authors whose rate grows fourfold, and by ten points, halfway."""


SAINTS, MIXED = World("most good, few bad, 3 %", (0.5, 4.0), 0.03), World("half good, 5 %", (0.6, 3.0), 0.05)
CARELESS, EQUAL = (
    World("proven, then careless, 5 %", (0.5, 4.0), 0.05, 0.2),
    World("a crowd of equals, 5 %", (20.0, 160.0), 0.05),
)


class Run(NamedTuple):
    escaped: float
    """Share of defects in what counts."""
    looks: float
    covered: bool
    """Whether the interval holds the truth."""
    defects: int
    """In all that was handed in."""


def one_run(world: World, rng: random.Random) -> Run:
    promise = Promise(defects=world.defects)
    rates = [rng.betavariate(*world.beta) for _ in range(AUTHORS)]
    careless = {n for n in range(AUTHORS) if rng.random() < world.careless}
    authors = rng.choices(range(AUTHORS), [rng.gammavariate(2, 1) for _ in range(AUTHORS)], k=PIECES)
    known = [[0.0, 0.0, 0.0] for _ in range(AUTHORS)]
    handed_in, chances, found = [0] * AUTHORS, dict[tuple[int, str], float](), dict[int, int]()
    least, passed, escaped, looks, defects = GRID, 0, 0, 0, 0
    for n, author in enumerate(authors):
        if n % EVERY == 0:
            chances = shares(Seen(passed, found, least), _tallies(known, handed_in), promise)
        rate = rates[author] if n < PIECES / 2 or author not in careless else min(0.9, 4 * rates[author] + 0.1)
        defect = rng.random() < rate
        defects += defect
        chance = 1.0 if handed_in[author] < promise.newcomers else chances.get((author, ""), 1.0)
        handed_in[author] += 1
        percent = round(chance * GRID)
        least = min(least, percent)
        if rng.random() < chance:
            looks += 1
            known[author][0] += 1
            known[author][1] += defect
            passed += not defect
            if defect and percent < GRID:
                found[percent] = found.get(percent, 0) + 1
        else:
            passed, escaped = passed + 1, escaped + defect
            known[author][2] += 1
    said = outgoing(Seen(passed, found, least), _tallies(known, handed_in), promise.confidence)
    return Run(escaped / passed, looks / PIECES, said.lower <= escaped / passed <= said.upper, defects)


def _tallies(known: list[list[float]], handed_in: list[int]) -> dict[tuple[int, str], Tally]:
    return {
        (author, ""): Tally(looks, defects, skipped, 1 + handed_in[author])
        for author, (looks, defects, skipped) in enumerate(known)
    }


def fixed_rate(world: World, runs: list[Run], rng: random.Random) -> float:
    """The least share that keeps the promise in 95 % of these runs, by whole percents."""
    for percent in range(101):
        kept = 0
        for run in runs:
            escapes = _binomial(rng, run.defects, 1 - percent / 100)
            kept += escapes <= world.defects * (PIECES - run.defects + escapes)
        if kept >= KEPT * len(runs):
            return percent / 100
    return 1.0


def _binomial(rng: random.Random, n: int, p: float) -> int:
    """Near enough for hundreds, and exact at the ends."""
    return round(min(n, max(0.0, rng.gauss(n * p, math.sqrt(n * p * (1 - p))))))


def promised(world: World, runs: int, seed: int) -> tuple[float, float, float]:
    """Share of runs that kept it, looks in those of the fixed rate, share of intervals that held the truth."""
    rng = random.Random(f"{seed} {world.name}")  # noqa: S311  a simulation
    done = [one_run(world, rng) for _ in range(runs)]
    kept = sum(run.escaped <= world.defects for run in done) / runs
    looks, fixed = sum(run.looks for run in done) / runs, fixed_rate(world, done, rng)
    covered = sum(run.covered for run in done) / runs
    escaped = sum(run.escaped for run in done) / runs
    print(
        f"{world.name}: {runs} runs, kept {kept:.1%}, {escaped:.2%} went out; looks {looks:.1%} against {fixed:.0%} fixed; interval {covered:.1%}"
    )
    return kept, looks / fixed, covered


def held_after(rng: random.Random, odds: float, verdicts: int, left: float = 1.0) -> int | None:
    """After how many verdicts somebody with these odds of an honest one is held. Whoever is honest is a bit strict or mild, too.

    `left`: of an author's defects, those that are still in the work that is looked at: all of them at a review, few where a manager or a program
    takes a second look at accepted work. The breaker expects of both what reviewers found with the author.
    """
    severity, total = math.exp(rng.gauss(0, 0.3)) * odds, 0.0
    for n in range(1, verdicts + 1):
        true = rng.betavariate(1.0, 6.0)
        guess = min(0.9, max(0.01, true * math.exp(rng.gauss(0, 0.3))))
        defects = true * left
        chance = severity * defects / (1 - defects + severity * defects)
        total = breaker.add(total, guess, rejected=rng.random() < chance)
        if total > breaker.LIMIT:
            return n
    return None


def measure(options: Options) -> list[Goal]:
    runs, few = (40, 20) if options.quick else (500, 100)
    kept, share, _ = promised(SAINTS, runs, options.seed)
    mixed, mixed_share, _ = promised(MIXED, few, options.seed)
    careless, _, _ = promised(CARELESS, few, options.seed)
    equal, equal_share, _ = promised(EQUAL, few, options.seed)
    rng = random.Random(options.seed)  # noqa: S311  a simulation
    people = 400 if options.quick else 4000
    rogues = sorted(held_after(rng, 40.0, HONEST_VERDICTS) or HONEST_VERDICTS + 1 for _ in range(people))
    alarms = sum(held_after(rng, 1.0, HONEST_VERDICTS) is not None for _ in range(people)) / people
    print(
        f"rogues: held after {rogues[people // 2]} verdicts in the middle, {rogues[int(people * 0.99)]} in 99 of 100; false alarms {alarms:.2%}"
    )
    bulk = sorted(
        held_after(rng, 40.0 / OVERLOOKED, HONEST_VERDICTS, OVERLOOKED) or HONEST_VERDICTS + 1 for _ in range(people)
    )
    wrong = sum(held_after(rng, 1.0, HONEST_VERDICTS, OVERLOOKED) is not None for _ in range(people)) / people
    print(
        f"who overturns acceptances in bulk: held after {bulk[people // 2]} in the middle, {bulk[int(people * 0.99)]} in 99 of 100; false alarms {wrong:.2%}"
    )
    return [
        Goal("promise kept, most good and few bad", kept, KEPT, "of runs"),
        Goal("looks, of a fixed rate's", share, SHARE, "share", at_most=True),
        Goal("promise kept, half good", mixed, KEPT, "of runs"),
        Goal("looks there", mixed_share, SHARE, "share", at_most=True),
        Goal("promise kept, proven and then careless", careless, KEPT, "of runs"),
        Goal("promise kept, a crowd of equals", equal, KEPT, "of runs"),
        Goal("looks there, where no choice helps", equal_share, 1.1, "share", at_most=True),
        Goal("rogues are held, 99 of 100", rogues[int(people * 0.99)], ROGUE_VERDICTS, "verdicts", at_most=True),
        Goal("false alarms in 500 verdicts of the honest", alarms, FALSE_ALARMS, "of reviewers", at_most=True),
        Goal(
            "managers who overturn in bulk are held, 99 of 100",
            bulk[int(people * 0.99)],
            ROGUE_VERDICTS,
            "second looks",
            at_most=True,
        ),
        Goal("false alarms in 500 second looks of the honest", wrong, FALSE_ALARMS, "of managers", at_most=True),
        *_risk.measure(options),
    ]


if __name__ == "__main__":
    sys.exit(
        main(
            "The promise of sampled reviews, the breaker of mass rejections, looks at risks.",
            measure,
            path="a log of answers to play, too",
        )
    )
