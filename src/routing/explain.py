"""Would this person get this task, and who could: the decision's own functions, asked without deciding."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.ids import plain_uuid
from kernel.settings import Settings
from kernel.sql import load
from routing.caps import CAPS, Caps, caps_of
from routing.choice import Recent, recent_of, scored
from routing.eligibility import Failure, judge
from routing.estimating import TaskDifficulty, of_task
from routing.heads import KINDS, Head, choose, fresh_from, head_of, lane_heads, trait_of, weigh
from routing.ladder import asked, seconds_until, steps_of
from routing.lanes import lane_of
from routing.mending import Mended, opening
from routing.moment import Moment, hindered
from routing.reports import TaskRow, task
from routing.requirements import text
from routing.situation import Situation, situation
from routing.views import Views
from skills.profiles import Profile, load_profile, load_profiles

sql = load(__package__)
MOST_PEOPLE = 5000
"""People whom one question judges: about two seconds of work, in portions."""
AT_ONCE = 50
"""Judged before others get their turn: about 10 ms."""
BEST = 5


class Reach(msgspec.Struct, frozen=True):
    """The step of the ladder on which the person may take it."""

    stands_on: int
    step: int
    at: datetime | None
    """By waiting alone; none: only a longer queue leads there, or the project is paused."""
    relaxed: dict[str, Any]


class PlaceExplained(msgspec.Struct, frozen=True):
    """One slot of the task, seen by one person."""

    kind: str
    stage: int
    no: int
    state: str
    eligible: bool
    failures: list[Failure]
    score: dict[str, float]
    kept_for_better_fit: bool
    """Somebody on shift would do it so much better that it waits a little; not once patience is over."""
    lanes_before: int
    """Eligible lanes whose head scores higher for this person now; 0 means it would be among the next."""
    requirement: str
    """All that the lane asks beside good standing and the project's language level, in the short form."""
    smallest_change: Mended | None
    """Of the person, the requirement, or what else stands in the way, after which the place is open to them; None: it is, or
    only somebody else can take it."""
    ladder: Reach | None = None
    """When the ladder will reach this person; none: it will not, or is not needed."""


class Explanation(msgspec.Struct, frozen=True):
    task_id: UUID
    task_state: str
    annotator_id: UUID
    would_get: bool
    """Claimable by this person now."""
    places: list[PlaceExplained]
    difficulty: TaskDifficulty
    """Where it began, by which sources with which share, and where it is now."""


class _Person(msgspec.Struct, frozen=True):
    """Before the places of one task."""

    views: Views
    held: int
    """Units of capacity."""
    declined: bool
    caps: Caps
    recent: Recent | None
    said: str | None
    """Of being there."""
    wrote: bool = False
    """A part of a dialogue about the task that went on in other hands."""
    part: UUID | None = None
    """The place of the task in which they had a part that somebody else may go on with: all others are shut to them."""


class _Place(msgspec.Struct, frozen=True):
    slot: Any
    row: Any
    """Of `lane_of_slot`."""
    head: Head
    expired: bool
    """The task's time is over, and nobody has touched it."""

    def rework_of(self, person: UUID) -> bool:
        return self.slot["kept_until"] is None and self.slot["reserved_for"] == person


async def explain(task_id: UUID, annotator_id: UUID, settings: Settings) -> Explanation:
    """Raises `NoSuchTask`, `NoSuchAnnotator`."""
    row, profile = await task(task_id), await load_profile(annotator_id, settings.skill_half_life_days)
    z = settings.skill_lower_bound_z
    facts = await db.fetch_one(sql.load_of, annotator_id=annotator_id, task_id=task_id)
    assert facts is not None
    caps = (await caps_of([annotator_id], [row.project_id]))[annotator_id]
    person = _Person(
        Views(profile, settings.skill_half_life_days),
        facts["held"],
        facts["declined"],
        caps,
        recent_of(facts),
        facts["said"],
        facts["wrote"],
        facts["part"] and plain_uuid(facts["part"]),
    )
    now, heads = await situation(), await lane_heads(KINDS, None)
    traits = [
        fresh_from(trait_of(person.views.of(head.half_life_days), head, z, now), head, person.recent) for head in heads
    ]
    rivals = [scored(one.lot, one.trait, now.policy).total for one in choose(heads, traits, now, len(heads) * 2)]
    found = await _places(row)
    seen = _Seen(rivals, z, now, _holders(found))
    places = [_explained(place, person, seen) for place in found]
    would_get = any(place.eligible and not place.kept_for_better_fit for place in places)
    return Explanation(task_id, row.state, annotator_id, would_get, places, await of_task(task_id))


class _Seen(NamedTuple):
    rivals: list[float]
    """Scores of what else the person could be given."""
    z: float
    now: Situation
    holders: set[UUID]


async def _places(of: TaskRow) -> list[_Place]:
    slots = await db.fetch(sql.slots_of_task, task_id=of.id)
    untouched = not any(slot["state"] in {"live", "done"} or slot["kept"] for slot in slots)
    expired = untouched and of.expires_at is not None and of.expires_at <= clock.now()
    found = []
    for slot in slots:
        row = await db.fetch_one(sql.lane_of_slot, slot_id=slot["id"])
        assert row is not None
        found.append(_Place(slot, row, head_of(row), expired))
    return found


def _holders(places: Sequence[_Place]) -> set[UUID]:
    return {plain_uuid(place.slot["annotator_id"]) for place in places if place.slot["annotator_id"] is not None}


def _explained(place: _Place, person: _Person, seen: _Seen) -> PlaceExplained:
    slot, head, z, now = place.slot, place.head, seen.z, seen.now
    profile = person.views.of(head.half_life_days)
    failures = _failures(place, person, z, seen.holders)
    own_rework = place.rework_of(profile.id)
    mended = opening(profile, head.lane, head.language_level, z, _moment(place, person, seen.holders))
    own, kept = weigh(profile, head, z, now, recent=person.recent, judge_id=slot["judge_id"])
    return PlaceExplained(
        slot["kind"], slot["stage"], slot["no"], slot["state"], not failures, failures,
        {name: round(value, 4) for name, value in msgspec.structs.asdict(own).items()}, kept and slot["reserved_for"] != profile.id,
        sum(rival > own.total for rival in seen.rivals),
        text(head.lane.asks), mended, _reach(place, profile, z) if failures and not own_rework else None,
    )  # fmt: skip


def _reach(place: _Place, profile: Profile, z: float) -> Reach | None:
    """The first step above the one it stands on at which every predicate of the lane holds."""
    row, head = place.row, place.head
    ladder, plain = steps_of(row["ladder"]), lane_of(row)
    for step in range(row["step"] + 1, len(ladder) + 1):
        given = asked(plain, row["language_level"], ladder, step)
        if judge(profile, given.lane, given.language_level, z):
            continue
        waits = seconds_until(ladder, step, head.sla_seconds)
        at = None if waits is None else head.clock.add(row["waits_since"], waits)
        return Reach(row["step"], step, None if at is None else datetime.fromtimestamp(at, UTC), given.relaxed)
    return None


def _failures(place: _Place, person: _Person, z: float, holders: set[UUID]) -> list[Failure]:
    """Everything that a claim asks of person, lane and slot."""
    head, profile = place.head, person.views.of(place.head.half_life_days)
    own_rework = place.rework_of(profile.id)
    found = judge(profile, head.lane, head.language_level, z, own_rework=own_rework)
    return found + hindered(_moment(place, person, holders), profile)


def _moment(place: _Place, person: _Person, holders: set[UUID]) -> Moment:
    person_id = person.views.of(None).id
    slot, head = place.slot, place.head
    returned = slot["reserved_for"] is not None and slot["kept_until"] is None
    return Moment(
        project_id=head.lane.project_id, project_state=place.row["project_state"], held=person.held, cost=head.cost,
        caps=person.caps, said=person.said, state=slot["state"], reserved_for=slot["reserved_for"] and plain_uuid(slot["reserved_for"]),
        kept_until=slot["kept_until"],
        reserved_until=slot["freed_at"] + timedelta(seconds=head.deadline_seconds) if returned else None,
        author_id=person_id if person.wrote and slot["author_id"] else slot["author_id"] and plain_uuid(slot["author_id"]), author_vendor_id=slot["author_vendor_id"],
        other_vendor=head.other_vendor, involved=person_id in holders or person_id in map(plain_uuid, slot["judges"] or ()) or person.part not in {None, plain_uuid(slot["id"])}, expired=place.expired, declined=person.declined,
    )  # fmt: skip


class KeptBy(msgspec.Struct, frozen=True):
    predicate: str
    people: int
    """Who fail by it, among other things or not."""
    alone: int
    """Who fail by nothing else: so many more could take it without this condition."""


class CandidateView(msgspec.Struct, frozen=True):
    annotator_id: UUID
    display_name: str
    score: dict[str, float]
    chance: int
    """Percent: of an acceptable answer, by what is known of the person and the difficulty."""
    held: int
    capacity: int
    preferred: bool
    """Named by the project or the task as welcome."""


class PlaceCandidates(msgspec.Struct, frozen=True):
    kind: str
    stage: int
    no: int
    state: str
    requirement: str
    able: int
    """Active people who could take it now."""
    fitting: int
    """Active people to whom the lane is open, whether they have room and the place is free or not."""
    kept: list[KeptBy]
    """By what the others fail, the most frequent first."""
    best: list[CandidateView]
    """Of those to whom the lane is open, able ones first, by score."""


class Candidates(msgspec.Struct, frozen=True):
    task_id: UUID
    task_state: str
    active: int
    """People who were asked about."""
    left_out: int
    """Active people beyond the number that one question judges."""
    places: list[PlaceCandidates]


class _Tally:
    def __init__(self) -> None:
        self.able = self.fitting = 0
        self.people: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.best: list[tuple[bool, float, CandidateView]] = []


async def candidates(task_id: UUID, settings: Settings) -> Candidates:
    """Who could take the task. Raises `NoSuchTask`."""
    row = await task(task_id)
    places = await _places(row)
    people = await db.fetch(sql.who_is_there, task_id=task_id, people=None, limit=MOST_PEOPLE)
    seen, tallies = await _seen(places, settings), [_Tally() for _ in places]
    async for _, person in _each(people, row.project_id, settings):
        for place, tally in zip(places, tallies, strict=True):
            _count(tally, place, person, seen)
    total = people[0]["total"] if people else 0
    found = [_tallied(place, tally) for place, tally in zip(places, tallies, strict=True)]
    return Candidates(task_id, row.state, len(people), total - len(people), found)


async def places_seen_by(
    task_id: UUID, annotator_ids: Sequence[UUID], settings: Settings
) -> dict[UUID, list[PlaceExplained]]:
    """What `explain` says of the places, for several active people at once, but for rivals. Raises `NoSuchTask`."""
    row = await task(task_id)
    places = await _places(row)
    people = await db.fetch(sql.who_is_there, task_id=task_id, people=list(annotator_ids), limit=MOST_PEOPLE)
    seen = await _seen(places, settings)
    return {
        one: [_explained(place, person, seen) for place in places]
        async for one, person in _each(people, row.project_id, settings)
    }


async def _each(people: Sequence[Any], project_id: UUID, settings: Settings) -> AsyncIterator[tuple[UUID, _Person]]:
    """In portions, so that nobody else waits for the judging."""
    by_id = {plain_uuid(one["id"]): one for one in people}
    ids, days = list(by_id), settings.skill_half_life_days
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        caps = await caps_of(some, [project_id])
        for profile in await load_profiles(some, days):
            facts = by_id[profile.id]
            yield (
                profile.id,
                _Person(
                    Views(profile, days),
                    facts["held"],
                    facts["declined"],
                    caps[profile.id],
                    recent_of(facts),
                    facts["said"],
                    facts["wrote"],
                    facts["part"] and plain_uuid(facts["part"]),
                ),
            )
        await asyncio.sleep(0)


async def _seen(places: Sequence[_Place], settings: Settings) -> _Seen:
    return _Seen([], settings.skill_lower_bound_z, await situation(), _holders(places))


OF_THE_MOMENT = frozenset({"free", "capacity", "project", "present", "reserved", "grace"}) | CAPS
"""What passes with time, and says nothing of whether somebody fits."""


def _count(tally: _Tally, place: _Place, person: _Person, seen: _Seen) -> None:
    failing = {failure.predicate for failure in _failures(place, person, seen.z, seen.holders)}
    tally.people.update(failing)
    if len(failing) == 1:
        tally.alone.update(failing)
    tally.able += not failing
    if failing - OF_THE_MOMENT:
        return
    tally.fitting += 1
    head, profile = place.head, person.views.of(place.head.half_life_days)
    worth, _ = weigh(profile, head, seen.z, seen.now, recent=person.recent, judge_id=place.slot["judge_id"])
    parts = {name: round(value, 4) for name, value in msgspec.structs.asdict(worth).items()}
    preferred = head.lane.prefer.names(profile.id, profile.vendor_id)
    chance = round(100 * worth.p_acceptable)
    view = CandidateView(profile.id, profile.display_name, parts, chance, person.held, profile.capacity, preferred)
    tally.best.append((bool(failing), -worth.total, view))
    tally.best.sort(key=lambda one: one[:2])
    del tally.best[BEST:]


def _tallied(place: _Place, tally: _Tally) -> PlaceCandidates:
    kept = [KeptBy(name, people, tally.alone[name]) for name, people in tally.people.most_common()]
    return PlaceCandidates(
        place.slot["kind"], place.slot["stage"], place.slot["no"], place.slot["state"], text(place.head.lane.asks),
        tally.able, tally.fitting, kept, [view for _, _, view in tally.best],
    )  # fmt: skip
