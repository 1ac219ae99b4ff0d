"""What an api process remembers between claims: the lanes' heads for a moment, and what each person is to each lane.

Nothing here decides by itself. A person's judgement is used as long as the version of their profile, which triggers
raise with every change, is the one that the claim's transaction reads; what fades with time is judged anew every hour,
as the belief itself. The heads only rank the lanes: whether a slot is free is asked of the database again.
"""

import math
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from kernel import clock, db
from kernel.settings import Settings
from kernel.sql import load
from routing.choice import Known, Lot, Lots, Recent, Trait, columns, extra, heads_of_row, lot, ranked
from routing.heads import KINDS, Head, head_of, trait_of
from routing.scoring import topic_bonus
from routing.situation import UNKNOWN, Situation, situation
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)

MOST_SEATS = 4096
"""People remembered at a time; at 300 lanes and 5 kB each that is 20 MB."""
MOST_LANES = 20_000
"""Lanes and their earlier versions; beyond it everything is read anew."""
HEADS_SECONDS = 0.5
"""How old the heads may be that the lanes are ranked by: nothing ages noticeably meanwhile, and a look at 300 lanes costs 10 ms."""
HOUR_SECONDS = 3600


@dataclass(slots=True)
class Seat:
    """One person as judged now, by lane in the order of `lanes`."""

    lanes: list[Head]
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
    frame: tuple[object, ...]
    """Of the situation that traits were worked out in."""

    def judge_anew(self, frame: tuple[object, ...]) -> None:
        """The person is the same; what they and the lanes make of each other is not."""
        self.traits, self.known, self.asked, self.frame = [], Known(array("d"), array("d"), array("d")), {}, frame


Topics = dict[tuple[UUID, str], list[int]]
"""Places of the lanes of each topic (`choice.Recent`) that its project sticks to."""
Wanted = tuple[frozenset[str], frozenset[UUID] | None]
"""Kinds and projects; None: all of them."""


class _Choice(NamedTuple):
    """What of the heads somebody may want: places in `Look.lots`, and the lots themselves."""

    numbers: list[int]
    lots: Lots


class Look:
    """The heads of the lanes as they were a moment ago. Claims under way keep theirs while the next one is taken."""

    def __init__(self, lanes: list[Head], versions: list[int], topics: Topics, situation_: Situation) -> None:
        self.lanes = lanes
        self.topics = topics
        self.versions = versions
        """Of the projects of `lanes`, in their order."""
        self.situation = situation_
        self.lots: list[Lot] = []
        """Heads of those with a free slot."""
        self.capped: set[UUID] = set()
        """Projects of these that cap what one person gets."""
        self._choices: dict[Wanted, _Choice] = {}
        self._drained: set[int] = set()
        """Lots in which something was seen that others have taken since."""

    def head(self, n: int) -> Head:
        """The lane of the `n`-th lot."""
        return self.lanes[self.lots[n].place]

    def best_of(self, seat: Seat, wanted: Wanted, most: int, recent: Recent | None = None) -> list[tuple[float, int]]:
        """As (score, place in `lots`), best first; after what the person worked on last."""
        choice = self._choices.get(wanted)
        if choice is None:
            choice = self._choices[wanted] = self._choice(*wanted)
        found = ranked(self._known_after(seat, recent), choice.lots, most)
        return [(score, choice.numbers[n]) for score, n in found]

    def _known_after(self, seat: Seat, recent: Recent | None) -> Known:
        """With the bonus where the person goes on with a topic; one look into a dictionary where no project asks for it."""
        places = None if recent is None else self.topics.get(recent[:2])
        if recent is None or not places:
            return seat.known
        more = array("d", seat.known.extra)
        bonus = topic_bonus(recent.minutes, self.situation.policy)
        for place in places:
            if place < len(more):  # lanes that came after the look are not in its lots
                more[place] += bonus
        return seat.known._replace(extra=more)

    def drain(self, numbers: Iterable[int]) -> None:
        """Nothing is left in these lots; until the next look nobody is sent there."""
        fresh = set(numbers) - self._drained
        self._drained |= fresh
        for choice in self._choices.values():
            for n in fresh:
                at = bisect_left(choice.numbers, n)
                if choice.numbers[at : at + 1] == [n]:
                    choice.lots.least_total[at] = math.inf  # nothing is above it: nobody gets it

    def _choice(self, kinds: frozenset[str], project_ids: frozenset[UUID] | None) -> _Choice:
        numbers = []
        for n, one in enumerate(self.lots):
            lane = self.lanes[one.place].lane
            if (
                n not in self._drained
                and lane.kind in kinds
                and (project_ids is None or lane.project_id in project_ids)
            ):
                numbers.append(n)
        return _Choice(numbers, columns([self.lots[n] for n in numbers]))


class Memory:
    """Of one process. `refresh` first, inside the transaction that claims."""

    def __init__(self) -> None:
        self.situation = UNKNOWN
        self._lanes: list[Head] = []
        self._versions: list[int] = []
        self._places: dict[tuple[UUID, int, int], int] = {}
        self._seats: OrderedDict[UUID, Seat] = OrderedDict()
        self._world = -1
        self._topics: Topics = {}
        self._look = Look(self._lanes, self._versions, self._topics, UNKNOWN)
        self._read_at = -math.inf

    async def refresh(self, world: int) -> Look:
        """`world`: the version of what all profiles share, the tree of domains and the crowd."""
        if world != self._world or len(self._lanes) > MOST_LANES:
            self.forget()
            self._world = world
        now = clock.monotonic()
        if now - self._read_at < HEADS_SECONDS:
            return self._look
        # Whoever comes meanwhile goes by the look that is there, if there is one.
        self._read_at = now if self._look.lots else self._read_at
        self.situation = await situation()
        rows = await db.fetch(sql.free_lanes, kinds=list(KINDS))
        if any((row["id"], row["version"], row["step"]) not in self._places for row in rows):
            await self._learn()
        moment = clock.now().timestamp()
        look = Look(self._lanes, self._versions, self._topics, self.situation)
        for row in rows:
            place = self._places.get((row["id"], row["version"], row["step"]))
            if place is None:
                continue  # it came between the two reads; the next refresh knows it
            head = self._lanes[place]
            waiting = heads_of_row(row, head.clock, moment)
            look.lots += [lot(place, str(head.id), head.sla_seconds, one, self.situation) for one in waiting]
        look.capped = {lane.lane.project_id for one in look.lots if (lane := self._lanes[one.place]).capped}
        self._look, self._read_at = look, now
        return look

    async def _learn(self) -> None:
        for row in await db.fetch(sql.lane_heads, kinds=list(KINDS), project_ids=None, lane_id=None):
            key = (UUID(int=row["id"].int), row["version"], row["step"])
            if key not in self._places:
                self._places[key] = len(self._lanes)
                self._lanes.append(head_of(row))
                self._versions.append(row["version"])
                head = self._lanes[-1]
                if head.stick_to_topic:
                    self._topics.setdefault((head.lane.project_id, head.lane.domain), []).append(self._places[key])

    async def seat(self, annotator_id: UUID, version: int, look: Look, settings: Settings) -> Seat:
        """As judged for the lanes of the look. Raises `NoSuchAnnotator`."""
        seat, now = self._seats.get(annotator_id), clock.now().timestamp()
        if seat is None or seat.version != version or seat.until <= now or seat.lanes is not look.lanes:
            profile = await load_profile(annotator_id, settings.skill_half_life_days)
            hour = (now // HOUR_SECONDS + 1) * HOUR_SECONDS
            ends = [one.ends_at.timestamp() for one in profile.restrictions if one.ends_at is not None]
            views = Views(profile, settings.skill_half_life_days)
            seat = Seat(
                look.lanes, profile, views, version, min([hour, *ends]), [], Known(array("d"), array("d"), array("d")), {},
                look.situation.frame,
            )  # fmt: skip
            self._seats[annotator_id] = seat
            if len(self._seats) > MOST_SEATS:
                self._seats.popitem(last=False)
        if seat.frame != look.situation.frame:
            seat.judge_anew(look.situation.frame)
        if annotator_id in self._seats:
            self._seats.move_to_end(annotator_id)
        for head in look.lanes[len(seat.traits) :]:
            known = _known(seat, head, settings.skill_lower_bound_z, look.situation)
            seat.traits.append(known)
            for column, figure in zip(
                seat.known, (known.p, extra(known, look.situation.policy), known.reserve), strict=True
            ):
                column.append(figure)
        return seat

    def forget(self) -> None:
        self._lanes, self._versions, self._topics = [], [], {}
        self._look = Look(self._lanes, self._versions, self._topics, self.situation)
        self._places.clear()
        self._seats.clear()
        self._read_at = -math.inf


@lru_cache(maxsize=4096)
def _shared(asks: tuple[object, ...]) -> tuple[object, ...]:
    """One copy for all seats: of 3,000 people each would keep some fifty of its own."""
    return asks


def _known(seat: Seat, head: Head, z: float, now: Situation) -> Trait:
    lane, expert_pay = head.lane, now.stock.expert_pay.get(str(head.id), 1.0)
    asks = (lane.kind, lane.stage, lane.domain, lane.language, lane.difficulty_band, lane.min_level, lane.required_role,
            lane.required_credential, lane.task_kind, lane.requirement, lane.prefer, head.language_level, head.half_life_days,
            head.expert_level, expert_pay,
            lane.project_id if str(lane.project_id) in seat.profile.project_roles else None)  # fmt: skip
    found = seat.asked.get(asks)
    if found is None:
        found = seat.asked[_shared(asks)] = trait_of(seat.views.of(head.half_life_days), head, z, now)
    return found
