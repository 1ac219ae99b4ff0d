"""What Piccolo cannot say of snapshots: which changes of state there are, and that what is ready stays."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T16:06:00:000001"
DESCRIPTION = "Rules of snapshots"

FORWARDS = r"""
CREATE INDEX export_of_project ON export (project, id DESC);
-- They come compressed; trying again would only cost time. Pieces of the ids are cut out of the whole.
ALTER TABLE export_part ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE export ALTER COLUMN works SET STORAGE EXTERNAL, ALTER COLUMN trees SET STORAGE EXTERNAL;
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'export', from_state, to_state
FROM (VALUES ('making', 'ready'), ('making', 'failed')) AS edges (from_state, to_state);
CREATE TRIGGER export_check_transition BEFORE UPDATE OF state ON export FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
-- The same id is the same file for ever: a snapshot that is ready does not change, and no piece of any does.
CREATE FUNCTION refuse_changed_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a snapshot that is made does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'export_stays';
END $$;
CREATE TRIGGER export_stays BEFORE UPDATE ON export FOR EACH ROW WHEN (OLD.state <> 'making') EXECUTE FUNCTION refuse_changed_export();
CREATE TRIGGER export_kept BEFORE DELETE OR TRUNCATE ON export FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER export_part_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON export_part FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

BACKWARDS = """
DROP TRIGGER export_part_append_only ON export_part;
DROP TRIGGER export_kept ON export;
DROP TRIGGER export_stays ON export;
DROP FUNCTION refuse_changed_export();
DROP TRIGGER export_check_transition ON export;
DELETE FROM legal_transition WHERE entity = 'export';
DROP INDEX export_of_project;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="dialogue", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
