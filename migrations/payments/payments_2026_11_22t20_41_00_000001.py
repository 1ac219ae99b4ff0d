"""What Piccolo cannot say for currencies and fees: rates are never changed, and the ledger's further kinds."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T20:41:00:000001"
DESCRIPTION = "Rules of exchange rates, conversions and fees"

FORWARDS = r"""
CREATE TRIGGER exchange_rate_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_rate FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE account DROP CONSTRAINT account_known_kind,
  ADD CONSTRAINT account_known_kind CHECK (kind IN ('funding', 'project_budget', 'annotator_earnings', 'payout_clearing', 'paid_out', 'exchange', 'fees'));
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct', 'convert', 'fee_held', 'fee', 'fee_back', 'earmark', 'clear', 'unmark', 'paid', 'return'));
ALTER TABLE transfer DROP CONSTRAINT transfer_resolution_names_pending,
  ADD CONSTRAINT transfer_resolution_names_pending CHECK ((kind IN ('post', 'void', 'clear', 'unmark', 'fee', 'fee_back')) = (pending IS NOT NULL));

-- A conversion is a line of a statement like any other.
DROP INDEX transfer_earned, transfer_taken;
CREATE INDEX transfer_earned ON transfer (credit_account, created_at) WHERE kind IN ('post', 'share', 'convert');
CREATE INDEX transfer_taken ON transfer (debit_account, created_at) WHERE kind IN ('share', 'deduct', 'convert');
CREATE INDEX transfer_fee_of_assignment ON transfer (assignment_id) WHERE kind = 'fee';

-- A micro amount in another currency, half to even; as payments.exchange.converted reckons it.
CREATE FUNCTION converted_micros(micros bigint, rate numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT half_even(micros * rate, 1)::bigint
$$;
"""

BACKWARDS = """
DROP FUNCTION converted_micros(bigint, numeric);
DROP INDEX transfer_fee_of_assignment, transfer_taken, transfer_earned;
CREATE INDEX transfer_earned ON transfer (credit_account, created_at) WHERE kind IN ('post', 'share');
CREATE INDEX transfer_taken ON transfer (debit_account, created_at) WHERE kind IN ('share', 'deduct');
ALTER TABLE transfer DROP CONSTRAINT transfer_resolution_names_pending,
  ADD CONSTRAINT transfer_resolution_names_pending CHECK ((kind IN ('post', 'void', 'clear', 'unmark')) = (pending IS NOT NULL));
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct', 'earmark', 'clear', 'unmark', 'paid', 'return'));
ALTER TABLE account DROP CONSTRAINT account_known_kind,
  ADD CONSTRAINT account_known_kind CHECK (kind IN ('funding', 'project_budget', 'annotator_earnings', 'payout_clearing', 'paid_out'));
DROP TRIGGER exchange_rate_append_only ON exchange_rate;
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
