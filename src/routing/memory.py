"""What an api process remembers between claims: the lanes' heads for a moment, and what each person is to each lane.

Nothing here decides by itself. A person's judgement is used as long as the version of their profile, which triggers
raise with every change, is the one that the claim's transaction reads; what fades with time is judged anew every hour,
as the belief itself. The heads only rank the lanes: whether a slot is free is asked of the database again.
"""

import math
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from kernel import clock, db
from kernel.settings import Settings
from kernel.sql import load
from routing.choice import Known, Lot, Trait, heads_of_row, lot, ranked
from routing.heads import KINDS, Head, head_of, trait_of
from routing.situation import UNKNOWN, Situation, situation
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)

MOST_SEATS = 4096
"""People remembered at a time; at 300 lanes and 5 kB each that is 20 MB."""
MOST_LANES = 20_000
"""Lanes and their earlier versions; beyond it everything is read anew."""
HEADS_SECONDS = 0.1
"""How old the heads may be that the lanes are ranked by: nothing ages noticeably meanwhile."""
HOUR_SECONDS = 3600


@dataclass(slots=True)
class Seat:
    """One person as judged now, by lane in the order of `Memory.lanes`."""

    profile: Profile
    views: Views
    version: int
    until: float
    """Seconds since 1970: the next whole hour, or the end of a restriction if that comes first."""
    traits: list[Trait]
    known: Known
    """The same as columns of numbers."""
    asked: dict[tuple[object, ...], Trait]
    """By what lanes ask for, because many ask for the same."""
    best: list[tuple[float, int]]
    """Lots of `best_look`, best first."""
    best_look: int = -1


class Memory:
    """Of one process. `refresh` first, inside the transaction that claims."""

    def __init__(self) -> None:
        self.lanes: list[Head] = []
        self.lots: list[Lot] = []
        """Heads of those with a free slot."""
        self.situation = UNKNOWN
        self.versions: list[int] = []
        """Of the projects of `lanes`, in their order."""
        self._places: dict[tuple[UUID, int, int], int] = {}
        self._seats: OrderedDict[UUID, Seat] = OrderedDict()
        self._world = -1
        self._look = 0
        self._read_at = -math.inf

    def head(self, n: int) -> Head:
        """The lane of the `n`-th lot."""
        return self.lanes[self.lots[n].place]

    async def refresh(self, world: int) -> None:
        """`world`: the version of what all profiles share, the tree of domains and the crowd."""
        if world != self._world or len(self.lanes) > MOST_LANES:
            self.forget()
            self._world = world
        now = clock.monotonic()
        if now - self._read_at < HEADS_SECONDS:
            return
        self.see(await situation())
        rows = await db.fetch(sql.free_lanes, kinds=list(KINDS))
        if any((row["id"], row["version"], row["step"]) not in self._places for row in rows):
            await self._learn()
        moment = clock.now().timestamp()
        self.lots = []
        for row in rows:
            place = self._places.get((row["id"], row["version"], row["step"]))
            if place is None:
                continue  # it came between the two reads; the next refresh knows it
            head = self.lanes[place]
            waiting = heads_of_row(row, head.clock, moment)
            self.lots += [lot(place, str(head.id), head.sla_seconds, one, self.situation) for one in waiting]
        self._look += 1
        self._read_at = now

    def see(self, now: Situation) -> None:
        """What people and lanes make of each other is worked out anew where the policy, medians or pay are other ones."""
        if now.frame != self.situation.frame:
            self._seats.clear()
        self.situation = now

    def best_of(self, seat: Seat, most: int) -> list[tuple[float, int]]:
        """As (score, lot), best first; worked out once for every look at the heads."""
        if seat.best_look != self._look:
            seat.best = ranked(seat.known, self.lots, self.situation.policy, most)
            seat.best_look = self._look
        return seat.best

    async def _learn(self) -> None:
        for row in await db.fetch(sql.lane_heads, kinds=list(KINDS), project_ids=None):
            key = (UUID(int=row["id"].int), row["version"], row["step"])
            if key not in self._places:
                self._places[key] = len(self.lanes)
                self.lanes.append(head_of(row))
                self.versions.append(row["version"])

    async def seat(self, annotator_id: UUID, version: int, settings: Settings) -> Seat:
        """Raises `NoSuchAnnotator`."""
        seat, now = self._seats.get(annotator_id), clock.now().timestamp()
        if seat is None or seat.version != version or seat.until <= now:
            profile = await load_profile(annotator_id, settings.skill_half_life_days)
            hour = (now // HOUR_SECONDS + 1) * HOUR_SECONDS
            ends = [one.ends_at.timestamp() for one in profile.restrictions if one.ends_at is not None]
            views = Views(profile, settings.skill_half_life_days)
            seat = Seat(
                profile, views, version, min([hour, *ends]), [], Known(array("d"), array("d"), array("d")), {}, []
            )
            self._seats[annotator_id] = seat
            if len(self._seats) > MOST_SEATS:
                self._seats.popitem(last=False)
        self._seats.move_to_end(annotator_id)
        for head in self.lanes[len(seat.traits) :]:
            known = self._known(seat, head, settings.skill_lower_bound_z)
            seat.traits.append(known)
            for column, figure in zip(seat.known, (known.p, known.pay, known.reserve), strict=True):
                column.append(figure)
        return seat

    def _known(self, seat: Seat, head: Head, z: float) -> Trait:
        lane, expert_pay = head.lane, self.situation.stock.expert_pay.get(str(head.id), 1.0)
        asks = (lane.kind, lane.stage, lane.domain, lane.language, lane.difficulty_band, lane.min_level, lane.required_role,
                lane.required_credential, lane.task_kind, lane.requirement, lane.prefer, head.language_level, head.half_life_days,
                head.expert_level, expert_pay,
                lane.project_id if str(lane.project_id) in seat.profile.project_roles else None)  # fmt: skip
        found = seat.asked.get(asks)
        if found is None:
            found = seat.asked[asks] = trait_of(seat.views.of(head.half_life_days), head, z, self.situation)
        return found

    def forget(self) -> None:
        self.lanes, self.lots, self.versions = [], [], []
        self._places.clear()
        self._seats.clear()
        self._read_at = -math.inf
