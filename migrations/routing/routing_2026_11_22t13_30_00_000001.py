from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import JSONB
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T13:30:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "Requirement expressions of projects and lanes"

# What stands in a lane's other columns is part of its requirement as it is: lanes, slots and claims stay what they are.
COLUMNS = (("Project", "project", "requirements"), ("Lane", "lane", "requirement"), ("Lane", "lane", "prefer"))


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="routing", description=DESCRIPTION
    )

    for class_name, tablename, column in COLUMNS:
        manager.add_column(
            table_class_name=class_name,
            tablename=tablename,
            column_name=column,
            db_column_name=column,
            column_class_name="JSONB",
            column_class=JSONB,
            params={
                "default": "{}",
                "null": False,
                "primary_key": False,
                "unique": False,
                "index": False,
                "index_method": IndexMethod.btree,
                "choices": None,
                "db_column_name": None,
                "secret": False,
            },
            schema=None,
        )

    return manager
