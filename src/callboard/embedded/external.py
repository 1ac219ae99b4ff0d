"""Whether an external database lets us in, and if not, the one sentence that says what to correct."""

import asyncio
import contextlib
import socket
from urllib.parse import urlsplit

import asyncpg

from callboard.embedded.errors import StartError

CONNECT_SECONDS = 5.0
PORT = 5432


def check_database(url: str) -> None:
    """Connects once; raises `StartError`. Its sentence never contains the password."""
    try:
        asyncio.run(_connect(url))
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StartError(_sentence(error, _place(url))) from error


async def _connect(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    await connection.close(timeout=CONNECT_SECONDS)


# The first that fits counts.
SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError),
        "The database {place} refuses the sign-in: user or password in DATABASE_URL is wrong.",
    ),
    (
        (asyncpg.InvalidCatalogNameError,),
        "The database server {place} has no database of that name; create it or correct DATABASE_URL.",
    ),
    ((asyncpg.InsufficientPrivilegeError,), "The user in DATABASE_URL may not use the database {place}."),
    (
        (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError),
        "The database {place} takes no connections at the moment; try again.",
    ),
    ((socket.gaierror,), "The host of the database {place} is unknown; correct DATABASE_URL."),
    (
        (asyncpg.ClientConfigurationError, ValueError),
        "DATABASE_URL is not an address of PostgreSQL (postgresql://user:password@host:port/name).",
    ),
    (
        (OSError, TimeoutError, asyncpg.PostgresConnectionError),
        "The database {place} cannot be reached; is it running, and is DATABASE_URL right?",
    ),
)


def _sentence(error: Exception, place: str) -> str:
    for kinds, sentence in SENTENCES:
        if isinstance(error, kinds):
            return sentence.format(place=place)
    return f"The database {place} cannot be used: {error}."


def _place(url: str) -> str:
    """Host and port, without user and password."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname:
            return f"at {parts.hostname}:{parts.port or PORT}"
    return "of DATABASE_URL"
