"""Costs on the real database: all pay of a stretch of time over the tasks accepted in it, cut as one likes."""

from datetime import timedelta
from uuid import UUID

import pytest

from kernel import clock, db
from kernel.errors import Invalid
from kernel.settings import Settings
from payments import adjustments, costing, earnings, exchange_rates, rates
from payments.adjustments import AdjustmentDraft
from payments.costing import CostCell, CostFilter, Dimension
from payments.rates import Terms
from tests.payments import world
from tests.payments.test_payouts import ANA, BEN, act
from tests.payments.test_periods import add_period
from tests.payments.world import CENT, usd

pytestmark = pytest.mark.usefixtures("pool")


async def accepted(assignment_id: UUID) -> None:
    await world.decide(assignment_id, "accepted")
    for state in ("in_progress", "in_review", "accepted"):
        await db.execute(
            "UPDATE task SET state = :state, closed_at = clock_timestamp() WHERE id = (SELECT task FROM assignment WHERE id = :id)",
            state=state, id=assignment_id,
        )  # fmt: skip


async def done(project_id: UUID, author: UUID, reviewer: UUID, *, domain: str, good: bool = True) -> None:
    """A task with one look, whose review is paid whatever it says."""
    work = await world.claim(project_id, author, domain=domain)
    await world.submit(work)
    review = await world.claim(project_id, reviewer, domain=domain, review_of=work)
    await world.give_verdict(review, work)
    await (accepted(work) if good else world.decide(work, "rejected"))


async def cells(*by: Dimension, sort: str = "-cost", **wanted: object) -> list[CostCell]:
    return await costing.costs(by, CostFilter(**wanted), sort)  # type: ignore[arg-type]


async def test_one_accepted_task_bears_reviews_and_rejected_work(settings: Settings) -> None:
    period_id = await add_period(clock.now() - timedelta(days=1), clock.now() + timedelta(days=30))
    one, two = (
        await world.make_project(funded_micros=100_000 * CENT, name="One"),
        await world.make_project(funded_micros=9000 * CENT, name="Two"),
    )
    async with db.transaction():
        terms = Terms(bill_annotation=usd(200 * CENT), bill_review=usd(30 * CENT))
        await rates.create_rate_card(
            one, "USD", usd(50 * CENT), usd(10 * CENT), {"3": "1.2"}, expert_factor="1", terms=terms
        )
    await world.make_card(two, annotation=100 * CENT, review=20 * CENT)
    author, reviewer = await world.make_annotator(), await world.make_annotator(await world.make_vendor("V"))
    for domain, good in (("general", True), ("general", True), ("general", False), ("law", True)):
        await done(one, author, reviewer, domain=domain, good=good)
    await done(two, author, reviewer, domain="law")
    draft = AdjustmentDraft(
        kind="bonus", project_id=one, annotator_ids=[author], amount=usd(60_000 * CENT), reason="Night shift"
    )
    made = await act(adjustments.propose, draft, ANA, settings, by=ANA)
    await act(adjustments.decide, made, "approve", BEN)

    # One: 3 × 0.60 of work and 4 × 0.12 of reviews, of which one looked at what was rejected; the bonus has no task.
    (total,) = await cells()
    assert (total.cost, total.items, total.lines) == (usd((180 + 48 + 120 + 60_000) * CENT), 4, 10)
    assert total.per_item == usd(60_348 * CENT // 4)
    by_project = {cell.project: cell for cell in await cells("project")}
    assert (by_project["One"].cost, by_project["One"].items) == (usd(60_228 * CENT), 3)
    assert (by_project["Two"].per_item, by_project["Two"].billed, by_project["Two"].unbilled) == (
        usd(120 * CENT),
        None,
        2,
    )
    stages = {cell.stage: cell for cell in await cells("stage", project_id=one)}
    assert {stage: (cell.cost.micros // CENT, cell.items) for stage, cell in stages.items()} == {"annotation": (180, 3), "review:1": (48, 3), "bonus": (60_000, 3)}  # fmt: skip
    assert stages["review:1"].per_item == usd(16 * CENT), "the look at rejected work is borne by what was accepted"
    work = stages["annotation"]
    assert (work.billed, work.margin, work.margin_share) == (usd(3 * 240 * CENT), usd(540 * CENT), 0.75)
    assert [(cell.domain, cell.difficulty, cell.items) for cell in await cells("domain", "difficulty", project_id=one, stage="annotation")] == [("general", 3, 2), ("law", 3, 1)]  # fmt: skip
    assert [(cell.domain, cell.items) for cell in await cells("domain", sort="items")] == [
        ("", 0),
        ("general", 2),
        ("law", 2),
    ]
    assert [cell.domain for cell in await cells("domain", sort="-per_item")][-1] == "", "what has no value comes last"
    start = await db.fetch_value(
        "SELECT (starts_at AT TIME ZONE 'UTC')::date FROM pay_period WHERE id = :id", id=period_id
    )
    assert [(cell.span, cell.items) for cell in await cells("period")] == [(start, 4)]
    assert [cell.items for cell in await cells("week")] == [4]
    assert await cells(until=clock.now() - timedelta(hours=1)) == []
    vendor_id = await db.fetch_value("SELECT vendor FROM annotator WHERE id = :id", id=reviewer)
    (of_vendor,) = await cells(vendor_id=vendor_id)
    assert (of_vendor.cost, of_vendor.items, of_vendor.billed) == (usd(68 * CENT), None, None)
    for wrong in (("week", "month"), ("project", "project")):
        with pytest.raises(Invalid):
            await cells(*wrong)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        await cells(sort="colour")


async def test_fees_and_adjudications_are_stages_conversions_count_once_and_gold_is_no_item(settings: Settings) -> None:
    project_id = await world.make_project(funded_micros=100_000 * CENT)
    async with db.transaction():
        terms = Terms(
            bill_annotation=usd(200 * CENT), bill_review=usd(30 * CENT), fee_percent="10", fee_fixed=usd(CENT)
        )
        await rates.create_rate_card(project_id, "USD", usd(50 * CENT), usd(10 * CENT), {}, terms=terms)
        day = str(clock.now().date())
        await exchange_rates.import_rates(f"from,to,day,rate\nUSD,CNY,{day},7", "Bank", ANA, settings)
    vendor = await world.make_vendor("V")
    author, judge = await world.make_annotator(vendor), await world.make_annotator()
    await db.execute("UPDATE annotator SET currency = 'CNY' WHERE id = :author", author=author)
    work = await world.claim(project_id, author)
    await world.submit(work)
    decision = await world.claim(project_id, judge, review_of=work)
    await db.execute("UPDATE slot SET stage = 6 WHERE id = (SELECT slot FROM assignment WHERE id = :id)", id=decision)
    await world.give_verdict(decision, work)
    await accepted(work)
    gold = await world.claim(project_id, author)
    await db.execute("ALTER TABLE task DISABLE TRIGGER USER")  # a copy is born as one
    await db.execute("UPDATE task SET gold = true WHERE id = (SELECT task FROM assignment WHERE id = :id)", id=gold)
    await world.submit(gold)
    await accepted(gold)
    draft = AdjustmentDraft(kind="adjustment", project_id=project_id, annotator_ids=[author], amount=usd(-5 * CENT), reason="Twice")  # fmt: skip
    made = await act(adjustments.propose, draft, ANA, settings, by=ANA)
    await db.execute("UPDATE adjustment SET acts_at = clock_timestamp() WHERE id = :id", id=made[0])
    await act(adjustments.sweep)

    # 2 × 50 of work, 10 of the decision, 5 taken back; fees of 10 % each, and a cent for each annotation.
    found = {cell.stage: (cell.cost.micros // CENT, cell.lines, cell.billed) for cell in await cells("stage")}
    assert found == {
        "annotation": (100, 2, usd(200 * CENT)), "adjudication": (10, 1, usd(30 * CENT)), "fee": (13, 3, None), "adjustment": (-5, 1, None),
    }  # fmt: skip
    (total,) = await cells()
    assert (total.cost, total.items, total.per_item, total.billed) == (
        usd(118 * CENT),
        1,
        usd(118 * CENT),
        usd(230 * CENT),
    )
    (of_vendor,) = await cells(vendor_id=vendor)
    assert of_vendor.cost == usd(95 * CENT), "the fee is between the company and others"
    lines = {line.kind: line for line in await earnings.cost_by(project_ids=[project_id])}
    assert {kind: (line.posted.micros // CENT, line.fees.micros // CENT, line.items) for kind, line in lines.items()} == {
        "annotation": (100, 12, 1), "adjudication": (10, 1, 0), "adjustment": (-5, 0, 0),
    }  # fmt: skip
