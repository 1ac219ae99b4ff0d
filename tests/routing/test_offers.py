"""Offers: who accepts first has it; what is over is over by the clock; absence frees what was not accepted."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from callboard.checks import check
from kernel import clock, db
from kernel.settings import Settings
from routing import offers, personal_queue
from routing.assignments import AssignmentView
from routing.errors import NoSuchOffer, NotEligible, NotHeld, OfferOver
from routing.offer_book import OfferView
from routing.offer_book import offers as listed
from tests.routing.factory import claim, claim_one, make_annotator, make_project, make_tasks, submit
from tests.routing.test_by_hand import say, there

pytestmark = pytest.mark.usefixtures("pool")


async def make(settings: Settings, task: UUID, *people: UUID) -> offers.Made:
    async with db.transaction("person:boss"):
        return await offers.make(task, people, settings, made_by="person:boss")


async def accept(settings: Settings, one: OfferView) -> AssignmentView:
    async with db.transaction(f"annotator:{one.annotator_id}"):
        return await offers.accept(one.id, one.annotator_id, settings)


async def decline(one: OfferView, **values: object) -> OfferView:
    async with db.transaction(f"annotator:{one.annotator_id}"):
        return await offers.decline(one.id, one.annotator_id, **values)  # type: ignore[arg-type]


async def run_out(one: OfferView) -> None:
    await db.execute("UPDATE offer SET expires_at = clock_timestamp() - interval '1 second' WHERE id = :id", id=one.id)


async def told(kind: str) -> list[str]:
    rows = await db.fetch("SELECT data FROM event WHERE type = :kind ORDER BY id", kind=kind)
    return [row["data"]["annotator_id"] for row in rows]


async def test_the_first_to_accept_has_it_at_the_price_that_was_shown(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    first, second = await there(settings, "first"), await there(settings, "second")
    made = await make(settings, task, first, second)
    mine, theirs = sorted(made.offers, key=lambda one: one.annotator_id != first)
    assert (mine.state, mine.price_micros, mine.batch) == ("open", 2_500_000, theirs.batch)
    assert await db.fetch_value("SELECT state FROM slot") == "free", "an offer holds nothing"
    await db.execute("UPDATE offer SET price_micros = 3000000, price_inputs = '{}'")
    view = await accept(settings, mine)
    assert (view.annotator_id, view.price_micros, view.why["offer"]["id"]) == (first, 3_000_000, str(mine.id))
    assert (await accept(settings, mine)).id == view.id, "a second time answers the same"
    with pytest.raises(OfferOver) as over:
        await accept(settings, theirs)
    assert over.value.extra == {"state": "rescinded"}
    assert (await told("offer.accepted"), await told("offer.rescinded")) == ([str(first)], [str(second)])
    assert sorted(await told("offer.made")) == sorted([str(first), str(second)])
    await submit(settings, view)
    report = await check()
    assert report.ok, report.to_text()


async def test_64_accept_one_place(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    people = [await there(settings, f"A{n}") for n in range(64)]
    made = (await make(settings, task, *people)).offers
    done = await asyncio.gather(*(accept(settings, one) for one in made), return_exceptions=True)
    assert sum(isinstance(one, AssignmentView) for one in done) == 1
    assert all(isinstance(one, (AssignmentView, OfferOver, NotEligible)) for one in done), done
    states = {row["state"]: row["n"] for row in await db.fetch("SELECT state, count(*) AS n FROM offer GROUP BY 1")}
    assert states == {"accepted": 1, "rescinded": 63}
    assert (await check()).ok


async def test_time_is_over_when_it_is_read(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    person = await there(settings)
    (one,) = (await make(settings, task, person)).offers
    await run_out(one)
    assert await listed(annotator_id=person) == []
    with pytest.raises(OfferOver) as over:
        await accept(settings, one)
    assert over.value.extra == {"state": "timed_out"}
    assert await told("offer.timed_out") == [], "nobody wrote it down yet"
    (again,) = (await make(settings, task, person)).offers
    assert again.id != one.id
    assert await told("offer.timed_out") == [str(person)]


async def test_a_pull_may_take_what_is_offered(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    person, other = await there(settings), await there(settings, "other")
    (one,) = (await make(settings, task, person)).offers
    await claim_one(settings, other)
    assert await listed(annotator_id=person) == []
    with pytest.raises((OfferOver, NotEligible)):
        await accept(settings, one)
    async with db.transaction("system:worker"):
        await offers.make_round(settings)
    assert await told("offer.rescinded") == [str(person)]


async def test_declined_does_not_come_back_before_its_time(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    person = await there(settings)
    (one,) = (await make(settings, task, person)).offers
    stranger = await there(settings, "stranger")
    with pytest.raises(NoSuchOffer):
        async with db.transaction("test"):
            await offers.decline(one.id, stranger)
    gone = await decline(one, reason="lunch", not_before=clock.now() + timedelta(hours=1))
    assert (gone.state, gone.reason) == ("declined", "lunch")
    made = await make(settings, task, person)
    assert (made.offers, [one.predicate for one in made.refused[0].failures]) == ([], ["not_offered"])
    await db.execute("UPDATE offer SET not_before = clock_timestamp()")
    (again,) = (await make(settings, task, person)).offers
    await decline(again)
    assert (await make(settings, task, person)).offers == [], "without a time never again"
    await claim_one(settings, person)


async def test_going_offline_frees_offers_at_once_and_a_break_refuses_them(settings: Settings) -> None:
    first, second = await make_tasks(await make_project(settings), 2)
    person = await there(settings)
    (one,) = (await make(settings, first, person)).offers
    await say(settings, person, "break")
    with pytest.raises(NotEligible):
        await accept(settings, one)
    assert (await make(settings, second, person)).refused[0].failures[0].predicate == "present"
    await say(settings, person, "offline")
    assert await told("offer.rescinded") == [str(person)]
    assert (await check()).ok


async def test_presence_that_changes_while_offers_are_made(settings: Settings) -> None:
    tasks = await make_tasks(await make_project(settings), 8)
    people = [await there(settings, f"A{n}") for n in range(8)]
    making = [make(settings, task, *people) for task in tasks]
    await asyncio.gather(*making, *(say(settings, person, "offline") for person in people))
    assert await db.fetch_value("SELECT count(*) FROM offer WHERE state = 'open'") == 0
    assert (await check()).ok


async def test_projects_that_push_offer_to_who_is_there(settings: Settings) -> None:
    await make_tasks(await make_project(settings, name="quiet"), 3)
    (task,) = await make_tasks(await make_project(settings, name="push", push=True), 1, difficulty=4)
    expert = await there(settings, "expert", skills={"general": 5})
    await there(settings, "novice", skills={"general": 1})
    away = await make_annotator(settings, "away", skills={"general": 5})
    async with db.transaction("system:worker"):
        assert await offers.make_round(settings) == 1
        assert await offers.make_round(settings) == 0, "one at a time for each person and place"
    (one,) = await listed(annotator_id=expert)
    assert (one.task_id, one.price_micros) == (task, 3_125_000)
    assert await listed(annotator_id=away) == []
    await accept(settings, one)


async def test_the_order_of_a_queue(settings: Settings) -> None:
    await make_tasks(await make_project(settings), 5)
    person = await make_annotator(settings)
    a, b, c = [view.id for view in (await claim(settings, person, limit=3)).assignments]
    async with db.transaction("test"):
        start = await personal_queue.order_of(person)
        assert set(start) == {a, b, c}
        assert await personal_queue.reorder(person, [c]) == [c, *(one for one in start if one != c)]
        assert (await personal_queue.move(person, c, 1))[1] == c
        assert (await personal_queue.move(person, c, -1))[0] == c
        assert (await personal_queue.move(person, c, -1))[0] == c, "the first stays the first"
        with pytest.raises(NotHeld):
            await personal_queue.reorder(person, [UUID(int=5)])
    assert (await personal_queue.held_in_order(person))[0].id == c
