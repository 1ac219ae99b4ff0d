"""Periods and statements on the real database: what belongs where, what is carried, and that it stays."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from callboard.api.wire import encode
from kernel import db
from kernel.ids import uuid7
from kernel.money import Money, exponent
from kernel.settings import Settings
from payments import earnings, ledger, periods, statements
from payments.errors import BadStatementFile, PeriodNotOver
from payments.statements import StatementDocument
from tests.payments import world

pytestmark = pytest.mark.usefixtures("pool")


BREAKAGES = {"statements_are_their_lines", "statements_follow_each_other"}
"""Broken by the last test here; see test_verify."""


BOOKED_INTO_A_CLOSED_PERIOD = (
    "INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, inputs, for_period)"
    " SELECT gen_random_uuid(), 'direct', 'x', debit_account, credit_account, 1, currency, '{}',"
    " (SELECT id FROM pay_period WHERE state = 'closed' LIMIT 1) FROM transfer LIMIT 1"
)


def day(month: int, date: int) -> datetime:
    return datetime(2025, month, date, tzinfo=UTC)


def test_periods_end_with_the_calendar() -> None:
    assert periods.end_of(day(1, 1), "month") == day(2, 1)
    assert periods.end_of(day(12, 1), "month") == datetime(2026, 1, 1, tzinfo=UTC)
    assert periods.end_of(day(12, 29), "week") == datetime(2026, 1, 5, tzinfo=UTC)
    assert periods.start_before(day(3, 19), "two_weeks") == day(3, 17)


async def add_period(starts_at: datetime, ends_at: datetime) -> UUID:
    async with db.transaction():
        period_id: UUID = uuid7()
        await db.execute(periods.sql.add_pay_period, id=period_id, starts_at=starts_at, ends_at=ends_at)
    return period_id


async def close(period_id: UUID, settings: Settings) -> None:
    async with db.transaction("person:boss"):
        await periods.start_closing(period_id, "person:boss")
    more: periods.Progress = "more"
    while more:
        async with db.transaction():
            more = await periods.advance(period_id, settings)


async def earn(project_id: UUID, worker: UUID, micros: int, at: datetime) -> UUID:
    """Posted at a moment of the past: new rows cannot be written so by the product, which has no such door."""
    hold = world.a_hold(project_id, worker, world.plain_price(micros, await currency_of(project_id)))
    async with db.transaction():
        await ledger.hold(hold)
        await ledger.post(hold.assignment_id)
    async with db.transaction():
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
        await db.execute("UPDATE transfer SET created_at = :at WHERE assignment_id = :id", at=at, id=hold.assignment_id)
        await db.execute(
            "UPDATE transfer SET digest = transfer_digest(transfer) WHERE assignment_id = :id", id=hold.assignment_id
        )
        await db.execute("ALTER TABLE transfer ENABLE TRIGGER USER")
    return hold.assignment_id


async def currency_of(project_id: UUID) -> str:
    found: str = await db.fetch_value("SELECT currency FROM project WHERE id = :id", id=project_id)
    return found


async def statement_of(worker: UUID, period_id: UUID) -> StatementDocument:
    (view,) = await statements.statements(limit=5, annotator_id=worker, period_id=period_id)
    return await statements.statement(view.id)


async def broken() -> list[str]:
    return [name for name in await world.broken() if "statement" in name]


@pytest.mark.parametrize(("currency", "payable"), [("USD", 10_000), ("JPY", 0), ("KWD", 13_000)])
async def test_what_is_below_the_smallest_coin_is_carried_on(currency: str, payable: int, settings: Settings) -> None:
    """Four lines of 0.0034: a cent and 0.0036 over in USD, nothing yet in JPY, 13 fils in KWD."""
    january, february = await add_period(day(1, 1), day(2, 1)), await add_period(day(2, 1), day(3, 1))
    project_id = await world.make_project(funded_micros=9_000_000, currency=currency)
    worker = await world.make_annotator()
    for n in range(4):
        await earn(project_id, worker, 3400, day(1, 2 + n))
    await close(january, settings)
    first = await statement_of(worker, january)
    assert (first.statement.lines, first.statement.earned) == (4, Money(13_600, currency))
    assert (first.statement.payable, first.statement.carried_out) == (Money(payable, currency), Money(13_600 - payable, currency))  # fmt: skip
    assert statements.check(first) == []
    late = await earn(project_id, worker, 999_999, day(1, 31))
    await earn(project_id, worker, 1, day(2, 2))
    await close(february, settings)
    second = await statement_of(worker, february)
    assert [(line.late, line.amount.micros) for line in second.lines] == [(True, 999_999), (False, 1)]
    assert late
    total, unit = 1_000_000 + 13_600 - payable, 10 ** (6 - exponent(currency))
    assert second.statement.payable.micros == total // unit * unit
    assert second.previous_hash == first.statement.hash
    assert (first.statement.payable + second.statement.payable + second.statement.carried_out).micros == 1_013_600
    assert (await earnings.earnings(worker, limit=1)).totals[0].posted.micros == 1_013_600
    assert statements.check(second) == []
    assert await broken() == []


async def test_a_closed_period_cannot_change_and_closing_has_its_order(settings: Settings) -> None:
    january, february = await add_period(day(1, 1), day(2, 1)), await add_period(day(2, 1), day(3, 1))
    ahead = await add_period(day(3, 1), datetime(2099, 1, 1, tzinfo=UTC))
    project_id, worker = await world.make_project(funded_micros=10_000), await world.make_annotator()
    await earn(project_id, worker, 5, day(1, 2))
    with pytest.raises(PeriodNotOver):
        await close(february, settings)
    await close(january, settings)
    await close(january, settings)  # once more changes nothing
    await close(february, settings)
    with pytest.raises(PeriodNotOver):
        await close(ahead, settings)
    assert [(one.state, one.statements, one.lines) for one in await periods.periods(limit=9)] == [
        ("open", 0, 0),
        ("closed", 0, 0),
        ("closed", 1, 1),
    ]
    for statement in (
        "UPDATE pay_period SET statements = 2 WHERE state = 'closed'",
        "UPDATE pay_period SET state = 'closing' WHERE state = 'closed'",
        "UPDATE pay_period SET ends_at = ends_at + interval '1 day' WHERE state = 'open'",
        "DELETE FROM pay_period",
        "TRUNCATE pay_period CASCADE",
        "UPDATE statement SET lines = 2",
        "DELETE FROM statement",
        "INSERT INTO statement SELECT gen_random_uuid(), period, annotator, gen_random_uuid(), currency, 1, 1, 0, 0, 0, 0, '', '', '' FROM statement",
        "INSERT INTO pay_period (id, starts_at, ends_at) VALUES (gen_random_uuid(), '2025-06-01Z', '2025-07-01Z')",
        BOOKED_INTO_A_CLOSED_PERIOD,
    ):
        with pytest.raises(asyncpg.PostgresError):
            await db.execute(statement)


async def test_a_statement_that_was_edited_is_found_by_the_document_alone(settings: Settings) -> None:
    january = await add_period(day(1, 1), day(2, 1))
    project_id, worker, other = await world.make_project(funded_micros=900_000), await world.make_annotator(), await world.make_annotator()  # fmt: skip
    await world.make_card(project_id, annotation=31_000, review=7, d3="1.5", expert="1.1")
    work = await world.claim(project_id, worker, expert=True)
    await world.submit(work)
    await world.decide(work, "accepted")
    await earn(project_id, other, 5, day(1, 2))
    async with db.transaction():
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
        await db.execute("UPDATE transfer SET created_at = :at", at=day(1, 3))
        await db.execute("UPDATE transfer SET digest = transfer_digest(transfer)")
        await db.execute("ALTER TABLE transfer ENABLE TRIGGER USER")
    await close(january, settings)
    document = await statement_of(worker, january)
    assert statements.check(document) == []
    (line,) = document.lines
    assert line.price["rate_card_version"] == 1
    text = encode(document).decode()
    assert statements.read(text.encode()) == document
    for no_statement in (b"", b"[]", b"{}", text.replace("statement/1", "statement/9").encode()):
        with pytest.raises(BadStatementFile):
            statements.read(no_statement)
    for old, new, sentence in (
        ('"payable":{"amount":"0.050000"', '"payable":{"amount":"0.060000"', "an amount on the front differs"),
        ('"amount":{"amount":"0.051150"', '"amount":{"amount":"0.061150"', "the lines sum to another total"),
        ('"expert_factor":"1.1"', '"expert_factor":"1.2"', f"line {line.seq}: the inputs of its price are others"),
        (line.digest, "00" * 32, f"line {line.seq}: its digest is not that of its content"),
        (document.lines_hash, "00" * 32, "the hash over all lines differs"),
    ):
        edited = text.replace(old, new)
        wrong = statements.check(statements.read(edited.encode()))
        assert edited != text
        assert sentence in wrong
    await db.execute("ALTER TABLE statement DISABLE TRIGGER USER")
    await db.execute("UPDATE statement SET lines_hash = '\\x00' WHERE annotator = :id", id=worker)
    assert set(await broken()) == BREAKAGES
