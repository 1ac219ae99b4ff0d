"""The first standing rules, all switched off: an operation looks at whom they would touch before it uses one."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T12:30:00:000001"
DESCRIPTION = "The first standing rules, switched off"

FORWARDS = r"""
INSERT INTO standing_rule (id, name, condition, action, lasts_days, reason_en, reason_zh, state) VALUES
  ('019b0000-0000-7000-8000-000000000001', 'Work below half', '{"kind": "outcomes_below", "share": 0.5, "last": 10}', 'pause', 7,
   'Your last ten pieces of work in this field were, on average, less than half as good as they need to be. Take a week to read the guideline and the reasons that reviewers gave; then it is open to you again by itself.',
   '您在该领域最近十件工作的平均质量不到要求的一半。请用一周时间阅读指南以及审核员给出的理由；之后会自动重新开放。', 'off'),
  ('019b0000-0000-7000-8000-000000000002', 'Rejected again and again', '{"kind": "rejected", "count": 4, "last": 10}', 'ask_manager', NULL,
   'Four of your last ten pieces of work in this field were rejected. A manager will look at it with you; you can go on working meanwhile.',
   '您在该领域最近十件工作中有四件被拒绝。管理员会与您一起查看；在此期间您可以继续工作。', 'off'),
  ('019b0000-0000-7000-8000-000000000003', 'Known answers missed', '{"kind": "gold_below", "share": 0.5, "last": 8}', 'require_exam', NULL,
   'You missed more than half of the last eight tasks in this field whose answer is known. Pass an exam in the field, and it is open to you again at once.',
   '在该领域最近八件已知答案的任务中，您答错了一半以上。通过该领域的考试后即可立即恢复。', 'off'),
  ('019b0000-0000-7000-8000-000000000004', 'Surely below basic', '{"kind": "skill_below", "level": 2, "z": 1.28}', 'require_exam', NULL,
   'With all that is known of your work in this field, your skill lies below the level "Basic". Pass an exam in the field, and it is open to you again at once.',
   '根据目前对您在该领域工作的全部了解，您的能力低于“基础”等级。通过该领域的考试后即可立即恢复。', 'off'),
  ('019b0000-0000-7000-8000-000000000005', 'Away for half a year', '{"kind": "inactive_days", "days": 180}', 'require_exam', NULL,
   'You have not worked in this field for half a year, and guidelines change. Pass an exam in the field, and it is open to you again at once.',
   '您已有半年没有在该领域工作，而指南会更新。通过该领域的考试后即可立即恢复。', 'off'),
  ('019b0000-0000-7000-8000-000000000006', 'Credential expired', '{"kind": "credential_expired"}', 'ask_manager', NULL,
   'Your credential in this field has expired. Send the new one; a manager will look at it. You can go on with work that asks for none.',
   '您在该领域的资质已过期。请提交新的资质，管理员会审核。不要求资质的工作您可以继续。', 'off'),
  ('019b0000-0000-7000-8000-000000000007', 'Exam failed twice', '{"kind": "exam_failed", "count": 2}', 'ask_manager', NULL,
   'You did not pass two exams in this field. A manager will talk with you about what could help.',
   '您在该领域有两次考试未通过。管理员会与您沟通如何提供帮助。', 'off')
ON CONFLICT (name) DO NOTHING;
"""

BACKWARDS = """
DELETE FROM standing_rule r WHERE r.id::text LIKE '019b0000-0000-7000-8000-00000000000_' AND NOT EXISTS (SELECT FROM standing s WHERE s.rule = r.id);
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
