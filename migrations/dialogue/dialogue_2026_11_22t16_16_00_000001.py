"""What Piccolo cannot say of hand-overs: the dialogue goes on with the claim itself, whichever door the claim came by."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T16:16:00:000001"
DESCRIPTION = "Dialogues go on in other hands"

FORWARDS = r"""
CREATE INDEX handover_of_conversation ON handover (conversation);
CREATE INDEX handover_from_assignment ON handover (from_assignment);
CREATE INDEX turn_time_of_assignment ON turn_time (assignment);
CREATE TRIGGER handover_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON handover FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whoever takes up a place that another person put down goes on with that person's dialogue, where the project says so. Of two who do so at once
-- the second finds the dialogue in the first one's hands. Whoever wrote in it is not given its task again: neither to answer it beside, nor to review it.
CREATE FUNCTION pass_dialogue_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  rule text; earlier assignment; way text; talk uuid;
BEGIN
  SELECT handover INTO rule FROM dialogue_rules WHERE project = NEW.project;
  IF coalesce(rule, 'never') = 'never' THEN RETURN NULL; END IF;
  SELECT * INTO earlier FROM assignment a
  WHERE a.task = NEW.task AND a.slot = NEW.slot AND a.kind = 'annotation' AND a.epoch < NEW.epoch ORDER BY a.epoch DESC LIMIT 1;
  way := CASE WHEN earlier.state IN ('released', 'declined') THEN 'release' WHEN earlier.state = 'expired' THEN 'expiry' END;
  IF way IS NULL OR earlier.annotator = NEW.annotator OR rule NOT IN (way, 'both') THEN RETURN NULL; END IF;
  UPDATE conversation c SET annotator = NEW.annotator
  WHERE c.task = NEW.task AND c.annotator = earlier.annotator
    AND NOT EXISTS (SELECT FROM conversation o WHERE o.task = NEW.task AND o.annotator = NEW.annotator)
    AND NOT EXISTS (SELECT FROM assignment a WHERE a.task = NEW.task AND a.annotator = earlier.annotator AND a.kind = 'annotation' AND a.state = 'live')
    AND NOT EXISTS (SELECT FROM submission b WHERE b.task = NEW.task AND b.author = earlier.annotator AND b.state IN ('pending', 'accepted'))
  RETURNING c.id INTO talk;
  IF talk IS NULL THEN RETURN NULL; END IF;
  INSERT INTO handover (id, conversation, from_assignment, to_assignment, way, at) VALUES (gen_random_uuid(), talk, earlier.id, NEW.id, way, clock_timestamp());
  INSERT INTO draft (assignment, version, payload, saved_at)
  SELECT NEW.id, 1, d.payload, d.saved_at FROM draft d JOIN assignment a ON a.id = d.assignment
  WHERE a.task = NEW.task AND a.annotator = earlier.annotator ORDER BY d.saved_at DESC LIMIT 1;
  INSERT INTO declined (id, task, annotator, reason, at)
  SELECT gen_random_uuid(), NEW.task, earlier.annotator, 'somebody else goes on with the dialogue', clock_timestamp()
  WHERE EXISTS (SELECT FROM turn WHERE conversation = talk AND author = earlier.annotator)
  ON CONFLICT (task, annotator) DO NOTHING;
  RETURN NULL;
END $$;
-- The first claim of a place has nothing to take over, and pays nothing for this.
CREATE TRIGGER assignment_takes_dialogue AFTER INSERT ON assignment FOR EACH ROW
  WHEN (NEW.epoch > 1 AND NEW.kind = 'annotation' AND NEW.state = 'live') EXECUTE FUNCTION pass_dialogue_on();
"""

BACKWARDS = """
DROP TRIGGER assignment_takes_dialogue ON assignment;
DROP FUNCTION pass_dialogue_on();
DROP TRIGGER handover_append_only ON handover;
DROP INDEX turn_time_of_assignment, handover_from_assignment, handover_of_conversation;
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
