"""What Piccolo cannot say for the access tables: look-ups by time, one spelling per address."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T08:50:00:000006"
DESCRIPTION = "Rules of the access tables"

FORWARDS = r"""
-- Prevents two accounts that differ in capitals alone.
CREATE UNIQUE INDEX person_one_per_email ON person (lower(email));
-- One account per annotator.
CREATE UNIQUE INDEX person_one_per_annotator ON person (annotator) WHERE annotator IS NOT NULL;
CREATE INDEX login_failure_of_email ON login_failure (email, at);
CREATE INDEX login_failure_of_address ON login_failure (address, at);
CREATE INDEX session_of_person ON session (person);
"""

BACKWARDS = """
DROP INDEX session_of_person, login_failure_of_address, login_failure_of_email, person_one_per_annotator, person_one_per_email;
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
