"""What Piccolo cannot say for the ledger: each pending transfer ends once, rows never change, amounts match."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T08:50:00:000005"
DESCRIPTION = "Rules of the ledger"

FORWARDS = r"""
-- A pending transfer is posted or voided once: the second of two racing resolutions fails here.
CREATE UNIQUE INDEX transfer_resolved_once ON transfer (pending) WHERE pending IS NOT NULL;
-- One hold and with it at most one accrual per assignment.
CREATE UNIQUE INDEX transfer_one_hold_per_assignment ON transfer (assignment_id) WHERE kind = 'pending';
CREATE INDEX transfer_of_annotator ON transfer (annotator_id, seq DESC);
CREATE INDEX transfer_of_project ON transfer (project_id, seq DESC);
CREATE INDEX transfer_newest ON transfer (seq DESC);
CREATE INDEX transfer_of_task ON transfer (task_id);
ALTER TABLE account SET (fillfactor = 50);
-- Money that moved stays moved: a correction is another transfer.
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Prices are never edited; a new version follows.
CREATE TRIGGER rate_card_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_card FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

BACKWARDS = """
DROP TRIGGER rate_card_append_only ON rate_card;
DROP TRIGGER transfer_append_only ON transfer;
DROP INDEX transfer_of_task, transfer_newest, transfer_of_project, transfer_of_annotator, transfer_one_hold_per_assignment, transfer_resolved_once;
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
