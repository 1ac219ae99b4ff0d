"""What Piccolo cannot say for adjustments and floors: their states, that what they say stays, and one purpose per hold."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T18:55:00:000001"
DESCRIPTION = "Rules of adjustments"

FORWARDS = r"""
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'adjustment', from_state, to_state
FROM (VALUES ('waiting', 'posted'), ('waiting', 'refused'), ('waiting', 'undone'), ('waiting', 'expired'), ('waiting', 'short'),
  ('scheduled', 'posted'), ('scheduled', 'undone'), ('scheduled', 'short'), ('short', 'posted'), ('short', 'undone')) AS drawn (from_state, to_state);
CREATE TRIGGER adjustment_check_transition BEFORE UPDATE OF state ON adjustment FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER adjustment_audit_transition AFTER UPDATE OF state ON adjustment FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();

-- Nobody approves one amount and pays another.
CREATE FUNCTION keep_adjustment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.kind, OLD.project, OLD.annotator, OLD.amount_micros, OLD.currency, OLD.reason, OLD.corrects, OLD.period, OLD.language, OLD.inputs, OLD.author,
      OLD.needs_approval, OLD.created_at)
    IS DISTINCT FROM (NEW.id, NEW.kind, NEW.project, NEW.annotator, NEW.amount_micros, NEW.currency, NEW.reason, NEW.corrects, NEW.period, NEW.language, NEW.inputs,
      NEW.author, NEW.needs_approval, NEW.created_at) THEN
    RAISE EXCEPTION 'what an adjustment says never changes; undo it and make another' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER adjustment_kept BEFORE UPDATE ON adjustment FOR EACH ROW EXECUTE FUNCTION keep_adjustment();
CREATE TRIGGER adjustment_never_removed BEFORE DELETE OR TRUNCATE ON adjustment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE INDEX adjustment_due ON adjustment (acts_at) WHERE state IN ('waiting', 'scheduled');
CREATE INDEX adjustment_of_annotator ON adjustment (annotator, created_at DESC);
-- One top-up per person, project and language in a period.
CREATE UNIQUE INDEX adjustment_one_floor ON adjustment (period, project, annotator, language) WHERE kind = 'floor';
CREATE TRIGGER pay_floor_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pay_floor FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct'));
ALTER TABLE transfer DROP CONSTRAINT transfer_one_purpose;
-- Money is held for one thing: for the work of a task, an exam, or an adjustment.
ALTER TABLE transfer ADD CONSTRAINT transfer_one_purpose CHECK (num_nonnulls(coalesce(assignment_id, task_id), exam_attempt_id, adjustment_id) <= 1);
"""

BACKWARDS = """
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share'));
ALTER TABLE transfer DROP CONSTRAINT transfer_one_purpose;
ALTER TABLE transfer ADD CONSTRAINT transfer_one_purpose CHECK (exam_attempt_id IS NULL OR (assignment_id IS NULL AND task_id IS NULL));
DROP TRIGGER pay_floor_append_only ON pay_floor;
DROP INDEX adjustment_one_floor, adjustment_of_annotator, adjustment_due;
DROP TRIGGER adjustment_never_removed ON adjustment;
DROP TRIGGER adjustment_kept ON adjustment;
DROP FUNCTION keep_adjustment();
DROP TRIGGER adjustment_audit_transition ON adjustment;
DROP TRIGGER adjustment_check_transition ON adjustment;
DELETE FROM legal_transition WHERE entity = 'adjustment';
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="payments", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
