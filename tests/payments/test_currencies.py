"""People who are paid in another currency than their projects, on the real database: every amount to the micro, and that anybody can check it."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.api.wire import encode
from dialogue.handover import shares_of
from kernel import db
from kernel.ids import uuid7
from kernel.money import Money
from kernel.settings import Settings
from payments import adjustments, earnings, exchange, exchange_rates, ledger, rates, sharing, statements
from payments.adjustments import AdjustmentDraft
from payments.errors import BadExchangeRates
from payments.ledger import Earmark
from payments.rates import Terms
from routing.events import ExchangeRateMissing, WorkAccepted, emit
from tests.payments import test_periods as periods
from tests.payments import world

pytestmark = pytest.mark.usefixtures("pool")
TODAY = datetime.now(UTC).date()


async def make_worker(currency: str | None) -> UUID:
    worker = await world.make_annotator()
    async with db.transaction("person:boss"):
        await exchange.set_pay_currency(worker, currency, "agreed")
    return worker


async def make_rates(settings: Settings, *lines: str, source: str = "Central bank") -> exchange_rates.RatesReport:
    """`USD,CNY,7.12` is of today."""
    rows = [line if line.count(",") == 3 else "{0},{1},{day},{2}".format(*line.split(","), day=TODAY) for line in lines]
    async with db.transaction("person:boss"):
        return await exchange_rates.import_rates(
            "\n".join(["from,to,day,rate", *rows]), source, "person:boss", settings
        )


async def sums() -> dict[str, int]:
    """Debits less credits of all accounts, posted and pending."""
    rows = await db.fetch(
        "SELECT currency, sum(debits_posted - credits_posted) + sum(debits_pending - credits_pending) AS net FROM account GROUP BY 1"
    )
    return {row["currency"]: row["net"] for row in rows}


@given(st.integers(1, 10**12), st.integers(1, 10**18))
def test_a_conversion_is_exact_and_rounds_half_to_even(micros: int, twelfths: int) -> None:
    rate = exchange.rate_text(Decimal(twelfths).scaleb(-12))
    assert exchange.converted(micros, rate) == round(Fraction(micros) * Fraction(rate))


CASES = [
    ("USD", "JPY", "149.2437", 13_500, 2_014_790),
    ("KWD", "USD", "3.2541", 5, 16),
    ("JPY", "KWD", "0.002062", 250_000, 516),
    ("USD", "CNY", "0.5", 5, 2),
]
"""Project, person, rate, price and what it comes to, in micros: 2014789.95, 16.2705, 515.5 and 2.5."""


@pytest.mark.parametrize("case", CASES)
async def test_work_is_paid_in_the_person_s_currency_at_the_rate_of_the_claim(
    settings: Settings, case: tuple[str, str, str, int, int]
) -> None:
    project, person, rate, price, paid = case
    january = await periods.add_period(periods.day(1, 1), periods.day(2, 1))
    project_id, worker = await world.make_project(funded_micros=10**9, currency=project), await make_worker(person)
    await world.make_card(project_id, annotation=price, review=1, currency=project)
    await make_rates(settings, f"{project},{person},{TODAY - timedelta(days=1)},{rate}")
    works = [await world.claim(project_id, worker) for _ in range(3)]
    await make_rates(settings, f"{project},{person},9.99")  # after the claim: nobody's price changes
    (total,) = (await earnings.earnings(worker, limit=5)).totals
    assert (total.currency, total.pending.micros, total.pending_count) == (person, 3 * paid, 3)
    await world.submit(works[0])
    await world.decide(works[0], "accepted")
    await world.submit(works[1])
    await world.decide(works[1], "accepted")
    await world.end_without_work(works[2])
    assert await world.broken() == []
    assert set((await sums()).values()) == {0}
    found = await earnings.earnings(worker, limit=5)
    (total,) = found.totals
    assert (total.pending.micros, total.posted.micros, total.today.micros) == (0, 2 * paid, 2 * paid)
    assert (total.pending_count, total.posted_count, total.voided_count) == (0, 2, 1)
    assert [(line.state, line.amount) for line in found.lines] == [("voided", Money(paid, person)), ("posted", Money(paid, person)), ("posted", Money(paid, person))]  # fmt: skip
    assert found.lines[0].exchanged == earnings.Exchanged(project, rate, str(TODAY - timedelta(days=1)), "Central bank")
    budget = await earnings.project_budget(project_id)
    assert (budget.posted.micros, budget.reserved.micros) == (2 * price, 0)
    await back_date(periods.day(1, 9))
    await periods.close(january, settings)
    document = await periods.statement_of(worker, january)
    assert (document.statement.earned, len(document.lines)) == (Money(2 * paid, person), 2)
    assert statements.check(statements.read(encode(document))) == []
    other = msgspec.structs.replace(
        document.lines[0], price=document.lines[0].price | {"exchange": document.lines[0].price["exchange"] | {"rate": "10"}}
    )  # fmt: skip
    assert statements.check(msgspec.structs.replace(document, lines=[other, document.lines[1]])) == [
        f"line {other.seq}: the inputs of its price are others"
    ]
    assert await world.broken() == []


async def back_date(at: datetime) -> None:
    """Everything that was moved, into a period of the past: the product has no such door."""
    async with db.transaction():
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
        await db.execute("UPDATE transfer SET created_at = :at", at=at)
        await db.execute("UPDATE transfer SET digest = transfer_digest(transfer)")
        await db.execute("ALTER TABLE transfer ENABLE TRIGGER USER")


async def test_which_rate_counts_and_what_no_rate_means(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=10**9), await make_worker("CNY")
    await world.make_card(project_id, annotation=10, review=1)
    with pytest.raises(ExchangeRateMissing) as refused:
        await world.claim(project_id, worker)
    assert refused.value.extra == {"from_currency": "USD", "to_currency": "CNY"}
    assert await exchange_rates.missing() == [exchange_rates.MissingRate("USD", "CNY", 1)]
    days = settings.exchange_rate_days
    await make_rates(
        settings, f"USD,CNY,{TODAY - timedelta(days=days + 1)},5", f"USD,CNY,{TODAY + timedelta(days=1)},6"
    )
    assert await exchange.current([("USD", "CNY")]) == {}  # one is too old, one of tomorrow
    await make_rates(settings, f"USD,CNY,{TODAY - timedelta(days=days)},7")
    assert (await exchange.current([("USD", "CNY")]))["USD", "CNY"]["rate"] == "7"
    await world.claim(project_id, worker)
    assert [(one.rate, one.in_use) for one in await exchange_rates.exchange_rates(limit=9)] == [("6", False), ("7", True), ("5", False)]  # fmt: skip
    # Of the two currencies of one person each has its own statement; what is held stays what it was.
    async with db.transaction():
        await exchange.set_pay_currency(worker, None, "moved")
    await world.claim(project_id, worker)
    totals = (await earnings.earnings(worker, limit=5)).totals
    assert [(one.currency, one.pending.micros, one.pending_count) for one in totals] == [("CNY", 70, 1), ("USD", 10, 1)]
    assert await world.broken() == []


async def test_an_import_is_all_or_nothing_and_the_same_one_again_is_nothing(settings: Settings) -> None:
    good = f"\ufefffrom;to;day;rate\nusd;CNY;{TODAY};7.1200\n\nUSD;JPY;{TODAY};149"
    async with db.transaction("person:boss"):
        first = await exchange_rates.import_rates(good, "ECB", "person:boss", settings)
        again = await exchange_rates.import_rates(good, "ECB", "person:boss", settings)
    assert (first.added, first.written, again.added, again.unchanged, again.written) == (2, True, 0, 2, False)
    bad = f"day,from,to,rate\n{TODAY},USD,CNY,7.13\n{TODAY},USD,XXQ,1\n{TODAY},USD,USD,1\n2099-01-01,USD,EUR,1\nsoon,USD,EUR,1\n{TODAY},USD,EUR,0\n{TODAY},USD\n{TODAY},USD,EUR,1\n{TODAY},USD,EUR,2"
    async with db.transaction("person:boss"):
        report = await exchange_rates.import_rates(bad, "ECB", "person:boss", settings)
    told = [(one.line, one.code) for one in report.problems]
    assert told == [(2, "known"), (3, "currency"), (4, "same_currency"), (5, "far_day"), (6, "day"), (7, "rate"), (8, "columns"), (10, "twice")]  # fmt: skip
    assert (report.written, await db.fetch_value("SELECT count(*) FROM exchange_rate")) == (False, 2)
    assert (await exchange_rates.preview("a,b\n1,2")).problems == [exchange_rates.LineProblem(1, "columns", "a, b")]
    with pytest.raises(BadExchangeRates):
        await make_rates(settings, "USD,EUR,1", source=" ")
    with pytest.raises(Exception, match=r"exchange_rate"):
        await db.execute("UPDATE exchange_rate SET rate = 1")
    audited = await db.fetch("SELECT after FROM audit_entry WHERE action = 'exchange_rates.imported'")
    assert [row["after"]["rates"] for row in audited] == [[f"USD CNY {TODAY} 7.12", f"USD JPY {TODAY} 149"]]


async def test_metered_pay_bonuses_deductions_and_exams_are_converted_too(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=10**9), await make_worker("CNY")
    await make_rates(settings, "USD,CNY,7.1")
    cny = Money
    async with db.transaction():
        terms = Terms(per_turn=world.usd(100), most_turns=10)
        await rates.create_rate_card(project_id, "USD", world.usd(1000), world.usd(1), {}, terms=terms)
    work = await world.claim(project_id, worker)
    await world.submit(work, {"turns": [{"role": "user"}, {"role": "assistant"}, {"role": "user"}]})
    await world.decide(work, "accepted")
    line = (await earnings.earnings(worker, limit=1)).lines[0]
    assert line.amount == cny(8520, "CNY")  # (1000 + 2 * 100) * 7.1
    async with db.transaction("person:boss"):
        for micros in (10_000, -300):
            draft = AdjustmentDraft(
                kind="adjustment", project_id=project_id, annotator_ids=[worker], amount=world.usd(micros), reason="counted wrong",
                corrects=line.seq if micros < 0 else None,
            )  # fmt: skip
            await adjustments.propose(draft, "person:boss", settings)
    await make_rates(settings, f"USD,CNY,{TODAY + timedelta(days=1)},8")
    async with db.transaction():
        await db.execute("UPDATE adjustment SET acts_at = clock_timestamp()")
        await adjustments.sweep()
    attempt = uuid7()
    async with db.transaction():
        inputs = {"kind": "exam", **await exchange.terms_for(worker, world.usd(50))}
        await ledger.set_aside(Earmark(key="exam:x", project_id=project_id, annotator_id=worker, amount=world.usd(50), inputs=inputs, exam_attempt_id=attempt))  # fmt: skip
        done = await ledger.resolve("post", "exam:x", "post:exam:x", "")
        assert done is not None
        await exchange.convert(exchange.of_resolution(done))
    found = await earnings.earnings(worker, limit=9)
    assert [one.amount.micros for one in found.lines] == [355, -2130, 71_000, 8520]
    assert found.totals[0].posted == cny(355 - 2130 + 71_000 + 8520, "CNY")
    assert set(await world.broken()) <= {
        "no_other_exam_is_paid",
        "money_is_held_while_an_exam_runs",
    }  # no attempt has a row
    too_much = AdjustmentDraft(kind="adjustment", project_id=project_id, annotator_ids=[worker], amount=world.usd(-10_951), reason="all of it")  # fmt: skip
    async with db.transaction("person:boss"):
        (last,) = await adjustments.propose(too_much, "person:boss", settings)
        await db.execute("UPDATE adjustment SET acts_at = clock_timestamp() WHERE state = 'scheduled'")
        await adjustments.sweep()
    assert [one.state for one in await adjustments.some([last])] == ["short"]
    january = await periods.add_period(periods.day(1, 1), periods.day(2, 1))
    await back_date(periods.day(1, 9))
    await periods.close(january, settings)
    document = await periods.statement_of(worker, january)
    assert sorted(line.amount.micros for line in document.lines) == [-2130, 355, 8520, 71_000]
    assert statements.check(statements.read(encode(document))) == []


async def test_each_maker_of_a_dialogue_is_paid_by_the_rate_that_they_saw(settings: Settings) -> None:
    project_id = await world.make_project(funded_micros=10**9)
    holder, yen, plain = await make_worker("CNY"), await make_worker("JPY"), await make_worker(None)
    await make_rates(settings, "USD,CNY,7.1", "USD,JPY,150.5")
    await world.make_card(project_id, annotation=1001, review=1)
    work = await world.claim(project_id, holder)
    task = await db.fetch_value("SELECT task FROM assignment WHERE id = :id", id=work)
    # Who put it down before: their own claim of the task has the rate that they saw.
    terms = exchange.with_amount((await exchange.current([("USD", "JPY")]))["USD", "JPY"], 1001)
    for who, inputs in ((yen, {"exchange": terms}), (plain, {})):
        await db.execute(
            "INSERT INTO assignment (id, slot, task, project, annotator, kind, epoch, state, lease_until, deadline, price_micros, currency, price_inputs, why, ended_at)"
            " SELECT :id, slot, task, project, :who, kind, epoch + 1 + :n, 'released', lease_until, deadline, price_micros, currency, :inputs, '{}', now() FROM assignment WHERE id = :work",
            id=uuid7(), who=who, inputs=db.jsonb(inputs), work=work, n=int(who == plain),
        )  # fmt: skip
    await world.submit(work)

    async def makers(_: UUID) -> sharing.Parts:
        return [(yen, 1), (plain, 1), (holder, 2)]

    sharing.use_makers(makers)
    try:
        async with db.transaction():
            await db.execute("UPDATE submission SET state = 'accepted' WHERE assignment = :work", work=work)
            await emit(WorkAccepted(work, task, project_id, holder, "annotation", None))
    finally:
        sharing.use_makers(shares_of)
    paid = {who: (await earnings.earnings(who, limit=3)).lines[0].amount for who in (holder, yen, plain)}
    january = await periods.add_period(periods.day(1, 1), periods.day(2, 1))
    await back_date(periods.day(1, 9))
    await periods.close(january, settings)
    for who in (holder, yen):
        assert statements.check(await periods.statement_of(who, january)) == []
    assert paid == {holder: Money(3557, "CNY"), yen: Money(37_625, "JPY"), plain: Money(250, "USD")}  # 501, 250, 250
    assert await world.broken() == []
    assert set((await sums()).values()) == {0}


async def test_postings_of_one_person_from_two_currencies_do_not_stand_in_each_others_way(settings: Settings) -> None:
    dollars, euros = [await world.make_project(funded_micros=10**9, currency=code) for code in ("USD", "EUR")]
    worker = await make_worker("CNY")
    await make_rates(settings, "USD,CNY,7.1", "EUR,CNY,8.25")
    for project_id, code in ((dollars, "USD"), (euros, "EUR")):
        await world.make_card(project_id, annotation=1000, review=1, currency=code)
    works = [await world.claim(project_id, worker) for project_id in (dollars, euros) * 6]
    for work in works:
        await world.submit(work)
    await asyncio.gather(
        *(world.decide(work, "accepted") for work in works), *(world.claim(one, worker) for one in (dollars, euros) * 3)
    )
    (total,) = (await earnings.earnings(worker, limit=1)).totals
    assert (total.posted.micros, total.pending.micros) == (6 * 7100 + 6 * 8250, 3 * 7100 + 3 * 8250)
    assert await world.broken() == []


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE transfer SET amount_micros = amount_micros + 1 WHERE kind = 'convert'",
        "DELETE FROM transfer WHERE kind = 'convert'",
        "UPDATE exchange_rate SET rate = 8",
        "UPDATE transfer SET inputs = jsonb_set(inputs, '{exchange,rate}', '\"8\"') WHERE kind = 'convert'",
    ],
)
async def test_a_conversion_that_does_not_match_its_rate_is_named(settings: Settings, script: str) -> None:
    project_id, worker = await world.make_project(funded_micros=10**9), await make_worker("CNY")
    await make_rates(settings, "USD,CNY,7.1")
    await world.make_card(project_id, annotation=1000, review=1)
    work = await world.claim(project_id, worker)
    await world.submit(work)
    await world.decide(work, "accepted")
    assert await world.broken() == []
    async with db.transaction():
        for table in ("transfer", "exchange_rate"):
            await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await db.execute(script)
    assert "conversions_match_their_rate" in await world.broken()
