"""What every posting pays for, without giving up a rule: one CHECK for an account, one trigger for a transfer, three indexes fewer.

PostgreSQL reads the text of a table's CHECKs anew in each statement that writes to it, and a list of casts is long text
(docs/decisions/0014-what-a-posting-pays-for.md).
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

from kernel.migrations import execute_script

ID = "2026-11-23T00:30:00:000001"
DESCRIPTION = "Postings pay for less"

# As in payments/tables.py: only accounts that money comes from or goes through may owe anything, and no other kinds are known.
STANDS = (
    "least(debits_pending, debits_posted, credits_pending, credits_posted) >= 0 AND CASE"
    " WHEN kind = ANY ('{project_budget,annotator_earnings,payout_clearing,paid_out}') THEN debits_posted + debits_pending <= credits_posted"
    " ELSE kind = ANY ('{funding,exchange,fees}') END"
)

FORWARDS = """
-- Each row of transfer runs this trigger anyway; what it may say stands here and no longer in five CHECKs.
DROP TRIGGER transfer_for_period ON transfer;
DROP FUNCTION book_into_period();
DROP TRIGGER transfer_digest ON transfer;
DROP FUNCTION digest_transfer();
ALTER TABLE transfer DROP CONSTRAINT transfer_one_purpose;
CREATE FUNCTION book_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text := CASE
  WHEN NEW.kind <> ALL ('{direct,pending,post,void,share,deduct,convert,fee_held,fee,fee_back,earmark,clear,unmark,paid,return,bounce}') THEN 'transfer_known_kind'
  WHEN (NEW.kind = ANY ('{post,void,clear,unmark,fee,fee_back}')) <> (NEW.pending IS NOT NULL) THEN 'transfer_resolution_names_pending'
  WHEN NEW.amount_micros <= 0 THEN 'transfer_real_amount'
  WHEN NEW.debit_account = NEW.credit_account THEN 'transfer_two_accounts'
  WHEN num_nonnulls(coalesce(NEW.assignment_id, NEW.task_id), NEW.exam_attempt_id, NEW.adjustment_id) > 1 THEN 'transfer_one_purpose' END;
BEGIN
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION 'new row for relation "transfer" violates "%"', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken, TABLE = 'transfer';
  END IF;
  IF NEW.for_period IS NOT NULL AND NOT EXISTS (SELECT FROM pay_period WHERE id = NEW.for_period AND state = 'closing' AND to_xid IS NULL) THEN
    RAISE EXCEPTION 'nothing more can be booked into this pay period' USING ERRCODE = 'restrict_violation';
  END IF;
  NEW.digest := transfer_digest(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_book BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION book_transfer();
ALTER TABLE account DROP CONSTRAINT account_shares_are_covered, DROP CONSTRAINT account_clearing_is_covered, DROP CONSTRAINT account_paid_out_is_covered;

-- The same text without building a document first (a test holds old digests against it).
CREATE OR REPLACE FUNCTION transfer_entry(t transfer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT json_build_array(t.seq::text, t.xid::text, t.id::text, t.kind, t.business_key, t.debit_account::text, t.credit_account::text,
    t.amount_micros::text, t.currency, t.pending::text, t.project_id::text, t.annotator_id::text, t.assignment_id::text, t.task_id::text,
    t.exam_attempt_id::text, t.adjustment_id::text, t.for_period::text, t.rate_card::text, t.inputs::text, t.reason,
    ((extract(epoch FROM t.created_at) * 1000000)::bigint)::text)::text
$$;

-- transfer_taken begins with the same account and has these rows too; the others are two halves of one.
DROP INDEX transfer_share_given, transfer_deducted, transfer_share_of_assignment, transfer_fee_of_assignment;
CREATE INDEX transfer_beside_assignment ON transfer (assignment_id) WHERE kind = ANY ('{share,fee}');
DROP INDEX transfer_earned;
CREATE INDEX transfer_earned ON transfer (credit_account, created_at) WHERE kind = ANY ('{post,share,convert,deduct}');
"""

BACKWARDS = """
CREATE OR REPLACE FUNCTION transfer_entry(t transfer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(t.seq::text, t.xid::text, t.id::text, t.kind, t.business_key, t.debit_account::text, t.credit_account::text,
    t.amount_micros::text, t.currency, t.pending::text, t.project_id::text, t.annotator_id::text, t.assignment_id::text, t.task_id::text,
    t.exam_attempt_id::text, t.adjustment_id::text, t.for_period::text, t.rate_card::text, t.inputs::text, t.reason,
    ((extract(epoch FROM t.created_at) * 1000000)::bigint)::text)::text
$$;
DROP INDEX transfer_earned;
CREATE INDEX transfer_earned ON transfer (credit_account, created_at) WHERE kind IN ('post', 'share', 'convert');
DROP INDEX transfer_beside_assignment;
CREATE INDEX transfer_share_of_assignment ON transfer (assignment_id) WHERE kind = 'share';
CREATE INDEX transfer_fee_of_assignment ON transfer (assignment_id) WHERE kind = 'fee';
CREATE INDEX transfer_share_given ON transfer (debit_account) WHERE kind = 'share';
CREATE INDEX transfer_deducted ON transfer (credit_account) WHERE kind = 'deduct';
DROP TRIGGER transfer_book ON transfer;
DROP FUNCTION book_transfer();
CREATE FUNCTION digest_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.digest := transfer_digest(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_digest BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION digest_transfer();
CREATE FUNCTION book_into_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pay_period WHERE id = NEW.for_period AND state = 'closing' AND to_xid IS NULL) THEN
    RAISE EXCEPTION 'nothing more can be booked into this pay period' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_for_period BEFORE INSERT ON transfer FOR EACH ROW WHEN (NEW.for_period IS NOT NULL) EXECUTE FUNCTION book_into_period();
ALTER TABLE account
  ADD CONSTRAINT account_shares_are_covered CHECK (kind <> 'annotator_earnings' OR debits_posted + debits_pending <= credits_posted),
  ADD CONSTRAINT account_clearing_is_covered CHECK (kind <> 'payout_clearing' OR debits_posted <= credits_posted),
  ADD CONSTRAINT account_paid_out_is_covered CHECK (kind <> 'paid_out' OR debits_posted <= credits_posted);
ALTER TABLE transfer ADD CONSTRAINT transfer_one_purpose CHECK (num_nonnulls(coalesce(assignment_id, task_id), exam_attempt_id, adjustment_id) <= 1);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="payments", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    for table, tablename, names in (
        ("Account", "account", ("account_known_kind", "account_no_negative", "account_budget_holds")),
        ("Transfer", "transfer", (
            "transfer_known_kind", "transfer_resolution_names_pending", "transfer_real_amount", "transfer_two_accounts",
        )),
    ):  # fmt: skip
        for name in names:
            manager.drop_constraint(table_class_name=table, tablename=tablename, constraint_name=name, schema=None)
    manager.add_constraint(
        table_class_name="Account",
        tablename="account",
        constraint_name="account_stands",
        constraint_class=Check,
        params={"condition": STANDS},
        schema=None,
    )
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
