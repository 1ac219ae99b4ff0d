"""What Piccolo cannot say for exams: one running attempt, one open question, answers that stay as they were given."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T10:31:00:000002"
DESCRIPTION = "Rules of the exams"

FORWARDS = r"""
-- Nobody sits in the same exam twice at once: the second of two racing starts fails here.
CREATE UNIQUE INDEX exam_attempt_one_running ON exam_attempt (exam, annotator) WHERE state = 'running';
-- One question at a time: no second one is seen before the first is answered.
CREATE UNIQUE INDEX exam_answer_one_open ON exam_answer (attempt) WHERE choice IS NULL;
CREATE INDEX exam_attempt_of_annotator ON exam_attempt (annotator, exam, number);
CREATE INDEX exam_attempt_by_end ON exam_attempt (ends_at) WHERE state = 'running';
CREATE INDEX exam_answer_of_item ON exam_answer (item);
CREATE INDEX exam_item_of_bank ON exam_item (domain, language, training) WHERE NOT retired;

-- An answer is given once: what was chosen, and how difficult the item was then, are what the evidence rests on.
CREATE FUNCTION exam_answer_given_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.choice IS NOT NULL OR (NEW.attempt, NEW.item, NEW.position, NEW.difficulty, NEW.discrimination, NEW.shown_at)
     IS DISTINCT FROM (OLD.attempt, OLD.item, OLD.position, OLD.difficulty, OLD.discrimination, OLD.shown_at) THEN
    RAISE EXCEPTION 'an answer of an exam is given once' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER exam_answer_given_once BEFORE UPDATE OR DELETE ON exam_answer FOR EACH ROW EXECUTE FUNCTION exam_answer_given_once();

-- A result is final: another attempt may follow, this one does not change.
CREATE FUNCTION exam_result_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state <> 'running' THEN
    RAISE EXCEPTION 'the result of an exam is final' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER exam_result_is_final BEFORE UPDATE OR DELETE ON exam_attempt FOR EACH ROW EXECUTE FUNCTION exam_result_is_final();
"""

BACKWARDS = """
DROP TRIGGER exam_result_is_final ON exam_attempt;
DROP TRIGGER exam_answer_given_once ON exam_answer;
DROP FUNCTION exam_result_is_final();
DROP FUNCTION exam_answer_given_once();
DROP INDEX exam_item_of_bank, exam_answer_of_item, exam_attempt_by_end, exam_attempt_of_annotator, exam_answer_one_open, exam_attempt_one_running;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="skills", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
