"""What Piccolo cannot say for looks that measure reviewers and for adjudication: who never takes part, and what stays."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T20:11:00:000001"
DESCRIPTION = "Rules of measured looks and adjudication"

FORWARDS = r"""
CREATE INDEX calibration_set_of_project ON calibration_set (project, id DESC);
CREATE INDEX calibration_item_of_submission ON calibration_item (submission);
CREATE INDEX measured_look_of_project ON measured_look (project, id DESC);
CREATE INDEX measured_look_of_submission ON measured_look (submission);
CREATE INDEX measured_look_of_verdict ON measured_look (verdict);
CREATE INDEX measured_look_of_assignment ON measured_look (assignment) WHERE assignment IS NOT NULL;
CREATE INDEX adjudication_of_task ON adjudication (task);
CREATE INDEX adjudication_of_project ON adjudication (project, id DESC);
-- Where a task's adjudication waits, or is being made.
CREATE INDEX slot_adjudication ON slot (task) WHERE stage = 6 AND state IN ('free', 'live');

-- Places for people from outside that wait; there are few.
CREATE INDEX slot_from_outside ON slot (waits_since) WHERE stage > 5 AND state = 'free';

CREATE TRIGGER calibration_item_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON calibration_item FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER adjudication_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON adjudication FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calibration_set_kept BEFORE DELETE OR TRUNCATE ON calibration_set FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER measured_look_kept BEFORE DELETE OR TRUNCATE ON measured_look FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was said once stays.
CREATE FUNCTION refuse_changed_look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was said at this look stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'measured_look_frozen';
END $$;
CREATE TRIGGER measured_look_frozen BEFORE UPDATE ON measured_look FOR EACH ROW WHEN (OLD.given_at IS NOT NULL) EXECUTE FUNCTION refuse_changed_look();

INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + 1, 'calibration_set', 'active', 'retired';
CREATE TRIGGER calibration_set_check_transition BEFORE UPDATE OF state ON calibration_set FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER calibration_set_audit_transition AFTER UPDATE OF state ON calibration_set FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();

-- Everybody who answered a task, in any round, or looked at an answer to it.
CREATE FUNCTION had_a_part_in(of_task uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT author FROM submission WHERE task = of_task
  UNION SELECT v.reviewer FROM submission b JOIN verdict v ON v.submission = b.id WHERE b.task = of_task
  UNION SELECT k.reviewer FROM submission b JOIN measured_look k ON k.submission = b.id WHERE b.task = of_task AND k.reviewer IS NOT NULL
$$;

-- Adjudication (stage 6) and measured looks (7) are for people who had no part in the task: they neither hold the place nor decide.
CREATE FUNCTION check_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of_task uuid; whom uuid;
BEGIN
  IF TG_TABLE_NAME = 'slot' THEN
    of_task := NEW.task; whom := NEW.annotator;
  ELSIF TG_TABLE_NAME = 'adjudication' THEN
    of_task := NEW.task; whom := NEW.adjudicator;
  ELSE
    SELECT task INTO of_task FROM submission WHERE id = NEW.submission;
    whom := NEW.reviewer;
  END IF;
  IF whom IN (SELECT had_a_part_in(of_task)) THEN
    RAISE EXCEPTION 'this person had a part in the task' USING ERRCODE = 'check_violation', CONSTRAINT = 'looks_from_outside';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER slot_check_apart BEFORE UPDATE OF annotator ON slot FOR EACH ROW
  WHEN (NEW.stage > 5 AND NEW.annotator IS NOT NULL AND NEW.annotator IS DISTINCT FROM OLD.annotator) EXECUTE FUNCTION check_apart();
CREATE TRIGGER adjudication_check_apart BEFORE INSERT ON adjudication FOR EACH ROW EXECUTE FUNCTION check_apart();
CREATE TRIGGER measured_look_check_apart BEFORE UPDATE OF reviewer ON measured_look FOR EACH ROW WHEN (NEW.reviewer IS NOT NULL) EXECUTE FUNCTION check_apart();
"""

BACKWARDS = """
DROP TRIGGER measured_look_check_apart ON measured_look;
DROP TRIGGER adjudication_check_apart ON adjudication;
DROP TRIGGER slot_check_apart ON slot;
DROP FUNCTION check_apart();
DROP FUNCTION had_a_part_in(uuid);
DROP TRIGGER calibration_set_audit_transition ON calibration_set;
DROP TRIGGER calibration_set_check_transition ON calibration_set;
DELETE FROM legal_transition WHERE entity = 'calibration_set';
DROP TRIGGER measured_look_frozen ON measured_look;
DROP FUNCTION refuse_changed_look();
DROP TRIGGER measured_look_kept ON measured_look;
DROP TRIGGER calibration_set_kept ON calibration_set;
DROP TRIGGER adjudication_append_only ON adjudication;
DROP TRIGGER calibration_item_append_only ON calibration_item;
DROP INDEX slot_from_outside;
DROP INDEX slot_adjudication;
DROP INDEX adjudication_of_project;
DROP INDEX adjudication_of_task;
DROP INDEX measured_look_of_assignment;
DROP INDEX measured_look_of_verdict;
DROP INDEX measured_look_of_submission;
DROP INDEX measured_look_of_project;
DROP INDEX calibration_item_of_submission;
DROP INDEX calibration_set_of_project;
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
