"""Who is there, decided when it is read; and what being away keeps from them."""

import asyncio
from uuid import UUID

import pytest

from callboard.checks import check
from kernel import db
from kernel.settings import Settings
from routing import leases
from routing.memory import Memory
from routing.presence import PresenceView, presence, set_presence
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
