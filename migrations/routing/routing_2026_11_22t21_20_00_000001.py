"""Each claim wrote an entry into an index that nothing reads: tasks are listed by id."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T21:20:00:000001"
DESCRIPTION = "Tasks without the index by time of creation"

FORWARDS = """
DROP INDEX task_newest;
"""

BACKWARDS = """
CREATE INDEX task_newest ON task (created_at DESC, id DESC);
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
