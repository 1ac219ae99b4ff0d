"""Each hand-in at a stage that looks by risk reads the newest decisions of that stage."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T22:20:00:000001"
DESCRIPTION = "The newest decisions of stages that look by risk"

FORWARDS = """
CREATE INDEX review_step_risks ON review_step (project, stage, decided_at DESC) WHERE reason ->> 'rule' = 'risk';
"""

BACKWARDS = """
DROP INDEX review_step_risks;
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
