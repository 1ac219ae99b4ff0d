"""What raises the version of a profile."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T12:01:00:000002"
DESCRIPTION = "Triggers of the versions of profiles"

FORWARDS = r"""
-- A process may remember how somebody was judged for as long as this number stays: whatever a profile is read from raises it.
CREATE FUNCTION raise_profile_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO profile_version (annotator, version)
  VALUES (CASE WHEN TG_OP = 'DELETE' THEN OLD.annotator ELSE NEW.annotator END, 1)
  ON CONFLICT (annotator) DO UPDATE SET version = profile_version.version + 1;
  RETURN NULL;
END $$;
CREATE FUNCTION raise_own_profile_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO profile_version (annotator, version) VALUES (NEW.id, 1)
  ON CONFLICT (annotator) DO UPDATE SET version = profile_version.version + 1;
  RETURN NULL;
END $$;
CREATE FUNCTION raise_world_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO profile_version (annotator, version) VALUES ('00000000-0000-0000-0000-000000000000', 1)
  ON CONFLICT (annotator) DO UPDATE SET version = profile_version.version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER skill_raises_version AFTER INSERT OR UPDATE OR DELETE ON skill FOR EACH ROW EXECUTE FUNCTION raise_profile_version();
CREATE TRIGGER annotator_role_raises_version AFTER INSERT OR UPDATE OR DELETE ON annotator_role FOR EACH ROW EXECUTE FUNCTION raise_profile_version();
CREATE TRIGGER annotator_language_raises_version AFTER INSERT OR UPDATE OR DELETE ON annotator_language FOR EACH ROW EXECUTE FUNCTION raise_profile_version();
CREATE TRIGGER credential_raises_version AFTER INSERT OR UPDATE OR DELETE ON credential FOR EACH ROW EXECUTE FUNCTION raise_profile_version();
CREATE TRIGGER standing_raises_version AFTER INSERT OR UPDATE ON standing FOR EACH ROW EXECUTE FUNCTION raise_profile_version();
CREATE TRIGGER exam_attempt_raises_version AFTER UPDATE ON exam_attempt FOR EACH ROW WHEN (NEW.passed) EXECUTE FUNCTION raise_profile_version();
CREATE TRIGGER annotator_raises_version AFTER UPDATE ON annotator FOR EACH ROW EXECUTE FUNCTION raise_own_profile_version();
CREATE TRIGGER crowd_skill_raises_version AFTER INSERT OR UPDATE OR DELETE ON crowd_skill FOR EACH STATEMENT EXECUTE FUNCTION raise_world_version();
CREATE TRIGGER domain_raises_version AFTER INSERT OR UPDATE OR DELETE ON domain FOR EACH STATEMENT EXECUTE FUNCTION raise_world_version();
CREATE TRIGGER task_kind_raises_version AFTER INSERT OR UPDATE OR DELETE ON task_kind FOR EACH STATEMENT EXECUTE FUNCTION raise_world_version();
CREATE TRIGGER exam_raises_version AFTER UPDATE OF cut_level, domain, training ON exam FOR EACH STATEMENT EXECUTE FUNCTION raise_world_version();
ALTER TABLE profile_version SET (fillfactor = 50);
"""

BACKWARDS = """
DROP TRIGGER exam_raises_version ON exam;
DROP TRIGGER task_kind_raises_version ON task_kind;
DROP TRIGGER domain_raises_version ON domain;
DROP TRIGGER crowd_skill_raises_version ON crowd_skill;
DROP TRIGGER annotator_raises_version ON annotator;
DROP TRIGGER exam_attempt_raises_version ON exam_attempt;
DROP TRIGGER standing_raises_version ON standing;
DROP TRIGGER credential_raises_version ON credential;
DROP TRIGGER annotator_language_raises_version ON annotator_language;
DROP TRIGGER annotator_role_raises_version ON annotator_role;
DROP TRIGGER skill_raises_version ON skill;
DROP FUNCTION raise_world_version();
DROP FUNCTION raise_own_profile_version();
DROP FUNCTION raise_profile_version();
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
