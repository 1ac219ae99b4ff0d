"""What Piccolo cannot say for the figures of quality: how they are found, and how what changed is."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T20:21:00:000001"
DESCRIPTION = "Figures of quality by day: indexes and rules"

FORWARDS = r"""
CREATE INDEX quality_day_of_project ON quality_day (project, day);
CREATE INDEX quality_day_by_day ON quality_day (day);
CREATE INDEX quality_item_of_project ON quality_item (project, day);
CREATE INDEX quality_item_by_day ON quality_item (day);
-- Once a minute: what was said since the last look.
CREATE INDEX verdict_given ON verdict (given_at);
CREATE INDEX overturn_decided ON overturn (decided_at);
-- The works behind a figure: over all projects by time, and by the rule that a rejection names.
CREATE INDEX submission_newest ON submission (submitted_at DESC, id DESC);
CREATE INDEX verdict_names ON verdict USING gin (reasons jsonb_path_ops) WHERE outcome IN ('rework', 'reject');
-- Reviews that wait are few beside those that were given.
CREATE INDEX slot_review_unfinished ON slot (project, submission_id) WHERE kind = 'review' AND state IN ('free', 'live');

ALTER TABLE quality_day ADD CONSTRAINT quality_day_adds_up CHECK (
  accepted + fixed + reworked + rejected = judged AND judged <= looked AND looked <= pieces AND first_pass <= first_judged
  AND first_judged <= judged AND unseen <= counted AND counted <= pieces AND rounds >= counted AND stage >= 0);
ALTER TABLE quality_item ADD CONSTRAINT quality_item_some CHECK (pieces > 0 AND stage >= 0);
"""

BACKWARDS = """
ALTER TABLE quality_item DROP CONSTRAINT quality_item_some;
ALTER TABLE quality_day DROP CONSTRAINT quality_day_adds_up;
DROP INDEX slot_review_unfinished;
DROP INDEX verdict_names;
DROP INDEX submission_newest;
DROP INDEX overturn_decided;
DROP INDEX verdict_given;
DROP INDEX quality_item_by_day;
DROP INDEX quality_item_of_project;
DROP INDEX quality_day_by_day;
DROP INDEX quality_day_of_project;
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
