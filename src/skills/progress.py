"""What opens the next level: how much good work would prove it, found by doing it with the production update. Pure.

A level is proved when the lower bound of the belief reaches its floor (`skills.belief.level_floor`).
"""

from collections.abc import Mapping

import msgspec

from skills.belief import Belief, difficulty_prior, level_floor, level_of, sigmoid
from skills.hierarchy import Local, Tree, belief_about, learned

HIGHEST_LEVEL = 5
ACCEPTED, WITH_FIXES = 1.0, 0.85
"""Outcomes: every piece accepted as it is; three in ten accepted with a fix, which counts half."""
MOST_PIECES = 200
"""Beyond that it is no advice."""
ABOVE, BELOW = 1, 1
"""Difficulties worth naming: one above the level that is proved, as far as work is given out, and one below."""


class Way(msgspec.Struct, frozen=True):
    """So many accepted pieces of one difficulty prove the level."""

    difficulty: int
    """1 to 5."""
    least: int
    """When each is accepted as it is."""
    most: int | None
    """When three in ten need a fix; None: that many fixes would not get there."""


class Step(msgspec.Struct, frozen=True):
    """From the level that is proved to the next one, in one domain."""

    level: int
    """Proved now, 1 to 5."""
    next_level: int | None
    """None at the top."""
    bound_percent: int
    """The skill that is proved: the lower bound of the belief, 0 to 100."""
    needed_percent: int | None
    """Where the next level begins."""
    ways: list[Way]
    """The shortest first; empty where no reasonable number of pieces is enough."""


class Outlook(msgspec.Struct, frozen=True):
    """One person in one domain, now."""

    tree: Tree
    known: Mapping[str, Local]
    """Faded to now."""
    domain: str
    z: float
    """As in `Belief.lower_bound`."""

    def step(self) -> Step:
        bound = belief_about(self.tree, self.known, self.domain).lower_bound(self.z)
        level, percent = level_of(bound), round(100 * sigmoid(bound))
        if level >= HIGHEST_LEVEL:
            return Step(level, None, percent, None, [])
        difficulties = range(max(1, level - BELOW), min(HIGHEST_LEVEL, level + ABOVE) + 1)
        ways = [way for difficulty in difficulties if (way := self._way(difficulty, level + 1)) is not None]
        ways.sort(key=lambda way: (way.least, way.most or MOST_PIECES, way.difficulty))
        return Step(level, level + 1, percent, floor_percent(level + 1), ways)

    def pieces_until(self, level: int, difficulty: Belief, outcome: float) -> int | None:
        """How many pieces with this outcome prove the level; None: more than `MOST_PIECES`."""
        after = dict(self.known)
        for pieces in range(MOST_PIECES + 1):
            if belief_about(self.tree, after, self.domain).lower_bound(self.z) >= level_floor(level):
                return pieces
            after[self.domain] = learned(self.tree, after, self.domain, outcome, difficulty)
        return None

    def _way(self, difficulty: int, level: int) -> Way | None:
        prior = difficulty_prior(difficulty)
        least = self.pieces_until(level, prior, ACCEPTED)
        return None if least is None else Way(difficulty, least, self.pieces_until(level, prior, WITH_FIXES))


def floor_percent(level: int) -> int:
    """Where a level begins on the scale that people see; 0 for the first."""
    return 0 if level <= 1 else round(100 * sigmoid(level_floor(level)))
