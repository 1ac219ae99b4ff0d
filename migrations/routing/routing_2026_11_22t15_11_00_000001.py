"""What Piccolo cannot say for caps: counters that stay on their page."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:11:00:000001"
DESCRIPTION = "Storage of counters for caps"

FORWARDS = r"""
-- A counter is raised many times a day: its updates stay on their page.
ALTER TABLE given SET (fillfactor = 50);
"""

BACKWARDS = """
ALTER TABLE given RESET (fillfactor);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="routing", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
