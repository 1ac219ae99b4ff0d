"""Four things that every posting paid for: the text of the account's CHECK, a query about periods, casts that change nothing, foreign keys.

A CHECK is read anew as text in every statement that writes, a function that it calls is read once; PL/pgSQL runs a condition with
a subquery as a query of its own, also where its first half is false; a foreign key is a query each and locks the row that it names,
which several postings at once then have to share. What a transfer names is looked for by one query of its trigger; nothing that it
names is ever removed (docs/decisions/0014-what-a-posting-pays-for.md).
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import UUID, ForeignKey
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from kernel.migrations import execute_script

ID = "2026-11-23T04:00:00:000001"
DESCRIPTION = "Postings pay for less again"

STANDS = """
CREATE OR REPLACE FUNCTION account_stands(kind text, debits_pending bigint, debits_posted bigint, credits_pending bigint, credits_posted bigint)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN least(debits_pending, debits_posted, credits_pending, credits_posted) >= 0 AND CASE
    WHEN kind = ANY ('{project_budget,annotator_earnings,payout_clearing,paid_out}') THEN debits_posted + debits_pending <= credits_posted
    ELSE kind = ANY ('{funding,exchange,fees}') END;
END $$;
ALTER TABLE account DROP CONSTRAINT account_stands,
  ADD CONSTRAINT account_stands CHECK (account_stands(kind, debits_pending, debits_posted, credits_pending, credits_posted));
"""
STOOD = """
ALTER TABLE account DROP CONSTRAINT account_stands, ADD CONSTRAINT account_stands CHECK (
  least(debits_pending, debits_posted, credits_pending, credits_posted) >= 0 AND CASE
    WHEN kind = ANY ('{project_budget,annotator_earnings,payout_clearing,paid_out}') THEN debits_posted + debits_pending <= credits_posted
    ELSE kind = ANY ('{funding,exchange,fees}') END);
DROP FUNCTION account_stands(text, bigint, bigint, bigint, bigint);
"""
BOOK = """
CREATE OR REPLACE FUNCTION book_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
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
  NAMED
  PERIOD
  NEW.digest := transfer_digest(NEW);
  RETURN NEW;
END $$;
"""
NAMED = """
  IF NOT EXISTS (
    SELECT FROM account AS debit CROSS JOIN account AS credit
    WHERE debit.id = NEW.debit_account AND debit.currency = NEW.currency AND credit.id = NEW.credit_account AND credit.currency = NEW.currency
      AND (NEW.pending IS NULL OR EXISTS (SELECT FROM transfer AS held WHERE held.id = NEW.pending AND held.currency = NEW.currency))
      AND (NEW.rate_card IS NULL OR EXISTS (SELECT FROM rate_card WHERE rate_card.id = NEW.rate_card))
  ) THEN
    RAISE EXCEPTION 'a transfer names two accounts of its currency, and a hold and a rate card that exist'
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'transfer_names_what_exists', TABLE = 'transfer';
  END IF;
"""
KEYS = {"debit_account": "account", "credit_account": "account", "pending": "transfer", "rate_card": "rate_card"}
KEPT = """
CREATE TRIGGER account_never_removed BEFORE DELETE OR TRUNCATE ON account FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER account_stays_itself BEFORE UPDATE OF id, kind, owner_id, currency ON account FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
REFUSED = "RAISE EXCEPTION 'nothing more can be booked into this pay period' USING ERRCODE = 'restrict_violation';"
CLOSED = "NOT EXISTS (SELECT FROM pay_period WHERE id = NEW.for_period AND state = 'closing' AND to_xid IS NULL)"
NESTED = f"IF NEW.for_period IS NOT NULL THEN IF {CLOSED} THEN {REFUSED} END IF; END IF;"
TOGETHER = f"IF NEW.for_period IS NOT NULL AND {CLOSED} THEN {REFUSED} END IF;"
# JSON writes an id as it does its text.
ENTRY = """
CREATE OR REPLACE FUNCTION transfer_entry(t transfer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT json_build_array(t.seq::text, t.xid::text, t.id, t.kind, t.business_key, t.debit_account, t.credit_account,
    t.amount_micros::text, t.currency, t.pending, t.project_id, t.annotator_id, t.assignment_id, t.task_id,
    t.exam_attempt_id, t.adjustment_id, t.for_period, t.rate_card, t.inputs::text, t.reason,
    ((extract(epoch FROM t.created_at) * 1000000)::bigint)::text)::text
$$;
"""


class Named(Table):
    """What the four columns pointed to: all that is asked of it here is the type of its key."""

    id = UUID(primary_key=True)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="payments", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    for name in KEYS:
        manager.alter_column(
            table_class_name="Transfer", tablename="transfer", column_name=name, db_column_name=name,
            params={"default": UUID4() if name.endswith("account") else None}, old_params={"default": None, "references": Named},
            column_class=UUID, old_column_class=ForeignKey, schema=None,
        )  # fmt: skip
    return manager


async def forwards_sql() -> None:
    await execute_script(STANDS + BOOK.replace("NAMED", NAMED).replace("PERIOD", NESTED) + ENTRY + KEPT)
    await execute_script("".join(f"ALTER TABLE transfer DROP CONSTRAINT transfer_{name}_fkey;" for name in KEYS))


async def backwards_sql() -> None:
    entry = ENTRY
    for name in ("id", "debit_account", "credit_account", "pending", "project_id", "annotator_id", "assignment_id", "task_id",
                 "exam_attempt_id", "adjustment_id", "for_period", "rate_card"):  # fmt: skip
        entry = entry.replace(f"t.{name},", f"t.{name}::text,")
    await execute_script(STOOD + BOOK.replace("NAMED", "").replace("PERIOD", TOGETHER) + entry)
    await execute_script("DROP TRIGGER account_never_removed ON account; DROP TRIGGER account_stays_itself ON account;")
    await execute_script("".join(
        f"ALTER TABLE transfer ADD CONSTRAINT transfer_{name}_fkey FOREIGN KEY ({name}) REFERENCES {table} (id) ON UPDATE CASCADE ON DELETE RESTRICT;"
        for name, table in KEYS.items()
    ))  # fmt: skip
