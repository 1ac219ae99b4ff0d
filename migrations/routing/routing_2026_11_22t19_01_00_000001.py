"""What Piccolo cannot say for plans of review: rows that stay, who may not look again, and how what is due is found."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T19:01:00:000001"
DESCRIPTION = "Rules of plans of review, holds and disputes"

FORWARDS = r"""
-- A version of a plan stays as it was written; what was in force when is not forgotten.
CREATE TRIGGER review_plan_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON review_plan FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER review_plan_activation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON review_plan_activation FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE INDEX review_plan_activation_newest ON review_plan_activation (project, active_from DESC);

-- The clock asks once a minute what is due; few steps have a due time, and each is acted upon once.
CREATE INDEX review_step_due ON review_step (due_at) WHERE looked AND due_at IS NOT NULL AND overdue_at IS NULL;
CREATE INDEX review_step_of_stage ON review_step (project, stage, author);

-- At most one open hold on anybody.
CREATE UNIQUE INDEX review_hold_one_open ON review_hold (kind, subject) WHERE state = 'open';
CREATE INDEX review_hold_of_person ON review_hold (annotator) WHERE state = 'open';
CREATE INDEX dispute_open ON dispute (due_at) WHERE state = 'open';
CREATE INDEX dispute_of_author ON dispute (author, opened_at DESC);

INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), entity, from_state, to_state FROM (VALUES
  ('task', 'in_progress', 'accepted'), -- a plan may let work pass unseen
  ('review_hold', 'open', 'lifted'), ('review_hold', 'open', 'confirmed'), ('review_hold', 'confirmed', 'lifted'),
  ('dispute', 'open', 'upheld'), ('dispute', 'open', 'overturned'), ('dispute', 'open', 'withdrawn')
) AS edges (entity, from_state, to_state);

DO $$
DECLARE entity text;
BEGIN
  FOREACH entity IN ARRAY ARRAY['review_hold', 'dispute'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OF state ON %I FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition()', entity || '_check_transition', entity);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OF state ON %I FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition()', entity || '_audit_transition', entity);
  END LOOP;
END $$;

-- Who looked at an answer at one stage: any round of it, by the same author.
CREATE FUNCTION judged_at_another_stage(answer uuid, of_author uuid, at_stage int, by_whom uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM submission b JOIN verdict v ON v.submission = b.id
                 WHERE b.slot = answer AND b.author = of_author AND v.reviewer = by_whom AND v.stage <> at_stage)
$$;

-- Nobody looks at the same work at two stages, through all its rounds: neither holds the place nor gives the verdict.
CREATE FUNCTION check_reviewer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE answer uuid;
BEGIN
  IF TG_TABLE_NAME = 'slot' THEN
    IF judged_at_another_stage(NEW.answers_slot, NEW.author_id, NEW.stage, NEW.annotator) THEN
      RAISE EXCEPTION 'this person looked at the work at an earlier stage' USING ERRCODE = 'check_violation', CONSTRAINT = 'reviewer_once_over_stages';
    END IF;
  ELSE
    SELECT slot INTO answer FROM submission WHERE id = NEW.submission;
    IF judged_at_another_stage(answer, NEW.author_id, NEW.stage, NEW.reviewer) THEN
      RAISE EXCEPTION 'this person looked at the work at an earlier stage' USING ERRCODE = 'check_violation', CONSTRAINT = 'reviewer_once_over_stages';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER slot_check_reviewer BEFORE UPDATE OF annotator ON slot FOR EACH ROW
  WHEN (NEW.kind = 'review' AND NEW.annotator IS NOT NULL AND NEW.annotator IS DISTINCT FROM OLD.annotator) EXECUTE FUNCTION check_reviewer();
CREATE TRIGGER verdict_check_reviewer BEFORE INSERT ON verdict FOR EACH ROW EXECUTE FUNCTION check_reviewer();
"""

BACKWARDS = """
DROP TRIGGER verdict_check_reviewer ON verdict;
DROP TRIGGER slot_check_reviewer ON slot;
DROP FUNCTION check_reviewer();
DROP FUNCTION judged_at_another_stage(uuid, uuid, int, uuid);
DO $$
DECLARE entity text;
BEGIN
  FOREACH entity IN ARRAY ARRAY['review_hold', 'dispute'] LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', entity || '_check_transition', entity);
    EXECUTE format('DROP TRIGGER %I ON %I', entity || '_audit_transition', entity);
  END LOOP;
END $$;
DELETE FROM legal_transition WHERE entity IN ('review_hold', 'dispute') OR (entity, from_state, to_state) = ('task', 'in_progress', 'accepted');
DROP INDEX dispute_of_author;
DROP INDEX dispute_open;
DROP INDEX review_hold_of_person;
DROP INDEX review_hold_one_open;
DROP INDEX review_step_of_stage;
DROP INDEX review_step_due;
DROP INDEX review_plan_activation_newest;
DROP TRIGGER review_plan_activation_append_only ON review_plan_activation;
DROP TRIGGER review_plan_append_only ON review_plan;
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
