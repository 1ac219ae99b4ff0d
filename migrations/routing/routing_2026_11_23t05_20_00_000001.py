"""Changes of state of slots and tasks are checked and written to the audit log once a statement, no longer twice a row.

Claims that arrive together change a dozen of each in one statement; two triggers for each row were a seventh of its time
(docs/decisions/0014-what-a-posting-pays-for.md).
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-23T05:20:00:000001"
DESCRIPTION = "Transitions of slots and tasks, once a statement"

TABLES = ("slot", "task")
FUNCTIONS = """
-- Refuses, so that it can stand where a value does.
CREATE FUNCTION illegal_transition(entity text, was text, becomes text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a % may not go from % to %', entity, was, becomes USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_transition';
END $$;
-- check_transition and audit_transition for all rows of a statement. Both sides of a row are brought together by grouping: a join would be
-- planned once, for as few rows as the first statement had, and kept for those that change thousands.
CREATE FUNCTION note_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, actor, action, subject_type, subject_id, before, after)
  SELECT clock_timestamp(), coalesce(actors.by_row ->> changed.id::text, nullif(current_setting('callboard.actor', true), ''), 'database'),
    CASE WHEN legal.entity IS NULL THEN illegal_transition(TG_TABLE_NAME, was, becomes) ELSE TG_TABLE_NAME || '.' || becomes END,
    TG_TABLE_NAME, changed.id::text, jsonb_build_object('state', was), jsonb_build_object('state', becomes)
  FROM (
    SELECT id, max(was) AS was, max(becomes) AS becomes
    FROM (SELECT id, state AS was, NULL AS becomes FROM earlier UNION ALL SELECT id, NULL, state FROM later) AS sides
    GROUP BY id HAVING max(was) <> max(becomes)
  ) AS changed
  CROSS JOIN (SELECT nullif(current_setting('callboard.actors', true), '')::jsonb AS by_row) AS actors
  LEFT JOIN legal_transition AS legal ON legal.entity = TG_TABLE_NAME AND legal.from_state = was AND legal.to_state = becomes;
  RETURN NULL;
END $$;
"""


def _once_a_statement(table: str) -> str:
    return f"""
DROP TRIGGER {table}_check_transition ON {table};
DROP TRIGGER {table}_audit_transition ON {table};
CREATE TRIGGER {table}_note_transitions AFTER UPDATE ON {table} REFERENCING OLD TABLE AS earlier NEW TABLE AS later
  FOR EACH STATEMENT EXECUTE FUNCTION note_transitions();
"""


def _twice_a_row(table: str) -> str:
    return f"""
DROP TRIGGER {table}_note_transitions ON {table};
CREATE TRIGGER {table}_check_transition BEFORE UPDATE OF state ON {table} FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER {table}_audit_transition AFTER UPDATE OF state ON {table} FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="routing", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FUNCTIONS + "".join(map(_once_a_statement, TABLES)))


async def backwards_sql() -> None:
    await execute_script("".join(map(_twice_a_row, TABLES)))
    await execute_script("DROP FUNCTION note_transitions(); DROP FUNCTION illegal_transition(text, text, text);")
