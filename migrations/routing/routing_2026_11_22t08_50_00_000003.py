"""What Piccolo cannot say for the routing tables: partial indexes, foreign keys over pairs, legal transitions, audit."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T08:50:00:000003"
DESCRIPTION = "Rules of the routing tables"

FORWARDS = r"""
-- Prevents the same person from holding, answering or reviewing one task twice, over all its stages.
CREATE UNIQUE INDEX slot_one_place_per_person ON slot (task, annotator) WHERE annotator IS NOT NULL;
-- The head of a lane is one probe: free slots in the lane's fixed order.
CREATE INDEX slot_free_head ON slot (lane, rank, id) WHERE state = 'free';
-- Rework waits for its author.
CREATE INDEX slot_reserved ON slot (reserved_for, rank) WHERE state = 'free' AND reserved_for IS NOT NULL;
-- Leases that ran out, oldest first.
CREATE INDEX slot_lease ON slot (least(lease_until, deadline)) WHERE state = 'live';
CREATE INDEX slot_of_project ON slot (project, state);
-- One live assignment per slot: the second of two racing claims fails here, whatever the query did.
CREATE UNIQUE INDEX assignment_one_live_per_slot ON assignment (slot) WHERE state = 'live';
CREATE INDEX assignment_of_annotator ON assignment (annotator, claimed_at DESC);
CREATE INDEX assignment_live_of_annotator ON assignment (annotator) WHERE state = 'live';
CREATE INDEX assignment_of_task ON assignment (task, claimed_at);
CREATE INDEX assignment_ended ON assignment (ended_at) WHERE state = 'submitted';
CREATE INDEX submission_of_task ON submission (task, submitted_at);
CREATE INDEX submission_decided ON submission (project, decided_at);
CREATE INDEX submission_of_author ON submission (author, submitted_at DESC);
CREATE INDEX verdict_of_reviewer ON verdict (reviewer, given_at DESC);
CREATE INDEX task_of_project ON task (project, state, created_at DESC);
CREATE INDEX task_newest ON task (created_at DESC, id DESC);
CREATE INDEX lane_of_project ON lane (project, kind);
CREATE INDEX import_batch_of_project ON import_batch (project, content_hash);

-- The verdict's author is the submission's author; together with verdict_not_own_work nobody reviews their own work.
ALTER TABLE verdict ADD CONSTRAINT verdict_of_that_author FOREIGN KEY (submission, author_id) REFERENCES submission (id, author);
ALTER TABLE slot ADD CONSTRAINT slot_of_that_submission FOREIGN KEY (submission_id, author_id) REFERENCES submission (id, author);
ALTER TABLE slot ADD CONSTRAINT slot_of_that_assignment FOREIGN KEY (assignment_id) REFERENCES assignment (id);

-- Claims touch the same few rows again and again: keep the table short and let updates stay on their page.
ALTER TABLE slot SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
ALTER TABLE assignment SET (fillfactor = 80);
ALTER TABLE holder SET (fillfactor = 50);

INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT row_number() OVER (), entity, from_state, to_state FROM (VALUES
  ('project', 'draft', 'published'), ('project', 'published', 'paused'), ('project', 'paused', 'published'),
  ('project', 'published', 'closed'), ('project', 'paused', 'closed'), ('project', 'draft', 'closed'),
  ('task', 'open', 'in_progress'), ('task', 'in_progress', 'open'), ('task', 'in_progress', 'in_review'),
  ('task', 'in_review', 'accepted'), ('task', 'in_review', 'rework'), ('task', 'in_review', 'open'),
  ('task', 'in_review', 'rejected'), ('task', 'in_review', 'in_progress'), ('task', 'rework', 'in_progress'),
  ('task', 'in_progress', 'rework'), ('task', 'open', 'rework'), ('task', 'rework', 'open'),
  ('task', 'open', 'cancelled'), ('task', 'in_progress', 'cancelled'), ('task', 'in_review', 'cancelled'), ('task', 'rework', 'cancelled'),
  ('slot', 'free', 'live'), ('slot', 'live', 'free'), ('slot', 'live', 'done'), ('slot', 'done', 'free'),
  ('slot', 'free', 'cancelled'), ('slot', 'live', 'cancelled'),
  ('assignment', 'live', 'submitted'), ('assignment', 'live', 'released'), ('assignment', 'live', 'declined'),
  ('assignment', 'live', 'expired'), ('assignment', 'live', 'cancelled'),
  ('submission', 'pending', 'accepted'), ('submission', 'pending', 'rework'), ('submission', 'pending', 'rejected'),
  ('submission', 'pending', 'cancelled')
) AS edges (entity, from_state, to_state);

-- Refuses a change of state that is not drawn in legal_transition.
CREATE FUNCTION check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM legal_transition WHERE entity = TG_TABLE_NAME AND from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'a % may not go from % to %', TG_TABLE_NAME, OLD.state, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_transition';
  END IF;
  RETURN NEW;
END $$;

-- Writes every change of state to the audit log: nobody can forget it.
CREATE FUNCTION audit_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, actor, action, subject_type, subject_id, before, after)
  VALUES (clock_timestamp(), coalesce(nullif(current_setting('callboard.actor', true), ''), 'database'), TG_TABLE_NAME || '.' || NEW.state,
          TG_TABLE_NAME, NEW.id::text, jsonb_build_object('state', OLD.state), jsonb_build_object('state', NEW.state));
  RETURN NULL;
END $$;

DO $$
DECLARE entity text;
BEGIN
  FOREACH entity IN ARRAY ARRAY['project', 'task', 'slot', 'assignment', 'submission'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OF state ON %I FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition()', entity || '_check_transition', entity);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OF state ON %I FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition()', entity || '_audit_transition', entity);
  END LOOP;
END $$;

-- A verdict, once given, stays; an overturn is a new row at another stage.
CREATE TRIGGER verdict_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verdict FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

BACKWARDS = """
DROP TRIGGER verdict_append_only ON verdict;
DO $$
DECLARE entity text;
BEGIN
  FOREACH entity IN ARRAY ARRAY['project', 'task', 'slot', 'assignment', 'submission'] LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', entity || '_check_transition', entity);
    EXECUTE format('DROP TRIGGER %I ON %I', entity || '_audit_transition', entity);
  END LOOP;
END $$;
DROP FUNCTION audit_transition();
DROP FUNCTION check_transition();
ALTER TABLE slot DROP CONSTRAINT slot_of_that_assignment, DROP CONSTRAINT slot_of_that_submission;
ALTER TABLE verdict DROP CONSTRAINT verdict_of_that_author;
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
