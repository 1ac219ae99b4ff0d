"""Beliefs made before the tree: each stands as if it had been stated, until `callboard skills rebuild --fix`."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T10:30:00:000002"
DESCRIPTION = "Earlier beliefs as starting points of the tree"

FORWARDS = r"""
UPDATE skill SET anchor_mean = mean, anchor_variance = variance;
-- A fold reads one person's evidence in the order in which it was observed.
CREATE INDEX evidence_of_person ON evidence (annotator, observed_at, id);
ALTER TABLE skill ADD CONSTRAINT skill_whole_anchor CHECK ((anchor_mean IS NULL) = (anchor_variance IS NULL));
ALTER TABLE skill ADD CONSTRAINT skill_whole_edge CHECK ((edge_mean IS NULL) = (edge_variance IS NULL));
ALTER TABLE skill ADD CONSTRAINT skill_real_precision CHECK (own_precision >= 0);
ALTER TABLE evidence ADD CONSTRAINT evidence_retracts_evidence FOREIGN KEY (retracts) REFERENCES evidence (id) ON DELETE RESTRICT;
"""

BACKWARDS = """
ALTER TABLE evidence DROP CONSTRAINT evidence_retracts_evidence;
ALTER TABLE skill DROP CONSTRAINT skill_real_precision, DROP CONSTRAINT skill_whole_edge, DROP CONSTRAINT skill_whole_anchor;
DROP INDEX evidence_of_person;
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
