"""What claims are scored by besides lanes and people: the policy in force, and what is known of who is on shift.

Both are written off the hot path. What is missing or old is never waited for: the last values stand, and nobody is kept
waiting for a better match by them.
"""

from datetime import datetime
from typing import Any

import msgspec

from kernel import db
from kernel.sql import load
from routing.weights import POLICY, Policy

sql = load(__package__)

STALE_SECONDS = 60.0
"""Age of the stock beyond which nobody is refused for the sake of somebody who may be gone: twelve looks were missed."""
BUILT_IN = 0
"""The version of the policy that the program comes with."""
NOBODY = -float("inf")


Best = tuple[float, float, float, float, float]
"""By priority 1 to 5, what the best of those on shift would make of a lane's work, in task values; -inf: nobody could."""
NOBODY_AT_ALL: Best = (NOBODY, NOBODY, NOBODY, NOBODY, NOBODY)


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    people: int = 0
    """On shift."""
    waiting: int = 0
    """Free places, counted up to a bound in every lane."""
    backlog: float = 0.0
    """Waiting places per person on shift."""
    queue_seconds: float = 0.0
    """Until what waits is worked off by those on shift."""
    longest_queue_seconds: float = 0.0
    """What is remembered of the longest one (`scoring.remembered`)."""
    frame: int = 0
    """Raised with medians and pay: what is known of people and lanes is then worked out anew."""
    medians: dict[str, float] = {}
    """Of skill, by domain, among those on shift."""
    best: dict[str, Best] = {}
    """By lane id, of lanes in which something waits."""
    expert_pay: dict[str, float] = {}
    """By lane id, what an expert gets in units of what everybody else gets, where that is not 1."""


class Situation(msgspec.Struct, frozen=True):
    policy: Policy
    policy_version: int
    stock: Stock
    age_seconds: float | None
    """Of the stock; None: nobody looked yet."""
    activation: datetime | None = None
    """Since when the policy is in force."""

    @property
    def patient(self) -> bool:
        return self.age_seconds is not None and self.age_seconds <= STALE_SECONDS

    @property
    def frame(self) -> tuple[object, ...]:
        """What stays the same as long as traits of people and lanes need not be worked out anew."""
        return self.activation, self.policy_version, self.stock.frame


UNKNOWN = Situation(POLICY, BUILT_IN, Stock(), None)


class Reader:
    """Reads what changed since the last time; one statement where nothing did."""

    def __init__(self) -> None:
        self._taken_at: datetime | None = None
        self._activation: datetime | None = None
        self._policy = POLICY
        self._stock = Stock()

    async def read(self) -> Situation:
        row = await db.fetch_one(sql.situation)
        assert row is not None
        if row["activation"] != self._activation:
            self._policy = await policy_of(row["policy_version"])
            self._activation = row["activation"]
        if row["taken_at"] != self._taken_at:
            self._stock = await _stock()
            self._taken_at = row["taken_at"]
        return Situation(self._policy, row["policy_version"], self._stock, row["age_seconds"], self._activation)


_reader = Reader()


async def situation() -> Situation:
    """What this process remembers of it, if it is still so."""
    return await _reader.read()


async def _stock() -> Stock:
    """Figures of another version of the program are none."""
    figures = await db.fetch_value(sql.stock_figures)
    if figures is None:
        return Stock()
    try:
        return msgspec.convert(_with_infinities(figures), Stock)
    except msgspec.ValidationError:
        return Stock()


def _with_infinities(figures: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity; null stands for nobody."""
    best = {
        key: [NOBODY if worth is None else worth for worth in worths] for key, worths in figures.get("best", {}).items()
    }
    return figures | {"best": best}


async def policy_of(version: int) -> Policy:
    """The weights of a version; the built-in one where its row cannot be used by this version of the program."""
    if version == BUILT_IN:
        return POLICY
    row = await db.fetch_one(sql.policies, version=version, before=None, limit=1)
    return POLICY if row is None else from_weights(row["weights"])


def from_weights(weights: dict[str, Any]) -> Policy:
    """A weight that is not there, because it came later, is the built-in one."""
    known = {name: float(value) for name, value in weights.items() if name in Policy.__struct_fields__}
    return msgspec.structs.replace(POLICY, **known)


async def age_seconds() -> float | None:
    """Of the stock, for the metrics; None: nobody looked yet."""
    row = await db.fetch_one(sql.situation)
    return None if row is None else row["age_seconds"]
