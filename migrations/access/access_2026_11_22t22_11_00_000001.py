"""What Piccolo cannot say for webhooks: their states, and what a try needs to be found by."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T22:11:00:000001"
DESCRIPTION = "Rules of webhooks"

FORWARDS = r"""
ALTER TABLE webhook
  ADD CONSTRAINT webhook_state CHECK (state IN ('active', 'paused', 'dead')),
  ADD CONSTRAINT webhook_position CHECK (position_xid >= 0 AND position_seq >= 0),
  ADD CONSTRAINT webhook_failures CHECK (failures >= 0),
  ADD CONSTRAINT webhook_types CHECK (jsonb_typeof(types) = 'array');
-- A row is written after every event: room for it in its own page.
ALTER TABLE webhook SET (fillfactor = 50);
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'webhook', from_state, to_state
FROM (VALUES ('active', 'paused'), ('active', 'dead'), ('paused', 'active'), ('dead', 'active')) AS edges (from_state, to_state);
CREATE TRIGGER webhook_check_transition BEFORE UPDATE OF state ON webhook FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE INDEX webhook_try_of_webhook ON webhook_try (webhook, id);
CREATE INDEX webhook_try_by_age ON webhook_try (at);
"""

BACKWARDS = """
DROP INDEX webhook_try_by_age, webhook_try_of_webhook;
DROP TRIGGER webhook_check_transition ON webhook;
DELETE FROM legal_transition WHERE entity = 'webhook';
ALTER TABLE webhook RESET (fillfactor), DROP CONSTRAINT webhook_types, DROP CONSTRAINT webhook_failures, DROP CONSTRAINT webhook_position,
  DROP CONSTRAINT webhook_state;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="access", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
