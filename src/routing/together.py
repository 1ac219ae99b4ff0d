"""Claims that arrive together share one transaction: one look at the lanes, one fenced UPDATE of many slots, one commit.

It serves the common wish, one task for somebody with room. Whatever is not common (rework that waits for its author, a
budget that ends, a profile on leave, no slot found) it leaves alone, and `dispatch.claim` answers with the reason. The
predicates, the score and the constraints are the same; only the number of statements differs.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.assignments import AssignmentView
from routing.caps import OPEN, Caps, caps_of
from routing.choice import Recent, recent_of
from routing.dispatch import RUNNERS_UP, note_relaxations
from routing.events import Hold, Price, pricing
from routing.heads import Candidate, Head, explain_choice, fresh_from, price_query
from routing.memory import Look, Memory, Seat

sql = load(__package__)
ROUNDS = 3
"""Of looking for a slot: each forgets the lanes that were found empty."""
LANES_TRIED = 3
"""Of each person, the best first; when all their heads are taken the person is served alone, with the reason."""
SPARE_SLOTS = 2
"""More than are wanted of a lane, because the person at the head may have had that task before."""


class NotTakenTogether(Exception):  # noqa: N818  a signal to whoever opened the transaction, never seen outside
    """A row that was locked and free is not what it was; nothing of the batch may stand."""


class Ask(msgspec.Struct, frozen=True):
    """One task, for one person."""

    annotator_id: UUID
    kinds: frozenset[str]
    project_ids: frozenset[UUID] | None
    actor: str
    """Who asks, as the audit log names them."""
    everybody: bool
    """Whether the asker reaches everybody; else the person must be of `vendor_id`, or the asker themself."""
    vendor_id: UUID | None = None
    own: bool = False


class _Place(NamedTuple):
    """A free slot, locked by this transaction."""

    id: UUID
    task_id: UUID
    author_id: UUID | None
    author_vendor_id: UUID | None
    involved: frozenset[UUID]
    """Who has a place in this task already, or handed it back."""


class _Wish(NamedTuple):
    seat: Seat
    lanes: list[int]
    """With the highest scores for this person, best first, as places in `Look.lots`."""
    room: int
    """Units of capacity that are free."""
    caps: Caps
    recent: Recent | None


class _Match(NamedTuple):
    ask: int
    seat: Seat
    head: Head
    place: _Place
    assignment_id: UUID
    why: dict[str, Any]
    days: tuple[date | None, date | None]
    """On which it counts for a cap, in the project and over all."""


async def claim_together(asks: Sequence[Ask], settings: Settings, memory: Memory) -> list[AssignmentView | None]:
    """What each gets, in their order; None: to be served alone. At most one ask of a person is served.

    Raises `BudgetExhausted` and what the constraints raise, after which all are to be served alone.
    """
    db.require_transaction()
    rows = await db.fetch(sql.lock_holders, annotator_ids=list({ask.annotator_id for ask in asks}))
    if not rows:
        return [None] * len(asks)
    look = await memory.refresh(rows[0]["world"])
    matches = await _matches(asks, await _wishes(asks, rows, look, settings, memory), look)
    if not matches:
        return [None] * len(asks)
    z = settings.skill_lower_bound_z
    prices = await pricing().quote(
        [price_query(match.seat.views.of(match.head.half_life_days), match.head, z) for match in matches]
    )
    # Whom no rate leads to is told so when they are served alone.
    matches = [match for match, price in zip(matches, prices, strict=True) if not price.without_rate]
    prices = [price for price in prices if not price.without_rate]
    if not matches:
        return [None] * len(asks)
    views = {view.id: view for view in await _take(asks, matches, prices, settings)}
    served = {match.ask: views[match.assignment_id] for match in matches}
    return [served.get(n) for n in range(len(asks))]


async def _wishes(
    asks: Sequence[Ask], rows: Sequence[Any], look: Look, settings: Settings, memory: Memory
) -> dict[int, _Wish]:
    """By place in `asks`: those who may be served here; their rows are locked."""
    first = {ask.annotator_id: n for n, ask in reversed(list(enumerate(asks)))}
    caps = await _caps(rows, look)
    found = {}
    for row in rows:
        n = first[plain_uuid(row["annotator"])]
        ask = asks[n]
        reached = ask.everybody or ask.own or (ask.vendor_id is not None and ask.vendor_id == row["vendor"])
        if reached and row["common"]:
            seat = await memory.seat(ask.annotator_id, row["version"], look, settings)
            own = caps.get(ask.annotator_id, OPEN)
            recent = recent_of(row)
            found[n] = _Wish(seat, _best(ask, seat, look, recent), row["room"], own, recent)
    return dict(sorted(found.items()))


async def _caps(rows: Sequence[Any], look: Look) -> dict[UUID, Caps]:
    """Asked only where some project or person has a cap; under the lock of the holders, so that nobody else counts meanwhile."""
    if not look.capped and all(row["cap_per_day"] is None for row in rows):
        return {}
    return await caps_of([plain_uuid(row["annotator"]) for row in rows], look.capped)


async def _matches(asks: Sequence[Ask], wishes: dict[int, _Wish], look: Look) -> list[_Match]:
    """Rounds, because a lane may have been emptied since it was looked at; then the others are ranked without it."""
    found: list[_Match] = []
    places: dict[int, list[_Place]] = {}
    for _ in range(ROUNDS):
        await _lock_places(wishes, places, look)
        found += _matched(wishes, places, {match.place.task_id for match in found}, look)
        served = {match.ask for match in found}
        wishes = {
            n: wish._replace(lanes=lanes)
            for n, wish in wishes.items()
            if n not in served and (lanes := _best(asks[n], wish.seat, look, wish.recent)) != wish.lanes
        }
        if not wishes:
            break
    return sorted(found, key=lambda match: match.ask)


def _best(ask: Ask, seat: Seat, look: Look, recent: Recent | None) -> list[int]:
    return [n for _, n in look.best_of(seat, (ask.kinds, ask.project_ids), LANES_TRIED + RUNNERS_UP, recent)]


async def _lock_places(wishes: dict[int, _Wish], places: dict[int, list[_Place]], look: Look) -> None:
    """Adds, by place in `Look.lots`, the free slots at the head of every lane that somebody would be given first; each lane once."""
    wanted = Counter(wish.lanes[0] for wish in wishes.values() if wish.lanes)
    # One of each other lane that is tried, for those whom the head of their first lane does not suit.
    for wish in wishes.values():
        for n in wish.lanes[1:LANES_TRIED]:
            wanted.setdefault(n, 1)
    counts = {n: count + (SPARE_SLOTS if count > 1 else 0) for n, count in wanted.items() if n not in places}
    if not counts:
        return
    lots = [look.lots[n] for n in counts]
    rows = await db.fetch(
        sql.lock_lane_heads, places=list(counts), lane_ids=[look.lanes[one.place].id for one in lots],
        from_ranks=[one.from_rank for one in lots], counts=list(counts.values()),
        versions=[look.versions[one.place] for one in lots],
    )  # fmt: skip
    places |= {n: [] for n in counts}
    for row in rows:
        places[row["place"]].append(
            _Place(
                plain_uuid(row["id"]), plain_uuid(row["task"]), row["author_id"] and plain_uuid(row["author_id"]),
                row["author_vendor_id"] and plain_uuid(row["author_vendor_id"]), frozenset(map(plain_uuid, row["involved"])),
            )
        )  # fmt: skip
    look.drain(n for n, count in counts.items() if len(places[n]) < count)


def _matched(wishes: dict[int, _Wish], places: dict[int, list[_Place]], tasks: set[UUID], look: Look) -> list[_Match]:
    """Whoever came first chooses first; everybody gets the best lane in which a slot is left for them. `tasks` are given out."""
    found = []
    for ask, (seat, lanes, room, caps, recent) in wishes.items():
        for rank, n in enumerate(lanes[:LANES_TRIED]):
            head = look.head(n)
            if head.cost > room or caps.failures(head.lane.project_id):
                continue
            place = next((one for one in places[n] if one.task_id not in tasks and _may_have(seat, head, one)), None)
            if place is not None:
                places[n].remove(place)
                tasks.add(place.task_id)
                candidates = [_candidate(seat, other, look, recent) for other in lanes[rank : rank + 1 + RUNNERS_UP]]
                why = explain_choice(candidates[0], candidates[1:], look.situation)
                found.append(_Match(ask, seat, head, place, uuid7(), why, caps.days(head.lane.project_id)))
                break
    return found


def _may_have(seat: Seat, head: Head, place: _Place) -> bool:
    """What `claim_slot` asks of the slot itself."""
    person = seat.profile.id
    if place.author_id == person or person in place.involved:
        return False
    return not (head.other_vendor and place.author_vendor_id == seat.profile.vendor_id)


def _candidate(seat: Seat, n: int, look: Look, recent: Recent | None) -> Candidate:
    lot, head = look.lots[n], look.head(n)
    return Candidate(head, lot, fresh_from(seat.traits[lot.place], head, recent))


async def _take(
    asks: Sequence[Ask], matches: list[_Match], prices: list[Price], settings: Settings
) -> list[AssignmentView]:
    actors = {asks[match.ask].actor for match in matches}
    if len(actors) > 1:
        by_row = {str(id_): asks[match.ask].actor for match in matches for id_ in (match.place.id, match.place.task_id)}
        await db.execute(sql.name_actors, actors=db.jsonb(by_row))
    taken = await db.fetch_as(
        AssignmentView, sql.claim_slots, slot_ids=[match.place.id for match in matches],
        assignment_ids=[match.assignment_id for match in matches],
        annotator_ids=[match.seat.profile.id for match in matches],
        vendor_ids=[match.seat.profile.vendor_id for match in matches],
        lease_seconds=[float(match.head.lease_seconds) for match in matches],
        deadline_seconds=[float(match.head.deadline_seconds) for match in matches],
        prices=[price.micros for price in prices], currencies=[price.currency for price in prices],
        price_inputs=[db.jsonb(price.inputs) for price in prices], whys=[db.jsonb(match.why) for match in matches],
        event_ids=[uuid7() for _ in matches], costs=[match.head.cost for match in matches],
        project_days=[match.days[0] for match in matches], site_days=[match.days[1] for match in matches],
        idle_minutes=settings.presence_idle_minutes, domains=[match.head.lane.domain for match in matches],
    )  # fmt: skip
    if len(taken) != len(matches):
        raise NotTakenTogether
    relaxed = [(match.assignment_id, match.place.task_id, match.head) for match in matches if match.head.relaxed]
    if relaxed:
        await note_relaxations(relaxed)
    await pricing().reserve_together(
        [
            Hold(match.assignment_id, match.place.task_id, match.head.lane.project_id, match.seat.profile.id, price)
            for match, price in zip(matches, prices, strict=True)
            if price.micros
        ]
    )
    return taken
