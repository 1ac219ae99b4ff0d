"""Each audit row carries the hash of its own content, so that a change around the triggers is found row by row."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T18:51:00:000001"
DESCRIPTION = "Digests of audit rows"

FORWARDS = r"""
ALTER TABLE audit_entry ADD COLUMN digest bytea;
-- Not compressed: single digests are cut out of it.
ALTER TABLE audit_seal ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- All that a row says, each part apart, in whole microseconds: the same text in every time zone.
CREATE FUNCTION audit_digest(e audit_entry) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array(e.seq::text, e.xid::text, ((extract(epoch FROM e.at) * 1000000)::bigint)::text, e.actor, e.action,
    e.subject_type, e.subject_id, e.before::text, e.after::text, e.reason)::text, 'UTF8'))
$$;
CREATE FUNCTION digest_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.digest := audit_digest(NEW);
  RETURN NEW;
END $$;
ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only;
UPDATE audit_entry SET digest = audit_digest(audit_entry);
ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only;
CREATE TRIGGER audit_entry_digest BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION digest_audit_entry();
"""

BACKWARDS = """
DROP TRIGGER audit_entry_digest ON audit_entry;
DROP FUNCTION digest_audit_entry();
DROP FUNCTION audit_digest(audit_entry);
ALTER TABLE audit_entry DROP COLUMN digest;
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
