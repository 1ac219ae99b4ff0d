"""What Piccolo cannot say for disputes of pay: their states, that what they say stays, and one at a time about one line."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T20:51:00:000001"
DESCRIPTION = "Rules of disputes of pay"

FORWARDS = r"""
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'pay_dispute', from_state, to_state
FROM (VALUES ('open', 'upheld'), ('open', 'refused'), ('open', 'withdrawn'),
  ('upheld', 'open') -- its adjustment was refused, undone or ran out: nobody was paid
) AS drawn (from_state, to_state);
CREATE TRIGGER pay_dispute_check_transition BEFORE UPDATE OF state ON pay_dispute FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER pay_dispute_audit_transition AFTER UPDATE OF state ON pay_dispute FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();

-- Nobody answers one question and finds another written down.
CREATE FUNCTION keep_pay_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.kind, OLD.project, OLD.annotator, OLD.line, OLD.assignment_id, OLD.currency, OLD.line_micros, OLD.wanted_micros, OLD.reason, OLD.opened_at)
    IS DISTINCT FROM (NEW.id, NEW.kind, NEW.project, NEW.annotator, NEW.line, NEW.assignment_id, NEW.currency, NEW.line_micros, NEW.wanted_micros, NEW.reason, NEW.opened_at) THEN
    RAISE EXCEPTION 'what a dispute says never changes; withdraw it and open another' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pay_dispute_kept BEFORE UPDATE ON pay_dispute FOR EACH ROW EXECUTE FUNCTION keep_pay_dispute();
CREATE TRIGGER pay_dispute_never_removed BEFORE DELETE OR TRUNCATE ON pay_dispute FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- About one line one dispute is open at a time, and one question about it is answered once.
CREATE UNIQUE INDEX pay_dispute_one_open ON pay_dispute (annotator, coalesce(line::text, assignment_id::text)) WHERE state = 'open';
CREATE UNIQUE INDEX pay_dispute_answered_once ON pay_dispute (annotator, coalesce(line::text, assignment_id::text), kind) WHERE state <> 'withdrawn';
-- One adjustment answers one dispute.
CREATE UNIQUE INDEX pay_dispute_own_adjustment ON pay_dispute (adjustment) WHERE adjustment IS NOT NULL;
CREATE INDEX pay_dispute_due ON pay_dispute (due_at) WHERE state = 'open';
CREATE INDEX pay_dispute_of_annotator ON pay_dispute (annotator, opened_at DESC);

CREATE TRIGGER budget_notice_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON budget_notice FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- What came back to a budget; few rows of a journal of millions.
CREATE INDEX transfer_deducted ON transfer (credit_account) WHERE kind = 'deduct';
"""

BACKWARDS = """
DROP INDEX transfer_deducted;
DROP TRIGGER budget_notice_append_only ON budget_notice;
DROP INDEX pay_dispute_of_annotator, pay_dispute_due, pay_dispute_own_adjustment, pay_dispute_answered_once, pay_dispute_one_open;
DROP TRIGGER pay_dispute_never_removed ON pay_dispute;
DROP TRIGGER pay_dispute_kept ON pay_dispute;
DROP FUNCTION keep_pay_dispute();
DROP TRIGGER pay_dispute_audit_transition ON pay_dispute;
DROP TRIGGER pay_dispute_check_transition ON pay_dispute;
DELETE FROM legal_transition WHERE entity = 'pay_dispute';
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
