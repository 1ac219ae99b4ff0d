"""What Piccolo cannot say for lots: frozen members, one lot at a time for a piece, and who may not look."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T19:26:00:000001"
DESCRIPTION = "Rules of lots"

FORWARDS = r"""
CREATE INDEX lot_of_project ON lot (project, id DESC);
-- A piece is in one lot at a time, until that lot is sent back.
CREATE UNIQUE INDEX lot_member_one_live ON lot_member (submission) WHERE live;
CREATE INDEX lot_look_of_lot ON lot_look (lot);
-- A lot asks for what was accepted within some days.
CREATE INDEX submission_accepted ON submission (project, decided_at) WHERE state = 'accepted';

CREATE TRIGGER lot_kept BEFORE DELETE OR TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lot_member_kept BEFORE DELETE OR TRUNCATE ON lot_member FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lot_look_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_look FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The plan is settled before anything was seen, and the members with it: they are written by the transaction that makes the lot.
CREATE FUNCTION refuse_changed_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a lot, its plan and its members stay as they were made' USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_frozen';
END $$;
CREATE TRIGGER lot_frozen BEFORE UPDATE ON lot FOR EACH ROW
  WHEN ((OLD.project, OLD.filter, OLD.level, OLD.aql, OLD.size, OLD.letter, OLD.sample, OLD.accept, OLD.digest, OLD.created_at)
        IS DISTINCT FROM (NEW.project, NEW.filter, NEW.level, NEW.aql, NEW.size, NEW.letter, NEW.sample, NEW.accept, NEW.digest, NEW.created_at))
  EXECUTE FUNCTION refuse_changed_lot();
CREATE TRIGGER lot_member_frozen BEFORE UPDATE ON lot_member FOR EACH ROW
  WHEN ((OLD.lot, OLD.submission, OLD.place) IS DISTINCT FROM (NEW.lot, NEW.submission, NEW.place) OR NOT OLD.live AND NEW.live)
  EXECUTE FUNCTION refuse_changed_lot();
CREATE FUNCTION check_new_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT created_at FROM lot WHERE id = NEW.lot) <> transaction_timestamp() THEN
    RAISE EXCEPTION 'a lot, its plan and its members stay as they were made' USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_frozen';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER lot_member_check_new BEFORE INSERT ON lot_member FOR EACH ROW EXECUTE FUNCTION check_new_member();

-- Who made or judged a piece: in any round of the answer, at any stage.
CREATE FUNCTION had_a_hand_in(piece uuid, whom uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM submission m JOIN submission b ON b.slot = m.slot AND (b.id = m.id OR b.author = m.author) LEFT JOIN verdict v ON v.submission = b.id
                 WHERE m.id = piece AND whom IN (b.author, v.reviewer))
$$;
-- A look is at a piece of the sample of an open lot, by somebody who had no hand in it.
CREATE FUNCTION check_look() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE piece uuid;
BEGIN
  SELECT m.submission INTO piece FROM lot_member m JOIN lot l ON l.id = m.lot
  WHERE m.id = NEW.member AND m.lot = NEW.lot AND m.place IS NOT NULL AND l.state = 'open';
  IF piece IS NULL THEN
    RAISE EXCEPTION 'this piece is not in the sample of an open lot' USING ERRCODE = 'check_violation', CONSTRAINT = 'look_at_sample';
  END IF;
  IF NEW.annotator IS NOT NULL AND had_a_hand_in(piece, NEW.annotator) THEN
    RAISE EXCEPTION 'this person made or reviewed the piece' USING ERRCODE = 'check_violation', CONSTRAINT = 'inspector_apart';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER lot_look_check BEFORE INSERT ON lot_look FOR EACH ROW EXECUTE FUNCTION check_look();

INSERT INTO legal_transition (id, entity, from_state, to_state)
SELECT (SELECT max(id) FROM legal_transition) + row_number() OVER (), entity, from_state, to_state FROM (VALUES
  ('lot', 'open', 'accepted'), ('lot', 'open', 'sent_back')
) AS edges (entity, from_state, to_state);
CREATE TRIGGER lot_check_transition BEFORE UPDATE OF state ON lot FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_transition();
CREATE TRIGGER lot_audit_transition AFTER UPDATE OF state ON lot FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION audit_transition();
"""

BACKWARDS = """
DROP TRIGGER lot_audit_transition ON lot;
DROP TRIGGER lot_check_transition ON lot;
DELETE FROM legal_transition WHERE entity = 'lot';
DROP TRIGGER lot_look_check ON lot_look;
DROP FUNCTION check_look();
DROP FUNCTION had_a_hand_in(uuid, uuid);
DROP TRIGGER lot_member_check_new ON lot_member;
DROP FUNCTION check_new_member();
DROP TRIGGER lot_member_frozen ON lot_member;
DROP TRIGGER lot_frozen ON lot;
DROP FUNCTION refuse_changed_lot();
DROP TRIGGER lot_look_append_only ON lot_look;
DROP TRIGGER lot_member_kept ON lot_member;
DROP TRIGGER lot_kept ON lot;
DROP INDEX submission_accepted;
DROP INDEX lot_look_of_lot;
DROP INDEX lot_member_one_live;
DROP INDEX lot_of_project;
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
