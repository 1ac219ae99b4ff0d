"""What Piccolo cannot say for overturned verdicts: rows that stay, and the steps back that only an overturn takes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T12:10:00:000002"
DESCRIPTION = "Rules of overturned verdicts"

FORWARDS = r"""
CREATE INDEX overturn_of_verdict ON overturn (verdict, decided_at DESC);
-- What was decided about a verdict stays; another decision is another row.
CREATE TRIGGER overturn_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON overturn FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), entity, from_state, to_state FROM (VALUES
  ('submission', 'rejected', 'accepted'), ('submission', 'accepted', 'rejected'), ('submission', 'rework', 'accepted'),
  ('submission', 'rework', 'rejected'), ('slot', 'free', 'done'),
  ('task', 'rejected', 'in_review'), ('task', 'accepted', 'in_review'), ('task', 'open', 'in_review'), ('task', 'rework', 'in_review')
) AS edges (entity, from_state, to_state);
"""

BACKWARDS = """
DELETE FROM legal_transition WHERE (entity, from_state, to_state) IN (
  ('submission', 'rejected', 'accepted'), ('submission', 'accepted', 'rejected'), ('submission', 'rework', 'accepted'),
  ('submission', 'rework', 'rejected'), ('slot', 'free', 'done'),
  ('task', 'rejected', 'in_review'), ('task', 'accepted', 'in_review'), ('task', 'open', 'in_review'), ('task', 'rework', 'in_review'));
DROP TRIGGER overturn_append_only ON overturn;
DROP INDEX overturn_of_verdict;
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
