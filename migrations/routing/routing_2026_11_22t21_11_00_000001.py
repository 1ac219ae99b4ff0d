"""Whoever had a part in a task keeps it when the place is opened again: no other place of the task is given to them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T21:11:00:000001"
DESCRIPTION = "Parts in a task that outlast their place"

FORWARDS = r"""
-- slot_one_place_per_person judges by who is named at a place. Where what was handed in goes back, or is to be looked at anew, the
-- place is free again and names nobody; what its person did stays done.
CREATE FUNCTION keep_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO declined (id, task, annotator, slot, reason, at)
  VALUES (gen_random_uuid(), OLD.task, OLD.annotator, OLD.id, 'had a part in another place', clock_timestamp())
  ON CONFLICT (task, annotator) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER slot_keeps_part AFTER UPDATE OF annotator ON slot FOR EACH ROW
  WHEN (OLD.state = 'done' AND OLD.annotator IS NOT NULL AND NEW.annotator IS DISTINCT FROM OLD.annotator) EXECUTE FUNCTION keep_part();
INSERT INTO declined (id, task, annotator, slot, reason, at)
SELECT DISTINCT ON (a.task, a.annotator) gen_random_uuid(), a.task, a.annotator, a.slot, 'had a part in another place', clock_timestamp()
FROM assignment a JOIN slot s ON s.id = a.slot WHERE a.state = 'submitted' AND s.annotator IS DISTINCT FROM a.annotator
ORDER BY a.task, a.annotator, a.claimed_at DESC
ON CONFLICT (task, annotator) DO NOTHING;
"""

BACKWARDS = """
DROP TRIGGER slot_keeps_part ON slot;
DROP FUNCTION keep_part();
DELETE FROM declined WHERE slot IS NOT NULL;
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
