"""What Piccolo cannot say for gold: copies that go to nobody else, one contest at a time, versions that stay."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T20:01:00:000001"
DESCRIPTION = "Rules of gold"

FORWARDS = r"""
CREATE INDEX gold_to_serve ON gold (project, kind, domain, language, band) WHERE state = 'active';
CREATE INDEX gold_serving_of_person ON gold_serving (annotator, served_at);
CREATE INDEX gold_serving_passes ON gold_serving (passes_at) WHERE passes_at IS NOT NULL;
CREATE UNIQUE INDEX gold_contest_one_open ON gold_contest (gold) WHERE state = 'open';
CREATE INDEX gold_contest_due ON gold_contest (due_at) WHERE state = 'open' AND told_at IS NULL;

CREATE TRIGGER gold_kept BEFORE DELETE OR TRUNCATE ON gold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gold_serving_kept BEFORE DELETE OR TRUNCATE ON gold_serving FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gold_contest_kept BEFORE DELETE OR TRUNCATE ON gold_contest FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gold_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gold_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whom a copy was made for, and of what, stays; and its answer is scored where it is its own.
CREATE FUNCTION check_gold_serving() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.gold, OLD.annotator, OLD.task, OLD.served_at) IS DISTINCT FROM (NEW.gold, NEW.annotator, NEW.task, NEW.served_at) THEN
    RAISE EXCEPTION 'whom a gold was given to stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'gold_serving_frozen';
  END IF;
  IF NOT EXISTS (SELECT FROM task WHERE id = NEW.task AND gold) THEN
    RAISE EXCEPTION 'a gold is given as a copy' USING ERRCODE = 'check_violation', CONSTRAINT = 'gold_serving_is_copy';
  END IF;
  IF NEW.submission IS NOT NULL AND NOT EXISTS (SELECT FROM submission b WHERE b.id = NEW.submission AND b.task = NEW.task AND b.author = NEW.annotator) THEN
    RAISE EXCEPTION 'a copy is answered by whom it was made for' USING ERRCODE = 'check_violation', CONSTRAINT = 'gold_serving_own_answer';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gold_serving_check BEFORE INSERT OR UPDATE ON gold_serving FOR EACH ROW EXECUTE FUNCTION check_gold_serving();

-- A copy goes to nobody but whom it was made for. Kept after a lapsed lease it is theirs; given up, it is over. Whoever else
-- reaches for it in the moment between the end of the grace and the sweep finds that it is gone.
CREATE FUNCTION keep_gold_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 'live' AND OLD.state = 'free'
     AND NOT EXISTS (SELECT FROM gold_serving g WHERE g.task = NEW.task AND g.annotator = NEW.annotator) THEN
    RETURN NULL;
  END IF;
  IF NEW.state = 'free' AND NEW.reserved_for IS NULL THEN
    NEW.state := 'cancelled';
    UPDATE task SET state = 'cancelled', closed_at = clock_timestamp(), version = version + 1 WHERE id = NEW.task AND state IN ('open', 'in_progress', 'rework');
  END IF;
  IF NEW.state = 'free' THEN
    NEW.rank := 9007199254740991; -- behind what waits for everybody: its own person takes it by name
  END IF;
  RETURN NEW;
END $$;
-- Its name comes before those of the other triggers: they see what it made of the row.
CREATE TRIGGER slot_apart_gold BEFORE UPDATE ON slot FOR EACH ROW WHEN (NEW.gold) EXECUTE FUNCTION keep_gold_apart();
-- What a copy is it stays, and so does what is work.
CREATE FUNCTION refuse_changed_gold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'work never becomes gold, nor gold work' USING ERRCODE = 'check_violation', CONSTRAINT = 'gold_stays';
END $$;
CREATE TRIGGER task_gold_stays BEFORE UPDATE OF gold ON task FOR EACH ROW WHEN (OLD.gold IS DISTINCT FROM NEW.gold) EXECUTE FUNCTION refuse_changed_gold();
CREATE TRIGGER slot_gold_stays BEFORE UPDATE OF gold ON slot FOR EACH ROW WHEN (OLD.gold IS DISTINCT FROM NEW.gold) EXECUTE FUNCTION refuse_changed_gold();

INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), entity, from_state, to_state FROM (VALUES
  ('gold', 'active', 'retired'), ('gold', 'retired', 'active'), ('gold', 'active', 'contested'), ('gold', 'retired', 'contested'),
  ('gold', 'contested', 'active'), ('gold', 'contested', 'retired'),
  ('gold_contest', 'open', 'upheld'), ('gold_contest', 'open', 'corrected')
) AS edges (entity, from_state, to_state);
CREATE TRIGGER gold_check_transition BEFORE UPDATE OF state ON gold FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER gold_audit_transition AFTER UPDATE OF state ON gold FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();
CREATE TRIGGER gold_contest_check_transition BEFORE UPDATE OF state ON gold_contest FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
"""

BACKWARDS = """
DROP TRIGGER gold_contest_check_transition ON gold_contest;
DROP TRIGGER gold_audit_transition ON gold;
DROP TRIGGER gold_check_transition ON gold;
DELETE FROM legal_transition WHERE entity IN ('gold', 'gold_contest');
DROP TRIGGER slot_gold_stays ON slot;
DROP TRIGGER task_gold_stays ON task;
DROP FUNCTION refuse_changed_gold();
DROP TRIGGER slot_apart_gold ON slot;
DROP FUNCTION keep_gold_apart();
DROP TRIGGER gold_serving_check ON gold_serving;
DROP FUNCTION check_gold_serving();
DROP TRIGGER gold_version_append_only ON gold_version;
DROP TRIGGER gold_contest_kept ON gold_contest;
DROP TRIGGER gold_serving_kept ON gold_serving;
DROP TRIGGER gold_kept ON gold;
DROP INDEX gold_contest_due;
DROP INDEX gold_contest_one_open;
DROP INDEX gold_serving_passes;
DROP INDEX gold_serving_of_person;
DROP INDEX gold_to_serve;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="routing", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
