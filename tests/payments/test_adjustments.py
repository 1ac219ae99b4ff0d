"""Bonuses, adjustments and floors: who may, what moves, and that it moves once."""

import asyncpg
import pytest

from kernel import db
from kernel.ids import uuid7
from kernel.money import Money
from kernel.settings import Settings, load_settings
from payments import adjustments, earnings, floors, ledger, statements
from payments.adjustments import AdjustmentDraft
from payments.errors import AdjustmentDecided, BadAdjustment, OwnAdjustment
from routing.events import BudgetExhausted
from tests.payments import world
from tests.payments.test_periods import add_period, close, day, statement_of
from tests.payments.world import usd

pytestmark = pytest.mark.usefixtures("pool")
ANA, BEN = "person:ana", "person:ben"
UNIT = 1_000_000


async def propose(project_id: object, worker: object, micros: int, settings: Settings, **more: object) -> object:
    draft = {
        "kind": "bonus",
        "project_id": project_id,
        "annotator_ids": [worker],
        "amount": usd(micros),
        "reason": "Night shift",
    }
    async with db.transaction(ANA):
        (made,) = await adjustments.propose(AdjustmentDraft(**(draft | more)), ANA, settings)  # type: ignore[arg-type]
    return made


async def decide(made: object, decision: str, by: str) -> str:
    async with db.transaction(by):
        await adjustments.decide([made], decision, by)  # type: ignore[list-item,arg-type]
    return await state_of(made)


async def state_of(made: object) -> str:
    found: str = await db.fetch_value("SELECT state FROM adjustment WHERE id = :id", id=made)
    return found


async def test_above_the_limit_a_second_person_decides_and_below_it_there_is_time_to_undo(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=200 * UNIT), await world.make_annotator()
    large = await propose(project_id, worker, 51 * UNIT, settings)
    assert await state_of(large) == "waiting"
    assert (await earnings.project_budget(project_id)).reserved == usd(51 * UNIT)
    with pytest.raises(OwnAdjustment):
        await decide(large, "approve", ANA)
    with pytest.raises(asyncpg.CheckViolationError, match="adjustment_four_eyes"):
        await db.execute("UPDATE adjustment SET state = 'posted', decided_by = :ana", ana=ANA)
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.execute("UPDATE adjustment SET amount_micros = 52000000")
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("UPDATE adjustment SET state = 'scheduled'")
    async with db.transaction(BEN):
        with pytest.raises(OwnAdjustment):
            await adjustments.decide([large], "approve", BEN, own=worker)  # type: ignore[list-item]
    assert await decide(large, "approve", BEN) == "posted"
    assert await decide(large, "approve", BEN) == "posted"  # twice is once
    with pytest.raises(AdjustmentDecided):
        await decide(large, "refuse", BEN)

    small = await propose(project_id, worker, 30 * UNIT, settings)
    assert await state_of(small) == "scheduled"
    split = await propose(project_id, worker, 30 * UNIT, settings)
    assert await state_of(split) == "waiting", "two thirds and two thirds are more than the limit"
    assert await decide(small, "undo", ANA) == "undone"
    with pytest.raises(OwnAdjustment):
        await decide(split, "undo", BEN)
    assert await decide(split, "refuse", BEN) == "refused"
    third = await propose(project_id, worker, 5 * UNIT, settings)
    await db.execute("UPDATE adjustment SET acts_at = clock_timestamp() WHERE state IN ('scheduled', 'waiting')")
    async with db.transaction():
        assert await adjustments.sweep() == 1
    assert await state_of(third) == "posted"
    (total,) = (await earnings.earnings(worker, limit=1)).totals
    assert (total.posted, total.pending, total.today) == (usd(56 * UNIT), usd(0), usd(56 * UNIT))
    assert await world.broken() == []
    with pytest.raises(BudgetExhausted):
        await propose(project_id, worker, 145 * UNIT, settings)


async def test_a_deduction_takes_only_what_was_earned_and_names_what_it_corrects(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=100 * UNIT), await world.make_annotator()
    paid = await propose(project_id, worker, 3 * UNIT, settings)
    await db.execute("UPDATE adjustment SET acts_at = clock_timestamp()")
    async with db.transaction():
        await adjustments.sweep()
    seq = await db.fetch_value("SELECT seq FROM transfer WHERE adjustment_id = :id AND kind = 'post'", id=paid)
    for wrong in ({"amount": usd(-1)}, {"amount": Money(1, "EUR")}, {"amount": usd(0)}, {"reason": " "}, {"corrects": 0}, {"annotator_ids": [uuid7()]}):  # fmt: skip
        with pytest.raises(BadAdjustment):
            await propose(project_id, worker, UNIT, settings, **wrong)
    with pytest.raises(OwnAdjustment):
        async with db.transaction():
            draft = AdjustmentDraft(
                kind="bonus", project_id=project_id, annotator_ids=[worker], amount=usd(1), reason="x"
            )
            await adjustments.propose(draft, ANA, settings, own=worker)
    back = await propose(project_id, worker, -2 * UNIT, settings, kind="adjustment", corrects=seq)
    much = await propose(project_id, worker, -2 * UNIT, settings, kind="adjustment")
    await db.execute("UPDATE adjustment SET acts_at = clock_timestamp() WHERE state = 'scheduled'")
    async with db.transaction():
        await adjustments.sweep()
    assert sorted([await state_of(back), await state_of(much)]) == ["posted", "short"]
    budget = await earnings.project_budget(project_id)
    assert (budget.funded, budget.posted, budget.left) == (usd(100 * UNIT), usd(UNIT), usd(99 * UNIT))
    assert sum(cost.posted.micros for cost in await earnings.cost_by(project_ids=[project_id])) == UNIT
    lines = (await earnings.earnings(worker, limit=5)).lines
    assert [(line.kind, line.amount.micros, line.state) for line in lines] == [
        ("adjustment", -2 * UNIT, "posted"),
        ("bonus", 3 * UNIT, "posted"),
    ]
    assert await world.broken() == []
    await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
    await db.execute("UPDATE transfer SET adjustment_id = gen_random_uuid() WHERE kind = 'deduct'")
    assert "adjustments_are_paid_once" in await world.broken()


def test_limits_are_read_by_currency() -> None:
    assert adjustments.limits("USD 50, JPY 7500") == {"USD": 50 * UNIT, "JPY": 7500 * UNIT}
    assert adjustments.limits(load_settings(environ={}).approval_limits)["KWD"] == 15 * UNIT


async def work(project_id: object, worker: object, seconds: int, lane: object) -> object:
    """Accepted in January, with so much active time."""
    done = await world.claim(project_id, worker)  # type: ignore[arg-type]
    await world.submit(done)
    await world.decide(done, "accepted")
    await db.execute(
        "UPDATE assignment SET active_seconds = :seconds, claimed_at = :at WHERE id = :id", seconds=seconds, at=day(1, 20), id=done
    )  # fmt: skip
    await db.execute(
        "UPDATE slot SET lane = :lane WHERE id = (SELECT slot FROM assignment WHERE id = :id)", lane=lane, id=done
    )
    return done


@pytest.mark.parametrize("funded", [10 * UNIT, 2_500_000])
async def test_who_earned_less_than_the_floor_gets_the_difference_and_an_open_tab_brings_nothing(
    funded: int, settings: Settings
) -> None:
    """Twenty tasks of 6 minutes at 0.10 are 1.00 an hour; the floor is 1.50. Two fast ones earn more than that."""
    january = await add_period(day(1, 1), day(2, 1))
    project_id = await world.make_project(funded_micros=funded)
    slow, fast = await world.make_annotator(), await world.make_annotator()
    await world.make_card(project_id, annotation=100_000, review=1)
    async with db.transaction(ANA):
        await floors.set_pay_floor(project_id, floors.PayFloorDraft(hourly=usd(1_500_000), reason="Agreed"), ANA)
    await db.execute("ALTER TABLE pay_floor DISABLE TRIGGER USER")
    await db.execute("UPDATE pay_floor SET effective_from = :at", at=day(1, 2))
    first = await world.claim(project_id, slow)
    lane = await db.fetch_value(
        "SELECT slot.lane FROM slot JOIN assignment a ON a.slot = slot.id WHERE a.id = :id", id=first
    )
    await world.end_without_work(first)
    await db.execute("UPDATE assignment SET active_seconds = 36000 WHERE id = :id", id=first)
    for n in range(20):
        await work(project_id, slow, 360 if n else 36_000, lane)  # one tab stood open for ten hours
    for _ in range(2):
        await work(project_id, fast, 120, lane)
    await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
    await db.execute("UPDATE transfer SET created_at = :at", at=day(1, 20))
    await db.execute("UPDATE transfer SET digest = transfer_digest(transfer)")
    await db.execute("ALTER TABLE transfer ENABLE TRIGGER USER")
    await close(january, settings)
    (top_up,) = await adjustments.adjustments(limit=5, period_id=january)
    counted = 19 * 360 + 3 * 360
    wanted = counted * 1_500_000 // 3600
    assert (top_up.annotator_id, top_up.amount) == (slow, usd(wanted - 2_000_000))
    assert top_up.inputs["counted_seconds"] == counted
    document = await statement_of(slow, january)
    assert statements.check(document) == []
    if funded == 10 * UNIT:
        assert top_up.state == "posted"
        assert document.lines[-1].work == "floor"
        assert document.statement.earned == usd(wanted)
    else:
        assert (top_up.state, len(document.lines)) == ("short", 20)
        async with db.transaction(BEN):
            await ledger.fund(project_id, usd(5 * UNIT), "more", "for the floor")
            await adjustments.decide([top_up.id], "approve", BEN)
        assert await state_of(top_up.id) == "posted"
        assert (await earnings.earnings(slow, limit=1)).totals[0].posted == usd(wanted)
    assert await world.broken() == []
