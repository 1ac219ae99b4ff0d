from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Integer
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check

ID = "2026-11-22T15:10:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "Most tasks that somebody is given on a day"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="skills", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="Annotator",
        tablename="annotator",
        column_name="cap_per_day",
        db_column_name="cap_per_day",
        column_class_name="Integer",
        column_class=Integer,
        params={
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

    manager.add_constraint(
        table_class_name="Annotator",
        tablename="annotator",
        constraint_name="annotator_sane_cap",
        constraint_class=Check,
        params={
            "condition": "cap_per_day IS NULL OR cap_per_day BETWEEN 1 AND 1000"
        },
        schema=None,
    )

    return manager
