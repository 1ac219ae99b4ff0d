"""What Piccolo cannot say for policies and waiting times: rows that stay, and how long what is there has waited."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:00:00:000002"
DESCRIPTION = "Rules of policies; since when the places that are there wait"

FORWARDS = r"""
-- What claims were scored by stays; other weights are another row.
CREATE TRIGGER policy_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_activation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_activation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
UPDATE slot SET waits_since = CASE WHEN slot.kind = 'review' THEN slot.freed_at
    ELSE least(t.created_at, t.due_at - make_interval(secs => p.sla_seconds)) END
FROM task t JOIN project p ON p.id = t.project WHERE t.id = slot.task;
-- One row of some kB, written every few seconds.
ALTER TABLE stock SET (fillfactor = 50, autovacuum_vacuum_threshold = 20, autovacuum_vacuum_scale_factor = 0);
"""

BACKWARDS = """
DROP TRIGGER policy_activation_append_only ON policy_activation;
DROP TRIGGER policy_append_only ON policy;
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
