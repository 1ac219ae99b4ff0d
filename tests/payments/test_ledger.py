"""Money moves once, both sides together, and never beyond the budget; the journal is never changed."""

import random

import asyncpg
import pytest

from kernel import db
from kernel.errors import Invalid
from kernel.ids import uuid7
from kernel.money import Money
from payments import earnings, ledger
from payments.errors import BusinessKeyReused, HoldMissing, HoldResolved, NoSuchProject
from payments.verify import ledger_totals
from routing.events import BudgetExhausted
from tests.payments.world import (
    CENT,
    a_hold,
    broken,
    claim,
    end_without_work,
    make_annotator,
    make_card,
    make_project,
    plain_price,
    usd,
)

pytestmark = pytest.mark.usefixtures("pool")


async def sums(kind: str, owner: object) -> tuple[int, int, int, int]:
    row = await db.fetch_one(
        "SELECT debits_pending, debits_posted, credits_pending, credits_posted FROM account WHERE kind = :kind AND owner_id = :owner",
        kind=kind, owner=owner,
    )  # fmt: skip
    return (0, 0, 0, 0) if row is None else tuple(row)


async def test_money_goes_from_outside_to_the_budget_is_held_and_is_earned() -> None:
    project_id, worker = await make_project(funded_micros=100), uuid7()
    hold = a_hold(project_id, worker, plain_price(30))
    assert await sums("funding", ledger.FUNDING_OWNER) == (0, 100, 0, 0)
    async with db.transaction():
        await ledger.hold(hold)
    assert await sums("project_budget", project_id) == (30, 0, 0, 100)
    assert await sums("annotator_earnings", worker) == (0, 0, 30, 0)
    async with db.transaction():
        posted = await ledger.post(hold.assignment_id)
    assert posted is not None
    assert (posted.kind, posted.amount, posted.annotator_id, posted.fresh) == ("post", usd(30), worker, True)
    assert await sums("project_budget", project_id) == (0, 30, 0, 100)
    assert await sums("annotator_earnings", worker) == (0, 0, 0, 30)
    budget = await earnings.project_budget(project_id)
    assert (budget.funded, budget.reserved, budget.posted, budget.left) == (usd(100), usd(0), usd(30), usd(70))
    assert [(total.debits, total.credits) for total in await ledger_totals()] == [(usd(130), usd(130))]


async def test_what_is_given_back_can_be_claimed_again() -> None:
    project_id, worker = await make_project(funded_micros=30), uuid7()
    first, second = (a_hold(project_id, worker, plain_price(30)) for _ in range(2))
    async with db.transaction():
        await ledger.hold(first)
        with pytest.raises(BudgetExhausted) as caught:
            await ledger.hold(second)
        assert caught.value.extra["left"] == {"amount": "0.000000", "currency": "USD"}
        voided = await ledger.void(first.assignment_id, "released")
        assert voided is not None
        assert voided.kind == "void"
        await ledger.hold(second)
    assert await sums("project_budget", project_id) == (30, 0, 0, 30)
    assert await sums("annotator_earnings", worker) == (0, 0, 30, 0)


async def test_a_repeat_moves_nothing_and_answers_as_the_first_time() -> None:
    project_id, worker = await make_project(funded_micros=100), uuid7()
    paid, returned = (a_hold(project_id, worker, plain_price(30)) for _ in range(2))
    for _ in range(3):
        async with db.transaction():
            await ledger.hold(paid)
            await ledger.hold(returned)
    answers = []
    for _ in range(3):
        async with db.transaction():
            answers.append(
                (await ledger.post(paid.assignment_id), await ledger.void(returned.assignment_id, "expired"))
            )
    assert all(post and void for post, void in answers)
    assert len({(post.transfer_id, void.transfer_id) for post, void in answers if post and void}) == 1
    assert [(post.fresh, void.fresh) for post, void in answers if post and void] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert await sums("annotator_earnings", worker) == (0, 0, 0, 30)
    assert await db.fetch_value("SELECT count(*) FROM transfer") == 5


async def test_paid_and_given_back_exclude_each_other() -> None:
    project_id, worker = await make_project(funded_micros=100), uuid7()
    paid, returned = (a_hold(project_id, worker, plain_price(30)) for _ in range(2))
    async with db.transaction():
        for hold in (paid, returned):
            await ledger.hold(hold)
        await ledger.post(paid.assignment_id)
        await ledger.void(returned.assignment_id, "released")
        with pytest.raises(HoldResolved):
            await ledger.void(paid.assignment_id, "too late")
        with pytest.raises(HoldResolved):
            await ledger.post(returned.assignment_id)
    assert await sums("annotator_earnings", worker) == (0, 0, 0, 30)


async def test_a_second_hold_is_the_one_that_counts_in_every_order() -> None:
    """After a rejection was overturned: each step once, repeats of it, and what would contradict it."""
    project_id, worker = await make_project(funded_micros=100), uuid7()
    paid, returned = (a_hold(project_id, worker, plain_price(30)) for _ in range(2))
    async with db.transaction():
        for hold in (paid, returned):
            await ledger.hold(hold)
            await ledger.hold_again(hold.assignment_id)  # still held: nothing is held twice
            await ledger.void(hold.assignment_id, "rejected")
            for _ in range(2):
                await ledger.hold_again(hold.assignment_id)
        assert await sums("annotator_earnings", worker) == (0, 0, 60, 0)
        first, repeat = await ledger.post(paid.assignment_id), await ledger.post(paid.assignment_id)
        assert first is not None
        assert repeat is not None
        assert (first.fresh, repeat.fresh, repeat.transfer_id) == (True, False, first.transfer_id)
        await ledger.hold_again(paid.assignment_id)  # overturned back and forth: paid is paid
        with pytest.raises(HoldResolved):
            await ledger.void(paid.assignment_id, "too late")
        back = [await ledger.void(returned.assignment_id, "closed") for _ in range(2)]
        assert [one.fresh for one in back if one is not None] == [True, False]
        with pytest.raises(HoldResolved):
            await ledger.post(returned.assignment_id)
    assert await sums("annotator_earnings", worker) == (0, 0, 0, 30)
    assert await sums("project_budget", project_id) == (0, 30, 0, 100)


async def test_a_hold_cannot_be_repeated_with_another_amount_or_person() -> None:
    project_id, worker = await make_project(funded_micros=100), uuid7()
    hold = a_hold(project_id, worker, plain_price(30))
    async with db.transaction():
        await ledger.hold(hold)
        for other in (
            a_hold(project_id, worker, plain_price(31), hold.assignment_id),
            a_hold(project_id, uuid7(), plain_price(30), hold.assignment_id),
        ):
            with pytest.raises(BusinessKeyReused):
                await ledger.hold(other)


async def test_work_at_price_zero_moves_no_money() -> None:
    project_id, worker = await make_project(), await make_annotator()
    await make_card(project_id, annotation=0, review=0)
    assignment_id = await claim(project_id, worker)
    async with db.transaction():
        assert await ledger.post(assignment_id) is None
        assert await ledger.void(assignment_id, "released") is None
    assert await db.fetch_value("SELECT count(*) FROM transfer") == 0
    mine = await earnings.earnings(worker, limit=10)
    assert (mine.totals, mine.lines) == ([], [])
    assert await broken() == []


async def test_a_price_without_a_hold_is_not_silently_left_unpaid() -> None:
    project_id, worker = await make_project(funded_micros=CENT), await make_annotator()
    await make_card(project_id, annotation=0, review=0)
    assignment_id = await claim(project_id, worker)
    await db.execute("UPDATE assignment SET price_micros = 5")
    async with db.transaction():
        with pytest.raises(HoldMissing):
            await ledger.post(assignment_id)
    assert await broken() == ["open_work_has_money_set_aside"]


async def test_an_unfunded_project_holds_nothing() -> None:
    project_id = await make_project()
    async with db.transaction():
        with pytest.raises(BudgetExhausted):
            await ledger.hold(a_hold(project_id, uuid7(), plain_price(1)))
    assert await db.fetch_value("SELECT count(*) FROM account") == 0


async def test_the_last_micro_can_be_held_and_one_more_cannot() -> None:
    project_id = await make_project(funded_micros=7)
    async with db.transaction():
        with pytest.raises(BudgetExhausted):
            await ledger.hold(a_hold(project_id, uuid7(), plain_price(8)))
        await ledger.hold(a_hold(project_id, uuid7(), plain_price(7)))
        with pytest.raises(BudgetExhausted):
            await ledger.hold(a_hold(project_id, uuid7(), plain_price(1)))


async def test_the_database_refuses_an_overdrawn_budget_whatever_the_query_did() -> None:
    await make_project(funded_micros=7)
    with pytest.raises(asyncpg.CheckViolationError, match="account_stands"):
        await db.execute("UPDATE account SET debits_pending = 8 WHERE kind = 'project_budget'")


@pytest.mark.parametrize("kind", ["project_budget", "annotator_earnings", "payout_clearing", "paid_out"])
async def test_only_accounts_that_money_comes_from_or_goes_through_may_owe(kind: str) -> None:
    open_one = (
        "INSERT INTO account (id, kind, owner_id, currency, debits_pending, debits_posted, credits_pending, credits_posted)"
        " VALUES (:id, :kind, :id, 'USD', 0, 1, 0, 0)"
    )
    for owing in ("funding", "exchange", "fees"):
        assert await db.execute(open_one, id=uuid7(), kind=owing) == 1
    with pytest.raises(asyncpg.CheckViolationError, match="account_stands"):
        await db.execute(open_one, id=uuid7(), kind=kind)
    with pytest.raises(asyncpg.CheckViolationError, match="account_stands"):
        await db.execute(open_one.replace("1, 0, 0", "0, 0, 0"), id=uuid7(), kind="purse")


@pytest.mark.parametrize(
    "column",
    ["debit_account = :other", "credit_account = :other", "pending = :other", "rate_card = :other", "currency = 'EUR'"],
)
async def test_a_transfer_names_what_exists_in_its_currency(column: str) -> None:
    """No foreign keys: one query of the row's trigger."""
    project_id, worker = await make_project(funded_micros=100), uuid7()
    hold = a_hold(project_id, worker, plain_price(5))
    async with db.transaction():
        await ledger.hold(hold)
    name, value = column.split(" = ")
    columns = ("debit_account", "credit_account", "pending", "rate_card", "currency")
    values = ", ".join(value if one == name else ("held.id" if one == "pending" else one) for one in columns)
    text = (
        f"INSERT INTO transfer (id, kind, business_key, amount_micros, inputs, {', '.join(columns)})"  # noqa: S608  of this test
        f" SELECT gen_random_uuid(), 'post', 'again', 5, '{{}}', {values} FROM transfer AS held WHERE kind = 'pending'"
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="two accounts of its currency"):
        await db.execute(text, **({"other": uuid7()} if ":other" in text else {}))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM account",
        "TRUNCATE account CASCADE",
        "UPDATE account SET currency = 'EUR'",
        "UPDATE account SET id = owner_id",
    ],
)
async def test_an_account_stays_and_stays_itself(statement: str) -> None:
    await make_project(funded_micros=7)
    with pytest.raises(asyncpg.RestrictViolationError, match="never changed or removed"):
        await db.execute(statement)


async def test_funding_is_once_per_key_and_only_in_the_project_s_currency() -> None:
    project_id, other = await make_project(), await make_project()
    async with db.transaction("person:manager"):
        first = await ledger.fund(project_id, usd(50), "invoice-7", "first tranche")
        assert await ledger.fund(project_id, usd(50), "invoice-7", "again") == first
        with pytest.raises(BusinessKeyReused):
            await ledger.fund(project_id, usd(51), "invoice-7", "another amount")
        with pytest.raises(BusinessKeyReused):
            await ledger.fund(other, usd(50), "invoice-7", "another project")
        for amount in (usd(0), usd(-1), usd(ledger.LARGEST_FUNDING_MICROS + 1), Money(50, "EUR")):
            with pytest.raises(Invalid):
                await ledger.fund(project_id, amount, "invoice-8", "")
        for key in ("", "k" * 181):
            with pytest.raises(Invalid):
                await ledger.fund(project_id, usd(1), key, "")
        with pytest.raises(NoSuchProject):
            await ledger.fund(uuid7(), usd(1), "invoice-9", "")
    assert (first.debit.kind, first.credit.kind, first.amount, first.reason) == (
        "funding",
        "project_budget",
        usd(50),
        "first tranche",
    )
    assert await sums("project_budget", project_id) == (0, 0, 0, 50)
    assert await db.fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'budget.funded'") == 1


async def test_a_caller_s_key_cannot_stand_in_the_way_of_a_hold() -> None:
    project_id, hold = await make_project(), a_hold(uuid7(), uuid7(), plain_price(5))
    async with db.transaction():
        await ledger.fund(project_id, usd(50), f"hold:{hold.assignment_id}", "named to be in the way")
        await ledger.hold(a_hold(project_id, hold.annotator_id, hold.price, hold.assignment_id))
    assert await sums("project_budget", project_id) == (5, 0, 0, 50)


async def test_currencies_stay_apart() -> None:
    dollars, euros, worker = (
        await make_project(funded_micros=10),
        await make_project(funded_micros=10, currency="EUR"),
        uuid7(),
    )
    async with db.transaction():
        for project_id, currency in ((dollars, "USD"), (euros, "EUR")):
            hold = a_hold(project_id, worker, plain_price(4, currency))
            await ledger.hold(hold)
            await ledger.post(hold.assignment_id)
        with pytest.raises(BudgetExhausted):
            await ledger.hold(a_hold(dollars, worker, plain_price(1, "EUR")))
    assert [(total.currency, total.debits.micros, total.credits.micros) for total in await ledger_totals()] == [
        ("EUR", 14, 14), ("USD", 14, 14),
    ]  # fmt: skip
    assert [(total.currency, total.posted.micros) for total in (await earnings.earnings(worker, limit=1)).totals] == [
        ("EUR", 4), ("USD", 4),
    ]  # fmt: skip


async def test_what_is_rolled_back_never_moved() -> None:
    project_id, worker = await make_project(funded_micros=100), await make_annotator()
    await make_card(project_id, annotation=30, review=1)
    assignment_id = await claim(project_id, worker)

    async def post_and_fail() -> None:
        async with db.transaction():
            await ledger.post(assignment_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await post_and_fail()
    assert await sums("annotator_earnings", worker) == (0, 0, 30, 0)
    await end_without_work(assignment_id)
    assert await broken() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount_micros = 1",
        "UPDATE transfer SET reason = ''",
        "DELETE FROM transfer",
        "TRUNCATE transfer",
    ],
)
async def test_the_journal_is_never_changed(statement: str) -> None:
    await make_project(funded_micros=10)
    with pytest.raises(asyncpg.RestrictViolationError, match="never changed or removed"):
        await db.execute(statement)
    assert await db.fetch_value("SELECT sum(amount_micros)::bigint FROM transfer") == 10


@pytest.mark.parametrize("operation", ["fund", "hold", "post", "void"])
async def test_money_moves_only_inside_a_transaction(operation: str) -> None:
    calls = {
        "fund": lambda: ledger.fund(uuid7(), usd(1), "k", ""),
        "hold": lambda: ledger.hold(a_hold(uuid7(), uuid7(), plain_price(1))),
        "post": lambda: ledger.post(uuid7()),
        "void": lambda: ledger.void(uuid7(), ""),
    }
    with pytest.raises(RuntimeError, match="transaction"):
        await calls[operation]()


async def test_the_journal_is_read_page_by_page_and_filtered() -> None:
    dice = random.Random(5)
    projects = [await make_project(funded_micros=1000) for _ in range(2)]
    workers = [await make_annotator() for _ in range(3)]
    holds = [a_hold(dice.choice(projects), dice.choice(workers), plain_price(n + 1)) for n in range(20)]
    async with db.transaction():
        for n, hold in enumerate(holds):
            await ledger.hold(hold)
            if n % 3 == 0:
                await ledger.post(hold.assignment_id)
    seen, cursor = [], None
    while True:
        page = await earnings.transfers(earnings.TransferFilters(), limit=4, cursor=cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 2 + 20 + 7
    assert [item.seq for item in seen] == sorted((item.seq for item in seen), reverse=True)
    filters = earnings.TransferFilters(project_id=projects[0], annotator_id=workers[1], kind="post")
    mine = (await earnings.transfers(filters, limit=100)).items
    assert {item.assignment_id for item in mine} == {
        hold.assignment_id for n, hold in enumerate(holds)
        if n % 3 == 0 and (hold.project_id, hold.annotator_id) == (projects[0], workers[1])
    }  # fmt: skip
    for cursor in ("x", "-1", "²", "9" * 30, ""):
        with pytest.raises(Invalid):
            await earnings.transfers(earnings.TransferFilters(), limit=4, cursor=cursor)
    with pytest.raises(Invalid):
        await earnings.transfers(earnings.TransferFilters(), limit=0)


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("transfer_known_kind", {"kind": "'gift'"}),
        ("transfer_resolution_names_pending", {"kind": "'post'"}),
        ("transfer_resolution_names_pending", {"pending": "id"}),
        ("transfer_real_amount", {"amount_micros": "0"}),
        ("transfer_two_accounts", {"credit_account": "debit_account"}),
        ("transfer_one_purpose", {"task_id": "id", "adjustment_id": "id"}),
    ],
)
async def test_the_database_refuses_a_transfer_that_breaks_a_rule_and_names_it(
    rule: str, other: dict[str, str]
) -> None:
    await make_project(funded_micros=7)
    said = {
        name: name for name in ("kind", "debit_account", "credit_account", "amount_micros", "currency", "pending", "task_id", "adjustment_id", "inputs")
    } | {"id": "gen_random_uuid()", "business_key": "'by hand'", "reason": "''", "created_at": "clock_timestamp()"}  # fmt: skip
    copy = "INSERT INTO transfer ({}) SELECT {} FROM transfer WHERE kind = 'direct'"
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        changed = said | other
        await db.execute(copy.format(", ".join(changed), ", ".join(changed.values())))
    assert refused.value.constraint_name == rule
    assert await db.execute(copy.format(", ".join(said), ", ".join(said.values()))) == 1
