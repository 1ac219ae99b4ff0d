from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import DoublePrecision
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check

ID = "2026-11-22T12:40:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "Questions keep their author's figures"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="skills", description=DESCRIPTION)

    manager.add_column(
        table_class_name="ExamItem",
        tablename="exam_item",
        column_name="authored_difficulty",
        db_column_name="authored_difficulty",
        column_class_name="DoublePrecision",
        column_class=DoublePrecision,
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

    manager.add_column(
        table_class_name="ExamItem",
        tablename="exam_item",
        column_name="authored_discrimination",
        db_column_name="authored_discrimination",
        column_class_name="DoublePrecision",
        column_class=DoublePrecision,
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
        table_class_name="ExamItem",
        tablename="exam_item",
        constraint_name="exam_item_calibrated_from_authored",
        constraint_class=Check,
        params={
            "condition": "(calibrated_at IS NULL) = (authored_difficulty IS NULL)"
            " AND (calibrated_at IS NULL) = (authored_discrimination IS NULL)"
        },
        schema=None,
    )

    return manager
