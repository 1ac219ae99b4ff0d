"""What Piccolo cannot say for priors and models: where older tasks began, rows that stay, and what reports read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T13:50:00:000002"
DESCRIPTION = "Rules of difficulty priors; indexes for reports and the list of tasks"

FORWARDS = r"""
-- Until now every task began at the level that was stated, or in the middle.
UPDATE task SET prior_mean = coalesce(0.8 * (difficulty_level - 3), 0), prior_variance = CASE WHEN difficulty_level IS NULL THEN 1 ELSE 0.25 END;
ALTER TABLE task ADD CONSTRAINT task_prior_whole CHECK ((prior_mean IS NULL) = (prior_variance IS NULL) AND prior_variance > 0);
CREATE TRIGGER difficulty_model_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON difficulty_model FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- The newest outcomes, for the fit.
CREATE INDEX task_closed ON task (closed_at DESC) WHERE state IN ('accepted', 'rejected');
-- The floor's matrix counts what is finished without touching the tasks.
CREATE INDEX task_finished ON task (lane, state) WHERE state IN ('accepted', 'rejected');
-- What waits and is held, by lane: the matrix counts in the index.
CREATE INDEX slot_unfinished ON slot (lane, kind, state, freed_at) WHERE state IN ('free', 'live');
-- How often a piece of work came back is asked for every hold that is shown.
CREATE INDEX submission_of_slot ON submission (slot, state);
-- Every hand-in asks for the review of its answer: the few slots that look at an answer, by that answer.
CREATE INDEX slot_of_answer ON slot (answers_slot) WHERE answers_slot IS NOT NULL;
-- The list of tasks is read by id, newest first, within a project.
CREATE INDEX task_newest_of_project ON task (project, id DESC);
"""

BACKWARDS = """
DROP INDEX task_newest_of_project;
DROP INDEX slot_of_answer;
DROP INDEX submission_of_slot;
DROP INDEX slot_unfinished;
DROP INDEX task_finished;
DROP INDEX task_closed;
DROP TRIGGER difficulty_model_append_only ON difficulty_model;
ALTER TABLE task DROP CONSTRAINT task_prior_whole;
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
