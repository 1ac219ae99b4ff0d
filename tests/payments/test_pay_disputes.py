"""Disputes of pay: every kind of line, who may answer, and that who is right is paid once."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from payments import adjustments, earnings, exchange_rates, pay_dispute_views, pay_disputes
from payments.adjustments import AdjustmentDraft
from payments.errors import (
    BadPayDispute,
    NoSuchPayDispute,
    NoSuchPayLine,
    OwnPayDispute,
    PayDisputeEarly,
    PayDisputeLate,
    PayDisputeMade,
    PayDisputeOver,
    PayDisputeOvertaken,
)
from payments.pay_dispute_views import PayDisputeFilters
from payments.pay_disputes import PayDisputeAnswer, PayDisputeDraft
from routing.events import WorkReinstated, emit
from tests.payments import world
from tests.payments.world import usd

pytestmark = pytest.mark.usefixtures("pool")
ANA, BEN = "person:ana", "person:ben"
UNIT = 1_000_000
REFUSED: dict[str, Any] = {"outcome": "refuse", "answer": "as_agreed"}
RIGHT: dict[str, Any] = {"outcome": "uphold", "answer": "our_mistake"}


async def dispute(worker: UUID, settings: Settings, reason: str = "Three messages are missing", **about: Any) -> UUID:
    async with db.transaction("person:worker"):
        return await pay_disputes.open_dispute(worker, PayDisputeDraft(reason=reason, **about), settings)


async def answer(
    ids: UUID | list[UUID], settings: Settings, by: str = BEN, own: UUID | None = None, **wish: Any
) -> list[UUID]:
    async with db.transaction(by):
        given = ids if isinstance(ids, list) else [ids]
        return await pay_disputes.decide(given, PayDisputeAnswer(**wish), by, settings, own)


async def one(dispute_id: UUID, **reader: Any) -> pay_dispute_views.PayDisputeView:
    (found,) = await pay_dispute_views.some([dispute_id], **reader)
    return found


async def line_of(worker: UUID, work: UUID) -> int:
    return next(line.seq for line in (await earnings.earnings(worker, limit=50)).lines if line.assignment_id == work)


async def pay_scheduled() -> None:
    await db.execute("UPDATE adjustment SET acts_at = clock_timestamp() WHERE state = 'scheduled'")
    async with db.transaction():
        await adjustments.sweep()


async def some_work(project_id: UUID, worker: UUID, state: str) -> UUID:
    work = await world.claim(project_id, worker)
    await world.submit(work)
    if state != "pending":
        await world.decide(work, state)
    return work


async def test_every_kind_of_line_is_disputed_and_who_is_right_is_paid_by_an_adjustment_that_corrects_it(
    settings: Settings,
) -> None:
    project_id, worker, other = await world.make_project(funded_micros=20 * UNIT), await world.make_annotator(), await world.make_annotator()  # fmt: skip
    await world.make_card(project_id, annotation=UNIT, review=UNIT)
    paid, voided, waits = [await some_work(project_id, worker, state) for state in ("accepted", "rejected", "pending")]
    lines = {work: await line_of(worker, work) for work in (paid, voided, waits)}
    for wrong, about in (
        (NoSuchPayLine, {"line": 10**9}), (NoSuchPayLine, {"assignment_id": uuid7()}), (BadPayDispute, {}),
        (BadPayDispute, {"line": lines[paid], "wanted": usd(-1)}), (PayDisputeEarly, {"line": lines[waits]}),
    ):  # fmt: skip
        with pytest.raises(wrong):
            await dispute(worker, settings, **about)
    with pytest.raises(NoSuchPayLine):
        await dispute(other, settings, line=lines[paid])
    first = await dispute(worker, settings, line=lines[paid], wanted=usd(UNIT // 2))
    second = await dispute(worker, settings, assignment_id=voided)
    assert (await one(second)).line == lines[voided], "work that has a line is disputed by it"
    await db.execute(
        "UPDATE submission SET submitted_at = submitted_at - interval '8 days' WHERE assignment = :work", work=waits
    )
    third = await dispute(worker, settings, line=lines[waits])
    assert [(await one(each)).kind for each in (first, second, third)] == ["posted", "voided", "held"]
    again = await asyncio.gather(
        *(dispute(worker, settings, line=lines[paid]) for _ in range(3)), return_exceptions=True
    )
    assert {type(each) for each in again} == {PayDisputeMade}

    with pytest.raises(OwnPayDispute):
        await answer(first, settings, own=worker, **RIGHT)
    for wrong_answer in ({"answer": "as_agreed"}, {"answer": "other"}, {"amount": usd(0)}):
        with pytest.raises(BadPayDispute):
            await answer(first, settings, **(RIGHT | wrong_answer))
    with pytest.raises(BadPayDispute):
        await answer([first, second], settings, **(RIGHT | {"amount": usd(UNIT)}))
    assert await answer([first, second, third], settings, **RIGHT) == [waits], "its review is looked at now"
    with pytest.raises(PayDisputeOver):
        await answer(first, settings, **REFUSED)
    with pytest.raises(PayDisputeMade):
        await dispute(worker, settings, line=lines[paid])
    made = [await one(each) for each in (first, second, third)]
    assert [each.pays for each in made] == [usd(UNIT // 2), usd(UNIT), None]
    assert {each.state for each in made} == {"upheld"}
    await pay_scheduled()
    (total,) = (await earnings.earnings(worker, limit=1)).totals
    assert (total.posted, total.pending) == (usd(UNIT * 5 // 2), usd(UNIT))
    corrected = {
        row["seq"]: row["work"]
        for row in await db.fetch("SELECT t.seq, t.assignment_id AS work FROM transfer t WHERE t.pending IS NOT NULL")
    }
    corrects = await db.fetch("SELECT corrects FROM adjustment ORDER BY amount_micros")
    assert [corrected[row["corrects"]] for row in corrects] == [paid, voided]
    assert await world.broken() == []
    await world.decide(waits, "accepted")
    fourth = await dispute(worker, settings, line=lines[waits])
    assert (await one(fourth)).kind == "posted", "another question about the same line"
    kinds = [
        row["type"] for row in await db.fetch("SELECT type FROM event WHERE type LIKE 'pay_dispute.%' ORDER BY seq")
    ]
    assert kinds == ["pay_dispute.opened"] * 3 + ["pay_dispute.upheld"] * 3 + ["pay_dispute.opened"]
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.execute("UPDATE pay_dispute SET reason = 'other'")
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "UPDATE pay_dispute SET state = 'refused', answer = 'other', adjustment = NULL WHERE state = 'upheld'"
        )


async def test_whoever_caused_a_line_does_not_answer_and_a_deduction_is_given_back(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=200 * UNIT), await world.make_annotator()
    await world.make_card(project_id, annotation=UNIT, review=UNIT)
    await some_work(project_id, worker, "accepted")
    async with db.transaction(ANA):
        draft = AdjustmentDraft(
            kind="adjustment", project_id=project_id, annotator_ids=[worker], amount=usd(-UNIT), reason="Paid twice"
        )
        await adjustments.propose(draft, ANA, settings)
    await pay_scheduled()
    taken = (await earnings.earnings(worker, limit=1)).lines[0]
    assert taken.amount == usd(-UNIT)
    made = await dispute(worker, settings, line=taken.seq)
    assert ((await one(made, me=ANA)).not_yours, (await one(made, me=BEN)).not_yours) == (True, False)
    with pytest.raises(OwnPayDispute):
        await answer(made, settings, ANA, **REFUSED)
    await answer(made, settings, **RIGHT)
    assert (await one(made)).pays == usd(UNIT)

    reviewer = await world.make_annotator()
    work = await world.claim(project_id, worker)
    await world.submit(work)
    review = await world.claim(project_id, reviewer, review_of=work)
    await world.give_verdict(review, work)
    async with db.transaction("person:carla"):
        await db.execute("UPDATE submission SET state = 'rejected' WHERE assignment = :work", work=work)
    await world.decide(work, "rejected")
    judged = await dispute(worker, settings, assignment_id=work)
    assert (await one(judged, me="person:carla")).not_yours
    for by, own in (("person:carla", None), (BEN, reviewer)):
        with pytest.raises(OwnPayDispute):
            await answer(judged, settings, by, own, **REFUSED)
    await answer(judged, settings, outcome="refuse", answer="other", reason="The verdict stands; dispute that.")
    told = await one(judged)
    assert (told.state, told.decision, told.pays) == ("refused", "The verdict stands; dispute that.", None)
    await pay_scheduled()
    assert await world.broken() == []
    await db.execute("ALTER TABLE adjustment DISABLE TRIGGER USER")
    moved = "UPDATE adjustment SET corrects = corrects + :by WHERE id = (SELECT adjustment FROM pay_dispute WHERE id = :made)"
    await db.execute(moved, by=100, made=made)
    assert "pay_disputes_are_answered" in await world.broken()
    await db.execute(moved, by=-100, made=made)
    assert await world.broken() == []
    await db.execute("ALTER TABLE pay_dispute DISABLE TRIGGER USER")
    await db.execute("UPDATE pay_dispute SET decided_by = :ana WHERE id = :made", ana=ANA, made=made)
    assert "pay_disputes_are_answered" in await world.broken()


async def test_clocks_withdrawal_missing_work_and_an_adjustment_that_never_paid(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=500 * UNIT), await world.make_annotator()
    await world.make_card(project_id, annotation=0, review=0)
    free = await some_work(project_id, worker, "accepted")
    live = await world.claim(project_id, worker)
    with pytest.raises(PayDisputeEarly):
        await dispute(worker, settings, assignment_id=live)
    missing = await dispute(worker, settings, assignment_id=free, wanted=usd(60 * UNIT))
    async with db.transaction():
        with pytest.raises(NoSuchPayDispute):
            await pay_disputes.withdraw(missing, uuid7())
        await pay_disputes.withdraw(missing, worker)
    missing = await dispute(worker, settings, assignment_id=free, wanted=usd(60 * UNIT))
    assert (await one(missing)).kind == "missing"
    await db.execute("UPDATE pay_dispute SET due_at = clock_timestamp() WHERE id = :id", id=missing)
    async with db.transaction():
        assert (await pay_disputes.sweep(settings), await pay_disputes.sweep(settings)) == (1, 0)
    late = await pay_dispute_views.pay_disputes(PayDisputeFilters(overdue=True), limit=5)
    assert [each.id for each in late.items] == [missing]

    await answer(missing, settings, **RIGHT)
    assert (await one(missing)).adjustment_state == "waiting", "above the limit a second person approves"
    adjustment_id = (await one(missing)).adjustment_id
    assert adjustment_id is not None
    async with db.transaction(ANA):
        await adjustments.decide([adjustment_id], "refuse", ANA, "Too much")
    async with db.transaction():
        assert await pay_disputes.sweep(settings) == 1
    assert ((await one(missing)).state, (await one(missing)).overdue) == ("open", False)
    await answer(missing, settings, **(RIGHT | {"amount": usd(2 * UNIT)}))
    await pay_scheduled()
    assert (await one(missing)).adjustment_state == "posted"

    await world.make_card(project_id, annotation=UNIT, review=0)
    lost = await some_work(project_id, worker, "rejected")
    opened = await dispute(worker, settings, assignment_id=lost)
    await db.execute("UPDATE submission SET state = 'accepted' WHERE assignment = :lost", lost=lost)
    await db.execute(
        "INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, annotator_id, assignment_id, inputs, created_at)"
        " SELECT gen_random_uuid(), 'share', 'x', debit_account, credit_account, 1, currency, annotator_id, assignment_id, '{}', now() FROM transfer WHERE assignment_id = :lost LIMIT 1",
        lost=lost,
    )  # fmt: skip
    with pytest.raises(PayDisputeOvertaken):
        await answer(opened, settings, **RIGHT)
    await answer(opened, settings, **REFUSED)
    old = await some_work(project_id, worker, "accepted")
    await db.execute("ALTER TABLE transfer DISABLE TRIGGER transfer_append_only")
    await db.execute(
        "UPDATE transfer SET created_at = created_at - interval '46 days' WHERE assignment_id = :old", old=old
    )
    with pytest.raises(PayDisputeLate):
        await dispute(worker, settings, assignment_id=old)

    every = PayDisputeFilters(annotator_id=worker)
    for sort in ("due", "newest", "amount", "person"):
        seen, place = [], None
        for _ in range(3):
            page = await pay_dispute_views.pay_disputes(every, limit=1, sort=sort, after=place)  # type: ignore[arg-type]
            seen += [each.id for each in page.items]
            place = page.next_place
        assert (len(set(seen)), place) == (3, None), sort


async def test_many_answers_over_several_projects_lock_them_in_one_order(settings: Settings) -> None:
    low, high = sorted([await world.make_project(funded_micros=90 * UNIT) for _ in range(2)])
    worker = await world.make_annotator()
    made = []
    for project_id in (high, low):
        await world.make_card(project_id, annotation=UNIT, review=0)
        work = await some_work(project_id, worker, "rejected")
        made.append(await dispute(worker, settings, assignment_id=work))
    go, lock = asyncio.Event(), "SELECT FROM project WHERE id = :id FOR NO KEY UPDATE"

    async def gated() -> list[UUID]:  # made outside of the transaction below, which a task would otherwise share
        await go.wait()
        return await answer(made, settings, **RIGHT)

    waiting = asyncio.create_task(gated())
    async with db.transaction("person:first"):
        await db.execute(lock, id=low)
        go.set()
        while not await db.fetch("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert not waiting.done(), "it waits for the first project"
            await asyncio.sleep(0.01)
        await db.execute(f"{lock} NOWAIT", id=high)  # the older dispute is of it, and yet nobody has it
    outcomes = await asyncio.gather(waiting, answer(made[:1], settings, "person:c", **REFUSED), return_exceptions=True)
    assert [type(each) for each in outcomes] == [list, PayDisputeOver]
    assert await world.broken() == []


async def overturn(work: UUID) -> None:
    fact = await world.accepted_fact(work)
    async with db.transaction(ANA):
        await db.execute(
            "UPDATE submission SET state = 'accepted' WHERE assignment = :work AND state = 'rejected'", work=work
        )
        await emit(WorkReinstated(work, fact.task_id, fact.project_id, fact.annotator_id, fact.kind, fact.vendor_id))


async def balance(worker: UUID, currency: str) -> int:
    return int(
        await db.fetch_value(
            "SELECT coalesce(sum(credits_posted - debits_posted), 0)::bigint FROM account WHERE kind = 'annotator_earnings' AND owner_id = :worker AND currency = :currency",
            worker=worker, currency=currency,
        )
    )  # fmt: skip


@pytest.mark.parametrize("currency", ["USD", "CNY"])
async def test_an_overturn_after_an_upheld_dispute_pays_once_whatever_became_of_the_adjustment(
    settings: Settings, currency: str
) -> None:
    """Posted before, less than the price or more; still scheduled; undone. In the person's currency by the rate of the line."""
    project_id, worker = await world.make_project(funded_micros=40 * UNIT), await world.make_annotator()
    rate = 1
    if currency != "USD":
        rate = 7
        await db.execute(
            "UPDATE annotator SET currency = :currency WHERE id = :worker", currency=currency, worker=worker
        )
        for days, value in ((1, 7), (0, 9)):
            day = await db.fetch_value(f"SELECT ((now() AT TIME ZONE 'UTC')::date - {days})::text")
            async with db.transaction(BEN):
                text = f"from,to,day,rate\nUSD,{currency},{day},{value}"
                assert (await exchange_rates.import_rates(text, "Bank", BEN, settings)).written
            if days:
                await world.make_card(project_id, annotation=UNIT, review=0)
                works = [await some_work(project_id, worker, "rejected") for _ in range(4)]
    else:
        await world.make_card(project_id, annotation=UNIT, review=0)
        works = [await some_work(project_id, worker, "rejected") for _ in range(4)]
    amounts = (UNIT // 4, 3 * UNIT, UNIT, UNIT)
    disputes = []
    for work, micros in zip(works, amounts, strict=True):
        disputes.append(await dispute(worker, settings, assignment_id=work))
        await answer(disputes[-1], settings, **(RIGHT | {"amount": usd(micros)}))
        if micros != UNIT:
            await pay_scheduled()
    assert await balance(worker, currency) == rate * (UNIT // 4 + 3 * UNIT)
    last = await one(disputes[3])
    assert last.adjustment_id is not None
    async with db.transaction(BEN):
        await adjustments.decide([last.adjustment_id], "undo", BEN)
    for work in works:
        await overturn(work)
        await overturn(work)
    assert await balance(worker, currency) == rate * (UNIT + 3 * UNIT + UNIT + UNIT), (
        "each work brings the more of both"
    )
    await pay_scheduled()
    async with db.transaction():
        assert await pay_disputes.sweep(settings) == 0, "nothing is opened again: the work is paid"
    assert await balance(worker, currency) == rate * 6 * UNIT
    assert [(await one(each)).adjustment_state for each in disputes] == ["posted", "posted", "undone", "undone"]
    taken = await db.fetch(
        "SELECT amount_micros AS micros, state, author FROM adjustment WHERE amount_micros < 0 ORDER BY id"
    )
    assert [(row["micros"], row["state"], row["author"]) for row in taken] == [
        (-UNIT // 4, "posted", "system:overturn"), (-UNIT, "posted", "system:overturn"),
    ]  # fmt: skip
    assert await world.broken() == []
