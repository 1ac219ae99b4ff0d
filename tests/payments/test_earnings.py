"""What people read about their money."""

from datetime import UTC, timedelta

import pytest

from kernel import clock, db
from kernel.ids import uuid7
from payments import earnings
from payments.errors import NoSuchProject
from payments.rates import recompute
from routing.events import AssignmentEnded, emit
from tests.payments import world
from tests.payments.world import usd

pytestmark = pytest.mark.usefixtures("pool")


async def test_each_piece_of_work_is_a_line_with_its_state_and_how_its_price_came_about() -> None:
    project_id = await world.make_project(funded_micros=10_000, name="Clinic dialogues")
    author, reviewer = await world.make_annotator(), await world.make_annotator()
    await world.make_card(project_id, annotation=100, review=40, d5="1.25", expert="2")
    paid = await world.claim(project_id, author, domain="medicine", band=5, expert=True)
    returned = await world.claim(project_id, author)
    live = await world.claim(project_id, author)
    await world.submit(paid)
    review = await world.claim(project_id, reviewer, review_of=paid)
    await world.decide(paid, "accepted")
    await world.give_verdict(review, paid)
    async with db.transaction():
        await db.execute("UPDATE assignment SET state = 'declined' WHERE id = :id", id=returned)
        await emit(AssignmentEnded(returned, "not my field"))

    mine = await earnings.earnings(author, limit=10)
    assert [(line.assignment_id, line.state, line.amount, line.reason) for line in mine.lines] == [
        (live, "pending", usd(100), ""), (returned, "voided", usd(100), "not my field"), (paid, "posted", usd(250), ""),
    ]  # fmt: skip
    line = mine.lines[2]
    assert (line.kind, line.domain, line.language, line.project_name) == (
        "annotation",
        "medicine",
        "en",
        "Clinic dialogues",
    )
    assert line.external_id == f"t-{line.task_id}"
    assert line.resolved_at is not None
    assert line.held_at < line.resolved_at
    assert recompute(line.price_inputs) == 250
    (total,) = mine.totals
    assert (total.pending, total.posted, total.today, total.this_week) == (usd(100), usd(250), usd(250), usd(250))
    assert (total.pending_count, total.posted_count, total.voided_count) == (1, 1, 1)
    (theirs,) = (await earnings.earnings(reviewer, limit=10)).lines
    assert (theirs.kind, theirs.amount, theirs.state) == ("review", usd(40), "posted")


async def test_pages_follow_each_other_without_gap_and_since_bounds_the_lines() -> None:
    project_id, worker = await world.make_project(funded_micros=10_000), await world.make_annotator()
    await world.make_card(project_id, annotation=10, review=1)
    works = [await world.claim(project_id, worker) for _ in range(7)]
    seen, cursor = [], None
    for _ in range(4):
        page = await earnings.earnings(worker, limit=2, cursor=cursor)
        seen += [line.assignment_id for line in page.lines]
        cursor = page.next_cursor
    assert seen == works[::-1]
    assert cursor is None
    third = (await earnings.earnings(worker, limit=10)).lines[2]
    assert len((await earnings.earnings(worker, limit=10, since=third.held_at)).lines) == 3


async def test_days_and_weeks_begin_at_midnight_utc() -> None:
    project_id, worker = await world.make_project(funded_micros=10_000), await world.make_annotator()
    await world.make_card(project_id, annotation=10, review=1)
    now = clock.now().astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    moments = [midnight, midnight - timedelta(microseconds=1), monday, monday - timedelta(microseconds=1)]
    await db.execute("ALTER TABLE transfer DISABLE TRIGGER transfer_append_only")
    for moment in moments:
        work = await world.claim(project_id, worker)
        await world.submit(work)
        await world.decide(work, "accepted")
        await db.execute(
            "UPDATE transfer SET created_at = :moment WHERE kind = 'post' AND assignment_id = :work",
            moment=moment,
            work=work,
        )
    (total,) = (await earnings.earnings(worker, limit=1)).totals
    assert total.posted == usd(40)
    assert total.today == usd(10 * sum(moment >= midnight for moment in moments))
    assert total.this_week == usd(10 * sum(moment >= monday for moment in moments))


async def test_somebody_who_never_earned_has_an_empty_page() -> None:
    assert await earnings.earnings(uuid7(), limit=10) == earnings.Earnings([], [], None)


async def test_a_budget_is_zero_before_it_is_funded_and_unknown_projects_are_named() -> None:
    budget = await earnings.project_budget(await world.make_project(currency="JPY"))
    assert {budget.funded.micros, budget.reserved.micros, budget.posted.micros, budget.left.micros} == {0}
    assert budget.left.currency == "JPY"
    with pytest.raises(NoSuchProject):
        await earnings.project_budget(uuid7())


async def test_cost_is_told_by_project_domain_and_kind_and_adds_up_to_the_budget() -> None:
    project_id, other = [await world.make_project(funded_micros=10_000, name=name) for name in ("A", "B")]
    vendor = await world.make_vendor("Vendor one")
    inside, outside = await world.make_annotator(vendor), await world.make_annotator()
    for each in (project_id, other):
        await world.make_card(each, annotation=100, review=40)
    law = await world.claim(project_id, inside, domain="law")
    await world.claim(project_id, outside, domain="law")
    await world.end_without_work(await world.claim(project_id, inside, domain="finance"))
    await world.claim(other, outside)
    await world.submit(law)
    await world.claim(project_id, outside, domain="law", review_of=law)
    await world.decide(law, "accepted")

    def short(lines: list[earnings.CostLine]) -> list[tuple[str, str, str, int, int, int, int, int]]:
        return [
            (line.project_name, line.domain, line.kind, line.posted.micros, line.pending.micros, line.posted_count,
             line.pending_count, line.voided_count) for line in lines
        ]  # fmt: skip

    everything = await earnings.cost_by()
    assert short(everything) == [
        ("A", "finance", "annotation", 0, 0, 0, 0, 1), ("A", "law", "annotation", 100, 100, 1, 1, 0),
        ("A", "law", "review", 0, 40, 0, 1, 0), ("B", "general", "annotation", 0, 100, 0, 1, 0),
    ]  # fmt: skip
    assert await earnings.cost_by(project_ids=[other]) == everything[3:]
    assert await earnings.cost_by(project_ids=[]) == []
    assert short(await earnings.cost_by(vendor_id=vendor)) == [
        ("A", "finance", "annotation", 0, 0, 0, 0, 1), ("A", "law", "annotation", 100, 0, 1, 0, 0),
    ]  # fmt: skip
    assert await earnings.cost_by(since=clock.now() + timedelta(minutes=1)) == []
    assert await earnings.cost_by(until=clock.now() + timedelta(minutes=1)) == everything
    budget = await earnings.project_budget(project_id)
    of_a = [line for line in everything if line.project_id == project_id]
    assert (sum(line.posted.micros for line in of_a), sum(line.pending.micros for line in of_a)) == (
        budget.posted.micros, budget.reserved.micros,
    )  # fmt: skip


async def test_a_vendor_s_journal_shows_only_its_own_people() -> None:
    project_id, vendor = await world.make_project(funded_micros=10_000), await world.make_vendor("Vendor one")
    inside, outside = (
        await world.make_annotator(vendor),
        await world.make_annotator(await world.make_vendor("Vendor two")),
    )
    await world.make_card(project_id, annotation=100, review=40)
    for worker in (inside, outside):
        work = await world.claim(project_id, worker)
        await world.submit(work)
        await world.decide(work, "accepted")
    page = await earnings.transfers(earnings.TransferFilters(vendor_id=vendor), limit=10)
    assert [(item.kind, item.annotator_id) for item in page.items] == [("post", inside), ("pending", inside)]
    told = await db.fetch("SELECT vendor_id, data FROM event WHERE type = 'accrual.posted' ORDER BY seq")
    assert told[0]["vendor_id"] == vendor
    assert told[0]["data"]["annotator_id"] == str(inside)
