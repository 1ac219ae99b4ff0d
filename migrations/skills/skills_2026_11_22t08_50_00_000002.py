"""What Piccolo cannot say for the skill tables: append-only evidence, look-ups, the first domains."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T08:50:00:000002"
DESCRIPTION = "Rules of the skill tables and the first domains"

FORWARDS = r"""
CREATE INDEX skill_of_domain ON skill (domain, annotator);
CREATE INDEX evidence_of_annotator ON evidence (annotator, domain, observed_at, id);
CREATE INDEX credential_of_annotator ON credential (annotator, domain);
CREATE INDEX annotator_of_vendor ON annotator (vendor);
-- Evidence is what was observed; a correction retracts and adds.
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
INSERT INTO domain (code, parent_code, name_en, name_zh, position) VALUES
  ('general', NULL, 'General knowledge', '通识', 1),
  ('finance', NULL, 'Finance', '金融', 2),
  ('medicine', NULL, 'Medicine', '医学', 3),
  ('law', NULL, 'Law', '法律', 4),
  ('technology', NULL, 'Technology', '科技', 5);
"""

BACKWARDS = """
DROP TRIGGER evidence_append_only ON evidence;
DROP INDEX annotator_of_vendor, credential_of_annotator, evidence_of_annotator, skill_of_domain;
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
