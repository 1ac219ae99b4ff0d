"""What Piccolo cannot say for trees of turns: the rows that were linear, keys over two columns, and what never changes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:31:00:000001"
DESCRIPTION = "Rules of dialogue trees, and the dialogues that there are"

FORWARDS = r"""
-- The dialogues that there are become trees without branches: each turn hangs on the one before it.
UPDATE turn SET parent = before.id
FROM turn AS before
WHERE before.conversation = turn.conversation AND before.no = turn.no - 1 AND turn.parent IS DISTINCT FROM before.id;
-- Who wrote it, under the hold that was the newest at that moment.
UPDATE turn
SET author = c.annotator,
    assignment = (SELECT a.id FROM assignment a WHERE a.task = c.task AND a.annotator = c.annotator AND a.kind = 'annotation' AND a.claimed_at <= turn.created_at
                  ORDER BY a.claimed_at DESC LIMIT 1)
FROM conversation c
WHERE c.id = turn.conversation AND (turn.model IS NULL AND turn.role = 'user' OR turn.model = 'annotator');
UPDATE turn SET language = t.language FROM conversation c JOIN task t ON t.id = c.task WHERE c.id = turn.conversation;
-- An edited reply has two versions that are known: the bot's and the one that stands.
INSERT INTO turn_edit (id, turn, version, text, at)
SELECT gen_random_uuid(), id, 1, original_text, created_at FROM turn WHERE original_text IS NOT NULL;
INSERT INTO turn_edit (id, turn, version, text, author, assignment, at)
SELECT gen_random_uuid(), turn.id, 2, turn.text, c.annotator,
       (SELECT a.id FROM assignment a WHERE a.task = c.task AND a.annotator = c.annotator AND a.kind = 'annotation' AND a.claimed_at <= turn.changed_at
        ORDER BY a.claimed_at DESC LIMIT 1), turn.changed_at
FROM turn JOIN conversation c ON c.id = turn.conversation WHERE turn.original_text IS NOT NULL;
UPDATE turn SET text_version = 2 WHERE original_text IS NOT NULL;
UPDATE conversation SET head_id = (SELECT id FROM turn WHERE turn.conversation = conversation.id ORDER BY no DESC LIMIT 1);

-- One root, one dialogue that came with a task; the look-ups.
CREATE UNIQUE INDEX turn_one_root ON turn (conversation) WHERE parent IS NULL;
CREATE UNIQUE INDEX conversation_of_task_alone ON conversation (task) WHERE annotator IS NULL;
CREATE INDEX turn_of_conversation ON turn (conversation, no);
CREATE INDEX conversation_of_quota ON conversation (quota) WHERE quota IS NOT NULL;
CREATE INDEX choice_of_conversation ON choice (conversation);
CREATE UNIQUE INDEX topic_quota_once ON topic_quota (project, domain, difficulty, language) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX turn_score_once ON turn_score (conversation, turn, dimension) NULLS NOT DISTINCT;
CREATE INDEX turn_span_of_turn ON turn_span (turn) WHERE removed_at IS NULL;

-- Parent, head, message, candidate and score belong to the same dialogue; a candidate answers the message of its choice.
ALTER TABLE turn ADD CONSTRAINT turn_parent_in_conversation FOREIGN KEY (parent, conversation) REFERENCES turn (id, conversation),
  ADD CONSTRAINT turn_answers_message FOREIGN KEY (choice_id, parent) REFERENCES choice (id, message);
ALTER TABLE conversation ADD CONSTRAINT conversation_head_inside FOREIGN KEY (head_id, id) REFERENCES turn (id, conversation);
ALTER TABLE choice ADD CONSTRAINT choice_message_inside FOREIGN KEY (message, conversation) REFERENCES turn (id, conversation),
  ADD CONSTRAINT choice_prefers_candidate FOREIGN KEY (chosen_id, id) REFERENCES turn (id, choice_id);
ALTER TABLE turn_score ADD CONSTRAINT turn_score_inside FOREIGN KEY (turn, conversation) REFERENCES turn (id, conversation);

INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), 'choice', a.state, b.state
FROM unnest(ARRAY['open', 'chosen', 'ranked', 'all_bad', 'set_aside']) AS a (state), unnest(ARRAY['open', 'chosen', 'ranked', 'all_bad', 'set_aside']) AS b (state)
WHERE a.state <> b.state AND (a.state = 'open' OR b.state = 'open' OR 'set_aside' NOT IN (a.state, b.state));
CREATE TRIGGER choice_check_transition BEFORE UPDATE OF state ON choice FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();

-- A turn stands one below its parent, and the head of a path is never a candidate that was not preferred.
CREATE FUNCTION check_turn_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.no <> 1 + coalesce((SELECT no FROM turn WHERE id = NEW.parent), 0) THEN
    RAISE EXCEPTION 'a turn stands one below its parent' USING ERRCODE = 'check_violation', CONSTRAINT = 'turn_below_parent';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER turn_below_parent BEFORE INSERT ON turn FOR EACH ROW EXECUTE FUNCTION check_turn_place();

-- Where a turn stands and who made it is settled when it is written: branches are added, nothing is moved or lost.
CREATE FUNCTION refuse_moved_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.conversation, NEW.parent, NEW.no, NEW.position, NEW.role, NEW.choice_id, NEW.slot, NEW.author, NEW.assignment, NEW.model, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.conversation, OLD.parent, OLD.no, OLD.position, OLD.role, OLD.choice_id, OLD.slot, OLD.author, OLD.assignment, OLD.model, OLD.created_at) THEN
    RAISE EXCEPTION 'a turn keeps its place and its author' USING ERRCODE = 'check_violation', CONSTRAINT = 'turn_keeps_place';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER turn_keeps_place BEFORE UPDATE ON turn FOR EACH ROW EXECUTE FUNCTION refuse_moved_turn();
CREATE TRIGGER turn_kept BEFORE DELETE OR TRUNCATE ON turn FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER choice_kept BEFORE DELETE OR TRUNCATE ON choice FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER turn_edit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON turn_edit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rubric_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rubric FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The version of a dialogue rises with every change of anything in it: what one tab read can be told from what is.
CREATE FUNCTION raise_conversation_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE conversation SET version = version + 1 WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.conversation ELSE NEW.conversation END;
  RETURN NULL;
END $$;
CREATE FUNCTION raise_version_of_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE conversation SET version = version + 1 WHERE id = (SELECT conversation FROM turn WHERE id = NEW.turn);
  RETURN NULL;
END $$;
CREATE FUNCTION raise_own_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER turn_version AFTER INSERT OR UPDATE ON turn FOR EACH ROW EXECUTE FUNCTION raise_conversation_version();
CREATE TRIGGER choice_version AFTER INSERT OR UPDATE ON choice FOR EACH ROW EXECUTE FUNCTION raise_conversation_version();
CREATE TRIGGER turn_score_version AFTER INSERT OR UPDATE OR DELETE ON turn_score FOR EACH ROW EXECUTE FUNCTION raise_conversation_version();
CREATE TRIGGER turn_span_version AFTER INSERT OR UPDATE ON turn_span FOR EACH ROW EXECUTE FUNCTION raise_version_of_turn();
CREATE TRIGGER conversation_head_version BEFORE UPDATE OF head_id ON conversation FOR EACH ROW WHEN (OLD.head_id IS DISTINCT FROM NEW.head_id) EXECUTE FUNCTION raise_own_version();

-- Ranks of a choice are 1, 2, 3 … without a gap, ties equal; whole where it was ranked, none before; the preferred one is among the first.
CREATE FUNCTION check_ranks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  one choice; ranks int; kinds int; most int; candidates int; first int;
BEGIN
  IF TG_TABLE_NAME = 'choice' THEN
    SELECT * INTO one FROM choice WHERE id = NEW.id;
  ELSE
    SELECT * INTO one FROM choice WHERE id = NEW.choice_id;
  END IF;
  SELECT count(rank), count(DISTINCT rank), coalesce(max(rank), 0), count(*), coalesce(min(rank) FILTER (WHERE id = one.chosen_id), 1)
  INTO ranks, kinds, most, candidates, first FROM turn WHERE choice_id = one.id;
  IF kinds <> most OR first <> 1 OR (one.state = 'ranked' AND ranks <> candidates) OR (one.state = 'all_bad' AND ranks NOT IN (0, candidates))
     OR (one.state IN ('open', 'chosen', 'set_aside') AND ranks > 0) THEN
    RAISE EXCEPTION 'the ranks of a choice have a gap, or do not fit its state' USING ERRCODE = 'check_violation', CONSTRAINT = 'choice_ranks';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER choice_ranks AFTER UPDATE ON choice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ranks();
CREATE CONSTRAINT TRIGGER turn_ranks AFTER INSERT OR UPDATE OF rank ON turn DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.choice_id IS NOT NULL) EXECUTE FUNCTION check_ranks();

-- Every candidate on the active path is the preferred one of its choice.
CREATE FUNCTION check_path() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  talk uuid := CASE WHEN TG_TABLE_NAME = 'choice' THEN (to_jsonb(NEW)->>'conversation')::uuid ELSE NEW.id END;
BEGIN
  IF EXISTS (
    WITH RECURSIVE path AS (
      SELECT t.id, t.parent, t.choice_id FROM turn t JOIN conversation c ON c.head_id = t.id WHERE c.id = talk
      UNION ALL
      SELECT t.id, t.parent, t.choice_id FROM turn t JOIN path ON t.id = path.parent
    )
    SELECT FROM path JOIN choice ON choice.id = path.choice_id WHERE choice.chosen_id IS DISTINCT FROM path.id
  ) THEN
    RAISE EXCEPTION 'the active path leads over a candidate that was not preferred' USING ERRCODE = 'check_violation', CONSTRAINT = 'path_is_preferred';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER conversation_path AFTER UPDATE OF head_id ON conversation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_path();
CREATE CONSTRAINT TRIGGER choice_path AFTER UPDATE ON choice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_path();
"""

BACKWARDS = """
DROP TRIGGER choice_path ON choice;
DROP TRIGGER conversation_path ON conversation;
DROP TRIGGER turn_ranks ON turn;
DROP TRIGGER choice_ranks ON choice;
DROP TRIGGER conversation_head_version ON conversation;
DROP TRIGGER turn_span_version ON turn_span;
DROP TRIGGER turn_score_version ON turn_score;
DROP TRIGGER choice_version ON choice;
DROP TRIGGER turn_version ON turn;
DROP TRIGGER rubric_append_only ON rubric;
DROP TRIGGER turn_edit_append_only ON turn_edit;
DROP TRIGGER choice_kept ON choice;
DROP TRIGGER turn_kept ON turn;
DROP TRIGGER turn_keeps_place ON turn;
DROP TRIGGER turn_below_parent ON turn;
DROP TRIGGER choice_check_transition ON choice;
DROP FUNCTION check_path();
DROP FUNCTION check_ranks();
DROP FUNCTION raise_own_version();
DROP FUNCTION raise_version_of_turn();
DROP FUNCTION raise_conversation_version();
DROP FUNCTION refuse_moved_turn();
DROP FUNCTION check_turn_place();
DELETE FROM legal_transition WHERE entity = 'choice';
ALTER TABLE turn_score DROP CONSTRAINT turn_score_inside;
ALTER TABLE choice DROP CONSTRAINT choice_prefers_candidate, DROP CONSTRAINT choice_message_inside;
ALTER TABLE conversation DROP CONSTRAINT conversation_head_inside;
ALTER TABLE turn DROP CONSTRAINT turn_answers_message, DROP CONSTRAINT turn_parent_in_conversation;
DROP INDEX turn_span_of_turn;
DROP INDEX turn_score_once;
DROP INDEX topic_quota_once;
DROP INDEX choice_of_conversation;
DROP INDEX conversation_of_quota;
DROP INDEX turn_of_conversation;
DROP INDEX conversation_of_task_alone;
DROP INDEX turn_one_root;
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
