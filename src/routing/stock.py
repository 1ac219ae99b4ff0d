"""Takes stock every few seconds, off the hot path: who is on shift, what the best of them makes of each lane, what waits.

Claims read the row (`routing.situation`) and never wait for it. A worker remembers judgements as the api does
(`routing.memory`), so that a look at a hundred people and hundreds of lanes takes some ten milliseconds.
"""

import math
from collections.abc import Sequence
from statistics import median
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.events import NoRateCard, PriceQuery, pricing
from routing.heads import Head
from routing.memory import Memory, Seat
from routing.scoring import remembered, value_of
from routing.situation import NOBODY, Best, Situation, Stock, situation
from routing.weights import Policy

sql = load(__package__)

JOB = "routing.take_stock"
MOST_PEOPLE = 1000
"""The last that were seen: the best of a thousand is nearly the best of all."""
MOST_COUNTED = 1000
"""Waiting places of a lane that are counted, which is what a look may cost; a lane with more is in overload anyway."""
WORK_SECONDS = 900.0
"""Of one task where nothing was handed in yet."""
MEDIAN_MOVES = 0.1
"""Logits by which a median must move before everybody is worked out anew; half of that is what one task of evidence moves."""
SLACK = 0.005
"""Task values that are taken off the best: beliefs fade between two looks, and the best one must never be refused."""
PRIORITIES = range(1, 6)


async def take_stock(settings: Settings, memory: Memory) -> Stock:
    """Writes the row and answers with what is in it."""
    db.require_transaction()
    look = await memory.refresh(await db.fetch_value(sql.world_version))
    rows = await db.fetch(sql.people_on_shift, idle_minutes=settings.presence_idle_minutes, limit=MOST_PEOPLE)
    people = [(UUID(int=row["id"].int), row["version"]) for row in rows]
    before = await situation()
    lanes = [look.lanes[place] for place in sorted({one.place for one in look.lots})]
    seats = [await memory.seat(*one, look, settings) for one in people]
    stock = msgspec.structs.replace(
        await _load(len(people), before), medians=_medians(seats, lanes, before.stock.medians),
        expert_pay=await _expert_pay(lanes, before.stock.expert_pay),
    )  # fmt: skip
    if (stock.medians, stock.expert_pay) != (before.stock.medians, before.stock.expert_pay):
        stock = msgspec.structs.replace(stock, frame=before.stock.frame + 1)
        look.situation = msgspec.structs.replace(before, stock=stock)
        seats = [await memory.seat(*one, look, settings) for one in people]
    best = {
        str(look.lanes[place].id): _best(seats, place, before.policy)
        for place in sorted({one.place for one in look.lots})
    }
    stock = msgspec.structs.replace(stock, best=best)
    await db.execute(sql.put_stock, figures=db.jsonb(_written(stock)))
    return stock


async def _load(people: int, before: Situation) -> Stock:
    """How much waits for how many."""
    waiting = await db.fetch_value(sql.waiting_in_all, most=MOST_COUNTED)
    each = await db.fetch_value(sql.mean_work_seconds) or WORK_SECONDS
    old = before.stock
    queue = each * waiting / people if people else old.queue_seconds
    since = before.age_seconds or 0.0
    return Stock(
        people=people, waiting=waiting, backlog=waiting / people if people else 0.0, queue_seconds=queue,
        longest_queue_seconds=remembered(old.longest_queue_seconds, since, queue, before.policy), frame=old.frame,
    )  # fmt: skip


def _medians(seats: Sequence[Seat], lanes: Sequence[Head], old: dict[str, float]) -> dict[str, float]:
    """Of skill in the domains that something waits in or that were known; what hardly moved stays as it was."""
    found = dict(old)
    for domain in {head.lane.domain for head in lanes} | set(old):
        if seats:
            now = median(seat.profile.belief(domain).mean for seat in seats)
            if abs(now - old.get(domain, math.inf)) > MEDIAN_MOVES:
                found[domain] = round(now, 2)
    return found


async def _expert_pay(lanes: Sequence[Head], old: dict[str, float]) -> dict[str, float]:
    """By lane id: the price for an expert in units of the price for anybody else, by the cards of the moment."""
    asked = [
        PriceQuery(lane.project_id, lane.kind, lane.difficulty_band, expert, lane.min_level, lane.language)
        for lane in (head.lane for head in lanes)
        for expert in (False, True)
    ]
    try:
        prices = [price.micros for price in await pricing().quote(asked)]
    except NoRateCard:
        return old
    pays = {
        str(head.id): round(expert / plain, 4) if plain else 1.0
        for head, plain, expert in zip(lanes, prices[::2], prices[1::2], strict=True)
    }
    return {key: pay for key, pay in (old | pays).items() if pay != 1}


def _best(seats: Sequence[Seat], place: int, policy: Policy) -> Best:
    """Many are alike: each pair of chance and extra is weighed once."""
    alike = {(seat.known.p[place], seat.known.extra[place]) for seat in seats}
    one, two, three, four, five = (
        max((value_of(priority, policy) * p + extra - SLACK for p, extra in alike), default=NOBODY)
        for priority in PRIORITIES
    )
    return one, two, three, four, five


def _written(stock: Stock) -> dict[str, object]:
    """As JSON has it: null for nobody."""
    best = {
        key: [None if worth == NOBODY else round(worth, 5) for worth in worths] for key, worths in stock.best.items()
    }
    return msgspec.structs.asdict(stock) | {"best": best}
