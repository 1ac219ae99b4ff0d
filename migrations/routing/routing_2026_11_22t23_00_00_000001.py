"""The floor counts finished tasks without gold: that has to stand in the index, or every one of them is read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T23:00:00:000001"
DESCRIPTION = "Finished tasks are counted without gold, in the index"

FORWARDS = """
DROP INDEX task_finished;
CREATE INDEX task_finished ON task (lane, state) WHERE state IN ('accepted', 'rejected') AND NOT gold;
"""

BACKWARDS = """
DROP INDEX task_finished;
CREATE INDEX task_finished ON task (lane, state) WHERE state IN ('accepted', 'rejected');
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
