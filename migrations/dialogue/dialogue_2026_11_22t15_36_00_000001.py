"""What Piccolo cannot say of calls to bots: one under way at a place, found by what is asked, and how they end."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:36:00:000001"
DESCRIPTION = "Rules of calls to bots"

FORWARDS = r"""
-- Whoever asks while a reply is under way hears that one: nobody pays for two.
CREATE UNIQUE INDEX bot_call_one_running ON bot_call (turn, place) WHERE state = 'running';
CREATE INDEX bot_call_of_bot ON bot_call (bot, started_at DESC) WHERE bot IS NOT NULL;
ALTER TABLE bot_call SET (fillfactor = 70);
INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'bot_call', from_state, to_state
FROM (VALUES ('running', 'arrived'), ('running', 'failed'), ('running', 'cut'), ('cut', 'arrived'), ('cut', 'failed'))
  AS edges (from_state, to_state);
CREATE TRIGGER bot_call_check_transition BEFORE UPDATE OF state ON bot_call FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
ALTER TABLE bot ADD CONSTRAINT bot_sane_numbers CHECK (
  temperature BETWEEN 0 AND 2 AND (top_p IS NULL OR (top_p > 0 AND top_p <= 1)) AND (retries IS NULL OR retries BETWEEN 0 AND 10)
  AND (connect_seconds IS NULL OR connect_seconds > 0) AND (first_token_seconds IS NULL OR first_token_seconds > 0)
  AND (between_tokens_seconds IS NULL OR between_tokens_seconds > 0) AND (total_seconds IS NULL OR total_seconds > 0));
"""

BACKWARDS = """
ALTER TABLE bot DROP CONSTRAINT bot_sane_numbers;
DROP TRIGGER bot_call_check_transition ON bot_call;
DELETE FROM legal_transition WHERE entity = 'bot_call';
DROP INDEX bot_call_one_running, bot_call_of_bot;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="dialogue", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
