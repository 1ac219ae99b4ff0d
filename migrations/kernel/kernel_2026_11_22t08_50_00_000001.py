"""What Piccolo cannot say for the kernel's tables: transaction positions, partial indexes, append-only triggers."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T08:50:00:000001"
DESCRIPTION = "Rules of the kernel's tables"

FORWARDS = r"""
-- The writing transaction: readers of the feed stop at the oldest running one, so no row can appear in their past.
ALTER TABLE event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX event_feed ON event (xid, seq);
CREATE INDEX event_of_project ON event (project_id, xid, seq);

ALTER TABLE audit_entry ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_entry_chain ON audit_entry (xid, seq);
CREATE INDEX audit_entry_subject ON audit_entry (subject_type, subject_id, seq);

-- Due work is found without looking at what is done.
CREATE INDEX job_due ON job (due_at, id) WHERE done_at IS NULL AND failed_at IS NULL;
-- Prevents a pile of the same chore: one waiting job per key.
CREATE UNIQUE INDEX job_key_waiting ON job (key) WHERE done_at IS NULL AND failed_at IS NULL;

-- Append-only tables: a correction is a new row, and whoever changes history must first remove this trigger.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or removed; add a correcting row', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

BACKWARDS = """
DROP TRIGGER audit_seal_append_only ON audit_seal;
DROP TRIGGER audit_entry_append_only ON audit_entry;
DROP TRIGGER event_append_only ON event;
DROP FUNCTION refuse_change();
DROP INDEX job_key_waiting, job_due, audit_entry_subject, audit_entry_chain, event_of_project, event_feed;
ALTER TABLE audit_entry DROP COLUMN xid;
ALTER TABLE event DROP COLUMN xid;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kernel", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
