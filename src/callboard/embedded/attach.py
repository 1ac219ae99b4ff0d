"""How a command gets its servers: external ones, those that already run for the folder, or its own for as long as it lasts."""

import asyncio
import fcntl
import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from callboard.embedded.datafolder import DataFolder, Lock
from callboard.embedded.errors import StartError, folder_error
from callboard.embedded.postgres import EmbeddedPostgres
from callboard.embedded.process import wait_until
from callboard.embedded.valkey import EmbeddedValkey
from kernel.settings import Settings

# Another command may be starting them at this moment, after a kill even with a recovery.
ATTACH_SECONDS = 60.0


# Set for the parts that `up` runs: it has looked at the database, and a part must come up while that is away.
SUPERVISED = "CALLBOARD_SUPERVISED"


class Endpoints(NamedTuple):
    database_url: str
    redis_url: str

    def applied_to(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, database_url=self.database_url, redis_url=self.redis_url)


@contextmanager
def servers(
    settings: Settings, purpose: str = "a callboard command", *, guest_seconds: float = math.inf
) -> Iterator[Endpoints]:
    """PostgreSQL and Redis for the duration of the block; raises `StartError` with one sentence.

    The first command of a folder runs its servers and, before it stops them, waits for the commands that joined it;
    `guest_seconds` at most, for the parts that are told to stop and must be gone soon.
    """
    postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    valkey = None if settings.redis_url else EmbeddedValkey(settings.data_dir)
    if settings.database_url and SUPERVISED not in os.environ:
        from callboard.embedded.external import check_database  # noqa: PLC0415  asyncpg, which embedded ones do not need

        check_database(settings.database_url)
    with ExitStack() as stack:
        if postgres or valkey:
            stack.enter_context(_embedded(settings, postgres, valkey, purpose, guest_seconds))
        yield endpoints(settings, postgres, valkey)


@contextmanager
def installation(settings: Settings, purpose: str) -> Iterator[Endpoints]:
    """The servers of an installation that is there: a slip in the folder's name makes no new one. Raises `StartError`."""
    if not settings.database_url and not EmbeddedPostgres(settings.data_dir).exists:
        raise StartError(
            f"There is no installation in {settings.data_dir}; choose another --data-dir, or make one with callboard up."
        )
    with servers(settings, purpose) as found:
        from callboard.migrate import pending  # noqa: PLC0415  Piccolo, which the servers do not need

        if asyncio.run(pending(found.database_url)):
            raise StartError("The database is not at the schema of this version; run callboard migrate first.")
        yield found


def endpoints(settings: Settings, postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None) -> Endpoints:
    database_url = postgres.dsn() if postgres else settings.database_url
    redis_url = valkey.url if valkey else settings.redis_url
    return Endpoints(database_url or "", redis_url or "")


@contextmanager
def _embedded(
    settings: Settings,
    postgres: EmbeddedPostgres | None,
    valkey: EmbeddedValkey | None,
    purpose: str,
    guest_seconds: float,
) -> Iterator[None]:
    folder = DataFolder(settings.data_dir)
    folder.prepare(settings.free_disk_bytes)
    with ExitStack() as stack:
        lock = Lock(folder.lock)
        if lock.take(purpose):
            stack.callback(lock.release)
            for server in (postgres, valkey):
                if server is not None:
                    stack.callback(server.stop)
                    server.start()
            stack.callback(_wait_for_guests, folder, guest_seconds)
        else:
            running = [server for server in (postgres, valkey) if server is not None]
            if not wait_until(lambda: all(server.attached() for server in running), ATTACH_SECONDS, 0.1):
                raise StartError(f"The servers in {folder.path}, run by {lock.holder()}, do not answer.")
            stack.enter_context(_guest(folder))
        yield


@contextmanager
def _guest(folder: DataFolder) -> Iterator[None]:
    try:
        file = _guest_file(folder).open("ab")
    except OSError as error:
        raise folder_error(error, folder.path) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _wait_for_guests(folder: DataFolder, seconds: float) -> None:
    with _guest_file(folder).open("ab") as file:
        wait_until(partial(_nobody_shares, file), seconds, 0.1)


def _nobody_shares(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _guest_file(folder: DataFolder) -> Path:
    return folder.path / "run" / "guests.lock"
