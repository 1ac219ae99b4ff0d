"""Pay that is shared by those who wrote a dialogue one after the other: a transfer from one person's earnings to another's."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T16:15:00:000001"
DESCRIPTION = "Shares of pay"

FORWARDS = """
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share'));
-- Nobody gives away more than they have earned.
ALTER TABLE account ADD CONSTRAINT account_shares_are_covered CHECK (kind <> 'annotator_earnings' OR debits_posted <= credits_posted);
CREATE INDEX transfer_share_of_assignment ON transfer (assignment_id) WHERE kind = 'share';
CREATE INDEX transfer_share_given ON transfer (debit_account) WHERE kind = 'share';
"""

BACKWARDS = """
DROP INDEX transfer_share_given, transfer_share_of_assignment;
ALTER TABLE account DROP CONSTRAINT account_shares_are_covered;
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void'));
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
