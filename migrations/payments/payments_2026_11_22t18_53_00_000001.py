"""What Piccolo cannot say for periods and statements: they follow without gap, what is closed stays, who is paid for what is found by index."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T18:53:00:000001"
DESCRIPTION = "Rules of pay periods"

FORWARDS = r"""
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'pay_period', from_state, to_state
FROM (VALUES ('open', 'closing'), ('closing', 'closed')) AS drawn (from_state, to_state);
CREATE TRIGGER pay_period_check_transition BEFORE UPDATE OF state ON pay_period FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER pay_period_audit_transition AFTER UPDATE OF state ON pay_period FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();

-- What was closed stays as it is, and no period's place in time or in the ledger ever moves.
CREATE FUNCTION keep_pay_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'closed' THEN
    RAISE EXCEPTION 'a closed pay period cannot change; what comes late belongs to the next one' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (OLD.id, OLD.starts_at, OLD.ends_at) IS DISTINCT FROM (NEW.id, NEW.starts_at, NEW.ends_at)
    OR OLD.to_xid IS NOT NULL AND (OLD.to_xid, OLD.to_seq) IS DISTINCT FROM (NEW.to_xid, NEW.to_seq) THEN
    RAISE EXCEPTION 'the bounds of a pay period never move' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pay_period_kept BEFORE UPDATE ON pay_period FOR EACH ROW EXECUTE FUNCTION keep_pay_period();
CREATE TRIGGER pay_period_never_removed BEFORE DELETE OR TRUNCATE ON pay_period FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Periods follow each other without gap or overlap.
CREATE FUNCTION follow_pay_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pay_period) AND NEW.starts_at IS DISTINCT FROM (SELECT max(ends_at) FROM pay_period) THEN
    RAISE EXCEPTION 'a pay period begins where the last one ends' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pay_period_follows BEFORE INSERT ON pay_period FOR EACH ROW EXECUTE FUNCTION follow_pay_period();

CREATE TRIGGER statement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Statements come into being while their period is closed, and never after.
CREATE FUNCTION state_while_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM stated JOIN pay_period ON pay_period.id = stated.period WHERE pay_period.state <> 'closing') THEN
    RAISE EXCEPTION 'a statement is written only while its pay period is being closed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER statement_while_closing AFTER INSERT ON statement REFERENCING NEW TABLE AS stated FOR EACH STATEMENT EXECUTE FUNCTION state_while_closing();
CREATE INDEX statement_of_annotator ON statement (annotator, created_at DESC);

-- A transfer that names its period comes before that period's place in the ledger is fixed.
CREATE FUNCTION book_into_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pay_period WHERE id = NEW.for_period AND state = 'closing' AND to_xid IS NULL) THEN
    RAISE EXCEPTION 'nothing more can be booked into this pay period' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_for_period BEFORE INSERT ON transfer FOR EACH ROW WHEN (NEW.for_period IS NOT NULL) EXECUTE FUNCTION book_into_period();

-- Lines of a person in a period.
CREATE INDEX transfer_earned ON transfer (credit_account, created_at) WHERE kind IN ('post', 'share');
CREATE INDEX transfer_taken ON transfer (debit_account, created_at) WHERE kind IN ('share', 'deduct');
CREATE INDEX transfer_for_period ON transfer (for_period) WHERE for_period IS NOT NULL;

-- As transfer_entry: what is hashed, as a list of texts.
CREATE FUNCTION statement_entry(s statement) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(s.id::text, s.period::text, s.annotator::text, s.account::text, s.currency, s.no::text, s.lines::text, s.earned_micros::text,
    s.carried_in_micros::text, s.payable_micros::text, s.carried_out_micros::text, encode(s.lines_hash, 'hex'), encode(s.previous_hash, 'hex'))::text
$$;
CREATE FUNCTION hash_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.hash := sha256(convert_to(statement_entry(NEW), 'UTF8'));
  RETURN NEW;
END $$;
CREATE TRIGGER statement_hash BEFORE INSERT ON statement FOR EACH ROW EXECUTE FUNCTION hash_statement();
"""

BACKWARDS = """
DROP TRIGGER statement_hash ON statement;
DROP FUNCTION hash_statement();
DROP FUNCTION statement_entry(statement);
DROP INDEX transfer_for_period, transfer_taken, transfer_earned;
DROP TRIGGER transfer_for_period ON transfer;
DROP FUNCTION book_into_period();
DROP INDEX statement_of_annotator;
DROP TRIGGER statement_while_closing ON statement;
DROP FUNCTION state_while_closing();
DROP TRIGGER statement_append_only ON statement;
DROP TRIGGER pay_period_follows ON pay_period;
DROP FUNCTION follow_pay_period();
DROP TRIGGER pay_period_never_removed ON pay_period;
DROP TRIGGER pay_period_kept ON pay_period;
DROP FUNCTION keep_pay_period();
DROP TRIGGER pay_period_audit_transition ON pay_period;
DROP TRIGGER pay_period_check_transition ON pay_period;
DELETE FROM legal_transition WHERE entity = 'pay_period';
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
