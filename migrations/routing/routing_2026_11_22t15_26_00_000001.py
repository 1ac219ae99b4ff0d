"""What Piccolo cannot say for the estimate of a project's crowd: how its newest answers are found."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:26:00:000001"
DESCRIPTION = "The newest answers of a project"

FORWARDS = r"""
-- A refit reads the newest answers of a project; every two minutes each is asked whether there are new ones.
CREATE INDEX submission_newest_of_project ON submission (project, submitted_at DESC);
"""

BACKWARDS = """
DROP INDEX submission_newest_of_project;
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
