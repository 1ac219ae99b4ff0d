"""What Piccolo cannot say for lots that are withdrawn, and for who may inspect one: states, and what stays as it was made."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T20:23:00:000001"
DESCRIPTION = "Rules of lots that are withdrawn"

FORWARDS = r"""
ALTER TABLE lot DROP CONSTRAINT lot_known_state, DROP CONSTRAINT lot_sent_back_has_reason,
  ADD CONSTRAINT lot_known_state CHECK (state IN ('open', 'accepted', 'sent_back', 'withdrawn')),
  ADD CONSTRAINT lot_sent_back_has_reason CHECK (state NOT IN ('sent_back', 'withdrawn') OR reason <> '');
INSERT INTO legal_transition (id, entity, from_state, to_state) SELECT max(id) + 1, 'lot', 'open', 'withdrawn' FROM legal_transition;
-- Who may inspect is settled with the plan, before anything was seen.
DROP TRIGGER lot_frozen ON lot;
CREATE TRIGGER lot_frozen BEFORE UPDATE ON lot FOR EACH ROW
  WHEN ((OLD.project, OLD.filter, OLD.level, OLD.aql, OLD.size, OLD.letter, OLD.sample, OLD.accept, OLD.digest, OLD.inspectors, OLD.created_at)
        IS DISTINCT FROM (NEW.project, NEW.filter, NEW.level, NEW.aql, NEW.size, NEW.letter, NEW.sample, NEW.accept, NEW.digest, NEW.inspectors, NEW.created_at))
  EXECUTE FUNCTION refuse_changed_lot();
CREATE INDEX lot_open ON lot (id) WHERE state = 'open';
"""

BACKWARDS = """
DROP INDEX lot_open;
DROP TRIGGER lot_frozen ON lot;
CREATE TRIGGER lot_frozen BEFORE UPDATE ON lot FOR EACH ROW
  WHEN ((OLD.project, OLD.filter, OLD.level, OLD.aql, OLD.size, OLD.letter, OLD.sample, OLD.accept, OLD.digest, OLD.created_at)
        IS DISTINCT FROM (NEW.project, NEW.filter, NEW.level, NEW.aql, NEW.size, NEW.letter, NEW.sample, NEW.accept, NEW.digest, NEW.created_at))
  EXECUTE FUNCTION refuse_changed_lot();
DELETE FROM legal_transition WHERE entity = 'lot' AND to_state = 'withdrawn';
ALTER TABLE lot DROP CONSTRAINT lot_known_state, DROP CONSTRAINT lot_sent_back_has_reason,
  ADD CONSTRAINT lot_known_state CHECK (state IN ('open', 'accepted', 'sent_back')),
  ADD CONSTRAINT lot_sent_back_has_reason CHECK (state <> 'sent_back' OR reason <> '');
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
