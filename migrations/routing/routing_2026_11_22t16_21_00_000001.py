"""What Piccolo cannot say for authors that a project sticks to: how the reviews are found that somebody should get."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T16:21:00:000001"
DESCRIPTION = "Reviews by who judged their author last"

FORWARDS = r"""
-- A claim asks whether there is one for this person; few places have a judge, and none in projects that do not stick to authors.
CREATE INDEX slot_of_judge ON slot (judge_id, rank) WHERE state = 'free' AND judge_id IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX slot_of_judge;
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
