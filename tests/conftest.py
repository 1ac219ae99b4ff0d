"""Real servers for every test: one PostgreSQL and one Valkey per test process, a fresh copy of a migrated template
database per test. Only durability is off (`fsync`), because the folder is thrown away."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from callboard.embedded.postgres import EmbeddedPostgres
from callboard.embedded.process import is_alive
from callboard.embedded.valkey import EmbeddedValkey
from callboard.migrate import migrate
from callboard.wiring import wire
from kernel import db
from kernel.settings import Settings, load_settings

TEMPLATE = "callboard_template"
HERE = Path(__file__).parent
LONG = {"browser", "embedded", "demo", "background", "journey", "plans", "races", "test_wheel.py", "test_structure.py"}
"""Folders and files whose tests start processes, or build a large world once for all of theirs."""
FOLDER = "callboard-test-"
ENOUGH_MEMORY_BYTES = 6 * 2**30
"""A worker's folder stays below 2 GiB, and there are two or three workers."""
_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker is left with it at the end; what takes no time fills the gaps."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("slow") or not LONG.isdisjoint(item.path.relative_to(HERE).parts):
        return 0
    return 1 if "postgres" in getattr(item, "fixturenames", ()) else 2


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    place = _memory()
    if place is not None:
        _clear_what_killed_runs_left(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=place))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(servers_folder / "pg", durable=False)
    server.start()
    try:
        asyncio.run(_ease(server))
        server.ensure_database(TEMPLATE)
        asyncio.run(migrate(server.dsn(TEMPLATE), load_settings(servers_folder, environ={})))
        yield server
    finally:
        server.stop()


def _memory() -> Path | None:
    """Files that live in memory, where there is plenty: a database of seven hundred files is copied there in a fifth of the time."""
    place = Path("/dev/shm")  # noqa: S108  the folder made in it has a name of its own
    try:
        facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(facts["MemAvailable"].split()[0]) * 1024
        enough = min(available, shutil.disk_usage(place).free) > ENOUGH_MEMORY_BYTES
    except (OSError, KeyError, ValueError):
        return None
    return place if enough and os.access(place, os.W_OK) else None


def _clear_what_killed_runs_left(place: Path) -> None:
    for folder in place.glob(f"{FOLDER}*"):
        pid = folder.name.removeprefix(FOLDER).partition("-")[0]
        if not is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


async def _ease(server: EmbeddedPostgres) -> None:
    """A database lives for a second here: nobody tidies up behind a test, or holds the template while it is copied."""
    admin = await asyncpg.connect(server.dsn("postgres", superuser=True))
    try:
        await admin.execute("ALTER SYSTEM SET autovacuum = off")
        await admin.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
        await admin.execute("SELECT pg_reload_conf()")
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def valkey(servers_folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(servers_folder / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
async def admin(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """The superuser's connection, outside every test's database."""
    connection = await asyncpg.connect(postgres.dsn("postgres", superuser=True))
    yield connection
    await connection.close()


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres, admin: asyncpg.Connection) -> AsyncIterator[str]:
    """A migrated database of its own, gone after the test. Copied as files, which costs a sixth of the way by the log."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} OWNER callboard STRATEGY file_copy')
    yield postgres.dsn(name)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(servers_folder: Path, database_url: str) -> Settings:
    return load_settings(servers_folder, environ={}, database_url=database_url)


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[None]:
    """The process's database pool, open for the test's event loop; routing is wired to payments."""
    wire()
    assert settings.database_url is not None
    async with db.pool(settings.database_url, settings):
        yield
