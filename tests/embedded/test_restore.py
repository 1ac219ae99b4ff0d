"""A dump of the database, restored into a fresh cluster with the server's own programs: the books go on as they were."""

import subprocess
from pathlib import Path

import pytest

from callboard.embedded import binaries
from callboard.embedded.postgres import EmbeddedPostgres
from callboard.embedded.process import unprivileged_account
from callboard.ledger_check import ledger_check
from callboard.migrate import migrate
from callboard.wiring import wire
from kernel import audit, db, outbox
from kernel.settings import Settings
from payments import sealing, statements
from tests.payments import world
from tests.payments.test_periods import add_period, close, day, earn, statement_of
from tests.payments.test_verify import make_scene

BEHIND = 20_000
"""Transactions that the old cluster is ahead of a fresh one."""
SCENERY = {"nothing_else_is_paid"}
"""`earn` pays work that has no rows of its own."""


async def seal_all(settings: Settings) -> None:
    async with db.transaction():
        while await sealing.seal(settings) or await audit.seal(settings):
            pass


async def fits(head: str) -> bool:
    report = await ledger_check(head)
    chains = [*report.ledger_chain.findings, *report.audit_chain.findings]
    return not chains and {one.name for one in report.broken} <= SCENERY and report.head_found is True


@pytest.mark.slow
async def test_a_dump_restored_into_a_fresh_cluster_still_verifies_and_goes_on(
    postgres: EmbeddedPostgres, settings: Settings, tmp_path: Path
) -> None:
    wire()
    assert settings.database_url is not None
    programs = binaries.postgres_programs(unprivileged_account())
    async with db.pool(settings.database_url, settings):
        await db.execute(
            f"DO $$ BEGIN FOR n IN 1..{BEHIND} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )
        await make_scene()
        january = await add_period(day(1, 1), day(2, 1))
        project_id, worker = await world.make_project(funded_micros=1_000_000), await world.make_annotator()
        await earn(project_id, worker, 123_456, day(1, 5))
        await close(january, settings)
        await seal_all(settings)
        await world.make_project(funded_micros=7)  # not sealed when the dump is made
        head = (await sealing.verify()).head
        place = await outbox.newest_position()
        stated = await statement_of(worker, january)
    dump = tmp_path / "callboard.dump"
    subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, settings.database_url], check=True)
    tmp_path.chmod(0o755)
    fresh = EmbeddedPostgres(tmp_path / "fresh", durable=False)
    fresh.start()
    try:
        fresh.ensure_database("restored")
        dsn = fresh.dsn("restored")
        subprocess.run([programs / "pg_restore", "--no-owner", "-d", dsn, dump], check=True)
        assert await migrate(dsn, settings) == []
        async with db.pool(dsn, settings):
            assert await fits(head)
            assert await statement_of(worker, january) == stated
            assert statements.check(stated) == []
            await earn(project_id, worker, 4321, day(2, 5))
            async with db.transaction():
                await outbox.publish("site.restored", {})
            assert [event.type for event in await outbox.events_after(place, limit=9)] == ["site.restored"]
            february = await add_period(day(2, 1), day(3, 1))
            await close(february, settings)
            await seal_all(settings)
            assert [line.amount.micros for line in (await statement_of(worker, february)).lines] == [4321]
            assert (await sealing.verify()).tail == 0
            assert await fits(head)
    finally:
        fresh.stop()
