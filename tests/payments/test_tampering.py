"""Every column of every table that the books stand on is changed around the rules, once, and what was changed is named."""

import random
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from callboard.embedded.postgres import EmbeddedPostgres
from callboard.ledger_check import LedgerReport, ledger_check
from callboard.wiring import wire
from kernel import audit, db
from kernel.settings import Settings
from payments import sealing
from tests.payments import world
from tests.payments.test_chain import RollBack
from tests.payments.test_periods import add_period, close, day, earn
from tests.payments.test_verify import make_scene

OTHERWISE = {
    "uuid": "gen_random_uuid()", "character varying": "overlay(coalesce({column}, '') placing 'J' from 1 for 1)", "text": "coalesce({column}, '') || 'x'",
    "bigint": "coalesce({column}, 0) + 1", "integer": "{column} + 1", "xid8": "(({column}::text::bigint) + 1)::text::xid8",
    "jsonb": "'{{\"by\": \"hand\"}}'", "timestamp with time zone": "{column} + interval '1 microsecond'",
    "bytea": "set_byte({column}, 0, get_byte({column}, 0) # 1)",
}  # fmt: skip
SAYS_NOTHING = {
    ("ledger_seal", "sealed_at"),
    ("audit_seal", "sealed_at"),
    ("statement", "created_at"),
    ("statement", "id"),
}
"""When a link was made is no part of what it proves: its rows carry their own times."""
SCENERY = {"nothing_else_is_paid"}
"""`earn` pays work that has no rows of its own."""
NEEDS_A_VALUE = {"bytea", "timestamp with time zone", "integer"}
KEYS = {
    "transfer": "seq",
    "audit_entry": "seq",
    "ledger_seal": "n",
    "audit_seal": "n",
    "account": "id",
    "statement": "id",
}


@pytest.fixture
async def owner(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[None]:
    """The process's pool, signed in as somebody whom no trigger stops."""
    wire()
    dsn = postgres.dsn(urlsplit(settings.database_url or "").path.strip("/"), superuser=True)
    async with db.pool(dsn, settings):
        yield


async def a_world(settings: Settings) -> None:
    """Work in every state, a closed period with statements, and two links in each chain."""
    await make_scene()
    january = await add_period(day(1, 1), day(2, 1))
    for n in range(3):
        await earn(await world.make_project(funded_micros=100_000), await world.make_annotator(), 12_345 + n, day(1, 5))
    await close(january, settings)
    await world.make_project(funded_micros=5)
    async with db.transaction():
        while await sealing.seal(settings):
            pass
        while await audit.seal(settings):
            pass


def named(report: LedgerReport, table: str, key: Any) -> bool:
    if table in {"transfer", "audit_entry"}:
        chain = report.ledger_chain if table == "transfer" else report.audit_chain
        return any(one.seq == key for one in chain.findings) and f"{table} {key} was " in report.to_text()
    if table.endswith("_seal"):
        chain = report.ledger_chain if table == "ledger_seal" else report.audit_chain
        return chain.broken_at is not None and any(one.what == "seal" for one in chain.findings)
    broken = [one for one in report.broken if one.name not in SCENERY]
    return bool(broken) if table == "account" else any(str(key) in str(one.examples) for one in broken)


@pytest.mark.usefixtures("owner")
async def test_any_column_of_any_row_is_named(settings: Settings) -> None:
    await a_world(settings)
    report = await ledger_check()
    assert {one.name for one in report.broken} == SCENERY
    assert report.ledger_chain.ok
    assert report.audit_chain.ok
    dice, unseen = random.Random(7), []
    for table, key in KEYS.items():
        where = (
            "WHERE kind IN ('project_budget', 'annotator_earnings')" if table == "account" else ""
        )  # others are nobody's
        keys = [row[key] for row in await db.fetch(f"SELECT {key} FROM {table} {where} ORDER BY {key}")]  # noqa: S608  names of our own
        columns = await db.fetch(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :name AND table_schema = 'public'",
            name=table,
        )
        for column, kind in ((row["column_name"], row["data_type"]) for row in columns):
            if (table, column) in SAYS_NOTHING:
                continue
            row = (
                keys[-1] if table.endswith("_seal") else dice.choice(keys)
            )  # of a link in the middle the next one tells
            if not await is_named(table, column, kind, row):
                unseen.append((table, column, row))
    assert unseen == []


async def is_named(table: str, column: str, kind: str, row: Any) -> bool:
    """In a transaction that is undone."""
    found = False
    with pytest.raises(RollBack):
        async with db.transaction("person:owner"):
            await db.execute("SET LOCAL session_replication_role = replica")
            rules = await db.fetch(
                "SELECT conname FROM pg_constraint WHERE conrelid = :name::text::regclass AND contype = 'c'", name=table
            )
            for rule in rules:
                await db.execute(f"ALTER TABLE {table} DROP CONSTRAINT {rule['conname']}")
            otherwise = f"{column} + 1000" if column in {"seq", "n"} else OTHERWISE[kind].format(column=column)
            change = f"UPDATE {table} SET {column} = {otherwise} WHERE {KEYS[table]} = :row"  # noqa: S608  as above
            if not await db.execute(f"{change} AND {column} IS NOT NULL" if kind in NEEDS_A_VALUE else change, row=row):
                return True
            found = named(await ledger_check(), table, row)
            raise RollBack
    return found
