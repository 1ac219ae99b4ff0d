"""What Piccolo cannot say for payouts: nothing is sent twice, what was approved is what leaves, and the ledger's steps."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T19:31:00:000001"
DESCRIPTION = "Rules of payouts"

FORWARDS = r"""
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), entity, from_state, to_state
FROM (VALUES ('payout_batch', 'drafted', 'approved'), ('payout_batch', 'drafted', 'cancelled'), ('payout_batch', 'approved', 'cancelled'), ('payout_batch', 'approved', 'exported'),
  ('payout_batch', 'exported', 'reconciled'),
  ('payout_line', 'drafted', 'approved'), ('payout_line', 'drafted', 'dropped'), ('payout_line', 'approved', 'sent'), ('payout_line', 'approved', 'dropped'),
  ('payout_line', 'sent', 'paid'), ('payout_line', 'sent', 'returned')) AS drawn (entity, from_state, to_state);
CREATE TRIGGER payout_batch_check_transition BEFORE UPDATE OF state ON payout_batch FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER payout_batch_audit_transition AFTER UPDATE OF state ON payout_batch FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();
CREATE TRIGGER payout_line_check_transition BEFORE UPDATE OF state ON payout_line FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER payout_line_audit_transition AFTER UPDATE OF state ON payout_line FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();

-- Nothing is sent twice: of a statement one line at most is under way or paid.
CREATE UNIQUE INDEX payout_line_alive_once ON payout_line (statement) WHERE state NOT IN ('returned', 'dropped');
CREATE INDEX payout_line_of_batch ON payout_line (batch, state);
CREATE INDEX payout_batch_newest ON payout_batch (no DESC);
CREATE INDEX bank_details_fingerprint ON bank_details (fingerprint);
CREATE TRIGGER bank_details_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_details FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payout_batch_never_removed BEFORE DELETE OR TRUNCATE ON payout_batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payout_line_never_removed BEFORE DELETE OR TRUNCATE ON payout_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Nobody approves one sum and sends another; what was sent is kept as it was.
CREATE FUNCTION keep_payout_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.no, OLD.period, OLD.currency, OLD.format, OLD.pay_on, OLD.author, OLD.created_at)
    IS DISTINCT FROM (NEW.id, NEW.no, NEW.period, NEW.currency, NEW.format, NEW.pay_on, NEW.author, NEW.created_at)
    OR OLD.approved_by IS NOT NULL AND (OLD.approved_by, OLD.approved_at) IS DISTINCT FROM (NEW.approved_by, NEW.approved_at)
    OR OLD.file_digest IS NOT NULL AND (OLD.file_digest, OLD.sealed_file, OLD.file_name, OLD.exported_by, OLD.exported_at)
      IS DISTINCT FROM (NEW.file_digest, NEW.sealed_file, NEW.file_name, NEW.exported_by, NEW.exported_at) THEN
    RAISE EXCEPTION 'what a payout batch says never changes; cancel it and draft another' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_batch_kept BEFORE UPDATE ON payout_batch FOR EACH ROW EXECUTE FUNCTION keep_payout_batch();

CREATE FUNCTION keep_payout_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.batch, OLD.statement, OLD.annotator, OLD.attempt, OLD.retry_of, OLD.amount_micros, OLD.bank_details, OLD.created_at)
    IS DISTINCT FROM (NEW.id, NEW.batch, NEW.statement, NEW.annotator, NEW.attempt, NEW.retry_of, NEW.amount_micros, NEW.bank_details, NEW.created_at) THEN
    RAISE EXCEPTION 'what a line of a payout says never changes; take it out and draft another' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_line_kept BEFORE UPDATE ON payout_line FOR EACH ROW EXECUTE FUNCTION keep_payout_line();

-- Lines come while their batch is drafted, each of exactly what its statement says is to be paid, to its person, in the batch's currency.
CREATE FUNCTION draft_payout_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM payout_batch b JOIN statement s ON s.id = NEW.statement JOIN pay_period p ON p.id = s.period JOIN bank_details d ON d.id = NEW.bank_details
    WHERE b.id = NEW.batch AND b.state = 'drafted' AND s.currency = b.currency AND p.state = 'closed' AND s.payable_micros = NEW.amount_micros
      AND s.annotator = NEW.annotator AND d.annotator = NEW.annotator) THEN
    RAISE EXCEPTION 'a line of a payout pays one statement, to its person, while its batch is drafted' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_line_drafted BEFORE INSERT ON payout_line FOR EACH ROW EXECUTE FUNCTION draft_payout_line();

-- Money on its way: set apart when a batch is approved (earmark, ended once by clear or unmark), then paid out or returned.
ALTER TABLE account DROP CONSTRAINT account_known_kind,
  ADD CONSTRAINT account_known_kind CHECK (kind IN ('funding', 'project_budget', 'annotator_earnings', 'payout_clearing', 'paid_out'));
ALTER TABLE account DROP CONSTRAINT account_shares_are_covered,
  ADD CONSTRAINT account_shares_are_covered CHECK (kind <> 'annotator_earnings' OR debits_posted + debits_pending <= credits_posted),
  ADD CONSTRAINT account_clearing_is_covered CHECK (kind <> 'payout_clearing' OR debits_posted <= credits_posted);
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct', 'earmark', 'clear', 'unmark', 'paid', 'return'));
ALTER TABLE transfer DROP CONSTRAINT transfer_resolution_names_pending,
  ADD CONSTRAINT transfer_resolution_names_pending CHECK ((kind IN ('post', 'void', 'clear', 'unmark')) = (pending IS NOT NULL));
"""

BACKWARDS = """
ALTER TABLE transfer DROP CONSTRAINT transfer_resolution_names_pending,
  ADD CONSTRAINT transfer_resolution_names_pending CHECK ((kind IN ('post', 'void')) = (pending IS NOT NULL));
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct'));
ALTER TABLE account DROP CONSTRAINT account_clearing_is_covered, DROP CONSTRAINT account_shares_are_covered,
  ADD CONSTRAINT account_shares_are_covered CHECK (kind <> 'annotator_earnings' OR debits_posted <= credits_posted);
ALTER TABLE account DROP CONSTRAINT account_known_kind,
  ADD CONSTRAINT account_known_kind CHECK (kind IN ('funding', 'project_budget', 'annotator_earnings'));
DROP TRIGGER payout_line_drafted ON payout_line;
DROP FUNCTION draft_payout_line();
DROP TRIGGER payout_line_kept ON payout_line;
DROP FUNCTION keep_payout_line();
DROP TRIGGER payout_batch_kept ON payout_batch;
DROP FUNCTION keep_payout_batch();
DROP TRIGGER payout_line_never_removed ON payout_line;
DROP TRIGGER payout_batch_never_removed ON payout_batch;
DROP TRIGGER bank_details_append_only ON bank_details;
DROP INDEX bank_details_fingerprint, payout_batch_newest, payout_line_of_batch, payout_line_alive_once;
DROP TRIGGER payout_line_audit_transition ON payout_line;
DROP TRIGGER payout_line_check_transition ON payout_line;
DROP TRIGGER payout_batch_audit_transition ON payout_batch;
DROP TRIGGER payout_batch_check_transition ON payout_batch;
DELETE FROM legal_transition WHERE entity IN ('payout_batch', 'payout_line');
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
