"""Skill as a belief on the logit scale: pure functions over values, no database and no clock.

P(acceptable) = 1 / (1 + exp(b - theta)) for a person of skill theta and a task of difficulty b (Rasch). The update keeps
mean and variance of the exact posterior after each observation (assumed density filtering; Opper and Winther 1998). The
online Gaussian form of ROUTING.md section 1 (Glicko's) is its first-order approximation; where a task's difficulty is
hardly known, that one moves too little after a surprise and is too sure after what was to be expected.
"""

import math

import msgspec

LEVEL_CENTRES = (-1.6, -0.8, 0.0, 0.8, 1.6)
"""Logit of the levels 1 to 5: equal steps over the range in which P(acceptable) moves from 0.17 to 0.83."""
HALF_STEP = 0.4
ASSESSMENT_VARIANCE = 0.16
"""A manager who names a level is about half a level sure (sd 0.4)."""
UNKNOWN_MEAN, UNKNOWN_VARIANCE = -0.8, 1.0
"""A domain nobody has said anything about: one level below the middle, prior variance of ROUTING.md section 1."""
TRANSFER_LOSS, TRANSFER_VARIANCE = 0.8, 0.6
"""What general skill says about another domain: one level less, and less sure."""
CHILD_LOSS, CHILD_VARIANCE = 0.2, 0.25
"""What skill in a field says about a part of it: nearly all, with the domain variance of ROUTING.md section 1."""
KIND_LOSS, KIND_VARIANCE = 0.0, 0.04
"""What skill in a field says about a kind of work in it (reviewing): who knows the field judges well, give or take a
quarter of a level (sd 0.2), until overturned and upheld verdicts say more."""
HALF_LIFE_DAYS = 90.0
"""After so long without news, what was learned counts half (ROUTING.md section 1, decay)."""
DIFFICULTY_VARIANCE_STATED, DIFFICULTY_VARIANCE_UNKNOWN = 0.25, 1.0
"""A frontend that names a difficulty is half a logit sure of it; one that names none is as unsure as the crowd varies."""


class Belief(msgspec.Struct, frozen=True, gc=False):
    """N(mean, variance) on the logit scale."""

    mean: float
    variance: float

    def lower_bound(self, z: float) -> float:
        return self.mean - z * math.sqrt(self.variance)

    @property
    def percent(self) -> int:
        """0 to 100, as people see it: the chance to do a task of middling difficulty acceptably."""
        return round(100 * sigmoid(self.mean))

    def interval(self, z: float = 1.96) -> tuple[int, int]:
        """The percents between which the skill lies with 95 % belief."""
        spread = z * math.sqrt(self.variance)
        return round(100 * sigmoid(self.mean - spread)), round(100 * sigmoid(self.mean + spread))


UNKNOWN = Belief(UNKNOWN_MEAN, UNKNOWN_VARIANCE)


def sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    grown = math.exp(x)
    return grown / (1 + grown)


def level_centre(level: int) -> float:
    """Logit of a level from 1 to 5; the same scale serves skill and difficulty."""
    return LEVEL_CENTRES[level - 1]


def level_floor(level: int) -> float:
    """The least skill that counts as this level; level 1 asks for nothing."""
    return -math.inf if level <= 1 else level_centre(level) - HALF_STEP


def level_of(mean: float) -> int:
    return max(level for level in (1, 2, 3, 4, 5) if mean >= level_floor(level))


def assessed(level: int) -> Belief:
    return Belief(level_centre(level), ASSESSMENT_VARIANCE)


def transferred(general: Belief) -> Belief:
    """What to believe about a domain of which only the general skill is known; never better than not knowing."""
    return Belief(general.mean - TRANSFER_LOSS, general.variance + TRANSFER_VARIANCE)


def difficulty_prior(level: int | None) -> Belief:
    if level is None:
        return Belief(0.0, DIFFICULTY_VARIANCE_UNKNOWN)
    return Belief(level_centre(level), DIFFICULTY_VARIANCE_STATED)


def expected(skill: Belief, difficulty: Belief) -> float:
    """P(acceptable) with both uncertainties taken in: sigma(z / sqrt(1 + pi V / 8)) (MacKay's approximation)."""
    variance = skill.variance + difficulty.variance
    return sigmoid((skill.mean - difficulty.mean) / math.sqrt(1 + math.pi * variance / 8))


class Gain(msgspec.Struct, frozen=True):
    """What one observation says of a skill, as a normal likelihood: precision, and precision times mean."""

    precision: float
    shift: float


class _News(msgspec.Struct, frozen=True):
    """What an outcome does to the margin z = skill - difficulty; each of the two moves by its share of the variance."""

    slope: float
    """Of the log evidence over the mean of z: z's mean moves by variance * slope."""
    curvature: float
    """The same, twice, with the sign turned: z's variance falls by variance^2 * curvature. Never negative."""


_NODES = tuple(0.6 * n for n in range(-10, 11))
"""Standard deviations at which the posterior of a margin is looked at. For what is as smooth as a normal density times
a logistic curve the plain sum over equal steps converges geometrically: up to a variance of 7 it is off by less than .0005."""


def _news(skill: Belief, difficulty: Belief, outcome: float, weight: float) -> _News:
    margin, variance = skill.mean - difficulty.mean, skill.variance + difficulty.variance
    p = sigmoid(margin)
    spread, information = math.sqrt(variance), weight * p * (1 - p)
    if spread == 0:
        return _News(weight * (outcome - p), information)
    # The nodes stand around the first-order posterior, so that an outcome far from what was expected is still among them;
    # the likelihood is told relative to its value at the margin, so that it cannot round to nothing either.
    moved = spread * weight * (outcome - p) / (1 + information * variance)
    base = _log_likelihood(margin, outcome)
    total = residual = square = fisher = 0.0
    for node in _NODES:
        x = moved + node
        z = margin + spread * x
        p = sigmoid(z)
        mass = math.exp(weight * (_log_likelihood(z, outcome) - base) - x * x / 2)
        off = mass * (outcome - p)
        total += mass
        residual += off
        square += off * (outcome - p)
        fisher += mass * p * (1 - p)
    slope = weight * residual / total
    return _News(slope, max(0.0, weight * fisher / total - weight * weight * square / total + slope * slope))


def _log_likelihood(z: float, outcome: float) -> float:
    return outcome * z - max(z, 0.0) - math.log1p(math.exp(-abs(z)))


def gain(skill: Belief, difficulty: Belief, outcome: float, weight: float = 1.0) -> Gain:
    """`updated` written as the factor by which it multiplies the belief: what is added where precisions add up."""
    news = _news(skill, difficulty, outcome, weight)
    left = 1 - skill.variance * news.curvature
    return Gain(news.curvature / left, (news.slope + skill.mean * news.curvature) / left)


def times(start: Belief, news: Gain) -> Belief:
    if news.precision <= 0:
        # An outcome of weight 0 says nothing; one against a hopeless difficulty says so little that it rounds to nothing.
        return start
    precision = 1 / start.variance + news.precision
    return Belief((start.mean / start.variance + news.shift) / precision, 1 / precision)


def faded(belief: Belief, idle_days: float, half_life_days: float = HALF_LIFE_DAYS) -> Belief:
    """The belief after `idle_days` without news: the precision beyond not knowing halves, the mean stays.

    Fading twice is fading once for as long; a belief as unsure as not knowing, or more so, stays as it is.
    """
    surplus = 1 / belief.variance - 1 / UNKNOWN_VARIANCE
    if surplus <= 0 or idle_days <= 0:
        return belief
    return Belief(belief.mean, 1 / (1 / UNKNOWN_VARIANCE + surplus * kept(idle_days, half_life_days)))


def kept(idle_days: float, half_life_days: float) -> float:
    """The share of old evidence that still counts, from 1 down to 0."""
    return float(0.5 ** (max(0.0, idle_days) / half_life_days))


def updated(skill: Belief, difficulty: Belief, outcome: float, weight: float = 1.0) -> Belief:
    """The skill after an outcome from 0 (not acceptable) to 1 (acceptable); weight 0 changes nothing."""
    news = _news(skill, difficulty, outcome, weight)
    return Belief(skill.mean + skill.variance * news.slope, skill.variance - skill.variance**2 * news.curvature)


def difficulty_updated(skill: Belief, difficulty: Belief, outcome: float, weight: float = 1.0) -> Belief:
    """The mirror image: on the axis turned round, a task "wins" with the person, so a success makes it look easier."""
    mirrored = updated(
        Belief(-difficulty.mean, difficulty.variance), Belief(-skill.mean, skill.variance), outcome, weight
    )
    return Belief(-mirrored.mean, mirrored.variance)
