"""What was believed when: one person's evidence folded once, with every state kept, to be asked about any moment.

The fold is that of `skills.folding`, and a moment is faded as a profile is: asked about now, it answers what the profile
answers.
"""

import asyncio
import bisect
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from skills.belief import HALF_LIFE_DAYS, Belief
from skills.folding import PRIOR, TRANSFER, Held, Piece, idle_days, piece_of, step
from skills.hierarchy import Local, Tree, beliefs
from skills.profiles import Profile

sql = load(__package__)
MOST_POINTS = 160
"""Of one line in a chart: more than a screen can tell apart."""

AT_ONCE = 500
"""Pieces that are folded without letting others go first: about 70 ms."""


class Told(msgspec.Struct, frozen=True):
    """A piece of evidence that counts, with the name of its row."""

    id: UUID
    kind: str
    piece: Piece

    @property
    def node(self) -> str:
        """Whose belief it moves first."""
        return self.piece.node

    @property
    def observed(self) -> bool:
        """Something was seen: no starting point."""
        return self.piece.source_type not in {PRIOR, TRANSFER}


class Effect(msgspec.Struct, frozen=True):
    """The belief about the domain of a piece, right before it and right after."""

    before: Belief
    after: Belief


class Point(msgspec.Struct, frozen=True):
    """What was believed about a domain at one moment."""

    at: datetime
    mean: float
    variance: float
    percent: int
    interval: tuple[int, int]
    """Percents, 95 %."""
    kinds: list[str]
    """Of the evidence in this domain since the point before; empty: only time passed, or other domains spoke."""


class Story:
    """Everything that was learned about one person, in order."""

    def __init__(
        self,
        parents: Mapping[str, str | None],
        tree: Tree,
        told: Sequence[Told],
        half_life_days: float = HALF_LIFE_DAYS,
    ) -> None:
        """`told` in the order of its observation; `tree` is the one in which beliefs are read, with the crowd of today."""
        self._tree = tree
        self._half_life = half_life_days
        self._told = list(told)
        self._times = [one.piece.observed_at for one in told]
        self._place = {one.id: n for n, one in enumerate(told)}
        self._states: list[dict[str, Held]] = []
        held: dict[str, Held] = {}
        for one in told:
            held = {**held, one.node: step(Tree(parents), held, one.piece)}
            self._states.append(held)

    def at(self, domain: str, moment: datetime) -> Belief:
        """What was believed then; before any evidence, what the crowd says."""
        return self._read(bisect.bisect_right(self._times, moment), moment, (domain,))[domain]

    def everything_at(self, moment: datetime) -> dict[str, Belief]:
        """Of every domain of the tree."""
        return self._read(bisect.bisect_right(self._times, moment), moment, self._tree.parents)

    def effect(self, evidence_id: UUID) -> Effect | None:
        """None for a row that does not count."""
        place = self._place.get(evidence_id)
        if place is None:
            return None
        domain, moment = self._told[place].node, self._times[place]
        before, after = (self._read(n, moment, (domain,))[domain] for n in (place, place + 1))
        return Effect(before, after)

    def counts(self, domain: str, until: datetime) -> int:
        """Pieces of evidence in the domain itself up to a moment, starting points left out."""
        past = self._told[: bisect.bisect_right(self._times, until)]
        return sum(one.node == domain and one.observed for one in past)

    def points(self, domain: str, now: datetime, most: int = MOST_POINTS) -> list[Point]:
        """From the first evidence to now, at most `most` and two more, with fading in between; empty without evidence.

        Where there is more evidence than points, a point stands for a stretch of time and is what was believed at its end.
        """
        first = next((one.piece.observed_at for one in self._told if one.observed), None)
        if first is None or first > now:
            return []
        found, since = [], bisect.bisect_left(self._times, first)
        for moment in self._moments(first, now, most):
            until = bisect.bisect_right(self._times, moment)
            fresh = [one.kind for one in self._told[since:until] if one.node == domain and one.observed]
            found.append(_point(moment, self._read(until, moment, (domain,))[domain], fresh))
            since = max(since, until)
        return found

    def _moments(self, first: datetime, now: datetime, most: int) -> list[datetime]:
        """Even steps over the whole time, and in between every piece, or the last one of its step where there are many."""
        slots = max(1, most // 2)
        width = max((now - first) / slots, timedelta(microseconds=1))
        steps = {first + width * n for n in range(slots)}
        own = [moment for moment in self._times if first <= moment <= now]
        if len(own) > slots:
            own = list({(moment - first) // width: moment for moment in own}.values())
        return sorted({*steps, *own, now})

    def _read(self, pieces: int, moment: datetime, wanted: Iterable[str]) -> dict[str, Belief]:
        held = self._states[pieces - 1] if pieces else {}
        known: dict[str, Local] = {
            domain: row.local.faded(idle_days(row.at, moment), self._half_life) for domain, row in held.items()
        }
        return beliefs(self._tree, known, wanted)


def _point(moment: datetime, belief: Belief, kinds: list[str]) -> Point:
    return Point(moment, belief.mean, belief.variance, belief.percent, belief.interval(), kinds)


async def load_story(profile: Profile, half_life_days: float) -> Story:
    """From all evidence of the person that counts."""
    rows = await db.fetch(sql.evidence_trail, annotator_id=profile.id)
    told = [Told(row["id"], row["kind"], piece_of(row)) for row in rows]
    tree = profile.tree
    if len(told) <= AT_ONCE:
        return Story(tree.parents, tree, told, half_life_days)
    return await asyncio.to_thread(Story, tree.parents, tree, told, half_life_days)
