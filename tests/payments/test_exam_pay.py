"""Paid exams: held at the start, paid once at the end or given back; the budget is never exceeded."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from kernel import db, invariants
from kernel.ids import uuid7
from kernel.money import Money
from kernel.settings import Settings
from payments import earnings, verify
from payments.ledger import fund
from skills import exam_sitting, exams
from skills.errors import BadExam
from skills.events import ExamBudgetExhausted, ExamPayerClosed
from skills.exam_sitting import AttemptView
from skills.exams import ExamDraft, Pay
from tests.payments import world
from tests.payments.world import usd
from tests.skills.test_exams import answer, fill, run, start

pytestmark = pytest.mark.usefixtures("pool")
PRICE = 2_000_000


async def paid_exam(project_id: UUID, price: int = PRICE, **changes: Any) -> UUID:
    values: dict[str, Any] = {"name": "Law, level 3", "domain": "law", "language": "en", "cut_level": 3, **changes}
    async with db.transaction("person:test"):
        exam_id = await exams.create_exam(ExamDraft(**values), Pay(usd(price), project_id))
        await fill(exam_id, 30)
    return exam_id


async def give_up(view: AttemptView, settings: Settings) -> None:
    async with db.transaction():
        await exam_sitting.give_up(view.exam_id, view.id, view.annotator_id, settings)


async def the_line(person: UUID) -> tuple[str, str]:
    (line,) = (await earnings.earnings(person, limit=5)).lines
    assert (line.kind, line.exam_name, line.amount) == ("exam", "Law, level 3", usd(PRICE))
    assert (line.task_id, line.assignment_id) == (None, None)
    return line.state, line.reason


async def test_a_failed_exam_is_paid_once_and_is_a_line_of_its_own(settings: Settings) -> None:
    project_id, person = await world.make_project(funded_micros=10 * PRICE), await world.make_annotator()
    view = await start(await paid_exam(project_id), person, settings)
    assert view.pay == usd(PRICE)
    assert (await earnings.project_budget(project_id)).reserved == usd(PRICE)
    assert await the_line(person) == ("pending", "")
    assert await world.broken() == []
    view = await run(view, settings, right=False)
    assert view.result is not None
    assert not view.result.passed
    assert await the_line(person) == ("posted", "")
    budget = await earnings.project_budget(project_id)
    assert (budget.reserved, budget.posted) == (usd(0), usd(PRICE))
    (cost,) = await earnings.cost_by(project_ids=[project_id])
    assert (cost.kind, cost.domain, cost.posted, cost.posted_count) == ("exam", "law", usd(PRICE), 1)
    (event,) = await db.fetch("SELECT data, project_id FROM event WHERE type = 'accrual.posted'")
    assert (event["data"]["exam_attempt_id"], event["data"]["amount"]) == (str(view.id), "2.000000")
    keys = [row["business_key"] for row in await db.fetch("SELECT business_key FROM transfer ORDER BY seq")][1:]
    assert keys == [f"exam:{view.id}", f"post:exam:{view.id}"]
    assert await world.broken() == []


@pytest.mark.parametrize(("answers", "state"), [(0, "voided"), (5, "voided"), (6, "posted")])
@pytest.mark.parametrize("end", ["given_up", "time_up"])
async def test_what_was_left_is_paid_from_the_least_number_of_answers_on(
    settings: Settings, answers: int, state: str, end: str
) -> None:
    project_id, person = await world.make_project(funded_micros=10 * PRICE), await world.make_annotator()
    view = await start(await paid_exam(project_id), person, settings)
    for number in range(answers):
        view = await answer(view, settings, right=number % 2 == 0)
    if end == "given_up":
        await give_up(view, settings)
    else:
        await db.execute("UPDATE exam_attempt SET ends_at = clock_timestamp()")
        async with db.transaction():
            assert await exam_sitting.sweep(settings) == 1
    assert await the_line(person) == (state, "" if state == "posted" else end)
    assert await world.broken() == []
    assert (await earnings.project_budget(project_id)).reserved == usd(0)


async def test_16_starts_on_a_budget_for_10(settings: Settings) -> None:
    project_id = await world.make_project(funded_micros=10 * PRICE + PRICE - 1)
    exam_id, people = await paid_exam(project_id), [await world.make_annotator() for _ in range(16)]

    async def begin(person: UUID) -> bool:
        try:
            await start(exam_id, person, settings)
        except ExamBudgetExhausted:
            return False
        return True

    assert Counter(await asyncio.gather(*map(begin, people))) == {True: 10, False: 6}
    assert await db.fetch_value("SELECT count(*) FROM exam_attempt") == 10, "who is refused has used no attempt"
    budget = await earnings.project_budget(project_id)
    assert (budget.reserved, budget.left) == (usd(10 * PRICE), usd(PRICE - 1))
    assert await world.broken() == []


async def test_many_end_at_once_and_each_is_paid_once(settings: Settings) -> None:
    project_id = await world.make_project(funded_micros=20 * PRICE)
    exam_id = await paid_exam(project_id, mode="fixed", min_items=2, max_items=2)
    views = [await start(exam_id, await world.make_annotator(), settings) for _ in range(8)]
    last = [await answer(view, settings, right=True) for view in views]
    await asyncio.gather(*(answer(view, settings, right=True) for view in last for _ in range(3)))
    assert await db.fetch_value("SELECT count(*) FROM transfer WHERE kind = 'post'") == 8
    assert await world.broken() == []


async def test_left_attempts_of_several_budgets_end_together(settings: Settings) -> None:
    projects = [await world.make_project(funded_micros=5 * PRICE) for _ in range(2)]
    for project_id in projects:
        exam_id = await paid_exam(project_id, min_items=1)
        for _ in range(2):
            await answer(await start(exam_id, await world.make_annotator(), settings), settings, right=True)
    await db.execute("UPDATE exam_attempt SET ends_at = clock_timestamp()")
    async with db.transaction():
        assert await exam_sitting.sweep(settings) == 4
    assert [(await earnings.project_budget(one)).posted for one in projects] == [usd(2 * PRICE)] * 2
    assert await world.broken() == []


async def test_who_cannot_pay_is_refused_at_once(settings: Settings) -> None:
    project_id, person = await world.make_project(funded_micros=PRICE - 1), await world.make_annotator()
    exam_id = await paid_exam(project_id)
    with pytest.raises(ExamBudgetExhausted):
        await start(exam_id, person, settings)
    async with db.transaction():
        await fund(project_id, usd(1), "the rest", "added")
    await db.execute("UPDATE project SET state = 'closed'")
    with pytest.raises(ExamPayerClosed):
        await start(exam_id, person, settings)
    euros = await world.make_project(currency="EUR")
    draft = ExamDraft(name="Another", domain="law", language="en", cut_level=3)
    training = ExamDraft(name="Practice", domain="law", language="en", cut_level=3, training=True)
    for wrong, wanted in (
        (Pay(usd(1), project_id), draft), (Pay(usd(1), euros), draft), (Pay(usd(1), uuid7()), draft),
        (Pay(Money(1, "EUR"), euros), training), (Pay(Money(0, "EUR"), euros), draft),
    ):  # fmt: skip
        async with db.transaction():
            with pytest.raises(BadExam):
                await exams.create_exam(wanted, wrong)
    assert await db.fetch_value("SELECT count(*) FROM exam") == 1


BREAKAGES = {
    "the accrual vanished": (
        "DELETE FROM transfer WHERE kind = 'post'",
        {"earned_exam_is_paid_once", "money_is_held_while_an_exam_runs"},
    ),
    "another amount": (
        "UPDATE exam_attempt SET pay_micros = pay_micros + 1 WHERE state = 'finished'",
        {"earned_exam_is_paid_once", "money_is_held_while_an_exam_runs"},
    ),
    "the hold of a running one was given back": (
        ("INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id,"
        " annotator_id, exam_attempt_id, inputs) SELECT gen_random_uuid(), 'void', 'by hand', debit_account, credit_account,"
        " amount_micros, currency, id, project_id, annotator_id, exam_attempt_id, '{}' FROM transfer"
        " WHERE exam_attempt_id = (SELECT id FROM exam_attempt WHERE state = 'running')"),
        {"money_is_held_while_an_exam_runs"},
    ),
    "paid though it runs": (
        "UPDATE exam_attempt SET state = 'running', passed = NULL, reason = NULL, ended_at = NULL WHERE state = 'finished'",
        {"no_other_exam_is_paid", "money_is_held_while_an_exam_runs"},
    ),
    "paid though it was left": (
        "UPDATE exam_attempt SET reason = 'given_up' WHERE state = 'finished'; UPDATE exam SET min_items = 40",
        {"no_other_exam_is_paid"},
    ),
}  # fmt: skip
OTHERS = {"account_is_the_fold_of_its_transfers", "resolution_matches_its_hold", "ledger_balances"}


@pytest.mark.parametrize("breakage", BREAKAGES)
async def test_each_invariant_of_paid_exams_is_seen_to_fail(settings: Settings, breakage: str) -> None:
    project_id = await world.make_project(funded_micros=10 * PRICE)
    exam_id = await paid_exam(project_id)
    await run(await start(exam_id, await world.make_annotator(), settings), settings, right=True)
    await start(exam_id, await world.make_annotator(), settings)
    statements, expected = BREAKAGES[breakage]
    async with db.transaction():
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER transfer_append_only")
        await db.execute("ALTER TABLE exam_attempt DISABLE TRIGGER exam_result_is_final")
        for statement in statements.split("; "):
            await db.execute(statement)
    broken = {result.name for result in await invariants.run(verify.INVARIANTS) if result.violations}
    assert broken - OTHERS == expected
