"""What Piccolo cannot say for grace and caps: nothing is kept for whoever is paused, and counters stay on their page."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:11:00:000001"
DESCRIPTION = "Rules of grace, storage of counters"

FORWARDS = r"""
-- A counter is raised many times a day: its updates stay on their page.
ALTER TABLE given SET (fillfactor = 50);
-- Whoever is paused or leaves cannot come back to a task in its grace: anybody may have it.
CREATE FUNCTION lose_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE slot SET reserved_for = NULL, carried_price_micros = NULL, kept_until = NULL
  WHERE reserved_for = NEW.id AND state = 'free' AND kept_until IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER annotator_loses_kept AFTER UPDATE OF state ON annotator FOR EACH ROW
  WHEN (OLD.state = 'active' AND NEW.state <> 'active') EXECUTE FUNCTION lose_kept();
"""

BACKWARDS = """
DROP TRIGGER annotator_loses_kept ON annotator;
DROP FUNCTION lose_kept();
ALTER TABLE given RESET (fillfactor);
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
