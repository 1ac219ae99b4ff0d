"""Closing a pay period of 50,000 to 1,000,000 accepted units with everybody's statement, and the posting of accepted work.

Closing is held against one SQL aggregate over the same rows, on the same server right before and after it; posting against a bare
transaction that inserts two rows. Both sides are durable. Rows are sealed beforehand, as the clock does every five seconds.
Afterwards every line must be in a statement and every statement must be the sum of its lines.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from _form import Goal, Options, main

from callboard.embedded.postgres import EmbeddedPostgres
from callboard.migrate import migrate
from callboard.wiring import wire
from kernel import db, invariants
from kernel.ids import uuid7
from kernel.money import Money
from kernel.settings import Settings, load_settings
from payments import ledger, periods, sealing, verify
from routing.events import Hold, Price

JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PRICE_MICROS = 513_500
CLIENTS = (1, 4, 8)
"""At once. From 8 on the client's own processor is full of the bare ones, and waits for the others."""
POSTS = 1200
"""In a round, of all clients together. Many short rounds: the machine's speed moves between them, and what is held is the median."""
MOST_MEGABYTES = 200
"""Private memory of the busiest process of the two, whatever the number of units."""

PEOPLE = """
WITH people AS (
  INSERT INTO annotator (id, external_id, display_name, state, capacity, created_at)
  SELECT gen_random_uuid(), 'bench-' || n, 'Annotator ' || n, 'active', 5, :at FROM generate_series(1, :people::int) AS n RETURNING id
)
INSERT INTO account (id, kind, owner_id, currency) SELECT gen_random_uuid(), 'annotator_earnings', id, 'USD' FROM people
"""
HOLDS = """
WITH person AS MATERIALIZED (
  SELECT id, owner_id, row_number() OVER (ORDER BY id) - 1 AS n FROM account WHERE kind = 'annotator_earnings' AND owner_id IN (SELECT id FROM annotator)
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id, assignment_id, inputs, created_at)
SELECT gen_random_uuid(), 'pending', 'hold:' || unit.assignment, :budget, person.id, :micros, 'USD', :project, person.owner_id, unit.assignment, :inputs,
  :at::timestamptz + unit.i * interval '1 second'
FROM (SELECT i, gen_random_uuid() AS assignment FROM generate_series(:first::int, :last::int) AS i) AS unit
JOIN person ON person.n = unit.i % :people::int
"""
POSTED = """
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id, annotator_id, assignment_id, inputs, created_at)
SELECT gen_random_uuid(), 'post', 'post:' || assignment_id, debit_account, credit_account, amount_micros, currency, id, project_id, annotator_id, assignment_id, '{}', created_at
FROM transfer WHERE kind = 'pending' AND project_id = :project AND seq > :after
"""
BALANCES = """
UPDATE account SET credits_posted = folded.earned
FROM (SELECT credit_account, sum(amount_micros) AS earned FROM transfer WHERE kind = 'post' GROUP BY 1) AS folded
WHERE account.id = folded.credit_account
"""
FLOOR = """
SELECT annotator_id, currency, count(*), sum(amount_micros) FROM transfer
WHERE kind = 'post' AND created_at >= :starts_at AND created_at < :ends_at GROUP BY 1, 2
"""


async def register(people: int) -> None:
    """Before anything is posted: with a handful of accounts the planner reads them as no operation's planner does."""
    async with db.transaction("bench"):
        await db.execute(PEOPLE, people=people, at=JANUARY)
    await db.execute("VACUUM (ANALYZE) account")


async def fill(units: int, people: int) -> None:
    project_id = await project(0, units * PRICE_MICROS)
    budget = await db.fetch_value(
        "SELECT id FROM account WHERE kind = 'project_budget' AND owner_id = :id", id=project_id
    )
    inputs = db.jsonb({"kind": "annotation", "base": "0.5135", "difficulty_factor": "1", "expert_factor": "1"})
    for first in range(0, units, 50_000):
        async with db.transaction("bench"):
            after = await db.fetch_value("SELECT coalesce(max(seq), 0) FROM transfer")
            await db.execute(
                HOLDS, first=first, last=min(first + 50_000, units) - 1, people=people, at=JANUARY, budget=budget,
                project=project_id, micros=PRICE_MICROS, inputs=inputs,
            )  # fmt: skip
            await db.execute(POSTED, project=project_id, after=after)
    async with db.transaction("bench"):
        await db.execute(BALANCES)
        await db.execute(
            "UPDATE account SET debits_posted = :spent WHERE id = :id", spent=units * PRICE_MICROS, id=budget
        )


async def project(number: int, micros: int) -> UUID:
    project_id = uuid7()
    async with db.transaction("bench"):
        await db.execute(
            "INSERT INTO project (id, name, currency, lease_seconds, deadline_seconds, state)"
            " VALUES (:id, :name, 'USD', 900, 7200, 'published')",
            id=project_id, name=f"Payroll {number}",
        )  # fmt: skip
        await ledger.fund(project_id, Money(micros, "USD"), f"bench:{number}", "bench")
    return project_id


async def seal(settings: Settings) -> None:
    more = True
    while more:
        async with db.transaction("bench"):
            more = await sealing.seal(settings) > 0


async def closing(settings: Settings, units: int) -> list[Goal]:
    period_id = uuid7()
    async with db.transaction("bench"):
        await db.execute(periods.sql.add_pay_period, id=period_id, starts_at=JANUARY, ends_at=FEBRUARY)
    await seal(settings)
    await db.execute("VACUUM (ANALYZE) transfer")
    floors = [await timed(aggregate) for _ in range(4)][1:]  # the first one warms
    memory, began = [0.0], perf_counter()
    more: periods.Progress = "more"
    async with db.transaction("bench"):
        await periods.start_closing(period_id, "bench")
    while more:
        async with db.transaction("bench"):
            more = await periods.advance(period_id, settings)
            memory.append(
                max(private_megabytes("self"), private_megabytes(await db.fetch_value("SELECT pg_backend_pid()")))
            )
    took = perf_counter() - began
    floors += [
        await timed(aggregate) for _ in range(3)
    ]  # on both sides of it, so that what else the machine does weighs on both
    floor = statistics.median(floors)
    closed = await periods.period(period_id)
    wrong = [one.name for one in await invariants.run(verify.INVARIANTS) if one.violations and "statement" in one.name]
    print(
        f"{closed.lines:,} lines in {closed.statements:,} statements: {took:.2f} s; the aggregate alone {floor:.2f} s; {max(memory):.0f} MB"
    )
    stated = sum(total.earned.micros for total in closed.totals)
    exact = closed.lines == units and stated == units * PRICE_MICROS and not wrong
    return [
        Goal("closing with statements, in aggregates of the same rows", took / floor, 10, "times", at_most=True),
        Goal("private memory of the busiest process", max(memory), MOST_MEGABYTES, "MB", at_most=True),
        Goal("every line stated once, sums to the micro", float(exact), 1, "yes"),
    ]


async def aggregate() -> None:
    await db.fetch(FLOOR, starts_at=JANUARY, ends_at=FEBRUARY)


async def timed(act: Callable[[], Awaitable[Any]]) -> float:
    began = perf_counter()
    await act()
    return perf_counter() - began


def private_megabytes(pid: object) -> float:
    """Memory that is the process's own; pages that PostgreSQL shares are not counted. Linux."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


async def posting(*, quick: bool) -> list[Goal]:
    """Both by as many clients at once, each with a project of its own; the bare ones right before and after the others."""
    rounds = 7 if quick else 21
    await db.execute(
        "CREATE TABLE bare (id uuid PRIMARY KEY, account uuid NOT NULL, micros bigint NOT NULL, at timestamptz NOT NULL)"
    )
    people = [(await project(n + 1, 10**12), uuid7()) for n in range(max(CLIENTS))]
    price = Price(PRICE_MICROS, "USD", {"kind": "annotation"})
    goals = []
    for clients in CLIENTS:
        each, bare, posted = POSTS // clients, [], []
        for _ in range(rounds):
            holds = [
                [Hold(uuid7(), uuid7(), project_id, worker, price) for _ in range(each)]
                for project_id, worker in people[:clients]
            ]
            await rate(holds, claim)
            before = await rate(holds, two_rows)
            posted.append(await rate(holds, post))
            bare.append((before + await rate(holds, two_rows)) / 2)
        print(
            f"{clients} clients posted {[round(n) for n in posted]} a second; bare transactions {[round(n) for n in bare]}"
        )
        ratio = statistics.median(ours / floor for ours, floor in zip(posted, bare, strict=True))
        name = f"posting against a bare insert of two rows, {clients} at once"
        goals.append(Goal(name, ratio, 0.5, "of its rate"))
    return goals


async def rate(holds: list[list[Hold]], act: Callable[[Hold], Awaitable[None]]) -> float:
    """Per second; each list by a client of its own, one after the other."""

    async def client(mine: list[Hold]) -> None:
        for hold in mine:
            await act(hold)

    return sum(map(len, holds)) / await timed(lambda: asyncio.gather(*map(client, holds)))


async def two_rows(_: Hold) -> None:
    async with db.transaction("bench"):
        await db.execute(
            "INSERT INTO bare VALUES (:a, :account, 1, clock_timestamp()), (:b, :account, -1, clock_timestamp())",
            a=uuid7(), b=uuid7(), account=uuid7(),
        )  # fmt: skip


async def claim(hold: Hold) -> None:
    """Each by itself: a thousand in one transaction leave a thousand versions of the budget's row, which no operation has."""
    async with db.transaction("bench"):
        await ledger.hold(hold)


async def post(hold: Hold) -> None:
    async with db.transaction("bench"):
        resolution = await ledger.post(hold.assignment_id)
        assert resolution is not None
        assert resolution.fresh


async def run(folder: Path, options: Options) -> Sequence[Goal]:
    settings = load_settings(folder, environ={})
    units, people = (50_000, 500) if options.quick else (1_000_000, 10_000)
    server = EmbeddedPostgres(folder / "pg")
    server.start()
    try:
        server.ensure_database("bench")
        dsn = server.dsn("bench")
        await migrate(dsn, settings)
        wire()
        unlimited = {"statement_timeout": "0"}
        async with db.pool(dsn, settings, min_size=max(CLIENTS), command_timeout=1800, server_settings=unlimited):
            await register(people)
            rates = await posting(quick=options.quick)
            await fill(units, people)
            return [*await closing(settings, units), *rates]
    finally:
        server.stop()


def measure(options: Options) -> Sequence[Goal]:
    with tempfile.TemporaryDirectory(prefix="callboard-payroll-") as folder:
        Path(folder).chmod(0o755)
        return asyncio.run(run(Path(folder), options))


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", measure))
