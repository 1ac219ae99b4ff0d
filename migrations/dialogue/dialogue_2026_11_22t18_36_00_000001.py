"""What Piccolo cannot say of snapshots whose files go and come back: the same bytes, or none."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T18:36:00:000001"
DESCRIPTION = "Rules of snapshots whose files are removed and built again"

FORWARDS = r"""
DROP TRIGGER export_stays ON export;
DROP TRIGGER export_part_append_only ON export_part;
ALTER TABLE export DROP CONSTRAINT export_known_state, DROP CONSTRAINT export_ready_has_digest;
UPDATE export SET built_at = ready_at WHERE state = 'ready';
ALTER TABLE export
  ADD CONSTRAINT export_known_state CHECK (state IN ('making', 'ready', 'failed', 'cancelled', 'removed', 'rebuilding')),
  ADD CONSTRAINT export_ready_has_digest CHECK ((state IN ('ready', 'removed', 'rebuilding')) = (sha256 IS NOT NULL)
    AND (sha256 IS NULL) = (ready_at IS NULL) AND (state = 'ready') = (built_at IS NOT NULL)
    AND (state = 'rebuilding') = (rebuild IS NOT NULL) AND (state <> 'removed' OR removed_at IS NOT NULL));
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'export', from_state, to_state
FROM (VALUES ('making', 'cancelled'), ('ready', 'removed'), ('removed', 'rebuilding'), ('rebuilding', 'ready'), ('rebuilding', 'removed')) AS edges (from_state, to_state);
-- What was asked for, of which moment, and what came of it stands for ever; only whether the file is there changes.
CREATE OR REPLACE FUNCTION refuse_changed_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.state = OLD.state AND OLD.state <> 'rebuilding')
     OR (NEW.id, NEW.project, NEW.format, NEW.filters, NEW.identities, NEW.reason, NEW.position, NEW.works, NEW.trees, NEW.dialogues, NEW.done,
         NEW.lines, NEW.size, NEW.left_out, NEW.sha256, NEW.made_by, NEW.created_at, NEW.ready_at)
        IS DISTINCT FROM
        (OLD.id, OLD.project, OLD.format, OLD.filters, OLD.identities, OLD.reason, OLD.position, OLD.works, OLD.trees, OLD.dialogues, OLD.done,
         OLD.lines, OLD.size, OLD.left_out, OLD.sha256, OLD.made_by, OLD.created_at, OLD.ready_at) THEN
    RAISE EXCEPTION 'a snapshot that is made does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'export_stays';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER export_stays BEFORE UPDATE ON export FOR EACH ROW WHEN (OLD.state <> 'making') EXECUTE FUNCTION refuse_changed_export();
CREATE FUNCTION refuse_lost_export_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM export WHERE id = OLD.export AND state IN ('making', 'ready', 'rebuilding')) THEN
    RAISE EXCEPTION 'a file goes as a whole, once its snapshot says so' USING ERRCODE = 'check_violation', CONSTRAINT = 'export_part_stays';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER export_part_append_only BEFORE UPDATE OR TRUNCATE ON export_part FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER export_part_stays BEFORE DELETE ON export_part FOR EACH ROW EXECUTE FUNCTION refuse_lost_export_part();
CREATE INDEX export_with_file ON export (built_at) WHERE state = 'ready';
"""

BACKWARDS = r"""
DROP INDEX export_with_file;
DROP TRIGGER export_part_stays ON export_part;
DROP FUNCTION refuse_lost_export_part();
DROP TRIGGER export_part_append_only ON export_part;
CREATE TRIGGER export_part_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON export_part FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TRIGGER export_stays ON export;
CREATE OR REPLACE FUNCTION refuse_changed_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a snapshot that is made does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'export_stays';
END $$;
CREATE TRIGGER export_stays BEFORE UPDATE ON export FOR EACH ROW WHEN (OLD.state <> 'making') EXECUTE FUNCTION refuse_changed_export();
DELETE FROM legal_transition WHERE entity = 'export' AND (from_state, to_state) NOT IN (('making', 'ready'), ('making', 'failed'));
ALTER TABLE export DROP CONSTRAINT export_known_state, DROP CONSTRAINT export_ready_has_digest,
  ADD CONSTRAINT export_known_state CHECK (state IN ('making', 'ready', 'failed')),
  ADD CONSTRAINT export_ready_has_digest CHECK ((state = 'ready') = (sha256 IS NOT NULL) AND (state = 'ready') = (ready_at IS NOT NULL));
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
