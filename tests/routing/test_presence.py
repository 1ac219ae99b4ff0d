"""Who is there, decided when it is read; and what being away keeps from them."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from callboard.checks import check
from kernel import db
from kernel.errors import DomainError
from kernel.settings import Settings
from routing import by_hand, climbing, leases, offers
from routing.memory import Memory
from routing.offer_book import offers as listed
from routing.presence import PresenceView, people_here, presence, set_presence
from routing.risk import risks
from routing.together import NotTakenTogether
from tests.routing.factory import claim, claim_one, make_annotator, make_project, make_tasks, submit
from tests.routing.test_together import together

pytestmark = pytest.mark.usefixtures("pool")


async def say(settings: Settings, person: UUID, state: str, **values: object) -> PresenceView:
    async with db.transaction("person:test"):
        return await set_presence(person, state, settings, **values)  # type: ignore[arg-type]


async def silent(person: UUID, minutes: int) -> None:
    """As if everything that was heard of the person had been so much earlier."""
    for text in (
        "UPDATE presence SET last_seen = last_seen - make_interval(mins => :minutes) WHERE annotator = :id",
        """UPDATE assignment SET heartbeat_at = heartbeat_at - make_interval(mins => :minutes), claimed_at = claimed_at - make_interval(mins => :minutes),
           ended_at = ended_at - make_interval(mins => :minutes) WHERE annotator = :id""",
    ):
        await db.execute(text, id=person, minutes=minutes)


async def test_nobody_is_there_until_there_is_a_sign_of_life(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings)
    at_first = await presence(person, settings)
    assert (at_first.state, at_first.said, at_first.last_seen, at_first.room) == ("offline", None, None, 3)
    await claim_one(settings, person)
    assert (await presence(person, settings)).state == "available", "pulling is a sign of life"


async def test_full_hands_are_busy(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings, capacity=1)
    held = await claim_one(settings, person)
    assert (await presence(person, settings)).state == "busy"
    await submit(settings, held)
    assert (await presence(person, settings)).state == "available"


async def test_available_ends_by_itself_and_a_heartbeat_keeps_it(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings)
    held = await claim_one(settings, person)
    await silent(person, settings.presence_idle_minutes - 1)
    assert (await presence(person, settings)).state == "available"
    await silent(person, 2)
    gone = await presence(person, settings)
    assert (gone.state, gone.said) == ("offline", "available")
    async with db.transaction("test"):
        await leases.heartbeat(held.id, person, held.epoch, settings)
    assert (await presence(person, settings)).state == "available"
    await silent(person, settings.presence_idle_minutes + 1)
    await submit(settings, held)
    assert (await presence(person, settings)).state == "available", "work that is handed in says so too"


@pytest.mark.parametrize("state", ["break", "draining"])
async def test_who_is_away_or_finishing_claims_nothing_more(settings: Settings, state: str) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings)
    held = await claim_one(settings, person)
    assert (await say(settings, person, state)).state == state
    refused = await claim(settings, person)
    assert (refused.assignments, refused.reason) == ([], "not_available")
    assert refused.detail is not None
    assert "say that you are available" in refused.detail
    assert await together(settings, Memory(), person) == [None], "nor in a batch"
    await submit(settings, held)
    await say(settings, person, "available")
    assert (await together(settings, Memory(), person))[0] is not None


async def test_offline_keeps_what_is_held_and_a_pull_ends_it(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings)
    held = await claim_one(settings, person)
    await say(settings, person, "offline")
    async with db.transaction("test"):
        await leases.heartbeat(held.id, person, held.epoch, settings)
    assert (await presence(person, settings)).state == "offline", "it was said; a program's heartbeat does not unsay it"
    assert await together(settings, Memory(), person) == [None], "served alone, where the change is written"
    await claim_one(settings, person)
    assert (await presence(person, settings)).state == "available"
    assert (await check()).ok


async def test_a_managers_word_is_audited_and_told(settings: Settings) -> None:
    person = await make_annotator(settings)
    await say(settings, person, "break", reason="called to a meeting", by_manager=True)
    entry = await db.fetch_one("SELECT action, after, reason FROM audit_entry WHERE action = 'presence.set'")
    assert entry is not None
    assert (entry["after"]["state"], entry["reason"]) == ("break", "called to a meeting")
    told = await db.fetch_one("SELECT data FROM event WHERE type = 'presence.changed'")
    assert told is not None
    assert told["data"] == {"annotator_id": str(person), "state": "break", "reason": "called to a meeting"}
    await say(settings, person, "break")
    assert await db.fetch_value("SELECT count(*) FROM event WHERE type = 'presence.changed'") == 1, "news only"


async def test_a_break_that_races_with_claims_lets_none_begin_after_it(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 60)
    people = [await make_annotator(settings, f"A{n}", capacity=5) for n in range(8)]

    async def away(person: UUID) -> None:
        await asyncio.sleep(0.01)
        await say(settings, person, "break")

    claims = [claim(settings, person) for person in people for _ in range(4)]
    await asyncio.gather(*claims, *(away(person) for person in people))
    late = await db.fetch(
        "SELECT a.id FROM assignment a JOIN presence p ON p.annotator = a.annotator WHERE a.claimed_at > p.since"
    )
    assert late == []
    assert (await check()).ok


async def test_a_program_that_never_speaks_of_presence_keeps_its_people_here(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 3)
    person = await make_annotator(settings)
    assert set(await people_here(settings)) == set()
    held = await claim_one(settings, person)
    for _ in range(3):
        await silent(person, settings.presence_idle_minutes - 1)
        async with db.transaction("token:frontend"):
            await leases.heartbeat(held.id, person, held.epoch, settings)
    assert set(await people_here(settings)) == {person}
    await silent(person, settings.presence_idle_minutes - 1)
    await submit(settings, held)
    await silent(person, settings.presence_idle_minutes - 1)
    assert [one.forecast.people_here for one in await risks(settings)] == [1]
    await silent(person, 2)
    assert set(await people_here(settings)) == set()
    assert [one.forecast.reason for one in await risks(settings)] == ["nobody_here"]


@pytest.mark.parametrize("state", ["break", "draining", "offline"])
async def test_whoever_takes_nothing_expedites_nothing(settings: Settings, state: str) -> None:
    project = await make_project(settings, ladder=[{"after_minutes": 30, "relax": {"min_level": -1}}])
    await make_tasks(project, 1, difficulty=1)
    person = await make_annotator(settings, skills={"general": 3})
    held = await claim_one(settings, person)
    await make_tasks(project, 1, difficulty=5)
    await say(settings, person, state)
    async with db.transaction("system:worker"):
        assert await climbing.climb(settings) == 0, "they are at work, and take nothing new"
    assert [one.forecast.people_here for one in await risks(settings)] == [0]
    async with db.transaction("token:frontend"):
        await leases.heartbeat(held.id, person, held.epoch, settings)
    await say(settings, person, "available")
    async with db.transaction("system:worker"):
        assert await climbing.climb(settings) == 1


async def test_full_hands_are_here_and_a_paused_profile_is_not(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 1)
    person = await make_annotator(settings, capacity=1)
    await claim_one(settings, person)
    assert set(await people_here(settings)) == {person}
    await db.execute("UPDATE annotator SET state = 'paused', state_reason = 'on leave' WHERE id = :id", id=person)
    assert set(await people_here(settings)) == set()


async def test_since_when_is_told_of_the_state_of_now(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings, capacity=1)
    held = await claim_one(settings, person)
    began = (await presence(person, settings)).since
    await submit(settings, held)
    freed = await presence(person, settings)
    assert (freed.state, began is not None and freed.since is not None and freed.since <= began) == ("available", True)
    await silent(person, settings.presence_idle_minutes + 10)
    gone = await presence(person, settings)
    assert gone.since is not None
    assert gone.last_seen is not None
    assert (gone.since - gone.last_seen).total_seconds() == settings.presence_idle_minutes * 60
    await claim_one(settings, person)
    back = await presence(person, settings)
    assert back.since is not None
    assert back.since > gone.since, "a claim after a silence begins anew"
    await say(settings, person, "break")
    on_break = (await presence(person, settings)).since
    await silent(person, settings.presence_idle_minutes + 10)
    await say(settings, person, "break")
    assert (await presence(person, settings)).since == on_break, "a break lasts from its first word on"


async def test_a_shared_claim_that_waited_for_a_change_of_presence_gives_nothing(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person, memory = await make_annotator(settings), Memory()
    await submit(settings, await claim_one(settings, person))
    said, go = asyncio.Event(), asyncio.Event()

    async def leave() -> None:
        async with db.transaction("person:test"):
            await set_presence(person, "draining", settings)
            said.set()
            await go.wait()

    leaving = asyncio.create_task(leave())
    await said.wait()
    waiting = asyncio.create_task(together(settings, memory, person))
    while not await db.fetch("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        assert not waiting.done(), "it waits for the row of the person"
        await asyncio.sleep(0.01)
    go.set()
    await leaving
    with contextlib.suppress(NotTakenTogether):  # then everybody is served alone, and is told
        assert await waiting == [None]
    assert await db.fetch_value("SELECT count(*) FROM assignment WHERE state = 'live'") == 0


async def test_claims_offers_and_a_managers_hand_give_nothing_to_whoever_left(settings: Settings) -> None:
    """Each person says once that they are away while every door gives at once; what came after their word is a fault."""
    project, memory = await make_project(settings, budget="100000"), Memory()
    tasks = await make_tasks(project, 120)
    people = [await make_annotator(settings, f"A{n}", capacity=8) for n in range(9)]
    for person in people:
        await claim_one(settings, person)
    left: set[UUID] = set()

    places = asyncio.Semaphore(8)

    async def quietly(doing: Coroutine[Any, Any, object]) -> None:
        with contextlib.suppress(DomainError, NotTakenTogether):
            async with places:
                await doing

    async def give(person: UUID, task: UUID) -> None:
        async with db.transaction("person:boss"):
            await by_hand.assign(task, person, settings, reason="race")

    async def offered(task: UUID, some: list[UUID]) -> None:
        async with db.transaction("system:offers"):
            await offers.make(task, some, settings, made_by="system:offers")

    async def leave(person: UUID, state: str, after: float) -> None:
        await asyncio.sleep(after)
        left.add(person)
        await say(settings, person, state)

    states = ("break", "draining", "offline")
    leaving = [asyncio.create_task(leave(one, states[n % 3], 0.1 * n)) for n, one in enumerate(people)]
    doings: list[Coroutine[Any, Any, object]] = []
    for n, task in enumerate(tasks[:27]):
        person = people[n % len(people)]
        doings += [give(person, task), offered(task, [people[(n + k) % len(people)] for k in (0, 1, 5)])]
        if n % 3 != 2:  # a pull of one's own ends being offline, as it should, also one that was under way
            doings.append(claim(settings, person))
        if n % 3 == 1:
            doings.append(together(settings, memory, *(one for k, one in enumerate(people) if k % 3 != 2)))
    await asyncio.gather(*leaving, *(quietly(one) for one in doings))
    assert len(left) == len(people)
    late = await db.fetch(
        """SELECT 'assignment' AS what, p.state FROM assignment a JOIN presence p ON p.annotator = a.annotator AND p.state <> 'available' WHERE a.claimed_at > p.since
           UNION ALL SELECT 'offer', p.state FROM offer o JOIN presence p ON p.annotator = o.annotator AND p.state <> 'available' WHERE o.offered_at > p.since"""
    )
    assert [tuple(row.values()) for row in late] == []
    assert {(await presence(one, settings)).state for one in people} == set(states)
    report = await check()
    assert report.ok, report.to_text()
    standing = [one for person in people for one in await listed(annotator_id=person)]
    for one in standing:
        with pytest.raises(DomainError):
            async with db.transaction("annotator"):
                assert (await presence(one.annotator_id, settings)).state != "offline", "whose offers were taken back"
                await offers.accept(one.id, one.annotator_id, settings)
