"""Tasks by when they were accepted: what the cost of one is reckoned by."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T21:02:00:000001"
DESCRIPTION = "Accepted tasks by time"

FORWARDS = """
CREATE INDEX task_accepted ON task (closed_at) WHERE state = 'accepted';
"""

BACKWARDS = """
DROP INDEX task_accepted;
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
