"""Money that comes back after it was paid, each bank's file taken once, and what the cost views read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T21:01:00:000001"
DESCRIPTION = "Payments that come back after they were paid"

FORWARDS = r"""
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + 1, 'payout_line', 'paid', 'bounced';
ALTER TABLE payout_line DROP CONSTRAINT payout_line_known_state,
  ADD CONSTRAINT payout_line_known_state CHECK (state IN ('drafted', 'approved', 'sent', 'paid', 'returned', 'bounced', 'dropped'));
ALTER TABLE payout_line DROP CONSTRAINT payout_line_return_says_why,
  ADD CONSTRAINT payout_line_return_says_why CHECK (state NOT IN ('returned', 'bounced') OR reason <> '');
-- What came back, before or after it was written down as paid, may be tried again; nothing else may.
DROP INDEX payout_line_alive_once;
CREATE UNIQUE INDEX payout_line_alive_once ON payout_line (statement) WHERE state NOT IN ('returned', 'bounced', 'dropped');
-- The last fifteen digits are all of a reference that fits into a NACHA file, and into its returns.
CREATE INDEX payout_line_short_reference ON payout_line (right(replace(id::text, '-', ''), 15));
-- One more kind beside whatever kinds there are by now.
DO $$ DECLARE known text; BEGIN
  SELECT pg_get_expr(conbin, conrelid) INTO STRICT known FROM pg_constraint WHERE conname = 'transfer_known_kind';
  EXECUTE format('ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind, ADD CONSTRAINT transfer_known_kind CHECK (%s OR kind = ''bounce'')', known);
END $$;
-- Nothing comes back that was not paid out.
ALTER TABLE account ADD CONSTRAINT account_paid_out_is_covered CHECK (kind <> 'paid_out' OR debits_posted <= credits_posted);
-- Costs of a stretch of time: rows lie in the order of their time, so a few bytes per block say where it is.
CREATE INDEX transfer_by_time ON transfer USING brin (created_at);
CREATE TRIGGER bank_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_answer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER book_check_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON book_check FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE INDEX book_check_newest ON book_check (created_at DESC);
"""

BACKWARDS = """
DROP INDEX book_check_newest;
DROP TRIGGER book_check_append_only ON book_check;
DROP TRIGGER bank_answer_append_only ON bank_answer;
DROP INDEX transfer_by_time;
ALTER TABLE account DROP CONSTRAINT account_paid_out_is_covered;
ALTER TABLE transfer DROP CONSTRAINT transfer_known_kind,
  ADD CONSTRAINT transfer_known_kind CHECK (kind IN ('direct', 'pending', 'post', 'void', 'share', 'deduct', 'convert', 'fee_held', 'fee', 'fee_back', 'earmark', 'clear', 'unmark', 'paid', 'return'));
DROP INDEX payout_line_short_reference;
DROP INDEX payout_line_alive_once;
CREATE UNIQUE INDEX payout_line_alive_once ON payout_line (statement) WHERE state NOT IN ('returned', 'dropped');
ALTER TABLE payout_line DROP CONSTRAINT payout_line_return_says_why,
  ADD CONSTRAINT payout_line_return_says_why CHECK (state <> 'returned' OR reason <> '');
ALTER TABLE payout_line DROP CONSTRAINT payout_line_known_state,
  ADD CONSTRAINT payout_line_known_state CHECK (state IN ('drafted', 'approved', 'sent', 'paid', 'returned', 'dropped'));
DELETE FROM legal_transition WHERE entity = 'payout_line' AND from_state = 'paid';
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
