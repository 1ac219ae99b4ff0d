"""Fees beside the pay: held with the price under the same cap, taken of what was posted, given back with it."""

import asyncio
from uuid import UUID

import pytest

from kernel import db
from kernel.money import Money
from payments import earnings, rates
from payments.errors import BadRateCard
from payments.rates import Terms
from routing.events import BudgetExhausted, Hold, WorkReinstated, emit, pricing
from tests.payments import world

pytestmark = pytest.mark.usefixtures("pool")


async def make_card(project_id: UUID, terms: Terms, annotation: int = 1001, review: int = 500) -> None:
    async with db.transaction():
        await rates.create_rate_card(project_id, "USD", world.usd(annotation), world.usd(review), {}, terms=terms)


async def fees_of(project_id: UUID) -> list[tuple[str, int]]:
    rows = await db.fetch(
        "SELECT kind, amount_micros FROM transfer WHERE project_id = :id AND kind LIKE 'fee%' ORDER BY seq",
        id=project_id,
    )
    return [(row["kind"], row["amount_micros"]) for row in rows]


async def test_a_fee_is_held_taken_and_given_back_with_the_price() -> None:
    project_id, worker, reviewer = (
        await world.make_project(funded_micros=10_000),
        await world.make_annotator(),
        await world.make_annotator(),
    )
    await make_card(
        project_id, Terms(fee_percent="2.5", fee_fixed=world.usd(10), per_turn=world.usd(40), most_turns=10)
    )
    paid, lost = await world.claim(project_id, worker), await world.claim(project_id, worker)
    assert await fees_of(project_id) == [("fee_held", 45)] * 2  # 1401 × 2.5 % = 35.025, and 10
    assert (await earnings.project_budget(project_id)).reserved == world.usd(2 * 1446)
    await world.submit(paid, {"turns": [{"role": "user"}]})
    review = await world.claim(project_id, reviewer, review_of=paid)
    await world.give_verdict(review, paid)
    await world.decide(paid, "accepted")
    await world.end_without_work(lost)
    # 500 × 2.5 % = 12.5 is 12; 1041 × 2.5 % = 26.025, and 10.
    assert (await fees_of(project_id))[2:] == [("fee_held", 12), ("fee", 12), ("fee", 36), ("fee_back", 45)]
    budget = await earnings.project_budget(project_id)
    assert (budget.posted, budget.fees, budget.reserved, budget.left.micros) == (world.usd(1541), world.usd(48), world.usd(0), 10_000 - 1589)  # fmt: skip
    assert (await earnings.earnings(worker, limit=3)).totals[0].posted == world.usd(1041)
    costs = {
        line.kind: (line.posted.micros, line.fees.micros) for line in await earnings.cost_by(project_ids=[project_id])
    }
    assert costs == {"annotation": (1041, 36), "review": (500, 12)}
    # A rejection that is overturned: price and fee are held and taken once more.
    again = await world.claim(project_id, worker)
    await world.submit(again)
    await world.decide(again, "rejected")
    fact = await world.accepted_fact(again)
    async with db.transaction():
        await db.execute("UPDATE submission SET state = 'accepted' WHERE assignment = :id", id=again)
        await emit(WorkReinstated(again, fact.task_id, project_id, worker, "annotation", fact.vendor_id))
    assert (await fees_of(project_id))[6:] == [("fee_held", 45), ("fee_back", 45), ("fee_held", 45), ("fee", 35)]
    assert await world.broken() == []


async def test_the_cap_holds_for_price_and_fee_whoever_races() -> None:
    """Room for three of 1000 with their fees of 100, asked for by eight at once, alone and together."""
    project_id = await world.make_project(funded_micros=3500)
    await make_card(project_id, Terms(fee_percent="10"), annotation=1000)
    people = [await world.make_annotator() for _ in range(8)]
    done = await asyncio.gather(*(world.claim(project_id, one) for one in people), return_exceptions=True)
    assert [type(one) for one in done if isinstance(one, BaseException)] == [BudgetExhausted] * 5
    assert (await earnings.project_budget(project_id)).reserved == world.usd(3300)
    claimed = [one for one in done if isinstance(one, UUID)]
    await world.end_without_work(claimed[0])
    with pytest.raises(BudgetExhausted):  # both prices are covered, not both fees
        async with db.transaction():
            price = world.plain_price(600)
            card = (await rates.rate_cards(project_id))[0]
            inputs = price.inputs | {"rate_card_id": str(card.id)}
            wanted = [world.a_hold(project_id, one, type(price)(600, "USD", inputs)) for one in people[:2]]
            await pricing().reserve_together([Hold(one.assignment_id, one.task_id, project_id, one.annotator_id, one.price) for one in wanted])  # fmt: skip
    assert (await earnings.project_budget(project_id)).reserved == world.usd(2200)
    assert await world.broken() == []


@pytest.mark.parametrize("percent", ["-1", "101", "2,5", "1e1", ""])
async def test_a_percentage_is_one(percent: str) -> None:
    project_id = await world.make_project()
    with pytest.raises(BadRateCard):
        await make_card(project_id, Terms(fee_percent=percent))


@pytest.mark.parametrize(
    "script",
    ["DELETE FROM transfer WHERE kind = 'fee'", "UPDATE transfer SET amount_micros = 9 WHERE kind = 'fee'", "UPDATE transfer SET amount_micros = 9 WHERE kind = 'fee_held'"],
)  # fmt: skip
async def test_a_fee_that_does_not_follow_its_card_is_named(script: str) -> None:
    project_id, worker = await world.make_project(funded_micros=10_000), await world.make_annotator()
    await make_card(project_id, Terms(fee_fixed=Money(7, "USD")))
    work = await world.claim(project_id, worker)
    await world.submit(work)
    await world.decide(work, "accepted")
    assert await world.broken() == []
    async with db.transaction():
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
        await db.execute(script)
    assert "fees_follow_their_card" in await world.broken()
