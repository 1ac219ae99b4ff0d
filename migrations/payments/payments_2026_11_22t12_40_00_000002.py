"""What Piccolo cannot say for exams that are paid: one hold per attempt, found by the attempt."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T12:40:00:000002"
DESCRIPTION = "Rules of the pay of exams"

FORWARDS = r"""
-- One hold and with it at most one accrual per attempt at an exam.
CREATE UNIQUE INDEX transfer_one_hold_per_exam_attempt ON transfer (exam_attempt_id) WHERE kind = 'pending';
-- Money is held for one thing: for the work of a task, or for an exam.
ALTER TABLE transfer ADD CONSTRAINT transfer_one_purpose CHECK (exam_attempt_id IS NULL OR (assignment_id IS NULL AND task_id IS NULL));
"""

BACKWARDS = """
ALTER TABLE transfer DROP CONSTRAINT transfer_one_purpose;
DROP INDEX transfer_one_hold_per_exam_attempt;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="payments", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
