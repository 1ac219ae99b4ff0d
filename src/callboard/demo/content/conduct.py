"""How simulated people behave: the ratings they give, what they ask next, what reviewers write.

Everything random takes the `random.Random` of the caller, so that a simulation can be repeated.
"""

import random
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from callboard.demo.content.topics import Domain, Language, Text, Topic

Outcome = Literal["fix", "rework", "reject"]
Lines = Annotated[tuple[Text, ...], Meta(min_length=1)]
LOWEST, HIGHEST, MIDDLE = 1, 5, 3  # the scale of ratings


class Tendency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A habit in rating, on the scale from 1 to 5: first stretched around the middle, then shifted, then spread."""

    key: Text
    shift: float
    stretch: float
    spread: float
    """Standard deviation of what is left to the mood of the moment."""


class _Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    item: Text
    outcome: Outcome
    en: Text
    zh: Text = msgspec.field(name="zh-CN")


class ReviewReason(msgspec.Struct, frozen=True):
    """`item` is the key of the rubric that the verdict's form uses."""

    item: str
    text: str


class _Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: Lines
    middle: Lines
    high: Lines


class _Conduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dimensions: Lines
    tendencies: tuple[Tendency, ...]
    rating_notes: dict[Language, _Notes]
    follow_ups: dict[Language, Lines]
    caveats: dict[Language, dict[Domain, Lines]]
    accept_comments: dict[Language, Lines]
    reasons: tuple[_Reason, ...]


@cache
def _conduct() -> _Conduct:
    data = resources.files(__package__ or __name__).joinpath("conduct.json").read_bytes()
    return msgspec.json.decode(data, type=_Conduct)


def tendencies() -> dict[str, Tendency]:
    return {tendency.key: tendency for tendency in _conduct().tendencies}


def dimensions() -> tuple[str, ...]:
    """Keys of the scales on which a reviewer scores a dialogue."""
    return _conduct().dimensions


def rate(quality: float, tendency: str, rng: random.Random) -> int:
    """A rating from 1 to 5 for a reply of this quality (0 to 1) by somebody with this habit. Unknown habits are even."""
    habit = tendencies().get(tendency) or tendencies()["even"]
    fair = LOWEST + (HIGHEST - LOWEST) * quality
    felt = MIDDLE + habit.stretch * (fair - MIDDLE) + habit.shift + rng.gauss(0, habit.spread)
    return max(LOWEST, min(HIGHEST, round(felt)))


def rating_note(rating: int, language: Language, rng: random.Random) -> str:
    """A few words on why a reply was rated so."""
    notes = _conduct().rating_notes[language]
    return rng.choice(notes.low if rating < MIDDLE else notes.high if rating > MIDDLE else notes.middle)


def follow_ups(topic: Topic | None, language: Language, rng: random.Random) -> list[str]:
    """Messages for the turns after the first: the topic's own, then ones that fit any dialogue, in random order."""
    own = list(topic.follow_ups) if topic else []
    anything = list(_conduct().follow_ups[language])
    rng.shuffle(anything)
    return own + anything


def caveats(domain: Domain, language: Language) -> tuple[str, ...]:
    return _conduct().caveats[language][domain]


def score_dimensions(quality: float, tendency: str, rng: random.Random) -> dict[str, int]:
    """A reviewer's score from 1 to 5 on every scale for a dialogue of this quality (0 to 1)."""
    return {dimension: rate(quality, tendency, rng) for dimension in dimensions()}


def accept_comment(language: Language, rng: random.Random) -> str:
    return rng.choice(_conduct().accept_comments[language])


def review_reasons(outcome: Outcome, language: Language, rng: random.Random, most: int = 2) -> list[ReviewReason]:
    """One to `most` reasons for this outcome, each under another item of the rubric."""
    fitting = [reason for reason in _conduct().reasons if reason.outcome == outcome]
    rng.shuffle(fitting)
    by_item = {reason.item: reason for reason in fitting}
    chosen = rng.sample(sorted(by_item), rng.randint(1, max(1, min(most, len(by_item)))))
    return [ReviewReason(item, by_item[item].zh if language == "zh-CN" else by_item[item].en) for item in chosen]
