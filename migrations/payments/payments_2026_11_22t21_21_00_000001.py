"""A hold wrote two entries for the same: who looks for the holds of an assignment, and that there is one, and once again one after an overturn."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T21:21:00:000001"
DESCRIPTION = "One index for the holds of an assignment"

FORWARDS = """
DROP INDEX transfer_one_hold_per_assignment, transfer_holds_of_assignment;
CREATE UNIQUE INDEX transfer_one_hold_per_assignment ON transfer (assignment_id, (business_key LIKE 'again:%')) WHERE kind = 'pending';
"""

BACKWARDS = """
DROP INDEX transfer_one_hold_per_assignment;
CREATE UNIQUE INDEX transfer_one_hold_per_assignment ON transfer (assignment_id) WHERE kind = 'pending' AND business_key NOT LIKE 'again:%';
CREATE INDEX transfer_holds_of_assignment ON transfer (assignment_id) WHERE kind = 'pending';
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
