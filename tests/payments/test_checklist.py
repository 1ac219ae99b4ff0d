"""The checklist of a period on the real database: what blocks, who may close all the same, and who is worth a look."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from callboard.ledger_check import ledger_check, write_down
from kernel import clock, db
from kernel.errors import Invalid
from kernel.settings import Settings
from payments import adjustments, books, checklist, pay_disputes, payouts, periods
from payments.adjustments import AdjustmentDraft, Matching
from payments.errors import AdjustmentsChanged, BooksTooLarge, OwnAdjustment, PeriodBlocked
from payments.pay_disputes import PayDisputeDraft
from tests.payments import world
from tests.payments.test_payouts import ANA, BEN, UNIT, act, drafted, give_account, paying
from tests.payments.test_periods import add_period, close, day, earn

__all__ = ["paying"]
pytestmark = pytest.mark.usefixtures("pool")


async def open_items(period_id: UUID, settings: Settings) -> dict[str, tuple[int, list[int]]]:
    found = await checklist.checklist(period_id, settings)
    assert [one.code for one in found] == [check.code for check in checklist.CHECKS]
    return {one.code: (one.count, [amount.micros for amount in one.amounts]) for one in found if not one.clear}


async def propose(
    project_id: UUID, people: list[UUID], micros: int, settings: Settings, kind: Any = "bonus"
) -> list[UUID]:
    draft = AdjustmentDraft(
        kind=kind, project_id=project_id, annotator_ids=people, amount=world.usd(micros), reason="Night shift"
    )
    made: list[UUID] = await act(adjustments.propose, draft, ANA, settings, by=ANA)
    return made


async def test_what_blocks_is_named_and_only_some_of_it_can_be_overridden(paying: Settings) -> None:
    january, february = (
        await add_period(day(1, 1), day(2, 1)),
        await add_period(day(2, 1), clock.now() + timedelta(seconds=1)),
    )
    project_id = await world.make_project(funded_micros=1000 * UNIT)
    first, second = await world.make_annotator(), await world.make_annotator()
    await earn(project_id, first, 20 * UNIT, day(1, 10))
    assert set(await open_items(february, paying)) == {"not_over", "earlier_open", "no_bank_details"}
    await close(january, paying)
    await give_account(first, paying)
    batch_id = await drafted(january, paying)
    await act(payouts.approve, batch_id, BEN)
    await act(payouts.export, batch_id, BEN, paying)
    await db.execute("ALTER TABLE payout_batch DISABLE TRIGGER USER")
    await db.execute("UPDATE payout_batch SET pay_on = :day", day=day(2, 3).date())
    await propose(project_id, [first, second], 60 * UNIT, paying)
    while (await periods.period(february)).ends_at > clock.now():
        await db.execute("SELECT pg_sleep(0.05)")
    seen = await open_items(february, paying)
    assert seen == {
        "adjustments_waiting": (2, [120 * UNIT]),
        "payouts_unreconciled": (1, [20 * UNIT]),
        "books_unchecked": (1, []),
    }

    with pytest.raises(PeriodBlocked) as blocked:
        await close(february, paying)
    assert blocked.value.extra["items"] == ["adjustments_waiting", "payouts_unreconciled"]
    with pytest.raises(PeriodBlocked):
        await act(periods.start_closing, february, BEN, "the bank is slow", ["payouts_unreconciled"])
    for override, reason in ((["payouts_unreconciled"], " "), (["books_broken"], "why not"), (["no such"], "x")):
        with pytest.raises(Invalid):
            await act(periods.start_closing, february, BEN, reason, override)
    assert (await periods.period(february)).state == "open"

    await act(books.note, ["ledger_balances"])
    assert (await open_items(february, paying))["books_broken"] == (1, [])
    both = ["adjustments_waiting", "payouts_unreconciled"]
    with pytest.raises(PeriodBlocked, match="books_broken"):
        await act(periods.start_closing, february, BEN, "the bank is slow", both)
    await act(
        books.note, [name for name in await books.failures() if name != "nothing_else_is_paid"]
    )  # `earn` has no work
    assert await books.failures() == ["nothing_else_is_paid"]
    await act(periods.start_closing, february, BEN, "the bank is slow", both)
    kept = await db.fetch_one(
        "SELECT after, reason FROM audit_entry WHERE action = 'pay_period.closing_asked' ORDER BY seq DESC LIMIT 1"
    )
    assert kept is not None
    assert (kept["after"], kept["reason"]) == (
        {"overridden": {"adjustments_waiting": 2, "payouts_unreconciled": 1}},
        "the bank is slow",
    )


async def test_seals_that_stand_still_block(settings: Settings) -> None:
    january, february = await add_period(day(1, 1), day(2, 1)), await add_period(day(2, 1), day(3, 1))
    project_id, worker = await world.make_project(funded_micros=UNIT), await world.make_annotator()
    await close(january, settings)
    await earn(project_id, worker, 5, day(2, 2))
    assert "seals_behind" not in await open_items(february, settings)
    await db.execute("ALTER TABLE ledger_seal DISABLE TRIGGER USER")
    await db.execute("UPDATE ledger_seal SET sealed_at = sealed_at - interval '61 seconds'")
    assert (await open_items(february, settings))["seals_behind"] == (2, [])
    with pytest.raises(PeriodBlocked, match="seals_behind"):
        await close(february, settings)


async def test_who_earned_unlike_ever_before_is_shown_first_while_the_period_runs_and_after(settings: Settings) -> None:
    project_id = await world.make_project(funded_micros=10_000 * UNIT)
    steady, leaps, new = [await world.make_annotator() for _ in range(3)]
    months = [await add_period(day(n, 1), day(n + 1, 1)) for n in range(1, 6)]
    for n, period_id in enumerate(months, 1):
        await earn(project_id, steady, (100 + n) * UNIT, day(n, 5))
        await earn(project_id, leaps, (100 + n if n < 5 else 400) * UNIT, day(n, 5))
        if n == 5:
            await earn(project_id, new, 900 * UNIT, day(n, 5))
            break
        await close(period_id, settings)
    for state in ("open", "closed"):
        found = [one for one in await checklist.exceptions(months[-1], settings) if one.why == "unusual"]
        assert [(one.annotator_id, one.amount.micros, one.usual and one.usual.micros) for one in found] == [
            (leaps, 400 * UNIT, 102_500_000)
        ]
        assert (found[0].statement_id is not None) == (state == "closed")
        assert (await open_items(months[-1], settings))["unusual"] == (1, [400 * UNIT])
        await close(months[-1], settings)
    without = [
        one.annotator_id for one in await checklist.exceptions(months[-1], settings) if one.why == "no_bank_details"
    ]
    assert without == [new, leaps, steady], "most money first"


async def test_a_whole_list_is_decided_at_once_if_it_is_the_one_that_was_seen(settings: Settings) -> None:
    project_id = await world.make_project(funded_micros=1000 * UNIT)
    people = [await world.make_annotator() for _ in range(3)]
    await propose(project_id, people, 60 * UNIT, settings)
    wanted = Matching(state="waiting", project_id=project_id)
    assert await adjustments.decidable(wanted, ANA, None) == ([], []), "nobody decides what they proposed"
    ids, sums = await adjustments.decidable(wanted, BEN, people[0])
    assert (len(ids), sums) == (2, [world.usd(120 * UNIT)]), "nor what they get"
    with pytest.raises(AdjustmentsChanged):
        await act(adjustments.decide_matching, wanted, "approve", 3, BEN, own=people[0])
    with pytest.raises(OwnAdjustment):
        await act(adjustments.decide, ids, "approve", ANA)
    assert await act(adjustments.decide_matching, wanted, "approve", 2, BEN, own=people[0]) == 2
    states = [row["state"] for row in await db.fetch("SELECT state FROM adjustment ORDER BY state")]
    assert states == ["posted", "posted", "waiting"]


async def test_disputes_of_pay_and_missing_rates_are_on_the_list_and_what_is_overdue_blocks(settings: Settings) -> None:
    period_id = await add_period(clock.now() - timedelta(days=1), clock.now() + timedelta(seconds=1))
    project_id, worker = await world.make_project(funded_micros=20 * UNIT), await world.make_annotator()
    await world.make_card(project_id, annotation=UNIT, review=0)
    work = await world.claim(project_id, worker)
    await world.submit(work)
    await world.decide(work, "rejected")
    made = await act(
        pay_disputes.open_dispute, worker, PayDisputeDraft(assignment_id=work, reason="It was right"), settings
    )
    await db.execute("UPDATE annotator SET currency = 'CNY' WHERE id = :worker", worker=worker)
    found = await open_items(period_id, settings)
    assert (found["pay_disputes_open"], found["exchange_rates_missing"]) == ((1, [UNIT]), (1, []))
    assert "pay_disputes_overdue" not in found
    await db.execute("UPDATE pay_dispute SET due_at = clock_timestamp() WHERE id = :made", made=made)
    found = await open_items(period_id, settings)
    assert ("pay_disputes_open" in found, found["pay_disputes_overdue"]) == (False, (1, [UNIT]))
    while (await periods.period(period_id)).ends_at > clock.now():
        await db.execute("SELECT pg_sleep(0.05)")
    with pytest.raises(PeriodBlocked) as blocked:
        await act(periods.start_closing, period_id, BEN)
    assert blocked.value.extra["items"] == ["pay_disputes_overdue"]
    await act(periods.start_closing, period_id, BEN, "answered tomorrow", ["pay_disputes_overdue"])


async def test_books_that_take_too_long_are_refused_and_the_command_line_notes_what_it_found() -> None:
    with pytest.raises(BooksTooLarge):
        async with db.transaction():
            await db.execute("SET LOCAL statement_timeout = '1ms'")
            await books.failures()
    await write_down(await ledger_check())
    found = await books.last_check()
    assert found is not None
    assert found.failures == []
