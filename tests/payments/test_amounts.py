"""Amounts to the micro, whatever the currency and however many lines; and what is closed stays, whatever one touches of it."""

from uuid import UUID

import asyncpg
import pytest

from kernel import db
from kernel.money import Money, exponent
from kernel.settings import Settings
from payments import adjustments, statements
from payments.adjustments import AdjustmentDraft
from tests.payments import world
from tests.payments.test_periods import add_period, broken, close, day, earn, statement_of

MILLION = 1_000_000
LINES = 4000
FACTOR = 1_037
"""Thousandths; of bases from one micro to a little below a cent."""
BEHIND_A_PERIOD = ("statement", "transfer", "ledger_seal", "pay_period")
LEDGER_LINES = """
WITH held AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id, assignment_id, inputs, created_at)
  SELECT gen_random_uuid(), 'pending', 'hold:' || i, budget.id, earnings.id, half_even((1 + i * 7919 % 9999) * 1037, 1000), budget.currency, budget.owner_id,
    earnings.owner_id, gen_random_uuid(), '{"kind": "annotation"}', :at
  FROM account AS budget CROSS JOIN account AS earnings CROSS JOIN generate_series(1, :lines::int) AS i
  WHERE budget.kind = 'project_budget' AND budget.owner_id = :project_id AND earnings.kind = 'annotator_earnings' AND earnings.owner_id = :worker
  RETURNING *
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id, annotator_id, assignment_id, inputs, created_at)
SELECT gen_random_uuid(), 'post', 'post' || business_key, debit_account, credit_account, amount_micros, currency, id, project_id, annotator_id, assignment_id, '{}', created_at FROM held
"""


def micros(i: int) -> int:
    """What the i-th line brings, worked out without the database: half to even."""
    whole, rest = divmod((1 + i * 7919 % 9999) * FACTOR, 1000)
    return whole + (rest > 500 or (rest == 500 and whole % 2 == 1))


@pytest.mark.usefixtures("pool")
async def test_a_million_lines_below_a_cent_sum_to_the_micro() -> None:
    stated = await db.fetch_value(
        "SELECT sum(half_even((1 + i * 7919 % 9999) * 1037, 1000))::bigint FROM generate_series(1, :n::bigint) AS i",
        n=MILLION,
    )
    assert stated == sum(map(micros, range(1, MILLION + 1)))


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
async def test_thousands_of_lines_are_stated_to_the_micro_and_paid_in_whole_coins(
    currency: str, settings: Settings
) -> None:
    january, february = await add_period(day(1, 1), day(2, 1)), await add_period(day(2, 1), day(3, 1))
    project_id, worker = await world.make_project(funded_micros=10**9, currency=currency), await world.make_annotator()
    await earn(project_id, worker, 1, day(1, 2))
    total = sum(map(micros, range(1, LINES + 1)))
    async with db.transaction():
        await db.execute(LEDGER_LINES, project_id=project_id, worker=worker, lines=LINES, at=day(1, 3))
        await db.execute(
            "UPDATE account SET credits_posted = credits_posted + :n WHERE owner_id = :id", n=total, id=worker
        )
        await db.execute(
            "UPDATE account SET debits_posted = debits_posted + :n WHERE owner_id = :id", n=total, id=project_id
        )
    await close(january, settings)
    first, unit = (await statement_of(worker, january)).statement, 10 ** (6 - exponent(currency))
    assert (first.lines, first.earned) == (LINES + 1, Money(total + 1, currency))
    assert (first.payable.micros, first.carried_out.micros) == ((total + 1) // unit * unit, (total + 1) % unit)
    await earn(project_id, worker, unit - first.carried_out.micros, day(2, 2))
    await close(february, settings)
    second = (await statement_of(worker, february)).statement
    assert (second.payable.micros, second.carried_out.micros) == (unit, 0), "what was carried makes up a whole coin"
    assert await broken() == []
    assert set(await world.broken()) <= {"nothing_else_is_paid"}


@pytest.mark.usefixtures("pool")
async def test_nothing_behind_a_closed_period_can_change_and_a_correction_is_in_the_next_with_its_reference(
    settings: Settings,
) -> None:
    january, february = await add_period(day(1, 1), day(2, 1)), await add_period(day(2, 1), day(3, 1))
    project_id, worker = await world.make_project(funded_micros=10**9), await world.make_annotator()
    await earn(project_id, worker, 20_000, day(1, 2))
    await close(january, settings)
    before = await statement_of(worker, january)
    for table in BEHIND_A_PERIOD:
        columns = await db.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = :name AND table_schema = 'public'",
            name=table,
        )
        for column in [row["column_name"] for row in columns]:
            where = "WHERE state = 'closed'" if table == "pay_period" else ""
            with pytest.raises(asyncpg.PostgresError, match=r"closed pay period|append-only|never change|bounds"):
                await db.execute(f"UPDATE {table} SET {column} = {column} {where}")  # noqa: S608  names of our own
        with pytest.raises(asyncpg.PostgresError):
            await db.execute(f"DELETE FROM {table}")  # noqa: S608  as above
    await correct(project_id, worker, before.lines[0].seq, settings)
    await close(february, settings)
    assert await statement_of(worker, january) == before, "to the byte"
    (line,) = (after := await statement_of(worker, february)).lines
    assert (line.amount.micros, line.refers_to, line.late) == (-5_000, before.lines[0].seq, True)
    assert (after.statement.payable.micros, after.statement.carried_out.micros) == (0, -5_000), (
        "taken back from what comes"
    )
    assert statements.check(after) == []


async def correct(project_id: UUID, worker: UUID, seq: int, settings: Settings) -> None:
    """A deduction for a line of the first period, that moved in the first days of the second one's time."""
    draft = AdjustmentDraft(
        kind="adjustment", project_id=project_id, annotator_ids=[worker], amount=world.usd(-5_000), reason="Counted twice", corrects=seq,
    )  # fmt: skip
    async with db.transaction("person:ana"):
        (made,) = await adjustments.propose(draft, "person:ana", settings)
        row = await db.fetch_one(adjustments.sql.lock_adjustment, id=made)
        await adjustments.pay(row, "person:ben")
    async with db.transaction():
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
        await db.execute("UPDATE transfer SET created_at = :at WHERE adjustment_id = :id", at=day(1, 31), id=made)
        await db.execute("UPDATE transfer SET digest = transfer_digest(transfer) WHERE adjustment_id = :id", id=made)
        await db.execute("ALTER TABLE transfer ENABLE TRIGGER USER")
