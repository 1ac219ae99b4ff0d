"""Roles and exam pay point at projects that exist."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T11:43:00:000002"
DESCRIPTION = "Roles and exam pay by project"

FORWARDS = r"""
-- Roles that are granted for a project are roles in a project that exists.
ALTER TABLE annotator_role ADD CONSTRAINT annotator_role_project_exists FOREIGN KEY (project_id) REFERENCES project (id) ON DELETE RESTRICT;
ALTER TABLE exam ADD CONSTRAINT exam_pay_project_exists FOREIGN KEY (pay_project_id) REFERENCES project (id) ON DELETE RESTRICT;
INSERT INTO role (code, name_en, name_zh, position) SELECT DISTINCT required_role, required_role, required_role, 99 FROM project WHERE required_role IS NOT NULL ON CONFLICT (code) DO NOTHING;
ALTER TABLE project ADD CONSTRAINT project_role_exists FOREIGN KEY (required_role) REFERENCES role (code) ON UPDATE CASCADE ON DELETE RESTRICT;
"""

BACKWARDS = """
ALTER TABLE project DROP CONSTRAINT project_role_exists;
ALTER TABLE exam DROP CONSTRAINT exam_pay_project_exists;
ALTER TABLE annotator_role DROP CONSTRAINT annotator_role_project_exists;
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
