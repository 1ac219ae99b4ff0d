"""Where the migrations of each package stand: at the top of the repository, or beside `callboard` in the wheel."""

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from piccolo.conf.apps import AppConfig
from piccolo.table import Table

from kernel.db import engine


def migrations_root() -> Path:
    spec = find_spec("callboard")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package callboard is not installed")
    package = Path(spec.origin).parent
    packed = package / "migrations"
    return packed if packed.is_dir() else package.parent.parent / "migrations"


def app_config(name: str, tables: ModuleType, depends_on: list[str] | None = None, *further: ModuleType) -> AppConfig:
    """`further`: more modules with tables of the same package."""
    own = [
        item for module in (tables, *further) for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Table) and item is not Table and item.__module__ == module.__name__
    ]  # fmt: skip
    modules = {"kernel": "kernel", "skills": "skills", "routing": "routing"}
    return AppConfig(
        app_name=name,
        migrations_folder_path=str(migrations_root() / name),
        table_classes=own,
        migration_dependencies=[f"{modules[app]}.piccolo_app" for app in depends_on or []],
    )


async def execute_script(script: str) -> None:
    """Several statements at once, on the connection of the migration's transaction."""
    current = engine.current_transaction.get()
    if current is not None:
        await current.connection.execute(script)
        return
    connection = await engine.acquire()
    try:
        await connection.execute(script)
    finally:
        await engine.give_back(connection)
