"""How much to look at so that what counts keeps a promise: at most x % defects, with confidence c. Pure.

**Shares** say where looking is worth most. What is expected of an author's work of one domain and difficulty is beta-binomial:
its own looks, shrunk to the author's other work and to the crowd, whose spread is fitted (a crowd of equals is not the same as
one of saints and rogues). As much as the promise has room for is let go where least is expected, and the rest is looked at. The
room is what the promise allows less a bound on what went out unseen. Because it is asked again and again, the bound is
`sqrt(2 ln(1/(1-c)))` deviations above the mean, as for a process that is watched at every moment, and not the quantile of
one moment. Nobody's chance falls below a floor; the first pieces of everybody are all looked at.

The **guard** trusts no model of the authors. A piece was looked at with a chance q that was written down before; a defect
that was found at q < 1 tells of others that were not. For any rate l < -ln(1-q) the product over all pieces of exp(l) for each
defect that went out and exp(-g) for each that was found, with (1-q)·exp(l) + q·exp(-g) = 1, never grows in expectation; by
Ville's inequality the mixture over several l stays below 1/(1-c) for ever, with confidence c (a confidence sequence; Ramdas,
Grünwald, Vovk and Shafer 2023, "Game-theoretic statistics and safe anytime-valid inference"). When it says that more went
out than the promise allows, everything is looked at until it does no more.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

Key = TypeVar("Key", bound=Hashable)

GRID = 100
"""Chances are whole percents, so that what was found can be counted by chance."""
LEVELS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)
"""Chances for which the guard keeps rates."""
RATES = tuple((level, share) for level in LEVELS for share in (0.55, 0.8))
"""Of the mixture: parts of the largest rate that each level allows. Fewer would fit fewer moments, more cost confidence."""
HORIZON = 1500
"""Pieces over which room that is left is used up; sooner, and a run of bad luck stops all sampling."""
FIRST_DOUBT = 1.35
"""Bound to mean, before anything was let go."""
WEIGHTS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""Looks that the crowd's rate may be worth beside an author's own: from a crowd of saints and rogues to one of equals."""
PRIOR_WEIGHT = 1.0
"""Of a crowd of equals, in logarithms of the weight: who is taken for better than they are is looked at too little."""
STRATUM_WEIGHT, STRATA_ALIKE = 50.0, 4.0
"""Looks at an author's other work that are worth as much as endlessly many, because domains and difficulties differ; but no
less than so many times what the crowd is worth: where people are alike, so is each one's work."""
CROWD_DEFECTS, CROWD_LOOKS = 1.0, 10.0
"""Before anything was seen."""
PRECISION = 1e-6


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts has at most this share of defects, with this confidence, at any time."""

    defects: Annotated[float, Meta(ge=0.001, le=0.5)] = 0.05
    confidence: Annotated[float, Meta(ge=0.5, le=0.999)] = 0.95
    floor: Annotated[float, Meta(ge=0.02, le=1)] = 0.1
    """Least chance of anybody's work."""
    newcomers: Annotated[int, Meta(ge=0, le=500)] = 10
    """First pieces of each author that are all looked at."""


class Seen(msgspec.Struct, frozen=True):
    """What a stage has seen so far."""

    passed: int
    """Pieces that it let pass or found good: what the promise is about."""
    found: dict[int, int]
    """Defects that were found, by the chance in percent with which their piece was looked at; those below 100."""
    least: int = GRID
    """The smallest chance so far, in percent."""


class Outgoing(NamedTuple):
    """Share of defects in what counts."""

    estimate: float
    lower: float
    upper: float
    surely_least: float
    """By the guard, whatever the authors do."""
    surely_most: float


class Tally(NamedTuple):
    looks: float
    defects: float
    skipped: float = 0.0
    coming: float = 1.0
    """How much of it comes in, in any unit."""


def cost(chance: float, rate: float) -> float:
    """What a found defect adds to the bound's exponent; infinite where the chance is too small for the rate."""
    left = 1 - (1 - chance) * math.exp(rate)
    return math.log(chance / left) if left > PRECISION else math.inf


def gain(chance: float, rate: float) -> float:
    """The same for the bound from below."""
    return math.log((1 - (1 - chance) * math.exp(-rate)) / chance)


def _rates(least: float) -> list[float]:
    """Those of the mixture that the smallest chance allows; those that died count in the mixture's size."""
    limit = -math.log1p(-least) if least < 1 else math.inf
    return [rate for level, share in RATES if (rate := -math.log1p(-level) * share) < limit]


def most_escaped(seen: Seen, confidence: float) -> float:
    """So many defects went out unseen at most; 0 where everything was looked at."""
    least = seen.least / GRID
    if least >= 1:
        return 0.0
    parts = []
    for rate in _rates(least):
        spent = sum(count * cost(percent / GRID, rate) for percent, count in seen.found.items() if percent < GRID)
        if math.isfinite(spent):
            parts.append((rate, spent))
    if not parts:
        return math.inf
    goal = math.log(len(RATES) / (1 - confidence))
    return _solved(parts, goal)


def _solved(parts: list[tuple[float, float]], goal: float) -> float:
    """Where the sum of exp(rate·n - spent) reaches exp(goal): convex in n, so Newton from above comes down to it."""
    n = min((goal + spent) / rate for rate, spent in parts)
    for _ in range(50):
        highest = max(rate * n - spent for rate, spent in parts)
        terms = [(rate, math.exp(rate * n - spent - highest)) for rate, spent in parts]
        total = sum(term for _, term in terms)
        step = (highest + math.log(total) - goal) / (sum(rate * term for rate, term in terms) / total)
        n -= step
        if abs(step) < PRECISION * (1 + n):
            break
    return max(0.0, n)


def fewest_escaped(seen: Seen, confidence: float) -> float:
    """So many went out unseen at least."""
    goal, best = math.log(len(RATES) / (1 - confidence)), 0.0
    for level, share in RATES:
        rate = -math.log1p(-level) * share
        gained = sum(count * gain(percent / GRID, rate) for percent, count in seen.found.items() if percent < GRID)
        best = max(best, (gained - goal) / rate)
    return best


class Crowd(NamedTuple):
    """How authors' rates of defects are spread: beta with this mean, worth so many looks."""

    rate: float
    weight: float


def crowd_of(authors: Sequence[tuple[float, float]]) -> Crowd:
    """From each author's (looks, defects): the spread that makes them likeliest, by a grid; a weak prior for few authors."""
    known = [(looks, defects) for looks, defects in authors if looks]
    best, found = -math.inf, Crowd(CROWD_DEFECTS / CROWD_LOOKS, WEIGHTS[0])
    for weight in WEIGHTS:
        rate = _pooled(known, weight)
        likely = PRIOR_WEIGHT * math.log(weight) + sum(
            _log_beta(rate * weight + defects, (1 - rate) * weight + looks - defects)
            - _log_beta(rate * weight, (1 - rate) * weight)
            for looks, defects in known
        )
        if likely > best:
            best, found = likely, Crowd(rate, weight)
    return found


def _pooled(known: Sequence[tuple[float, float]], weight: float) -> float:
    """Each author as far as their looks tell of them."""
    parts = [(looks / (looks + weight), defects / looks) for looks, defects in known]
    total = sum(part for part, _ in parts)
    return (sum(part * share for part, share in parts) + CROWD_DEFECTS / CROWD_LOOKS) / (total + 1)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


class Risk(NamedTuple):
    """Of a defect in the next piece: beta with this mean, worth so many looks."""

    mean: float
    weight: float


def expected(tallies: Mapping[tuple[Key, str], Tally]) -> dict[tuple[Key, str], Risk]:
    """By (author, stratum): what is known of the author beside this stratum, and of the crowd, then the stratum's own looks."""
    people: dict[Key, tuple[float, float]] = {}
    for (author, _), one in tallies.items():
        looks, defects = people.get(author, (0.0, 0.0))
        people[author] = looks + one.looks, defects + one.defects
    crowd = crowd_of(list(people.values()))
    found = {}
    for key, one in tallies.items():
        looks, defects = people[key[0]]
        beside = looks - one.looks + crowd.weight
        prior = (defects - one.defects + crowd.rate * crowd.weight) / beside
        weight = 1 / (1 / beside + 1 / max(STRATUM_WEIGHT, STRATA_ALIKE * crowd.weight))
        found[key] = Risk((one.defects + weight * prior) / (one.looks + weight), one.looks + weight)
    return found


class Unseen(NamedTuple):
    """Defects among what was let pass, as the looks at the rest tell."""

    mean: float
    variance: float


def unseen(tallies: Mapping[tuple[Key, str], Tally], risks: Mapping[tuple[Key, str], Risk]) -> Unseen:
    """Beta-binomial by stratum, and what all strata owe to one crowd's rate, which is not known exactly either."""
    mean = variance = common = looks = 0.0
    for key, one in tallies.items():
        (p, weight), n = risks[key], one.skipped
        looks += one.looks
        mean += n * p
        variance += n * p * (1 - p) * (1 + max(0.0, n - 1) / (weight + 1))
        common += n * (1 - one.looks / weight)
    rate = sum(one.defects for one in tallies.values()) / looks if looks else 0.5
    return Unseen(mean, variance + common**2 * rate * (1 - rate) / (looks + 1))


def watched(confidence: float) -> float:
    """Deviations that a process keeps within at every moment, not at one."""
    return math.sqrt(2 * math.log(1 / (1 - confidence)))


def outgoing(seen: Seen, tallies: Mapping[tuple[Key, str], Tally], confidence: float) -> Outgoing:
    """What went out, with the interval that holds while it is watched, half of the doubt on either side; and the guard's."""
    if not seen.passed:
        return Outgoing(0.0, 0.0, 1.0, 0.0, 1.0)
    half, n = (1 + confidence) / 2, seen.passed
    mean, variance = unseen(tallies, expected(tallies))
    apart = watched(half) * math.sqrt(variance)
    return Outgoing(
        mean / n, max(0.0, mean - apart) / n, min(1.0, (mean + apart) / n), fewest_escaped(seen, half) / n,
        min(1.0, most_escaped(seen, half) / n),
    )  # fmt: skip


def shares(seen: Seen, tallies: Mapping[tuple[Key, str], Tally], promise: Promise) -> dict[tuple[Key, str], float]:
    """The chance of a look by (author, stratum), in whole percents; of authors in `tallies`."""
    allowed, risks = promise.defects * seen.passed, expected(tallies)
    mean, variance = unseen(tallies, risks)
    most = mean + watched(promise.confidence) * math.sqrt(variance)
    if most > allowed or fewest_escaped(seen, promise.confidence) > allowed:
        return dict.fromkeys(tallies, 1.0)
    doubt = most / mean if mean > 1 else FIRST_DOUBT
    rate = (promise.defects + (allowed - most) / max(HORIZON, seen.passed)) / doubt
    budget = rate * sum(one.coming for one in tallies.values())
    found = {}
    for key in sorted(tallies, key=lambda one: (risks[one].mean, str(one))):
        would = risks[key].mean * tallies[key].coming * (1 - promise.floor)
        part = 1.0 if would <= 0 else min(1.0, budget / would)
        budget = max(0.0, budget - would * part)
        found[key] = math.ceil(round(GRID * (1 - part * (1 - promise.floor)), 6)) / GRID
    return found
