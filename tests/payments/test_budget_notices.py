"""A budget that runs low is told once for each share, whoever looks and however often."""

import asyncio

import pytest

from kernel import db
from kernel.money import Money
from kernel.settings import Settings
from payments import budget_notices, earnings, ledger
from tests.payments import world
from tests.payments.world import plain_price, usd

pytestmark = pytest.mark.usefixtures("pool")


async def tell(settings: Settings) -> int:
    async with db.transaction("system:worker"):
        return await budget_notices.tell(settings)


async def told() -> list[tuple[int, int, str, bool]]:
    rows = await db.fetch("SELECT data FROM event WHERE type = 'budget.threshold' ORDER BY seq")
    return [
        (row["data"]["threshold"], row["data"]["used_percent"], row["data"]["left"], bool(row["data"]["runs_out_at"]))
        for row in rows
    ]


async def hold(project_id: object, worker: object, micros: int, *, paid: bool = False) -> None:
    async with db.transaction():
        one = world.a_hold(project_id, worker, plain_price(micros))  # type: ignore[arg-type]
        await ledger.hold(one)
        if paid:
            await ledger.post(one.assignment_id)


async def test_each_share_is_told_once_for_each_level_of_funding(settings: Settings) -> None:
    project_id, worker = await world.make_project(funded_micros=1_000), await world.make_annotator()
    await world.make_project()  # never funded
    await hold(project_id, worker, 790, paid=True)
    assert await tell(settings) == 0
    await hold(project_id, worker, 10)
    assert sorted(await asyncio.gather(*(tell(settings) for _ in range(4)))) == [0, 0, 0, 1], (
        "four at once tell it once"
    )
    assert await told() == [(80, 80, "0.000200", True)]
    (seen,) = await budget_notices.reached(settings, [project_id])
    assert (seen.threshold, seen.used_percent, seen.left) == (80, 80, usd(200))
    await hold(project_id, worker, 150)
    assert (await tell(settings), await tell(settings)) == (1, 0)
    async with db.transaction():
        await ledger.fund(project_id, Money(9_000, "USD"), "more", "agreed")
    assert await tell(settings) == 0
    assert await budget_notices.reached(settings, [project_id]) == []
    await hold(project_id, worker, 9_050)
    assert await tell(settings) == 2, "at the new level both anew"
    assert [one[:2] for one in await told()] == [(80, 80), (95, 95), (80, 100), (95, 100)]
    keys = await db.fetch("SELECT data ->> 'key' AS key FROM event WHERE type = 'budget.threshold'")
    assert len({row["key"] for row in keys}) == 4
    await db.execute("UPDATE project SET state = 'closed' WHERE id = :id", id=project_id)
    assert await budget_notices.reached(settings, [project_id]) == []
    assert (await earnings.project_budget(project_id)).left == usd(0)
