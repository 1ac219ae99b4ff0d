"""What Piccolo cannot say for the ledger's chain: each transfer carries the hash of its own content and its transaction."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T18:51:00:000001"
DESCRIPTION = "Digests of transfers"

FORWARDS = r"""
-- As of the feed and the audit log: whoever seals stops at the oldest running transaction.
ALTER TABLE transfer ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(), ADD COLUMN digest bytea;
ALTER TABLE ledger_seal ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- All that a transfer says, as a JSON list of texts: whoever holds a statement can hash it again without a database.
CREATE FUNCTION transfer_entry(t transfer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(t.seq::text, t.xid::text, t.id::text, t.kind, t.business_key, t.debit_account::text, t.credit_account::text,
    t.amount_micros::text, t.currency, t.pending::text, t.project_id::text, t.annotator_id::text, t.assignment_id::text, t.task_id::text,
    t.exam_attempt_id::text, t.adjustment_id::text, t.for_period::text, t.rate_card::text, t.inputs::text, t.reason,
    ((extract(epoch FROM t.created_at) * 1000000)::bigint)::text)::text
$$;
CREATE FUNCTION transfer_digest(t transfer) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(transfer_entry(t), 'UTF8'))
$$;
CREATE FUNCTION digest_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.digest := transfer_digest(NEW);
  RETURN NEW;
END $$;
ALTER TABLE transfer DISABLE TRIGGER transfer_append_only;
UPDATE transfer SET digest = transfer_digest(transfer);
ALTER TABLE transfer ENABLE TRIGGER transfer_append_only;
CREATE TRIGGER transfer_digest BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION digest_transfer();
CREATE INDEX transfer_chain ON transfer (xid, seq);
CREATE TRIGGER ledger_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

BACKWARDS = """
DROP TRIGGER ledger_seal_append_only ON ledger_seal;
DROP TRIGGER transfer_digest ON transfer;
DROP FUNCTION digest_transfer();
DROP FUNCTION transfer_digest(transfer);
DROP FUNCTION transfer_entry(transfer);
DROP INDEX transfer_chain;
ALTER TABLE transfer DROP COLUMN xid, DROP COLUMN digest;
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
