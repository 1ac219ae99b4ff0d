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
from callboard.embedded.valkey import EmbeddedValkey
from callboard.migrate import migrate
from callboard.wiring import wire
from kernel import db
from kernel.settings import Settings, load_settings

TEMPLATE = "callboard_template"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="callboard-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(servers_folder / "pg", durable=False)
    server.start()
    try:
        server.ensure_database(TEMPLATE)
        asyncio.run(migrate(server.dsn(TEMPLATE), load_settings(servers_folder, environ={})))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def valkey(servers_folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(servers_folder / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A migrated database of its own, gone after the test."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(postgres.dsn("postgres", superuser=True))
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} OWNER callboard')
        yield postgres.dsn(name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


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
