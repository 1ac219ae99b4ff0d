"""What Piccolo cannot say for the dialogue tables: look-ups by conversation."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T08:50:00:000004"
DESCRIPTION = "Indexes of the dialogue tables"

FORWARDS = r"""
CREATE INDEX conversation_of_annotator ON conversation (annotator, created_at DESC);
"""

BACKWARDS = """
DROP INDEX conversation_of_annotator;
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
