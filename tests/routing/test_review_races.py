"""Two at once: rejections at the breaker's limit, a rejection and the hold, looks at one lot."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from callboard.breaking import breaker
from kernel import db
from kernel.settings import Settings
from routing import breaker as evidence
from routing import holds, lot_book, overturn
from routing.errors import LotDecided, RejectionTrips, ReviewerHeld
from routing.lot_book import Inspector, LookDraft, LotDraft
from routing.overturn import OverturnDraft
from routing.review import Reason, VerdictDraft, give_verdict
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict
from tests.routing.test_overturn import broken, decide, judged

BEFORE = 6
"""Acceptances by somebody else: so much is known of the author."""


async def rejects_until(settings: Settings, at_limit: int) -> tuple[Any, list[Any]]:
    """A reviewer who has turned down `at_limit` pieces, and holds two more."""
    project = await make_project(settings, answer_limit=1)
    author = await make_annotator(settings, capacity=50)
    honest, rogue = await make_reviewer(settings, "H"), await make_reviewer(settings, "R", capacity=5)
    await make_tasks(project, 40)
    for _ in range(BEFORE):
        await judged(settings, project, author, honest, "accept")
    for _ in range(at_limit):
        await judged(settings, project, author, rogue, "reject")
    for _ in range(2):
        await submit(settings, await claim_one(settings, author, project_ids=[project]))
    return rogue, [await claim_one(settings, rogue, project_ids=[project]) for _ in range(2)]


async def first_then(first: Callable[[], Awaitable[object]], second: Coroutine[Any, Any, object]) -> list[object]:
    """`first` is done, and not yet committed, when `second` comes to where it has to wait for it, or to its end."""
    reached, go = asyncio.Event(), asyncio.Event()

    async def held() -> object:
        async with db.transaction("person:manager"):
            done = await first()
            reached.set()
            await go.wait()
            return done

    one = asyncio.create_task(held())
    await reached.wait()
    two = asyncio.create_task(second)
    while not two.done() and not await db.fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        await asyncio.sleep(0.005)
    go.set()
    return list(await asyncio.gather(one, two, return_exceptions=True))


async def reject(settings: Settings, held: Any) -> object:
    async with breaker("test"):
        return await verdict(settings, held, "reject")


@pytest.mark.usefixtures("pool")
async def test_of_two_rejections_at_the_limit_at_once_one_passes(settings: Settings, monkeypatch: Any) -> None:
    rogue, held = await rejects_until(settings, 4)
    # So that the limit lies between the next rejection and the one after it.
    sums = []
    for n in (1, 2):
        author = await db.fetch_value("SELECT author FROM submission WHERE id = :id", id=held[0].submission_id)
        trip = RejectionTrips(str(rogue), author, rogue)
        rows, _ = await holds._summed(trip)
        more = [(row["expected"], row["rejected"]) for row in rows] + [(rows[-1]["expected"], True)] * (n - 1)
        sums.append(evidence.summed(more))
    monkeypatch.setattr(evidence, "LIMIT", sum(sums) / 2)
    draft = VerdictDraft(epoch=held[0].epoch, outcome="reject", reasons=[Reason(item="other", text="no")])
    done = await first_then(partial(give_verdict, held[0].id, rogue, draft, settings), reject(settings, held[1]))
    assert sorted(isinstance(one, ReviewerHeld) for one in done) == [False, True], done
    (hold,) = await holds.holds()
    given = await db.fetch("SELECT id FROM verdict WHERE reviewer = :id AND outcome = 'reject'", id=rogue)
    assert {row["id"] for row in given} == set(hold.waiting), "the one that passed is in the second sample"
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_a_rejection_and_a_hold_at_once_leave_none_outside_the_sample(settings: Settings) -> None:
    """Whichever comes first: the rejection is taken and looked at again, or it is refused and nothing of it is left."""
    rogue, held = await rejects_until(settings, 3)
    author = await db.fetch_value("SELECT author FROM submission WHERE id = :id", id=held[0].submission_id)

    async def close() -> None:
        async with db.transaction("test"):
            await holds.hold(RejectionTrips(str(rogue), author, rogue))

    done = await asyncio.gather(reject(settings, held[0]), close(), reject(settings, held[1]), return_exceptions=True)
    assert all(one is None or not isinstance(one, Exception) or isinstance(one, ReviewerHeld) for one in done), done
    (hold,) = await holds.holds()
    given = await db.fetch("SELECT id FROM verdict WHERE reviewer = :id AND outcome = 'reject'", id=rogue)
    assert {row["id"] for row in given} == set(hold.waiting)
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_an_overturn_in_bulk_at_the_limit_is_refused_to_one_of_two(settings: Settings, monkeypatch: Any) -> None:
    project = await make_project(settings, answer_limit=1)
    author, honest = await make_annotator(settings, capacity=50), await make_reviewer(settings, "H")
    await make_tasks(project, 8)
    accepted = [await judged(settings, project, author, honest, "accept") for _ in range(6)]
    for one in accepted[:2]:
        await decide(one, "reject")
    rows, first = await holds._summed(RejectionTrips("person:manager", author))
    more = [(row["expected"], row["rejected"]) for row in rows] + [(rows[-1]["expected"], True)]
    monkeypatch.setattr(evidence, "LIMIT", (first + evidence.summed(more)) / 2)

    async def overturned(one: Any) -> object:
        async with breaker("person:manager"):
            return await decide(one, "reject")

    draft = OverturnDraft(outcome="reject", reason="No.")
    done = await first_then(partial(overturn.overturn, accepted[2], draft, by=None), overturned(accepted[3]))
    assert sorted(isinstance(one, ReviewerHeld) for one in done) == [False, True], done
    assert len(await holds.holds()) == 1
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_looks_at_one_lot_at_once_decide_it_once(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings, capacity=50), await make_reviewer(settings, capacity=50)
    await make_tasks(project, 9)
    for _ in range(9):
        await judged(settings, project, author, reviewer, "accept")
    async with db.transaction("person:m"):
        lot = await lot_book.make(project, LotDraft(name="L", level="II", aql=6.5), "person:m", settings)
    pieces = [one.id for one in await lot_book.sample(lot)]
    assert len(pieces) == 2

    async def look(piece: Any, who: str) -> object:
        draft = LookDraft(outcome="defect", reason=f"{who} says so")
        async with db.transaction(who):
            return await lot_book.look(lot, piece, draft, Inspector(who, "manager", None))

    asked = [look(piece, f"person:{n}") for n in range(3) for piece in pieces]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in done) == 1, "the first defect sends it back"
    assert all(isinstance(one, LotDecided) for one in done if isinstance(one, Exception)), done
    assert await db.fetch_value("SELECT count(*) FROM event WHERE type = 'lot.sent_back'") == 1
    assert await broken() == []
