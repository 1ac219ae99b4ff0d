"""What of the lanes' heads one person may be given, while they take one place after the other.

Where a project sticks to authors, places that this person should get or leave to others stand beside the heads: they were
found by who judged their author last, wherever in the lane they are.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.ids import plain_uuid
from kernel.sql import load
from routing.choice import Lot, Trait, Waiting, lot
from routing.heads import DIFFERENT, SAME, Candidate, Head, choose, lots_of
from routing.lanes import REVIEW
from routing.situation import Situation

sql = load(__package__)


class Choice:
    """Heads of lanes, what one person and they make of each other, and what of them may be taken next."""

    def __init__(self, heads: list[Head], traits: list[Trait], lots: list[Lot]) -> None:
        self.heads, self.traits, self.lots = heads, traits, lots

    def copy(self) -> "Choice":
        return Choice(list(self.heads), self.traits, list(self.lots))

    def best(self, now: Situation, most: int) -> list[Candidate]:
        return choose(self.heads, self.traits, now, most, self.lots)

    def drop(self, one: Lot) -> None:
        self.lots.remove(one)

    def follow(self, taken: Candidate, heads: Sequence[Head], now: Situation) -> None:
        """What the lane shows after one of its places was taken; `heads` is that lane alone, or nothing where it is empty."""
        place = taken.lot.place
        if taken.lot.slot_id is not None:
            self.drop(taken.lot)
            return
        self.lots = [one for one in self.lots if one.place != place or one.slot_id is not None]
        for head in heads:
            self.heads[place] = msgspec.structs.replace(self.heads[place], waiting=head.waiting)
            self.lots += [one._replace(place=place) for one in lots_of([head], now)]


async def lots_for(person: UUID, heads: Sequence[Head], now: Situation) -> list[Lot]:
    """The heads of the lanes; where projects stick to authors, with the places that this person should get or leave."""
    lots = lots_of(heads, now)
    sticky = {head.id: n for n, head in enumerate(heads) if head.stick_to_author and head.lane.kind == REVIEW}
    if not sticky:
        return lots
    moment, avoided, own = clock.now().timestamp(), set(), []
    for row in await db.fetch(sql.places_by_author, annotator_id=person):
        n = sticky.get(plain_uuid(row["lane"]))
        if n is None:
            continue
        head = heads[n]
        waiting = Waiting(0, max(0.0, head.clock.seconds(row["waits_since"], moment)), row["priority"])
        one = lot(n, str(head.id), head.sla_seconds, waiting, now)
        if head.stick_to_author == DIFFERENT:
            avoided.add(n)
        says = -1 if row["avoid"] else 1 if head.stick_to_author == SAME else 0
        own.append(one.by_author(says, now.policy, plain_uuid(row["id"])))
    # A lane in which some places are not for this person is seen by the places that were named instead.
    return [one for one in lots if one.place not in avoided] + own
