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
from routing.eligibility import judge
from routing.heads import KINDS, Head, head_of, waited_seconds
from routing.scoring import CLAIM, fit_of, pressure
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
    """One person as judged now: by lane, the worth (-inf: not eligible) and the reserve, in task values."""

    profile: Profile
    views: Views
    version: int
    until: float
    """Seconds since 1970: the next whole hour, or the end of a restriction if that comes first."""
    worth: "array[float]"
    reserve: "array[float]"
    asked: dict[tuple[object, ...], tuple[float, float]]
    """By what lanes ask for, because many ask for the same."""


class Memory:
    """Of one process. `refresh` first, inside the transaction that claims."""

    def __init__(self) -> None:
        self.lanes: list[Head] = []
        self.live: list[int] = []
        """Places in `lanes` of those with a free slot."""
        self.ageing: list[float] = []
        self.fade: list[float] = []
        """Both of `live`, in its order."""
        self.waited_seconds: list[float] = []
        self.versions: list[int] = []
        """Of the projects of `lanes`, in their order."""
        self._places: dict[tuple[UUID, int, int], int] = {}
        self._seats: OrderedDict[UUID, Seat] = OrderedDict()
        self._world = -1
        self._read_at = -math.inf

    def head(self, n: int) -> Head:
        """Of the `n`-th lane with a free slot."""
        return self.lanes[self.live[n]]

    async def refresh(self, world: int) -> None:
        """`world`: the version of what all profiles share, the tree of domains and the crowd."""
        if world != self._world or len(self.lanes) > MOST_LANES:
            self.forget()
            self._world = world
        now = clock.monotonic()
        if now - self._read_at < HEADS_SECONDS:
            return
        rows = await db.fetch(sql.free_lanes, kinds=list(KINDS))
        if any((row["id"], row["version"], row["step"]) not in self._places for row in rows):
            await self._learn()
        moment = clock.now().timestamp()
        known = [(self._places.get((row["id"], row["version"], row["step"])), row["rank"]) for row in rows]
        self.live, self.ageing, self.fade, self.waited_seconds = [], [], [], []
        for place, rank in known:
            if place is None:
                continue  # it came between the two reads; the next refresh knows it
            waited = waited_seconds(self.lanes[place].clock, rank, moment)
            now_asks = pressure(max(0.0, waited) / self.lanes[place].sla_seconds, value=1.0, backlog=0.0, policy=CLAIM)
            self.live.append(place)
            self.ageing.append(now_asks.ageing)
            self.fade.append(now_asks.fade)
            self.waited_seconds.append(waited)
        self._read_at = now

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
            seat = Seat(
                profile,
                Views(profile, settings.skill_half_life_days),
                version,
                min([hour, *ends]),
                array("d"),
                array("d"),
                {},
            )
            self._seats[annotator_id] = seat
            if len(self._seats) > MOST_SEATS:
                self._seats.popitem(last=False)
        self._seats.move_to_end(annotator_id)
        for head in self.lanes[len(seat.worth) :]:
            worth, reserve = self._known(seat, head, settings.skill_lower_bound_z)
            seat.worth.append(worth)
            seat.reserve.append(reserve)
        return seat

    def _known(self, seat: Seat, head: Head, z: float) -> tuple[float, float]:
        lane = head.lane
        asks = (lane.kind, lane.stage, lane.domain, lane.language, lane.difficulty_band, lane.min_level, lane.required_role,
                lane.required_credential, lane.task_kind, lane.requirement, lane.prefer, head.language_level, head.half_life_days,
                lane.project_id if str(lane.project_id) in seat.profile.project_roles else None)  # fmt: skip
        found = seat.asked.get(asks)
        if found is None:
            found = seat.asked[asks] = _judged(seat.views.of(head.half_life_days), head, z)
        return found

    def forget(self) -> None:
        self.lanes, self.live, self.versions = [], [], []
        self._places.clear()
        self._seats.clear()
        self._read_at = -math.inf


def _judged(profile: Profile, head: Head, z: float) -> tuple[float, float]:
    if judge(profile, head.lane, head.language_level, z):
        return -math.inf, 0.0
    pair = fit_of(profile, head.lane)
    return pair.worth, pair.reserve
