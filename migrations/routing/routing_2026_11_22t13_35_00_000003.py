"""What Piccolo cannot say of offers: one open offer per place and person, found by person, by place and by time."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T13:35:00:000003"
DESCRIPTION = "Rules of offers"

FORWARDS = r"""
CREATE UNIQUE INDEX offer_one_open ON offer (slot, annotator) WHERE state = 'open';
CREATE INDEX offer_open_of_annotator ON offer (annotator) WHERE state = 'open';
CREATE INDEX offer_open_by_time ON offer (expires_at) WHERE state = 'open';
CREATE INDEX offer_of_task ON offer (task, annotator);
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'offer', 'open', to_state
FROM unnest(ARRAY['accepted', 'declined', 'timed_out', 'rescinded']) AS to_state;
CREATE TRIGGER offer_check_transition BEFORE UPDATE OF state ON offer FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
"""

BACKWARDS = """
DROP TRIGGER offer_check_transition ON offer;
DELETE FROM legal_transition WHERE entity = 'offer';
DROP INDEX offer_one_open, offer_open_of_annotator, offer_open_by_time, offer_of_task;
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
