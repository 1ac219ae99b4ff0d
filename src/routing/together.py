"""Claims that arrive together share one transaction: one look at the lanes, one fenced UPDATE of many slots, one commit.

It serves the common wish, one task for somebody with room. Whatever is not common (rework that waits for its author, a
budget that ends, a profile on leave, no slot found) it leaves alone, and `dispatch.claim` answers with the reason. The
predicates, the score and the constraints are the same; only the number of statements differs.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.assignments import AssignmentView, assignments
from routing.choice import ranked
from routing.dispatch import RUNNERS_UP, note_relaxations
from routing.events import Hold, Price, pricing
from routing.heads import KINDS, Candidate, Head, explain_choice, price_query
from routing.lanes import ANNOTATION
from routing.memory import Memory, Seat

sql = load(__package__)
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
    """The lanes with the highest scores for one person, best first, as (score, place in `Memory.lots`)."""

    seat: Seat
    lanes: list[tuple[float, int]]


class _Match(NamedTuple):
    ask: int
    seat: Seat
    head: Head
    place: _Place
    assignment_id: UUID
    why: dict[str, Any]


async def claim_together(asks: Sequence[Ask], settings: Settings, memory: Memory) -> list[AssignmentView | None]:
    """What each gets, in their order; None: to be served alone. At most one ask of a person is served.

    Raises `BudgetExhausted` and what the constraints raise, after which all are to be served alone.
    """
    db.require_transaction()
    wishes = await _wishes(asks, settings, memory)
    matches = _matched(wishes, await _places(wishes, memory), memory)
    if not matches:
        return [None] * len(asks)
    z = settings.skill_lower_bound_z
    prices = await pricing().quote(
        [price_query(match.seat.views.of(match.head.half_life_days), match.head, z) for match in matches]
    )
    await _take(asks, matches, prices)
    views = {
        view.id: view for view in await assignments(ids=[match.assignment_id for match in matches], limit=len(matches))
    }
    served = {match.ask: views[match.assignment_id] for match in matches}
    return [served.get(n) for n in range(len(asks))]


async def _wishes(asks: Sequence[Ask], settings: Settings, memory: Memory) -> dict[int, _Wish]:
    """By place in `asks`: those who may be served here, their rows locked in the order of ids."""
    first = {ask.annotator_id: n for n, ask in reversed(list(enumerate(asks)))}
    rows = await db.fetch(sql.lock_holders, annotator_ids=list(first))
    if not rows:
        return {}
    await memory.refresh(rows[0]["world"])
    found = {}
    for row in rows:
        n = first[UUID(int=row["annotator"].int)]
        ask = asks[n]
        reached = ask.everybody or ask.own or (ask.vendor_id is not None and ask.vendor_id == row["vendor"])
        if reached and row["common"]:
            seat = await memory.seat(ask.annotator_id, row["version"], settings)
            found[n] = _Wish(seat, _best(ask, seat, memory))
    return dict(sorted(found.items()))


def _best(ask: Ask, seat: Seat, memory: Memory) -> list[tuple[float, int]]:
    most = LANES_TRIED + RUNNERS_UP
    if ask.project_ids is None and len(ask.kinds) == len(KINDS):
        return memory.best_of(seat, most)
    lots = memory.lots
    wanted = [n for n in range(len(lots)) if _wanted(ask, memory.head(n))]
    chosen = [lots[n] for n in wanted]
    best = ranked(seat.known, chosen, memory.situation.policy, most)
    return [(score, wanted[n]) for score, n in best]


def _wanted(ask: Ask, head: Head) -> bool:
    return head.lane.kind in ask.kinds and (ask.project_ids is None or head.lane.project_id in ask.project_ids)


async def _places(wishes: dict[int, _Wish], memory: Memory) -> dict[int, list[_Place]]:
    """By place in `Memory.lots`: the free slots at the head of every lane that somebody would be given first."""
    wanted = Counter(n for wish in wishes.values() for _, n in wish.lanes[:1])
    # One of each other lane that is tried, for those whom the head of their first lane does not suit.
    for wish in wishes.values():
        for _, n in wish.lanes[1:LANES_TRIED]:
            wanted.setdefault(n, 1)
    found: dict[int, list[_Place]] = {n: [] for n in wanted}
    if not wanted:
        return found
    lots = [memory.lots[n] for n in wanted]
    rows = await db.fetch(
        sql.lock_lane_heads, places=list(wanted), lane_ids=[memory.lanes[one.place].id for one in lots],
        from_ranks=[one.from_rank for one in lots],
        counts=[count + (SPARE_SLOTS if count > 1 else 0) for count in wanted.values()],
        versions=[memory.versions[one.place] for one in lots],
    )  # fmt: skip
    for row in rows:
        found[row["place"]].append(
            _Place(
                _uuid(row["id"]), _uuid(row["task"]), row["author_id"] and _uuid(row["author_id"]),
                row["author_vendor_id"] and _uuid(row["author_vendor_id"]), frozenset(map(_uuid, row["involved"])),
            )
        )  # fmt: skip
    return found


def _matched(wishes: dict[int, _Wish], places: dict[int, list[_Place]], memory: Memory) -> list[_Match]:
    """Whoever came first chooses first; everybody gets the best lane in which a slot is left for them."""
    found = []
    tasks: set[UUID] = set()
    for ask, (seat, lanes) in wishes.items():
        for rank, (_, n) in enumerate(lanes[:LANES_TRIED]):
            head = memory.head(n)
            place = next((one for one in places[n] if one.task_id not in tasks and _may_have(seat, head, one)), None)
            if place is not None:
                places[n].remove(place)
                tasks.add(place.task_id)
                candidates = [_candidate(seat, other, memory) for _, other in lanes[rank : rank + 1 + RUNNERS_UP]]
                why = explain_choice(candidates[0], candidates[1:], memory.situation)
                found.append(_Match(ask, seat, head, place, uuid7(), why))
                break
    return found


def _may_have(seat: Seat, head: Head, place: _Place) -> bool:
    """What `claim_slot` asks of the slot itself."""
    person = seat.profile.id
    if place.author_id == person or person in place.involved:
        return False
    return not (head.other_vendor and place.author_vendor_id == seat.profile.vendor_id)


def _candidate(seat: Seat, n: int, memory: Memory) -> Candidate:
    lot = memory.lots[n]
    return Candidate(memory.lanes[lot.place], lot, seat.traits[lot.place])


async def _take(asks: Sequence[Ask], matches: list[_Match], prices: list[Price]) -> None:
    actors = {asks[match.ask].actor for match in matches}
    if len(actors) > 1:
        by_row = {str(id_): asks[match.ask].actor for match in matches for id_ in (match.place.id, match.place.task_id)}
        await db.execute(sql.name_actors, actors=db.jsonb(by_row))
    taken = await db.execute(
        sql.claim_slots, slot_ids=[match.place.id for match in matches],
        assignment_ids=[match.assignment_id for match in matches],
        annotator_ids=[match.seat.profile.id for match in matches],
        vendor_ids=[match.seat.profile.vendor_id for match in matches],
        lease_seconds=[float(match.head.lease_seconds) for match in matches],
        deadline_seconds=[float(match.head.deadline_seconds) for match in matches],
        prices=[price.micros for price in prices], currencies=[price.currency for price in prices],
        price_inputs=[db.jsonb(price.inputs) for price in prices], whys=[db.jsonb(match.why) for match in matches],
        event_ids=[uuid7() for _ in matches],
    )  # fmt: skip
    if taken != len(matches):
        raise NotTakenTogether
    relaxed = [(match.assignment_id, match.place.task_id, match.head) for match in matches if match.head.relaxed]
    if relaxed:
        await note_relaxations(relaxed)
    work = [match.place.task_id for match in matches if match.head.lane.kind == ANNOTATION]
    if work:
        await db.execute(sql.begin_tasks, task_ids=work)
    await pricing().reserve_together(
        [
            Hold(match.assignment_id, match.place.task_id, match.head.lane.project_id, match.seat.profile.id, price)
            for match, price in zip(matches, prices, strict=True)
            if price.micros
        ]
    )


def _uuid(value: Any) -> UUID:
    return UUID(int=value.int)  # the driver's own UUID class is not the one that Structs are made of
