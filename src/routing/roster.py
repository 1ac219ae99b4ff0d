"""The roster: people by what they can do, what they hold and how their work was judged, one page after another.

Where no belief is asked for, the database orders and cuts. Where one is, everybody who passes the rest is judged here, once
an hour and change (`roster_memory`), in portions that leave the event loop free, then ordered and cut in the same way.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.ids import plain_uuid
from kernel.settings import Settings
from kernel.sql import load
from routing.roster_memory import Asked, Remembered, shelf_of
from skills.belief import Belief, level_floor
from skills.profiles import EXPERT_LEVEL, Known
from skills.roster import (
    Candidate,
    Judged,
    RosterCredential,
    RosterFilter,
    RosterSkill,
    Sort,
    Yardstick,
    skills_of,
)

sql = load(__package__)
PORTION = 2000
"""People read in one statement and judged before others get their turn: some 10 ms each."""
_KNOWN = msgspec.json.Decoder(dict[str, Known])


class Reach(NamedTuple):
    """Whose rows the reader sees; none and none: everybody's."""

    self_id: UUID | None = None
    vendor_id: UUID | None = None


class Order(NamedTuple):
    sort: Sort = "name"
    falling: bool = False


BY_NAME = Order()


class After(msgspec.Struct, frozen=True, array_like=True):
    """The last row of the page before."""

    key: float | None
    name: str
    id: UUID


class Load(msgspec.Struct, frozen=True):
    held: int
    capacity: int
    free: int
    handed_in_7_days: int
    judged_30_days: int
    acceptance_30_days: float | None
    """Share of the judged work that was accepted, 0 to 1; none: nothing was judged."""
    last_active_at: datetime | None


class RosterPresence(msgspec.Struct, frozen=True):
    state: str
    """`available`, `busy`, `break`, `draining` or `offline`, as of now."""
    since: datetime | None
    """None: they never said anything and were never seen."""


class RosterRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    external_id: str | None
    display_name: str
    vendor_id: UUID | None
    vendor: str | None
    state: str
    state_reason: str | None
    capacity: int
    cap_per_day: int | None
    roles: list[str]
    """Everywhere, or in any project."""
    roles_everywhere: list[str]
    languages: dict[str, int]
    created_at: datetime
    standing: list[str]
    """Actions in force."""
    load: Load
    presence: RosterPresence
    credentials: list[RosterCredential]
    skills: list[RosterSkill]


class Found(msgspec.Struct, frozen=True):
    ids: list[UUID]
    total: int
    """Of all pages."""
    after: After | None
    """Of the last of `ids`; none: there is no further page."""


async def yardstick(settings: Settings, project_id: UUID | None = None) -> Yardstick:
    row = await db.fetch_one(sql.roster_yardstick, project_id=project_id)
    assert row is not None
    return Yardstick.of(
        row["parents"],
        msgspec.convert(row["crowd"], dict[str, Belief]),
        settings.skill_lower_bound_z,
        row["half_life_days"] or settings.skill_half_life_days,
        row["expert_level"] or EXPERT_LEVEL,
    )


async def find(
    wanted: RosterFilter,
    reach: Reach,
    settings: Settings,
    order: Order = BY_NAME,
    *,
    after: After | None = None,
    limit: int,
) -> Found:
    """One page of ids. Raises `Invalid` where the filter or the order asks for a skill and names no domain."""
    wanted.check(order.sort)
    if wanted.asks_belief or order.sort == "skill":
        return await _by_belief(wanted, reach, settings, order, after=after, limit=limit)
    rows = await _candidates(wanted, reach, order, after, settings, limit=limit + 1)
    total = rows[0]["total"] if rows else 0
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return Found(
        [plain_uuid(row["id"]) for row in shown], total,
        last and After(_key(last["value"], order), last["name"], plain_uuid(last["id"])),
    )  # fmt: skip


async def everybody(wanted: RosterFilter, reach: Reach, settings: Settings, *, limit: int) -> list[UUID]:
    """Ids of all that the filter finds, by name, `limit` at most."""
    return (await find(wanted, reach, settings, limit=limit)).ids


async def rows(
    ids: Sequence[UUID], yard: Yardstick, settings: Settings, domains: list[str] | None = None
) -> list[RosterRow]:
    """In the order of `ids`; skills in `domains`, or where somebody was seen."""
    found = {
        plain_uuid(row["id"]): row
        for row in await db.fetch(sql.roster_rows, ids=list(ids), idle_minutes=settings.presence_idle_minutes)
    }
    people = {person.id: person for person in await _known(ids)}
    return [_row(found[one], skills_of(people[one], domains or [], yard)) for one in ids if one in found]


async def speed(ids: Sequence[UUID]) -> dict[UUID, tuple[int, float]]:
    """Annotations of the last 30 days and their mean active seconds, by person."""
    found = await db.fetch(sql.roster_speed, ids=list(ids))
    return {plain_uuid(row["annotator_id"]): (row["pieces"], row["seconds"]) for row in found}


async def _by_belief(
    wanted: RosterFilter, reach: Reach, settings: Settings, order: Order, *, after: After | None, limit: int
) -> Found:
    assert wanted.domain is not None
    yard = await yardstick(settings, wanted.project_id)
    # Versions are read before what they stand for: who changes in between is judged anew the next time.
    everyone = await _candidates(wanted, reach, order, None, settings, limit=None, to_judge=True)
    people = [(plain_uuid(row["id"]), row["name"], row["value"], row["version"]) for row in everyone]
    known = await _judgements([(one[0], one[3]) for one in people], yard, wanted)
    passed: list[tuple[bool, float, str, UUID]] = []
    for person_id, name, value, _ in people:
        judged = known.get(person_id)  # none: gone since
        if judged is not None and yard.passes(wanted, judged):
            key = _key(judged.belief.lower_bound(yard.z) if order.sort == "skill" else value, order)
            passed.append((key is None, key or 0.0, name, person_id))
    passed.sort(key=_standing(order), reverse=order == Order("name", falling=True))
    start = 0 if after is None else _place(passed, after, order)
    shown = passed[start : start + limit]
    last = shown[-1] if start + limit < len(passed) else None
    return Found([one[3] for one in shown], len(passed), last and After(None if last[0] else last[1], last[2], last[3]))


async def _judgements(people: Sequence[tuple[UUID, int]], yard: Yardstick, wanted: RosterFilter) -> dict[UUID, Judged]:
    """Of those whose profile has not changed since from memory; others in portions, so that nobody waits for long."""
    assert wanted.domain is not None
    asked = Asked(yard, wanted.domain, wanted.expert is not None, int(clock.now().timestamp()) // 3600)
    shelf = shelf_of(asked)
    found: dict[UUID, Judged] = {}
    missing: dict[UUID, int] = {}
    for person_id, version in people:
        kept = shelf.get(person_id)
        if kept is not None and kept.version == version:
            found[person_id] = kept.judged
        else:
            missing[person_id] = version
    ids = list(missing)
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        for person_id, judged in (await _judged(portion, asked)).items():
            found[person_id] = judged
            shelf[person_id] = Remembered(missing[person_id], judged)
        await asyncio.sleep(0)
    return found


async def _judged(ids: Sequence[UUID], asked: Asked) -> dict[UUID, Judged]:
    from skills.hierarchy_many import Learned, beliefs_about  # noqa: PLC0415  numpy: decision 9

    yard, domain = asked.yard, asked.domain
    learned = await db.fetch_one_as(Learned, sql.roster_learned, ids=list(ids))
    assert learned is not None
    columns = beliefs_about(yard.tree, learned, len(ids), domain, yard.half_life_days)
    beliefs = [Belief(mean, variance) for mean, variance in zip(*(one.tolist() for one in columns), strict=True)]
    experts: set[UUID] = set()
    if asked.by_class:
        floor = level_floor(yard.expert_level)
        near = {one: belief for one, belief in zip(ids, beliefs, strict=True) if belief.lower_bound(yard.z) >= floor}
        proofs = [_candidate(row) for row in await db.fetch(sql.roster_proofs, ids=list(near))]
        experts = {person.id for person in proofs if yard.is_expert(person, domain, near[person.id])}
    return {one: Judged(belief, one in experts) for one, belief in zip(ids, beliefs, strict=True)}


def _key(value: float | None, order: Order) -> float | None:
    return -value if order.falling and value is not None else value


def _standing(order: Order) -> Any:
    """Ordered as the database orders: none last, then by name, then by id."""
    if order.sort == "name":
        return lambda one: (one[2], one[3])
    return lambda one: one


def _place(passed: list[tuple[bool, float, str, UUID]], after: After, order: Order) -> int:
    """How many stand up to and with the last row of the page before."""
    key = _standing(order)
    last = key((after.key is None, after.key or 0.0, after.name, after.id))
    if order == Order("name", falling=True):
        return sum(1 for one in passed if key(one) >= last)
    return sum(1 for one in passed if key(one) <= last)


async def _candidates(
    wanted: RosterFilter,
    reach: Reach,
    order: Order,
    after: After | None,
    settings: Settings,
    *,
    limit: int | None,
    to_judge: bool = False,
) -> list[Any]:
    given = msgspec.structs.asdict(wanted)
    for name in ("domain", "level", "level_of", "expert"):
        del given[name]
    return await db.fetch(
        sql.roster, **given, ids=None, idle_minutes=settings.presence_idle_minutes, **_reach(reach), **_order(order), with_version=to_judge, limit=limit,
        with_credential=any(value is not None for name, value in given.items() if name.startswith(("credential", "expires"))),
        with_throughput=order.sort == "throughput" or wanted.throughput_at_least is not None,
        with_acceptance=order.sort == "acceptance" or (wanted.acceptance_at_least, wanted.acceptance_at_most) != (None, None),
        after_key=after and after.key, after_name=after and after.name, after_id=after and after.id,
    )  # fmt: skip


def _reach(reach: Reach) -> dict[str, Any]:
    return {"self_id": reach.self_id, "scope_vendor_id": reach.vendor_id}


def _order(order: Order) -> dict[str, Any]:
    by_name = order.sort == "name"
    return {"sort": order.sort, "falling": order.falling and not by_name, "name_falling": order.falling and by_name}


async def _known(ids: Sequence[UUID]) -> list[Candidate]:
    return [_candidate(row) for row in await db.fetch(sql.roster_known, ids=list(ids))]


def _candidate(row: Any) -> Candidate:
    known = _KNOWN.decode(row["known"])
    return Candidate(plain_uuid(row["id"]), row["name"], row["value"], known, row["credentials"], row["exams"])


def _row(row: Any, skills: list[RosterSkill]) -> RosterRow:
    held, capacity = row["held"], row["capacity"]
    return RosterRow(
        id=plain_uuid(row["id"]), external_id=row["external_id"], display_name=row["display_name"],
        vendor_id=None if row["vendor_id"] is None else plain_uuid(row["vendor_id"]), vendor=row["vendor"], state=row["state"],
        state_reason=row["state_reason"], capacity=capacity, cap_per_day=row["cap_per_day"], roles=row["roles"],
        roles_everywhere=row["roles_everywhere"], languages=row["languages"],
        created_at=row["created_at"], standing=row["standing"],
        load=Load(
            held, capacity, max(0, capacity - held), row["handed_in"], row["judged"], row["accepted"], row["last_active_at"]
        ),
        presence=RosterPresence(row["presence"], row["presence_since"]),
        credentials=msgspec.convert(row["credentials"], list[RosterCredential]), skills=skills,
    )  # fmt: skip
