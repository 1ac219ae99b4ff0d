from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T11:43:00:000003"
VERSION = "1.38.0"
DESCRIPTION = "Whether a credential is verified is its state"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="skills", description=DESCRIPTION)

    manager.drop_column(
        table_class_name="Credential",
        tablename="credential",
        column_name="verified",
        db_column_name="verified",
        schema=None,
    )

    return manager
