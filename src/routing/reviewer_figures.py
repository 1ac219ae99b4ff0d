"""How good reviewers are, in figures: speed, agreement with others and with what is known, and how strict they are.

Read off the newest verdicts and measured looks; nothing here decides anything. What reviewers are believed to be able to do is
the fold of their evidence, as of everybody (docs/skills.md).
"""

import asyncio
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid
from kernel.sql import load

sql = load(__package__)
NEWEST = 20_000
"""Verdicts that are looked at: people change."""
Z = 1.959964
Sorting = Literal["looks", "turned_down", "seconds", "doubles", "calibration", "checked", "strict", "name"]


class Proportion(msgspec.Struct, frozen=True):
    """So many of so many, with the 95 % interval by Wilson (JASA 22, 1927)."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class Strictness(msgspec.Struct, frozen=True):
    odds: float
    """So many times the odds of the mean reviewer to find something in the same author's work."""
    low: float
    """95 % interval."""
    high: float
    word: Literal["stricter", "milder", "as_others"]
    """As the interval tells: `as_others` where it holds 1."""


class ReviewerFigures(msgspec.Struct, frozen=True):
    annotator_id: UUID
    display_name: str
    state: str
    looks: int
    """Verdicts given, without decisions between answers and without measured looks."""
    turned_down: Proportion
    """Sent back or rejected."""
    median_seconds: float | None
    """Active time of a look."""
    doubles: Proportion
    """Same verdict as the other one, where two looked without knowing of each other; as the first and as the second."""
    calibration: Proportion
    """Exactly the right verdict at pieces of sets."""
    checked: Proportion
    """Of verdicts that were looked at again (a second look, a later stage, an adjudicator): what they said is what counts."""
    strict: Strictness | None
    """None where nobody else reviewed."""
    last_at: datetime | None


class ReviewersReport(msgspec.Struct, frozen=True):
    items: list[ReviewerFigures]
    newest: int
    """Verdicts that are looked at."""


def proportion(count: int, of: int) -> Proportion:
    if of == 0:
        return Proportion(0, 0, None, None, None)
    share, z2 = count / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Proportion(count, of, round(share, 4), round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4))


async def reviewers(
    *, project_id: UUID | None = None, domain: str | None = None, vendor_id: UUID | None = None, sort: Sorting = "looks"
) -> ReviewersReport:
    """`vendor_id` narrows who is shown, not whom they are compared with."""
    wanted = {"project_id": project_id, "domain": domain, "limit": NEWEST}
    verdicts = await db.fetch(sql.verdicts_to_measure, **wanted)
    looks = await db.fetch(sql.looks_to_measure, **wanted)
    people = sorted({plain_uuid(row["reviewer"]) for row in (*verdicts, *looks)})
    known = await db.fetch(sql.reviewers_named, ids=people, vendor_id=vendor_id)
    found = await asyncio.to_thread(_figures, verdicts, looks, known)
    return ReviewersReport(sorted(found, key=ORDERS[sort]), NEWEST)


def _unknown_last(value: float | None) -> tuple[bool, float]:
    return value is None, -(value or 0.0)


ORDERS: dict[str, Callable[[ReviewerFigures], Any]] = {
    "looks": lambda one: (-one.looks, one.display_name),
    "turned_down": lambda one: _unknown_last(one.turned_down.share),
    "seconds": lambda one: _unknown_last(one.median_seconds),
    "doubles": lambda one: _unknown_last(one.doubles.low),
    "calibration": lambda one: _unknown_last(one.calibration.low),
    "checked": lambda one: _unknown_last(one.checked.low),
    "strict": lambda one: _unknown_last(one.strict.odds if one.strict else None),
    "name": lambda one: one.display_name.lower(),
}
"""Highest first; by the lower bound where a share of few says little."""


def _figures(verdicts: Sequence[Any], looks: Sequence[Any], known: Sequence[Any]) -> list[ReviewerFigures]:
    from routing.severity import severities  # noqa: PLC0415  numpy: decision 9

    by_person: dict[UUID, list[Any]] = defaultdict(list)
    for row in verdicts:
        by_person[plain_uuid(row["reviewer"])].append(row)
    doubles: dict[UUID, list[Any]] = defaultdict(list)
    pieces: dict[UUID, list[Any]] = defaultdict(list)
    for row in looks:
        own = pieces if row["kind"] == "calibration" else doubles
        own[plain_uuid(row["reviewer"])].append(row)
        if row["kind"] == "double":
            doubles[plain_uuid(row["first"])].append(row)
    seen = [(str(row["reviewer"]), str(row["author"]), row["outcome"] != "accept") for row in (*verdicts, *looks)]
    strict = severities(seen)
    return [
        _one(row, by_person[row["id"]], doubles[row["id"]], pieces[row["id"]], strict.get(str(row["id"])))
        for row in known
    ]


def _one(who: Any, given: Sequence[Any], doubles: Sequence[Any], pieces: Sequence[Any], strict: Any) -> ReviewerFigures:
    checked = [row for row in given if row["checked"]]
    return ReviewerFigures(
        annotator_id=plain_uuid(who["id"]), display_name=who["display_name"], state=who["state"], looks=len(given),
        turned_down=proportion(sum(row["outcome"] in {"rework", "reject"} for row in given), len(given)),
        median_seconds=float(statistics.median(row["seconds"] for row in given)) if given else None,
        doubles=proportion(sum(row["likeness"] == 1 for row in doubles), len(doubles)),
        calibration=proportion(sum(row["likeness"] == 1 for row in pieces), len(pieces)),
        checked=proportion(sum(row["outcome"] == row["counts"] for row in checked), len(checked)),
        strict=None if strict is None else _strictness(strict), last_at=max((row["given_at"] for row in given), default=None),
    )  # fmt: skip


def _strictness(found: Any) -> Strictness:
    low, high = math.exp(found.low), math.exp(found.high)
    word: Literal["stricter", "milder", "as_others"] = "stricter" if low > 1 else "milder" if high < 1 else "as_others"
    return Strictness(round(found.odds, 3), round(low, 3), round(high, 3), word)
