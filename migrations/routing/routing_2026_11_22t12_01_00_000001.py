"""The audit log names who did what, also where one transaction serves several."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T12:01:00:000001"
DESCRIPTION = "Actors of shared transactions in the audit log"

FORWARDS = r"""
-- Where one transaction serves several people, `callboard.actors` says by the row's id in whose name it changed.
CREATE OR REPLACE FUNCTION audit_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, actor, action, subject_type, subject_id, before, after)
  VALUES (clock_timestamp(),
          coalesce(nullif(current_setting('callboard.actors', true), '')::jsonb ->> NEW.id::text, nullif(current_setting('callboard.actor', true), ''), 'database'),
          TG_TABLE_NAME || '.' || NEW.state,
          TG_TABLE_NAME, NEW.id::text, jsonb_build_object('state', OLD.state), jsonb_build_object('state', NEW.state));
  RETURN NULL;
END $$;
"""

BACKWARDS = """
CREATE OR REPLACE FUNCTION audit_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, actor, action, subject_type, subject_id, before, after)
  VALUES (clock_timestamp(), coalesce(nullif(current_setting('callboard.actor', true), ''), 'database'), TG_TABLE_NAME || '.' || NEW.state,
          TG_TABLE_NAME, NEW.id::text, jsonb_build_object('state', OLD.state), jsonb_build_object('state', NEW.state));
  RETURN NULL;
END $$;
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
