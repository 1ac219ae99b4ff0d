"""What an answer to gold is worth: pure. Objective ones by the known answer, subjective ones by bands of ratings."""

import hmac
from collections.abc import Mapping
from statistics import fmean
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from routing.forms.store import right

Band = tuple[float, float]
"""Least and most of what counts as met, both included."""
Dimension = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
RATING = "rating"
"""The dimension of dialogues that are rated from 1 to 5, without a rubric."""
OF_RANDOM = 2**56


class GoldKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of the two."""

    answer: Any = None
    """What the field of the answer must be that the kind declares as `right`."""
    bands: Annotated[dict[Dimension, Band], Meta(max_length=40)] = {}
    """By dimension of the rubric, or field of the answer: [least, most] of the mean of its ratings."""


class GoldScore(msgspec.Struct, frozen=True):
    share: float
    """0 or 1 of a known answer; of bands, how many of them were met, 0 to 1."""
    met: bool
    missed: list[str]
    """Dimensions outside of their bands."""


def score(key: GoldKey, given: Any, ratings: Mapping[str, list[float]], least: float) -> GoldScore:
    """`given`: the objective part of the answer. `least`: share of bands from which on it counts as met."""
    if not key.bands:
        hit = right(given, key.answer)
        return GoldScore(float(hit), hit, [])
    missed = [name for name, band in key.bands.items() if not _within(band, ratings.get(name, []))]
    share = 1 - len(missed) / len(key.bands)
    return GoldScore(share, share >= least, missed)


def _within(band: Band, values: list[float]) -> bool:
    return bool(values) and band[0] <= fmean(values) <= band[1]


def ratings_of(payload: Mapping[str, Any]) -> dict[str, list[float]]:
    """Every rating in what was handed in: of a rubric, of replies, or of fields of a declared answer."""
    found: dict[str, list[float]] = {}

    def add(name: Any, value: Any) -> None:
        if isinstance(name, str) and isinstance(value, int | float) and not isinstance(value, bool):
            found.setdefault(name, []).append(float(value))

    beside = payload.get("rubric")
    for one in _dicts(beside.get("scores") if isinstance(beside, dict) else None):
        add(one.get("dimension"), one.get("value"))
    for one in _dicts(payload.get("turns")):
        add(RATING, one.get("rating"))
    for name, value in payload.items():
        add(name, value)
        if name != "turns":
            for one in _dicts(value):
                add(name, one.get("value"))
    return found


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def bands_around(ratings: Mapping[str, list[float]], width: float = 1.0) -> dict[str, Band]:
    """Of an accepted answer: as far on both sides as able people differ."""
    return {
        name: (round(fmean(values) - width, 2), round(fmean(values) + width, 2)) for name, values in ratings.items()
    }


def drawn(secret: bytes, purpose: str, one: UUID) -> float:
    """A number in [0, 1) that nobody can foresee who does not know the secret, and whoever knows it can work out again."""
    return int.from_bytes(hmac.digest(secret, purpose.encode() + one.bytes, "sha256")[:7], "big") / OF_RANDOM


def alike(name: str, random: bytes) -> str:
    """Another name of the same shape: the last run of digits, else of letters and digits, is others."""
    end = len(name)
    while end and not _is_digit(name[end - 1]):
        end -= 1
    start = end
    while start and _is_digit(name[start - 1]):
        start -= 1
    if end:
        return name[:start] + "".join(_digit(n, start, end, random) for n in range(start, end)) + name[end:]
    letters = "abcdefghijkmnpqrstuvwxyz"
    tail = "".join(letters[one % len(letters)] for one in random[:4])
    return f"{name[:195]}-{tail}"


def _is_digit(one: str) -> bool:
    return one.isascii() and one.isdigit()


def _digit(n: int, start: int, end: int, random: bytes) -> str:
    value = random[n % len(random)]
    return str(1 + value % 9) if n == start and end - start > 1 else str(value % 10)
