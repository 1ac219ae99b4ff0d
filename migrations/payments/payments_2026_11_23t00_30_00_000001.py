"""What every posting pays for, without giving up a rule: shorter CHECKs, one trigger instead of two, three indexes fewer.

PostgreSQL reads the text of a table's CHECKs anew in each statement that writes to it, and a list of casts is long text
(docs/decisions/0014-what-a-posting-pays-for.md).
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

from kernel.migrations import execute_script

ID = "2026-11-23T00:30:00:000001"
DESCRIPTION = "Postings pay for less"

FORWARDS = """
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind, DROP CONSTRAINT transfer_resolution_names_pending,
  ADD CONSTRAINT transfer_known_kind CHECK (kind = ANY ('{direct,pending,post,void,share,deduct,convert,fee_held,fee,fee_back,earmark,clear,unmark,paid,return,bounce}')),
  ADD CONSTRAINT transfer_resolution_names_pending CHECK ((kind = ANY ('{post,void,clear,unmark,fee,fee_back}')) = (pending IS NOT NULL));
ALTER TABLE account DROP CONSTRAINT account_known_kind, DROP CONSTRAINT account_no_negative,
  DROP CONSTRAINT account_shares_are_covered, DROP CONSTRAINT account_clearing_is_covered, DROP CONSTRAINT account_paid_out_is_covered,
  ADD CONSTRAINT account_known_kind CHECK (kind = ANY ('{funding,project_budget,annotator_earnings,payout_clearing,paid_out,exchange,fees}')),
  ADD CONSTRAINT account_no_negative CHECK (least(debits_pending, debits_posted, credits_pending, credits_posted) >= 0);

DROP TRIGGER transfer_for_period ON transfer;
DROP FUNCTION book_into_period();
CREATE OR REPLACE FUNCTION digest_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.for_period IS NOT NULL AND NOT EXISTS (SELECT FROM pay_period WHERE id = NEW.for_period AND state = 'closing' AND to_xid IS NULL) THEN
    RAISE EXCEPTION 'nothing more can be booked into this pay period' USING ERRCODE = 'restrict_violation';
  END IF;
  NEW.digest := transfer_digest(NEW);
  RETURN NEW;
END $$;

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
CREATE OR REPLACE FUNCTION digest_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.digest := transfer_digest(NEW);
  RETURN NEW;
END $$;
CREATE FUNCTION book_into_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pay_period WHERE id = NEW.for_period AND state = 'closing' AND to_xid IS NULL) THEN
    RAISE EXCEPTION 'nothing more can be booked into this pay period' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transfer_for_period BEFORE INSERT ON transfer FOR EACH ROW WHEN (NEW.for_period IS NOT NULL) EXECUTE FUNCTION book_into_period();
ALTER TABLE account DROP CONSTRAINT account_known_kind, DROP CONSTRAINT account_no_negative,
  ADD CONSTRAINT account_known_kind CHECK (kind IN ('funding', 'project_budget', 'annotator_earnings', 'payout_clearing', 'paid_out', 'exchange', 'fees')),
  ADD CONSTRAINT account_no_negative CHECK (debits_pending >= 0 AND debits_posted >= 0 AND credits_pending >= 0 AND credits_posted >= 0),
  ADD CONSTRAINT account_shares_are_covered CHECK (kind <> 'annotator_earnings' OR debits_posted + debits_pending <= credits_posted),
  ADD CONSTRAINT account_clearing_is_covered CHECK (kind <> 'payout_clearing' OR debits_posted <= credits_posted),
  ADD CONSTRAINT account_paid_out_is_covered CHECK (kind <> 'paid_out' OR debits_posted <= credits_posted);
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind, DROP CONSTRAINT transfer_resolution_names_pending,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct', 'convert', 'fee_held', 'fee', 'fee_back', 'earmark', 'clear', 'unmark', 'paid', 'return') OR kind = 'bounce'),
  ADD CONSTRAINT transfer_resolution_names_pending CHECK ((kind IN ('post', 'void', 'clear', 'unmark', 'fee', 'fee_back')) = (pending IS NOT NULL));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="payments", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    # Four rules of one form are one: only accounts that money comes from or goes through may owe anything.
    manager.drop_constraint(
        table_class_name="Account", tablename="account", constraint_name="account_budget_holds", schema=None
    )
    manager.add_constraint(
        table_class_name="Account",
        tablename="account",
        constraint_name="account_is_covered",
        constraint_class=Check,
        params={
            "condition": "debits_posted + debits_pending <= credits_posted OR kind = ANY ('{funding,exchange,fees}')"
        },
        schema=None,
    )
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
