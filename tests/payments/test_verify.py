"""Each invariant is seen to fail when the data is broken by hand, and to be silent about money that is right."""

from uuid import UUID

import pytest

from kernel import db, invariants
from kernel.invariants import EXAMPLES
from payments import verify
from tests.payments import world
from tests.payments.test_exam_pay import BREAKAGES as EXAM_BREAKAGES
from tests.payments.test_payouts import BREAKAGES as PAYOUT_BREAKAGES
from tests.payments.test_periods import BREAKAGES as STATEMENT_BREAKAGES

pytestmark = pytest.mark.usefixtures("pool")


class Scene:
    """One piece of work in each state, and a review that was given."""

    project: UUID
    live: UUID
    waiting: UUID
    accepted: UUID
    rejected: UUID
    released: UUID
    review: UUID


async def make_scene() -> Scene:
    scene, author, reviewer = Scene(), await world.make_annotator(), await world.make_annotator()
    scene.project = await world.make_project(funded_micros=1000)
    await world.make_card(scene.project, annotation=31, review=7, d3="1.5", expert="1.1")
    for name in ("live", "waiting", "accepted", "rejected", "released"):
        setattr(scene, name, await world.claim(scene.project, author, expert=name == "live"))
    for work in (scene.waiting, scene.accepted, scene.rejected):
        await world.submit(work)
    scene.review = await world.claim(scene.project, reviewer, review_of=scene.accepted)
    await world.decide(scene.accepted, "accepted")
    await world.give_verdict(scene.review, scene.accepted)
    await world.decide(scene.rejected, "rejected")
    await world.end_without_work(scene.released, "released")
    return scene


SECOND_RESOLUTION = (
    "DROP INDEX transfer_resolved_once; "
    "INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id,"
    " annotator_id, assignment_id, task_id, inputs) SELECT gen_random_uuid(), '{kind}', 'by hand', debit_account, credit_account,"
    " amount_micros, currency, pending, project_id, annotator_id, assignment_id, task_id, '{{}}'"
    " FROM transfer WHERE kind = 'post' AND assignment_id = :accepted"
)

BREAKAGES = {
    "an accrual vanished": (
        "DELETE FROM transfer WHERE kind = 'post' AND assignment_id = :accepted",
        {"accepted_work_is_paid_once", "account_is_the_fold_of_its_transfers"},
    ),
    "a reviewer was not paid": (
        "DELETE FROM transfer WHERE kind = 'post' AND assignment_id = :review",
        {"accepted_work_is_paid_once", "account_is_the_fold_of_its_transfers"},
    ),
    "paid twice": (
        SECOND_RESOLUTION.format(kind="post"),
        {
            "accepted_work_is_paid_once", "account_is_the_fold_of_its_transfers", "hold_is_resolved_once",
            "accruals_sum_to_the_price",
        },
    ),
    "paid and given back": (
        SECOND_RESOLUTION.format(kind="void"),
        {"account_is_the_fold_of_its_transfers", "hold_is_resolved_once"},
    ),
    "paid more than the price": (
        "UPDATE transfer SET amount_micros = amount_micros + 1 WHERE kind = 'post' AND assignment_id = :accepted",
        {
            "accepted_work_is_paid_once", "account_is_the_fold_of_its_transfers", "resolution_matches_its_hold",
            "accruals_sum_to_the_price",
        },
    ),
    "paid to somebody else": (
        "UPDATE transfer SET annotator_id = gen_random_uuid() WHERE kind = 'post' AND assignment_id = :accepted",
        {"accepted_work_is_paid_once", "transfer_has_two_sides", "resolution_matches_its_hold"},
    ),
    "rejected work was paid": (
        "UPDATE transfer SET kind = 'post' WHERE kind = 'void' AND assignment_id = :rejected",
        {"nothing_else_is_paid", "account_is_the_fold_of_its_transfers"},
    ),
    "live work without money": (
        "DELETE FROM transfer WHERE assignment_id = :live",
        {"open_work_has_money_set_aside", "account_is_the_fold_of_its_transfers"},
    ),
    "waiting work without money": (
        "DELETE FROM transfer WHERE assignment_id = :waiting",
        {"open_work_has_money_set_aside", "account_is_the_fold_of_its_transfers"},
    ),
    "released work still holds money": (
        "DELETE FROM transfer WHERE kind = 'void' AND assignment_id = :released",
        {"ended_work_holds_no_money", "account_is_the_fold_of_its_transfers"},
    ),
    "rejected work still holds money": (
        "DELETE FROM transfer WHERE kind = 'void' AND assignment_id = :rejected",
        {"ended_work_holds_no_money", "account_is_the_fold_of_its_transfers"},
    ),
    "money held for no assignment": (
        "UPDATE transfer SET assignment_id = gen_random_uuid() WHERE assignment_id = :live",
        {"ended_work_holds_no_money", "open_work_has_money_set_aside"},
    ),
    "the price shown was another": (
        "UPDATE assignment SET price_micros = price_micros + 1 WHERE id = :live",
        {"hold_is_the_price_shown"},
    ),
    "a rate card was edited": (
        "UPDATE rate_card SET expert_factor = '1.2' WHERE project = :project",
        {"price_follows_the_rate_card"},
    ),
    "the wrong account": (
        "UPDATE transfer SET credit_account = (SELECT id FROM account WHERE kind = 'funding') WHERE assignment_id = :live",
        {"transfer_has_two_sides", "account_is_the_fold_of_its_transfers"},
    ),
    "an account was edited": (
        "UPDATE account SET credits_posted = credits_posted + 1 WHERE kind = 'project_budget'",
        {"ledger_balances", "account_is_the_fold_of_its_transfers"},
    ),
    "the budget was exceeded": (
        "UPDATE transfer SET amount_micros = 100 WHERE kind = 'direct'",
        {"budget_is_not_exceeded", "account_is_the_fold_of_its_transfers"},
    ),
    "a share that its turns do not explain": (
        ("INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id,"
        " assignment_id, task_id, inputs) SELECT gen_random_uuid(), 'share', 'by hand', post.credit_account, account.id, 5, post.currency,"
        " post.project_id, account.owner_id, post.assignment_id, post.task_id, '{\"turns\": 1, \"of\": 2, \"kept\": 1}'"
        " FROM transfer AS post JOIN account ON account.kind = 'annotator_earnings' AND account.id <> post.credit_account"
        " WHERE post.kind = 'post' AND post.assignment_id = :accepted"),
        {"shares_follow_their_turns", "account_is_the_fold_of_its_transfers"},
    ),
    "a resolution of something else": (
        "UPDATE transfer SET pending = (SELECT id FROM transfer WHERE kind = 'direct') WHERE kind = 'void' AND assignment_id = :released",
        {"resolution_matches_its_hold", "ended_work_holds_no_money", "account_is_the_fold_of_its_transfers", "budget_is_not_exceeded"},
    ),
}  # fmt: skip


async def test_money_that_is_right_breaks_nothing() -> None:
    await make_scene()
    results = await invariants.run(verify.INVARIANTS)
    assert [(result.name, result.violations, result.examples) for result in results if result.violations] == []
    assert len({result.name for result in results}) == len(results) == 25


async def test_the_database_s_arithmetic_rounds_halves_as_ours_does() -> None:
    project_id, worker = await world.make_project(funded_micros=1000), await world.make_annotator()
    for base, expected in ((1, None), (3, 2), (5, 2), (7, 4), (9, 4)):
        await world.make_card(project_id, annotation=base, review=0, d3="0.5")
        work = await world.claim(project_id, worker)
        assert await db.fetch_value("SELECT amount_micros FROM transfer WHERE assignment_id = :id", id=work) == expected
    assert await world.broken() == []


@pytest.mark.parametrize("breakage", BREAKAGES)
async def test_broken_data_is_named(breakage: str) -> None:
    script, expected = BREAKAGES[breakage]
    scene = await make_scene()
    async with db.transaction("person:owner"):
        for table in ("transfer", "rate_card"):
            await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
        for statement in script.split("; "):
            names = [name for name in Scene.__annotations__ if f":{name}" in statement]
            assert await db.execute(statement, **{name: getattr(scene, name) for name in names}) or "DROP" in statement
    assert set(await world.broken()) == expected


def test_every_invariant_is_broken_by_some_breakage() -> None:
    broken = (expected for _, expected in (BREAKAGES | EXAM_BREAKAGES).values())
    assert set().union(*broken) | STATEMENT_BREAKAGES | PAYOUT_BREAKAGES | {
        "adjustments_are_paid_once",
        "pay_disputes_are_answered",
        "conversions_match_their_rate",
        "fees_follow_their_card",
    } == {each.name for each in verify.INVARIANTS}


async def test_violations_are_counted_in_full_and_shown_in_part() -> None:
    project_id, worker = await world.make_project(funded_micros=1000), await world.make_annotator()
    await world.make_card(project_id, annotation=10, review=1)
    for _ in range(EXAMPLES + 2):
        await world.claim(project_id, worker)
    await db.execute("UPDATE assignment SET price_micros = 11")
    (result,) = [each for each in await invariants.run(verify.INVARIANTS) if each.violations]
    assert (result.name, result.violations, len(result.examples)) == ("hold_is_the_price_shown", EXAMPLES + 2, EXAMPLES)
    assert {(row["amount_micros"], row["price_micros"]) for row in result.examples} == {(10, 11)}
