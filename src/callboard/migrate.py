"""Brings a database to this version's schema: one at a time, under an advisory lock on a connection of its own."""

import contextlib
import io
import os
import re

import asyncpg
from piccolo.apps.migrations.commands.forwards import run_forwards

from kernel import db
from kernel.errors import ConfigurationError
from kernel.migrations import migrations_root
from kernel.settings import Settings

MIGRATION_LOCK = 7276655000  # any number that nothing else in the database locks
OLDEST_POSTGRES = 150000
_ID = re.compile(r'^ID = "(?P<id>[^"]+)"', re.MULTILINE)

_NEWEST_PLACE = """
SELECT greatest(0, (SELECT xid::text::bigint FROM transfer ORDER BY transfer.xid DESC LIMIT 1), (SELECT max(to_xid) FROM ledger_seal),
    (SELECT xid::text::bigint FROM audit_entry ORDER BY audit_entry.xid DESC LIMIT 1), (SELECT max(to_xid) FROM audit_seal),
    (SELECT xid::text::bigint FROM event ORDER BY event.xid DESC LIMIT 1), (SELECT max(to_xid) FROM pay_period)) AS newest,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS now
"""

os.environ.setdefault("PICCOLO_CONF", "callboard.piccolo_conf")


async def migrate(dsn: str, settings: Settings) -> list[str]:
    """Runs what has not run yet; the names of the migrations that were applied. A second caller waits for the first."""
    guard = await asyncpg.connect(dsn, timeout=settings.pool_acquire_seconds + 3)
    try:
        if guard.get_server_version()[0] * 10000 < OLDEST_POSTGRES:
            raise ConfigurationError("Callboard needs PostgreSQL 15 or newer; DATABASE_URL names an older server.")
        await guard.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        before = await _applied(guard)
        if _known() - before:
            await _forwards(dsn, settings)
        await catch_up(guard)
        return sorted(name for _, name in await _applied(guard) - before)
    finally:
        await guard.close(timeout=5)


async def catch_up(connection: asyncpg.Connection) -> int:
    """Brings the server's number of transactions past every place that is written down; by how many.

    Places in the ledger, the audit log and the feed are such numbers. A dump that was restored into a fresh cluster holds
    places that lie in its future: what came next would stand before them, within links that were sealed long ago.
    A hundred thousand take about a second; where nothing was restored there is nothing to do.
    """
    newest, now = await connection.fetchrow(_NEWEST_PLACE)
    if newest < now:
        return 0
    await connection.execute("SET synchronous_commit = off; SET statement_timeout = 0")
    # In a block each COMMIT ends one transaction, and asking for its number is what makes it count.
    await connection.execute(
        f"DO $$ BEGIN WHILE pg_current_xact_id() <= '{int(newest)}'::xid8 LOOP COMMIT; END LOOP; END $$"
    )
    return int(newest - now) + 1


async def _applied(connection: asyncpg.Connection) -> set[tuple[str, str]]:
    try:
        return {
            (row["app_name"], row["name"]) for row in await connection.fetch("SELECT app_name, name FROM migration")
        }
    except asyncpg.UndefinedTableError:
        return set()


def _known() -> set[tuple[str, str]]:
    """(app, id) of every migration that this version brings; read as text, so that a start stays quick."""
    return {
        (folder.name, match["id"])
        for folder in migrations_root().iterdir()
        for file in folder.glob("*.py")
        if (match := _ID.search(file.read_text(encoding="utf-8")))
    }


async def _forwards(dsn: str, settings: Settings) -> None:
    unlimited = {"statement_timeout": "0", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "0"}
    own_pool = db.engine.pool is None
    if own_pool:
        await db.engine.open(dsn, settings, min_size=1, max_size=2, command_timeout=600, server_settings=unlimited)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            result = await run_forwards("all")
        if not result.success:
            raise ConfigurationError(f"The migrations did not run: {result.message}")
    finally:
        if own_pool:
            await db.engine.close()


async def pending(dsn: str) -> set[tuple[str, str]]:
    """What `callboard migrate` would apply."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return _known() - await _applied(connection)
    finally:
        await connection.close()
