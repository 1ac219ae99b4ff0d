"""Which pieces a stage looks at that has a budget of looks and looks where the risk is: ROUTING.md section 5. Pure.

The risk of an answer is what its calibrated posterior leaves open (where others answered the same task), or one less the
chance that its author is right: what is believed of them, moved by what reviews of their work found. Of the budget a part is
spent by lot over everything, so that every piece has a chance that is written down and is never 0; a part goes to people
whose first pieces these are; the rest to the top of the risks of a sliding window. Chances follow from what was known before the lot was drawn, so
that what is found at a chance q stands for 1/q such pieces (Horvitz and Thompson 1952).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

WINDOW = 200
"""Newest pieces of a stage: the risks that one is ranked among, and the spend that is evened out."""
EVENING = 50
"""Pieces over which the window's overspending is saved again, or its savings are spent. Where each piece is riskier than all before it,
the spend runs ahead by at most so many times the budget without its part by lot; with 20 the edge sways and a tenth fewer errors are caught."""
NEWCOMERS_PART = 0.1
"""Of the budget that is not spent by lot, at most, for first pieces; what they leave goes to risks. With a quarter a tenth fewer errors are caught."""
BELIEF_LOOKS, DOMAIN_LOOKS = 5.0, 20.0
"""Looks that what is believed of somebody is worth beside their reviewed work, and their other domains beside one domain."""
LEAST_RATE = 0.005
"""Nobody's rate of errors is held to be nearer to 0, or to 1."""
DIGITS = 4
LEAST_CHANCE = 10**-DIGITS
DEVIATIONS = 1.96
"""Of a normal interval with 95 %."""


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a stage looks at, and how much of that is not ranked by risk; shares from 0 to 1."""

    budget: Annotated[float, Meta(ge=0.01, le=1)] = 0.1
    """Of the pieces that are looked at; of what comes back after rework all is, beside it."""
    random: Annotated[float, Meta(ge=0.05, le=1)] = 0.15
    """Of the budget, by lot over everything: keeps estimates unbiased, and tells what is believed to be safe and is not."""
    newcomers: Annotated[int, Meta(ge=0, le=500)] = 20
    """First pieces of each author that are all looked at, as far as a tenth of the rest of the budget reaches."""


class Past(NamedTuple):
    """A piece that the stage has decided about."""

    risk: float
    chance: float
    newcomer: bool


Why = Literal["risky", "first_pieces", "by_lot"]


class Chosen(NamedTuple):
    chance: float
    why: Why
    """What most of the chance is owed to."""


class Reviewed(NamedTuple):
    """What reviews of one author's work found."""

    looks: float
    defects: float


def risk_of(posterior: Mapping[str, float], label: str | None, temperature: float) -> float:
    """One less the calibrated chance of `label`; None: of whatever is likeliest. `posterior` before calibration, sums to 1."""
    heated = {name: math.exp(temperature * math.log(max(q, 1e-300))) for name, q in posterior.items()}
    total = sum(heated.values())
    return 1 - (max(heated.values()) if label is None else heated.get(label, 0.0)) / total


def error_rate(here: Reviewed, elsewhere: Reviewed, believed: float, usual: float) -> float:
    """Chance of a defect in an author's next piece, 0 to 1, of one domain (`here`) among all that they do.

    `usual` is what is believed of their rate at ordinary difficulty, `believed` at that of the task: the logits between the two
    move the shrunk rate by the same amount.
    """
    level = (elsewhere.defects + BELIEF_LOOKS * usual) / (elsewhere.looks + BELIEF_LOOKS)
    weight = 1 / (1 / (elsewhere.looks + BELIEF_LOOKS) + 1 / DOMAIN_LOOKS)
    rate = (here.defects + weight * level) / (here.looks + weight)
    return 1 / (1 + math.exp(-(_logit(rate) + _logit(believed) - _logit(usual))))


def _logit(rate: float) -> float:
    kept = min(max(rate, LEAST_RATE), 1 - LEAST_RATE)
    return math.log(kept / (1 - kept))


def choose(budget: Budget, risk: float, *, newcomer: bool, window: Sequence[Past]) -> Chosen:
    """The chance of a look at the next piece. `window`: the newest pieces of the stage, at most `WINDOW`, in any order.

    Pieces of equal risk at the edge share what is left, so that the spend is the budget also where all risks are the same.
    """
    lot, n = budget.budget * budget.random, len(window)
    spent = sum(one.chance for one in window)
    allowed = min(1.0, max(lot, budget.budget + (budget.budget * n - spent) / EVENING))
    certain = (allowed - lot) / (1 - lot) if lot < 1 else 0.0
    new = (newcomer + sum(one.newcomer for one in window)) / (n + 1)
    first = min(new, NEWCOMERS_PART * certain)
    by_newness = first / new if newcomer else 0.0
    by_risk = _at_the_top(risk, [one.risk for one in window], certain - first)
    chance = lot + (1 - lot) * max(by_newness, by_risk)
    why: Why = "by_lot" if chance <= 2 * lot else "risky" if by_risk >= by_newness else "first_pieces"
    return Chosen(min(1.0, max(LEAST_CHANCE, round(chance, DIGITS))), why)


def _at_the_top(risk: float, others: Sequence[float], share: float) -> float:
    """1 within the top `share`, 0 below it, and at its edge what makes the mean right."""
    above = sum(one > risk for one in others) / (len(others) + 1)
    same = (1 + sum(one == risk for one in others)) / (len(others) + 1)
    return min(1.0, max(0.0, (share - above) / same))


class Outgoing(NamedTuple):
    """Share of defects in what counts, as the chances of the looks tell; no model of authors is asked."""

    estimate: float
    lower: float
    upper: float
    """Of a normal interval of 95 %; 1 where no look was left to chance yet."""


def outgoing(passed: int, found: Sequence[tuple[float, int]]) -> Outgoing:
    """`found`: chance of a look → defects found at it; a defect found at q stands for (1-q)/q others that went out."""
    if not passed:
        return Outgoing(0.0, 0.0, 1.0)
    unseen = sum(n * (1 - q) / q for q, n in found)
    variance = sum(n * (1 - q) / q**2 for q, n in found)
    apart = DEVIATIONS * math.sqrt(variance)
    shares = (unseen, max(0.0, unseen - apart), unseen + apart)
    return Outgoing(*(min(1.0, one / passed) for one in shares))
