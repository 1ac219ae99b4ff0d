"""The newest works of a project come from an index alone, also where many were handed in at the same moment."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-23T03:00:00:000001"
DESCRIPTION = "The newest works of a project in the order of their list"

FORWARDS = """
DROP INDEX submission_newest_of_project;
CREATE INDEX submission_newest_of_project ON submission (project, submitted_at DESC, id DESC);
"""

BACKWARDS = """
DROP INDEX submission_newest_of_project;
CREATE INDEX submission_newest_of_project ON submission (project, submitted_at DESC);
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
