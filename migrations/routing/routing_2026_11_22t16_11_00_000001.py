"""What Piccolo cannot say for declarations: they never change; and the kinds that the program comes with."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T16:11:00:000001"
DESCRIPTION = "Declarations never change; kinds that the program comes with"

FORWARDS = """
CREATE TRIGGER task_form_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON task_form FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- The tasks that a new declaration is held against.
CREATE INDEX task_unfinished_of_kind ON task (project, kind, id) WHERE kind <> 'dialogue' AND state NOT IN ('accepted', 'rejected', 'cancelled');
INSERT INTO task_kind (code, name_en, name_zh, own_skill) VALUES
  ('choice', 'Choice', '选择题', false),
  ('dialogue_evaluation', 'Evaluating a dialogue', '对话评估', false),
  ('labels', 'Labels', '标签', false),
  ('preference_pair', 'Preference of two', '二选一偏好', false),
  ('preference_ranking', 'Ranking of answers', '回答排序', false),
  ('prompt_writing', 'Writing a prompt', '撰写提示', false),
  ('rating', 'Rating of an answer', '回答评分', false),
  ('rewriting', 'Rewriting', '改写', false),
  ('spans', 'Passages', '片段标注', false)
ON CONFLICT (code) DO NOTHING;
"""

BACKWARDS = """
DELETE FROM task_kind WHERE code IN ('choice', 'dialogue_evaluation', 'labels', 'preference_pair', 'preference_ranking', 'prompt_writing', 'rating', 'rewriting', 'spans')
  AND NOT own_skill AND version = 1;
DROP INDEX task_unfinished_of_kind;
DROP TRIGGER task_form_append_only ON task_form;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="routing", description=DESCRIPTION)

    async def forward() -> None:
        await execute_script(FORWARDS)

    async def backward() -> None:
        await execute_script(BACKWARDS)

    manager.add_raw(forward)
    manager.add_raw_backwards(backward)
    return manager
