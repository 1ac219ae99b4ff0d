"""Work whose rejection was overturned is held for once more, and paid."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T12:10:00:000003"
DESCRIPTION = "A second hold after an overturned rejection"

FORWARDS = r"""
DROP INDEX transfer_one_hold_per_assignment;
-- One hold per assignment, and one more (`again:…`, once by its key) where the first was given back and a verdict was overturned.
-- Posting stays once per assignment: its key is `post:` and the assignment.
CREATE UNIQUE INDEX transfer_one_hold_per_assignment ON transfer (assignment_id) WHERE kind = 'pending' AND business_key NOT LIKE 'again:%';
CREATE INDEX transfer_holds_of_assignment ON transfer (assignment_id) WHERE kind = 'pending';
"""

BACKWARDS = """
DROP INDEX transfer_holds_of_assignment;
DROP INDEX transfer_one_hold_per_assignment;
CREATE UNIQUE INDEX transfer_one_hold_per_assignment ON transfer (assignment_id) WHERE kind = 'pending';
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
