"""Whether a lot is accepted, by a sample: single sampling for normal inspection in the manner of ISO 2859-1. Pure.

Lot size and inspection level give a code letter (the standard's table 1). The letter gives a sample size. With the AQL, the share
of defects in percent that is good enough as an average, it gives the acceptance number (table 2-A). That table is one diagonal:
each step along the letters or the AQLs multiplies by about 1.6 (the series R5), so that letter + AQL alone say which number
stands there, and where an arrow leads to another letter. Built is the part for percent of pieces with a defect, AQL 0.065 to 10.
Tightened and reduced inspection, switching between them, and double or multiple sampling are not.
"""

import hashlib
import hmac
import math
from bisect import bisect_left
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args
from uuid import UUID

Level = Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"]
LEVELS: tuple[Level, ...] = get_args(Level)

LETTERS = "ABCDEFGHJKLMNPQR"
SAMPLE_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000)
AQLS = (0.065, 0.1, 0.15, 0.25, 0.4, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0)
"""Percent of the pieces; the standard's columns from the fifth on."""
SIZES_UP_TO = (8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000)
"""Upper ends of the rows of table 1; beyond the last is one row more."""
CODE_LETTERS: dict[Level, str] = {
    "S-1": "AAAABBBBCCCCDDD",
    "S-2": "AAABBBCCCDDDEEE",
    "S-3": "AABBCCDDEEFFGGH",
    "S-4": "AABCCDEEFGGHJJK",
    "I": "AABCCDEFGHJKLMN",
    "II": "ABCDEFGHJKLMNPQ",
    "III": "BCDEFGHJKLMNPQR",
}
"""Level → letter of each row of table 1."""
SMALLEST, LARGEST = 2, 150_000
"""Pieces of a lot. The standard begins at 2; the upper end is ours."""

FIRST_COLUMN = 4
"""Columns of table 2-A before the first of `AQLS`: 0.010, 0.015, 0.025, 0.040."""
ZERO = 14
"""Letter + column where 0 is the acceptance number; before it an arrow points to larger samples."""
UP, DOWN = 15, 16
"""Between 0 and 1 no sample has a place: the first arrow points to the letter before, the second to the next."""
ACCEPTED = {14: 0, 17: 1, 18: 2, 19: 3, 20: 5, 21: 7, 22: 10, 23: 14, 24: 21}
"""Letter + column → acceptance number; beyond the last an arrow points to smaller samples."""
OFTEN_REFUSED = 0.1
"""The limiting quality: accepted with at most this chance."""


class Plan(NamedTuple):
    letter: str
    """After the arrows were followed."""
    sample: int
    accept: int
    """Accepted with so many defects in the sample at most; one more sends it back."""
    all: bool = False
    """The sample would be as large as the lot: every piece is looked at."""


class Point(NamedTuple):
    """One point of the operating characteristic."""

    defects: int
    """In the lot."""
    share: float
    accepted: float
    """The chance that a lot with so many is accepted."""


def code_letter(size: int, level: Level) -> str:
    """Of a lot of `size` pieces, 2 or more."""
    return CODE_LETTERS[level][bisect_left(SIZES_UP_TO, size)]


def table(letter: str, aql: float) -> tuple[str, int]:
    """Letter and acceptance number of table 2-A, arrows followed. `aql` is one of `AQLS`."""
    column = FIRST_COLUMN + AQLS.index(aql)
    row = LETTERS.index(letter)
    # Above the first letter there is nothing that an arrow could point to.
    step = -1 if row + column > max(ACCEPTED) or (row + column == UP and row > 0) else 1
    while row + column not in ACCEPTED:
        row += step
    return LETTERS[row], ACCEPTED[row + column]


def plan(size: int, level: Level, aql: float) -> Plan:
    """For a lot of 2 pieces or more."""
    letter, accept = table(code_letter(size, level), aql)
    sample = SAMPLE_SIZES[LETTERS.index(letter)]
    return Plan(letter, min(sample, size), accept, all=sample >= size)


def chance_accepted(size: int, defects: int, plan: Plan) -> float:
    """That a lot with so many defects is accepted: hypergeometric, as the sample is drawn without putting back."""
    ways = _log_ways(size, plan.sample)
    fewest = max(0, plan.sample - (size - defects))
    most = min(plan.accept, defects, plan.sample)
    return min(1.0, sum(
        math.exp(_log_ways(defects, k) + _log_ways(size - defects, plan.sample - k) - ways) for k in range(fewest, most + 1)
    ))  # fmt: skip


def _log_ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def characteristic(size: int, plan: Plan, points: int = 24) -> list[Point]:
    """From no defects to where a lot is hardly ever accepted, evenly; each number of defects once."""
    hardly = fewest_refused(size, plan, 0.01)
    counts = sorted({round(hardly * n / points) for n in range(points + 1)})
    return [Point(one, one / size, chance_accepted(size, one, plan)) for one in counts]


def fewest_refused(size: int, plan: Plan, chance: float = OFTEN_REFUSED) -> int:
    """So many defects in the lot at least, and it is accepted with at most this chance."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if chance_accepted(size, middle, plan) <= chance:
            high = middle
        else:
            low = middle + 1
    return low


def decided(plan: Plan, looked: int, defects: int) -> Literal["open", "accepted", "sent_back"]:
    """After so many looks. One defect too many decides at once; acceptance takes the whole sample."""
    if defects > plan.accept:
        return "sent_back"
    return "accepted" if looked >= plan.sample else "open"


def digest(members: Iterable[tuple[UUID, bytes]]) -> bytes:
    """SHA-256 over each piece's id and the hash of its content, ordered by id: the same pieces give the same digest."""
    found = hashlib.sha256()
    for one, content in sorted(members):
        found.update(one.bytes + content)
    return found.digest()


def draw(members: Iterable[UUID], count: int, seed: bytes, key: bytes) -> list[UUID]:
    """The sample, in the order in which it is looked at: those with the smallest keyed hash.

    Nobody without `key` can foresee it. With the lot's digest as `seed`, making the same lot again draws the same sample.
    """
    return sorted(members, key=lambda one: hmac.digest(key, seed + one.bytes, "sha256"))[:count]
