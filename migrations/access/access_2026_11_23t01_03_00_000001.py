"""A secret that goes has an end."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-23T01:03:00:000001"
DESCRIPTION = "A secret of a webhook that goes has an end"

FORWARDS = """
ALTER TABLE webhook ADD CONSTRAINT webhook_old_secret_ends CHECK ((old_secret_sealed IS NULL) = (old_secret_until IS NULL));
"""

BACKWARDS = """
ALTER TABLE webhook DROP CONSTRAINT webhook_old_secret_ends;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="access", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
