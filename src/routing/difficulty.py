"""What to believe of a task's difficulty before anybody has done it: what was stated, what its lane was like, what its
text looks like. Pure functions over values; deterministic. ROUTING.md section 2 has the features and the figures.

The text model is a ridge regression on what the outcomes said of closed tasks. What they said, not what was believed in
the end: that holds the prior too, which an earlier model may have written, and a model must not learn from itself.
"""

import math
from collections.abc import Mapping, Sequence
from zlib import crc32

import msgspec

from routing.wording import WORDING, features
from skills.belief import DIFFICULTY_VARIANCE_STATED, Belief, Gain, difficulty_prior, level_centre
from skills.difficulty import prior_from_history

FOLDS = 5
COEFFICIENT_VARIANCE = 0.0625
"""Of a standardised feature's weight: one standard deviation of a feature is assumed to move a task by a quarter logit."""
BUCKETS = 8
"""Domains share this many weights by a hash: a new domain has one at once, and the model stays small."""
SIZE = 1 + len(WORDING) + BUCKETS
GRID = tuple(0.05 * 1.12**n for n in range(40))
"""Variances that are tried, .05 to 4.2: no source is ever taken as sharper than a quarter of a level."""
LEAST_STATED = 30
"""Closed tasks with a stated level from which on their spread is measured and not assumed."""
NO_SPREAD = 1e-9
"""Standard deviation that is rounding: the feature is the same everywhere."""
UNKNOWN = difficulty_prior(None)


class Closed(msgspec.Struct, frozen=True):
    """A task whose outcome is known. `seen` is what the outcomes said (`skills.difficulty.seen_of`)."""

    lane: str
    level: int | None
    inputs: tuple[float, ...]
    """Of `inputs_of`."""
    seen: Gain
    text_hash: int
    """Tasks of one text lie in one fold: a text is never predicted from itself."""


class Errors(msgspec.Struct, frozen=True):
    """Of predictions for tasks that were left out when the model was fitted (five folds)."""

    tasks: int
    rmse: float
    """Logits, between prediction and what the outcomes said, each weighted by how much they said."""
    rmse_constant: float
    """The same for one difficulty for all."""
    rank_correlation: float
    """Spearman, of prediction and what the outcomes said; -1 to 1."""
    base_variance: float
    """Of difficulties around one difficulty for all: what a prior that knows nothing is unsure of."""


class Model(msgspec.Struct, frozen=True):
    weights: tuple[float, ...]
    base: Belief
    text_variance: float
    stated_variance: float
    floors: dict[str, float]
    """Variance that is left when everything known is combined, measured on tasks left out: `stated`, `unstated`."""
    lanes: dict[str, Belief]
    errors: Errors


class DifficultySource(msgspec.Struct, frozen=True):
    """One of `stated`, `lane`, `text`, `base` (nothing else is known); the shares of a prior's sources add up to 1."""

    source: str
    mean: float
    variance: float
    share: float


class Prior(msgspec.Struct, frozen=True):
    belief: Belief
    sources: list[DifficultySource]


def inputs_of(text: str, turns: int, domain: str, language: str) -> tuple[float, ...]:
    """What the model sees of a task: a constant, the wording (`routing.wording`), the domain's bucket."""
    bucket = crc32(domain.encode()) % BUCKETS
    return (1.0, *features(text, turns, language), *(float(n == bucket) for n in range(BUCKETS)))


def lane_key(project: str, domain: str, language: str, kind: str, level: int | None) -> str:
    """Tasks that are alike to their frontend: what it calls equally hard, in one field, language and kind of work."""
    return f"{project}/{domain}/{language}/{kind}/{level or 0}"


def estimate(model: Model | None, level: int | None, lane: str, inputs: Sequence[float]) -> Prior:
    """The product of what is known, each source by its precision, and no sharper than such products turned out to be."""
    if model is None:
        start = difficulty_prior(level)
        return Prior(start, [DifficultySource("base" if level is None else "stated", start.mean, start.variance, 1.0)])
    known: list[tuple[str, Belief]] = []
    if level is not None:
        known.append(("stated", Belief(level_centre(level), model.stated_variance)))
    if (history := model.lanes.get(lane)) is not None:
        known.append(("lane", history))
    if model.text_variance < model.errors.base_variance:
        known.append(("text", Belief(_dot(model.weights, inputs), model.text_variance)))
    known = known or [("base", model.base)]
    precision = sum(1 / belief.variance for _, belief in known)
    mean = sum(belief.mean / belief.variance for _, belief in known) / precision
    floor = model.floors["unstated" if level is None else "stated"]
    return Prior(
        Belief(mean, max(1 / precision, floor)),
        [DifficultySource(name, one.mean, one.variance, 1 / one.variance / precision) for name, one in known],
    )


def fit(tasks: Sequence[Closed]) -> Model:
    """Raises `ValueError` for fewer tasks than folds."""
    if len(tasks) < FOLDS:
        raise ValueError(f"{len(tasks)} closed tasks are too few to fit on")
    folds = [[task for task in tasks if task.text_hash % FOLDS == n] for n in range(FOLDS)]
    stated_variance = _stated_variance(tasks)
    left_out, constant = [], []
    parts = []
    for n, fold in enumerate(folds):
        others = [task for m, other in enumerate(folds) if m != n for task in other]
        if not fold or not others:
            continue
        base, weights = prior_from_history([task.seen for task in others], UNKNOWN), _ridge(others)
        left_out += [(task, _dot(weights, task.inputs)) for task in fold]
        constant += [(task, base.mean) for task in fold]
        parts.append((fold, base, weights, _lanes(others, base, stated_variance)))
    base = prior_from_history([task.seen for task in tasks], UNKNOWN)
    errors = _errors(left_out, constant)
    text_variance = _spread(left_out)
    draft = Model((), base, text_variance, stated_variance, {"stated": 0.0, "unstated": 0.0}, {}, errors)
    combined = {
        name: [
            (task, estimate(part, task.level if name == "stated" else None, _lane_of(task, name), task.inputs).belief.mean)
            for fold, own_base, weights, lanes in parts
            for part in (msgspec.structs.replace(draft, base=own_base, weights=weights, lanes=lanes),)
            for task in fold
            if name == "unstated" or task.level is not None
        ]
        for name in ("stated", "unstated")
    }  # fmt: skip
    floors = {
        "stated": _spread(combined["stated"]) if len(combined["stated"]) >= LEAST_STATED else stated_variance,
        "unstated": _spread(combined["unstated"]),
    }
    return msgspec.structs.replace(
        draft, weights=_ridge(tasks), floors=floors, lanes=_lanes(tasks, base, stated_variance)
    )


def _lane_of(task: Closed, name: str) -> str:
    """With the level hidden, a task has only the lane of those without one."""
    return task.lane if name == "stated" or task.level is None else ""


def _lanes(tasks: Sequence[Closed], base: Belief, stated_variance: float) -> dict[str, Belief]:
    by_lane: dict[str, list[Closed]] = {}
    for task in tasks:
        by_lane.setdefault(task.lane, []).append(task)
    found = {}
    for key, own in by_lane.items():
        level = own[0].level
        assumed = base if level is None else Belief(level_centre(level), stated_variance)
        found[key] = prior_from_history([task.seen for task in own], assumed)
    return found


def _stated_variance(tasks: Sequence[Closed]) -> float:
    stated = [(task, level_centre(task.level)) for task in tasks if task.level is not None]
    return _spread(stated) if len(stated) >= LEAST_STATED else DIFFICULTY_VARIANCE_STATED


def _spread(predicted: Sequence[tuple[Closed, float]]) -> float:
    """Variance of difficulties around their predictions that makes what was seen most likely; what was seen is noisy itself."""
    off = [((_point(task.seen) - mean) ** 2, 1 / task.seen.precision) for task, mean in predicted]

    def unlikely(variance: float) -> float:
        return sum(math.log(variance + noise) + square / (variance + noise) for square, noise in off)

    return min(GRID, key=unlikely)


def _point(seen: Gain) -> float:
    return seen.shift / seen.precision


def _errors(left_out: Sequence[tuple[Closed, float]], constant: Sequence[tuple[Closed, float]]) -> Errors:
    return Errors(
        len(left_out), _rmse(left_out), _rmse(constant),
        rank_correlation([mean for _, mean in left_out], [_point(task.seen) for task, _ in left_out]), _spread(constant),
    )  # fmt: skip


def _rmse(predicted: Sequence[tuple[Closed, float]]) -> float:
    weight = sum(task.seen.precision for task, _ in predicted)
    return math.sqrt(sum(task.seen.precision * (_point(task.seen) - mean) ** 2 for task, mean in predicted) / weight)


def _ridge(tasks: Sequence[Closed]) -> tuple[float, ...]:
    """Weights on the raw features; a task counts as much as its outcomes say beside the spread of difficulties (1 logit)."""
    means, spreads = _scales(tasks)
    matrix = [[0.0] * SIZE for _ in range(SIZE)]
    right = [0.0] * SIZE
    for task in tasks:
        row = [1.0, *((x - m) / s for x, m, s in zip(task.inputs[1:], means, spreads, strict=True))]
        weight = 1 / (1 / task.seen.precision + UNKNOWN.variance)
        target = weight * _point(task.seen)
        for i, one in enumerate(row):
            right[i] += target * one
            scaled, line = weight * one, matrix[i]
            for j in range(i, SIZE):
                line[j] += scaled * row[j]
    for i in range(SIZE):
        matrix[i][i] += 1e-9 if i == 0 else 1 / COEFFICIENT_VARIANCE
        for j in range(i):
            matrix[i][j] = matrix[j][i]
    solved = _solved(matrix, right)
    raw = [weight / spread for weight, spread in zip(solved[1:], spreads, strict=True)]
    return (solved[0] - sum(weight * mean for weight, mean in zip(raw, means, strict=True)), *raw)


def _scales(tasks: Sequence[Closed]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each feature; one that never varies has none and gets no weight."""
    columns = list(zip(*(task.inputs[1:] for task in tasks), strict=True))
    means = [math.fsum(column) / len(column) for column in columns]
    spreads = [
        math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))
        for column, mean in zip(columns, means, strict=True)
    ]
    return means, [spread if spread > NO_SPREAD else 1.0 for spread in spreads]


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination; the matrix is symmetric and positive definite, so that no pivot is near zero."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for i, pivot in enumerate(rows):
        for below in rows[i + 1 :]:
            factor = below[i] / pivot[i]
            for j in range(i, SIZE + 1):
                below[j] -= factor * pivot[j]
    found = [0.0] * SIZE
    for i in reversed(range(SIZE)):
        rest = sum(rows[i][j] * found[j] for j in range(i + 1, SIZE))
        found[i] = (rows[i][SIZE] - rest) / rows[i][i]
    return found


def _dot(weights: Sequence[float], inputs: Sequence[float]) -> float:
    return sum(weight * one for weight, one in zip(weights, inputs, strict=True))


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's, ties at their mean rank; 0 where one of the two does not vary."""
    a, b = _ranks(one), _ranks(other)
    middle = (len(a) - 1) / 2
    both = math.fsum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    spread = math.fsum((x - middle) ** 2 for x in a) * math.fsum((y - middle) ** 2 for y in b)
    return both / math.sqrt(spread) if spread > 0 else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for n in order[start : end + 1]:
            ranks[n] = (start + end) / 2
        start = end + 1
    return ranks


def weights_by_name(model: Model) -> Mapping[str, float]:
    return dict(
        zip(("constant", *WORDING, *(f"domain bucket {n}" for n in range(BUCKETS))), model.weights, strict=True)
    )
