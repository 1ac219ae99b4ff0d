"""What Piccolo cannot say for the flow of time: the one rule of rank, what expires next, and the way back from a cancellation."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T13:40:00:000002"
DESCRIPTION = "Rules of rank, expiry and relaxed requirements"

FORWARDS = r"""
-- routing.lanes.rank in SQL: milliseconds since 1970 at which a task counts as having come in; a test compares the two.
CREATE FUNCTION task_rank(created_at timestamptz, priority int, due_at timestamptz, sla_seconds int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT floor(least(extract(epoch FROM created_at) - 21600 * (priority - 3), extract(epoch FROM due_at) - sla_seconds) * 1000)::bigint
$$;
-- What expires next; the project's pauses come on top.
CREATE INDEX task_expiring ON task (expires_at) WHERE state = 'open' AND expires_at IS NOT NULL;
UPDATE task SET expires_at = clock_timestamp() + interval '14 days' WHERE state = 'open';
-- What is due first in a project.
CREATE INDEX task_due ON task (project, due_at) WHERE due_at IS NOT NULL AND state IN ('open', 'rework', 'in_progress');
-- Nothing is given out of these: their clocks stand still.
UPDATE project SET paused_at = clock_timestamp() WHERE state IN ('draft', 'paused');
CREATE INDEX relaxation_of_task ON relaxation (task);
CREATE TRIGGER relaxation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON relaxation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- A cancellation can be taken back for an hour.
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), entity, from_state, to_state
FROM (VALUES ('task', 'cancelled', 'open'), ('slot', 'cancelled', 'free')) AS edges (entity, from_state, to_state);
"""

BACKWARDS = """
DELETE FROM legal_transition WHERE (entity, from_state, to_state) IN (('task', 'cancelled', 'open'), ('slot', 'cancelled', 'free'));
DROP TRIGGER relaxation_append_only ON relaxation;
DROP INDEX relaxation_of_task;
DROP INDEX task_due;
DROP INDEX task_expiring;
DROP FUNCTION task_rank(timestamptz, int, timestamptz, int);
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
