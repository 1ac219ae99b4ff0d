"""What the demo's people were paid before the visitor came: four closed months, a payout that the bank has answered, and a draft.

The dice are the person's own, so it is the same at every start, told backwards from the month that runs. Accounts are of a
bank code that no bank has. The months' lines say that they were taken over: the demo has no works that old.
"""

import asyncio
import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from callboard.access.people import FIRST_ADMIN
from kernel import clock, db
from kernel.ids import plain_uuid, uuid7
from kernel.money import Money
from kernel.settings import Settings
from kernel.sql import load
from payments import bank, ledger, payouts, periods
from payments.bank import BankDetailsDraft
from payments.payouts import PayoutDraft

sql = load("callboard.demo")
ACTOR = "system:demo"
CURRENCY = "USD"
MONTHS, LINES, FIRST_DAY, EVERY_DAYS = 4, 3, 6, 7
"""Lines of each month, on its 6th, 13th and 20th: none lies in the last week, by which the pace of a budget goes."""
LEAST, MOST = 60, 240
"""Units a month; the same person's months differ by a tenth."""
LEAP = 4
"""Times the usual, for one person in the last month."""
WITHOUT_DETAILS, SAME_ACCOUNT, FIRST_ACCOUNT = 2, 1, 10_000_001
"""Of the people in their order, so many at the end are left out, and so many have somebody else's account."""
RETURNED = "AC04 Closed account number"
TRIES, PAUSE_SECONDS = 200, 0.05
"""A closing waits for the transactions that run just now."""


class _Line(msgspec.Struct, frozen=True):
    annotator_id: UUID
    at: datetime
    micros: int


def months_before(moment: datetime, count: int) -> list[datetime]:
    """The first days of the months before the one that runs, and of that one; UTC."""
    total = moment.year * 12 + moment.month - 1
    return [datetime((total - n) // 12, (total - n) % 12 + 1, 1, tzinfo=UTC) for n in range(count, -1, -1)]


def told(people: list[tuple[str, UUID]], starts: list[datetime]) -> list[_Line]:
    """What everybody earned in each month; pure."""
    found = []
    for place, (key, annotator_id) in enumerate(people):
        dice = random.Random(f"pay of {key}")  # noqa: S311  a simulation
        usual = dice.randint(LEAST, MOST)
        for start in starts:
            times = LEAP if place == 0 and start == starts[-1] else 1
            for n in range(LINES):
                micros = round(usual * times / LINES * dice.uniform(0.9, 1.1) * 10_000) * 100
                at = start + timedelta(days=FIRST_DAY - 1 + n * EVERY_DAYS, hours=10, seconds=place)
                found.append(_Line(annotator_id, at, micros))
    return found


def account_of(number: int) -> str:
    """An IBAN with right check digits, of the bank code TEST and the sort code 000000, which no bank has."""
    plain = f"TEST000000{number:08}"
    digits = "".join(str(int(letter, 36)) for letter in f"{plain}GB00")
    return f"GB{98 - int(digits) % 97:02}{plain}"


async def _people() -> list[tuple[str, UUID]]:
    return [(row["external_id"], plain_uuid(row["id"])) for row in await db.fetch(sql.demo_people)]


async def live_through_months(project_id: UUID, settings: Settings) -> None:
    """Inside the transaction that makes the demo, while nothing was paid yet; a project's budget gets what its past has cost."""
    if await db.fetch_value("SELECT EXISTS (SELECT FROM pay_period)"):
        return
    starts = months_before(clock.now(), MONTHS)
    for starts_at, ends_at in itertools.pairwise(starts):
        await db.execute(periods.sql.add_pay_period, id=uuid7(), starts_at=starts_at, ends_at=ends_at)
    people = await _people()
    lines = told(people, starts[:-1])
    await ledger.fund(project_id, Money(sum(line.micros for line in lines), CURRENCY), f"demo past:{project_id}", "The months before")  # fmt: skip
    for _, annotator_id in people:
        await ledger.open_account("annotator_earnings", annotator_id, CURRENCY)
    given = {
        "project_id": project_id, "author": ACTOR, "currency": CURRENCY, "ids": [uuid7() for _ in lines], "annotator_ids": [line.annotator_id for line in lines],
        "amounts": [line.micros for line in lines], "moments": [line.at for line in lines],
    }  # fmt: skip
    await db.execute(sql.demo_past_adjustments, **given, reason="Work of the week, taken over")
    await db.execute(sql.demo_past_holds, **given)
    await db.execute(sql.demo_past_posts, author=ACTOR)
    await db.execute(sql.demo_past_sums, author=ACTOR)
    for place, (key, annotator_id) in enumerate(people[: len(people) - WITHOUT_DETAILS]):
        account = account_of(FIRST_ACCOUNT + (0 if place <= SAME_ACCOUNT else place))
        await bank.set_details(annotator_id, BankDetailsDraft(kind="iban", holder=_holder(key), account=account), ACTOR, settings)  # fmt: skip


def _holder(key: str) -> str:
    return key.partition(":")[2].replace("-", " ").title()[:70] or "Demo"


async def pay_out(settings: Settings) -> None:
    """Closes the months, and makes the payouts; what is there already is left. A month that cannot be closed yet is left to the next start."""
    months = await db.fetch(sql.demo_months, author=ACTOR)
    for row in months:
        if row["state"] != "closed" and not await _close(plain_uuid(row["id"]), settings):
            return
        if row is months[-2]:
            await _first_payout(plain_uuid(row["id"]), settings)
    if months:
        await _second_payout(plain_uuid(months[-1]["id"]), settings)


async def _close(period_id: UUID, settings: Settings) -> bool:
    async with db.transaction(ACTOR):
        await periods.start_closing(period_id, ACTOR)
    for _ in range(TRIES):
        async with db.transaction(ACTOR):
            progress = await periods.advance(period_id, settings)
        if not progress:
            return True
        if progress == "held":
            await asyncio.sleep(PAUSE_SECONDS)
    return False


async def _drafter() -> str:
    """The administrator, where there is one: the visitor is somebody else, and can approve."""
    found = await db.fetch_value("SELECT id FROM person WHERE email = :email", email=FIRST_ADMIN)
    return ACTOR if found is None else f"person:{found}"


async def _approver() -> str:
    found = await db.fetch_value(sql.demo_manager)
    return f"person:{found}"


def _wish(period_id: UUID) -> PayoutDraft:
    return PayoutDraft(period_id, CURRENCY, "csv", clock.now().date())


async def _first_payout(period_id: UUID, settings: Settings) -> None:
    async with db.transaction(ACTOR):
        await db.execute(sql.lock_seeding)
        if await payouts.batches(limit=1):
            return
        author, second = await _drafter(), await _approver()
        batch_id = await payouts.draft(_wish(period_id), author, settings)
        await payouts.approve(batch_id, second)
        await payouts.export(batch_id, second, settings)
        back = await db.fetch_value(sql.demo_line_that_came_back, batch_id=batch_id)
        await payouts.confirm(batch_id, [plain_uuid(back)], "returned", second, RETURNED)
        await payouts.confirm_rest(batch_id, second)
        await payouts.reconcile(batch_id, (await payouts.batch(batch_id)).paid, second)


async def _second_payout(period_id: UUID, settings: Settings) -> None:
    """Drafted alone: whoever visits as the manager approves it."""
    async with db.transaction(ACTOR):
        await db.execute(sql.lock_seeding)
        if len(await payouts.batches(limit=2)) == 1:
            await payouts.draft(_wish(period_id), await _drafter(), settings)
