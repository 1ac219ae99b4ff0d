"""Many at once on the real database: the budget holds, a hold ends once, and nobody waits in a circle."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import pytest

from kernel import db
from kernel.ids import uuid7
from payments import earnings, ledger
from payments.errors import HoldResolved
from routing.events import AssignmentEnded, BudgetExhausted, Hold, emit
from tests.payments.world import (
    a_hold,
    accepted_fact,
    broken,
    claim,
    decide,
    give_verdict,
    make_annotator,
    make_card,
    make_project,
    plain_price,
    submit,
    usd,
)

pytestmark = pytest.mark.usefixtures("pool")


async def hold_alone(hold: Hold) -> bool:
    try:
        async with db.transaction():
            await ledger.hold(hold)
    except BudgetExhausted:
        return False
    return True


@pytest.mark.parametrize("people", [1, 64])
async def test_64_claims_on_a_budget_for_50(people: int) -> None:
    project_id, workers = await make_project(funded_micros=50 * 7 + 6), [uuid7() for _ in range(people)]
    holds = [a_hold(project_id, workers[n % people], plain_price(7)) for n in range(64)]
    got = await asyncio.gather(*map(hold_alone, holds))
    assert Counter(got) == {True: 50, False: 14}
    budget = await earnings.project_budget(project_id)
    assert (budget.reserved, budget.left) == (usd(350), usd(6))
    assert await db.fetch_value("SELECT count(*) FROM transfer WHERE kind = 'pending'") == 50

    async def end(n: int, hold: Hold) -> None:
        async with db.transaction():
            await (ledger.post(hold.assignment_id) if n % 2 else ledger.void(hold.assignment_id, "expired"))

    held = [hold for hold, had in zip(holds, got, strict=True) if had]
    await asyncio.gather(*(end(n, hold) for n, hold in enumerate(held)))
    budget = await earnings.project_budget(project_id)
    assert (budget.reserved, budget.posted, budget.left) == (usd(0), usd(25 * 7), usd(25 * 7 + 6)), "released or posted"


async def test_a_budget_emptied_and_refilled_by_many_is_never_exceeded() -> None:
    dice = random.Random(11)
    project_id, workers = await make_project(funded_micros=1000), [uuid7() for _ in range(12)]

    async def work(worker: UUID) -> int:
        earned = 0
        for _ in range(12):
            hold = a_hold(project_id, worker, plain_price(dice.randint(1, 120)))
            if not await hold_alone(hold):
                continue
            async with db.transaction():
                if dice.random() < 0.4:
                    await ledger.post(hold.assignment_id)
                    earned += hold.price.micros
                else:
                    await ledger.void(hold.assignment_id, "released")
        return earned

    earned = await asyncio.gather(*map(work, workers))
    budget = await earnings.project_budget(project_id)
    assert budget.posted == usd(sum(earned))
    assert budget.reserved == usd(0)
    assert sum(earned) <= 1000
    assert await broken() == ["nothing_else_is_paid"]  # these holds have no assignments; the money itself is right


async def test_one_hold_is_paid_or_given_back_by_exactly_one_of_two() -> None:
    project_id, worker = await make_project(funded_micros=10_000), uuid7()
    holds = [a_hold(project_id, worker, plain_price(10)) for _ in range(60)]
    async with db.transaction():
        for hold in holds:
            await ledger.hold(hold)

    async def end(hold: Hold, kind: str) -> str:
        try:
            async with db.transaction():
                resolution = await (
                    ledger.post(hold.assignment_id) if kind == "post" else ledger.void(hold.assignment_id, "expired")
                )
        except HoldResolved as refused:
            return f"{kind} lost to {refused.extra['resolution']}"
        assert resolution is not None
        assert resolution.fresh
        return kind

    for n, hold in enumerate(holds):
        order = ("post", "void") if n % 2 else ("void", "post")
        outcome = sorted(await asyncio.gather(*(end(hold, kind) for kind in order)))
        assert outcome in (["post", "void lost to post"], ["post lost to void", "void"])
    won = Counter(row["kind"] for row in await db.fetch("SELECT kind FROM transfer WHERE pending IS NOT NULL"))
    assert sum(won.values()) == 60
    total = (await earnings.earnings(worker, limit=1)).totals[0]
    assert (total.posted, total.pending, total.voided_count) == (usd(10 * won["post"]), usd(0), won["void"])


async def test_acceptance_replayed_100_times_at_once_pays_and_tells_once() -> None:
    project_id, worker = await make_project(funded_micros=10_000), await make_annotator()
    await make_card(project_id, annotation=30, review=10)
    assignment_id = await claim(project_id, worker)
    await submit(assignment_id)
    fact = await accepted_fact(assignment_id)

    async def accept() -> None:
        async with db.transaction():
            await emit(fact)

    await asyncio.gather(*(accept() for _ in range(100)))
    assert await db.fetch_value("SELECT count(*) FROM transfer WHERE kind = 'post'") == 1
    events = await db.fetch("SELECT data, project_id FROM event WHERE type = 'accrual.posted'")
    assert [(event["data"]["amount"], event["data"]["currency"]) for event in events] == [("0.000030", "USD")]
    assert events[0]["data"]["annotator_id"] == str(worker)
    await db.execute("UPDATE submission SET state = 'accepted'")
    assert await broken() == []


async def test_an_expiry_replayed_at_once_gives_back_once() -> None:
    project_id, worker = await make_project(funded_micros=30), await make_annotator()
    hold = a_hold(project_id, worker, plain_price(30))
    assert await hold_alone(hold)

    async def expire() -> None:
        async with db.transaction():
            await emit(AssignmentEnded(hold.assignment_id, "expired"))

    await asyncio.gather(*(expire() for _ in range(32)))
    assert (await earnings.project_budget(project_id)).left == usd(30)
    assert await db.fetch_value("SELECT count(*) FROM transfer WHERE kind = 'void'") == 1


async def test_two_people_who_review_each_other_do_not_wait_in_a_circle() -> None:
    """A verdict pays author and reviewer; with accounts locked by id alone these crossing pairs deadlock."""
    pair, older = [await make_annotator() for _ in range(2)], await make_project(funded_micros=2)
    for person in pair:  # their accounts are older than the budget, so they come before it in the order of ids
        assert await hold_alone(a_hold(older, person, plain_price(1)))
    project_id = await make_project(funded_micros=10_000_000)
    await make_card(project_id, annotation=30, review=10)
    works = []
    for n in range(24):
        author, reviewer = pair if n % 2 else pair[::-1]
        work_id = await claim(project_id, author)
        await submit(work_id)
        works.append((work_id, await claim(project_id, reviewer, review_of=work_id)))

    async def verdict(work_id: UUID, review_id: UUID) -> None:
        async with db.transaction():
            await ledger.post(work_id)
            await asyncio.sleep(0)
            await ledger.post(review_id)

    for n in range(0, 24, 8):
        await asyncio.gather(*(verdict(*both) for both in works[n : n + 8]))
    for work_id, review_id in works:
        await decide(work_id, "accepted")
        await give_verdict(review_id, work_id)
    assert await broken() == ["ended_work_holds_no_money"]  # the two holds of the older project have no assignments
    assert (await earnings.project_budget(project_id)).posted == usd(24 * 40)


async def test_the_same_funding_sent_twice_at_once_counts_once() -> None:
    project_id = await make_project()

    async def fund() -> UUID:
        async with db.transaction():
            return (await ledger.fund(project_id, usd(100), "invoice-1", "sent twice")).id

    assert len(set(await asyncio.gather(*(fund() for _ in range(12))))) == 1
    assert (await earnings.project_budget(project_id)).funded == usd(100)
