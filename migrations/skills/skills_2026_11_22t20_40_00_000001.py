from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Varchar
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T20:40:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "The currency that somebody is paid in"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="skills", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="Annotator",
        tablename="annotator",
        column_name="currency",
        db_column_name="currency",
        column_class_name="Varchar",
        column_class=Varchar,
        params={
            "length": 3,
            "default": None,
            "null": True,
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
