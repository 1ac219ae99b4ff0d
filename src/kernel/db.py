"""The database: Piccolo's engine made safe, one transaction at a time, and named SQL on the transaction's connection.

Piccolo connects while its engine is constructed, joins nested transactions silently and leaks the connection of a
failed COMMIT; the two subclasses here mend that. Whoever faces outwards (a request, a job) opens `transaction()`;
domain functions that change something call `require_transaction()`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from kernel import sql as named
from kernel.errors import Conflict, DomainError, Invalid, StorageFull, Unavailable
from kernel.ids import plain_uuid
from kernel.settings import Settings

T = TypeVar("T")
Statement = named.Sql | str


class SafeTransaction(PostgresTransaction):
    """BEGIN … COMMIT on one pooled connection, given back whatever happens, with the actor known to triggers."""

    __slots__ = ("_actor", "_engine")

    def __init__(self, engine: "SafeEngine", actor: str) -> None:
        super().__init__(engine=engine, allow_nested=False)
        self._engine = engine
        self._actor = actor

    async def __aenter__(self) -> Self:
        self.connection = await self._engine.acquire()
        try:
            actor = self._actor.replace("'", "''")
            await self.connection.execute(f"BEGIN; SELECT set_config('callboard.actor', '{actor}', true)")
        except BaseException:
            await self._engine.give_back(self.connection)
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        self.engine.current_transaction.reset(self.context)
        try:
            if self._committed or self._rolled_back:
                return False
            if isinstance(error, TimeoutError):
                # The server did not answer within the command's time; it will not answer a ROLLBACK either.
                self.connection.terminate()
                return False
            await self.connection.execute("ROLLBACK" if kind else "COMMIT")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            # A rollback that cannot be sent has happened already: the server rolls back what loses its client.
            if not kind:
                raise
        finally:
            await asyncio.shield(self._engine.give_back(self.connection))
        return False


class SafeEngine(PostgresEngine):
    """Knows no address until `pool()` is opened, and opens no connection outside it."""

    def __init__(self) -> None:
        self._acquire_seconds = 2.0
        super().__init__(config={"database": "callboard"})

    async def check_version(self) -> None:
        """The start-up check asks for PostgreSQL 15 instead; constructing an engine must not connect."""

    async def prep_database(self) -> None:
        """No extension is used."""

    async def acquire(self) -> Any:
        if self.pool is None:
            raise RuntimeError("no database pool is open in this process; use kernel.db.pool()")
        try:
            return await self.pool.acquire(timeout=self._acquire_seconds)
        except FileNotFoundError as error:
            # The socket's file is gone for a moment while a server that was killed starts again.
            raise ConnectionRefusedError(*error.args) from error

    async def give_back(self, connection: Any) -> None:
        if self.pool is None:
            return
        try:
            await self.pool.release(connection, timeout=self._acquire_seconds)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            # It died on the way; the pool has let go of it, and whoever used it has heard already.
            connection.terminate()

    def transaction(self, allow_nested: bool = False, actor: str = "system") -> SafeTransaction:
        if allow_nested:
            raise TransactionError("a nested transaction would be silently joined; use one transaction or a savepoint")
        return SafeTransaction(self, actor)

    async def open(self, dsn: str, settings: Settings, **options: Any) -> None:
        self._acquire_seconds = settings.pool_acquire_seconds
        self.config = {"dsn": dsn}
        server_settings = {
            "application_name": "callboard",
            "jit": "off",  # short statements pay more for compiling than they win
            "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
            "lock_timeout": str(int(settings.lock_timeout_seconds * 1000)),
            "idle_in_transaction_session_timeout": "15000",  # a stuck process must not hold its locks
            "timezone": "UTC",
        } | options.pop("server_settings", {})
        self.pool = await asyncpg.create_pool(
            dsn,
            min_size=options.pop("min_size", settings.pool_min_size),
            max_size=options.pop("max_size", settings.pool_max_size),
            command_timeout=options.pop("command_timeout", settings.statement_timeout_seconds + 0.5),
            timeout=settings.pool_acquire_seconds,
            init=_prepare_connection,
            reset=_reset_connection,
            server_settings=server_settings,
            **options,
        )

    async def close(self) -> None:
        pool, self.pool = self.pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), timeout=2)
            except TimeoutError:
                pool.terminate()


async def _prepare_connection(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=str, decoder=msgspec.json.decode, format="text"
    )


async def _reset_connection(connection: Any) -> None:
    # asyncpg's own reset is one more round trip for every statement; only SET LOCAL and transaction locks are used here.
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


engine = SafeEngine()


@asynccontextmanager
async def pool(dsn: str, settings: Settings, **options: Any) -> AsyncIterator[None]:
    """The process's connections, for this event loop; a lifespan context manager."""
    await engine.open(dsn, settings, **options)
    try:
        yield
    finally:
        await engine.close()


def transaction(actor: str = "system") -> SafeTransaction:
    """One transaction; `actor` is what the audit triggers write. Nesting raises `TransactionError`."""
    return engine.transaction(actor=actor)


def in_transaction() -> bool:
    return engine.current_transaction.get() is not None


def require_transaction() -> None:
    if not in_transaction():
        raise RuntimeError("this changes several rows together: open kernel.db.transaction() around it")


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """What fails inside is undone, what stands before it stays; the exception goes on."""
    current = engine.current_transaction.get()
    if current is None:
        raise RuntimeError("a savepoint stands inside a transaction")
    connection = current.connection
    await connection.execute("SAVEPOINT inner_step")  # a nested one of the same name hides the outer one until its end
    try:
        yield
    except BaseException:
        await connection.execute("ROLLBACK TO SAVEPOINT inner_step; RELEASE SAVEPOINT inner_step")
        raise
    await connection.execute("RELEASE SAVEPOINT inner_step")


@asynccontextmanager
async def _connection() -> AsyncIterator[Any]:
    current = engine.current_transaction.get()
    if current is not None:
        yield current.connection
        return
    connection = await engine.acquire()
    try:
        yield connection
    finally:
        await engine.give_back(connection)


def _compiled(statement: Statement) -> named.Sql:
    return named.inline(statement) if isinstance(statement, str) else statement


async def fetch(statement: Statement, /, **values: Any) -> list[Any]:
    query = _compiled(statement)
    async with _connection() as connection:
        return list(await connection.fetch(query.text, *query.bind(values)))


async def fetch_one(statement: Statement, /, **values: Any) -> Any | None:
    query = _compiled(statement)
    async with _connection() as connection:
        return await connection.fetchrow(query.text, *query.bind(values))


async def fetch_value(statement: Statement, /, **values: Any) -> Any:
    query = _compiled(statement)
    async with _connection() as connection:
        return await connection.fetchval(query.text, *query.bind(values))


async def fetch_as(kind: type[T], statement: Statement, /, **values: Any) -> list[T]:
    """Rows as Structs: columns and fields carry the same names."""
    return [as_struct(kind, row) for row in await fetch(statement, **values)]


async def fetch_one_as(kind: type[T], statement: Statement, /, **values: Any) -> T | None:
    row = await fetch_one(statement, **values)
    return None if row is None else as_struct(kind, row)


async def execute(statement: Statement, /, **values: Any) -> int:
    """Number of rows that the statement touched."""
    query = _compiled(statement)
    async with _connection() as connection:
        status: str = await connection.execute(query.text, *query.bind(values))
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


def as_struct(kind: type[T], row: Any) -> T:
    return msgspec.convert(dict(row), kind, strict=True, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    if kind is UUID:
        return plain_uuid(value)
    raise TypeError(f"{value!r} is no {kind}")


def jsonb(value: Any) -> str:
    """A parameter for a jsonb column. Raises `Invalid` for text that PostgreSQL cannot hold."""
    text = msgspec.json.encode(value).decode()
    if "\\u0000" in text and "\x00" in _every_text(value):
        raise Invalid("The character U+0000 is not allowed in text.")
    return text


def _every_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_every_text(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return "".join(_every_text(part) for part in value)
    if isinstance(value, msgspec.Struct):
        return _every_text(msgspec.to_builtins(value))
    return ""


_UNAVAILABLE = (
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)


def _refused_by_check(error: Any) -> DomainError | None:
    return Conflict(str(error)) if error.constraint_name == "legal_transition" else None


_MEANINGS: tuple[tuple[Any, Callable[[Any], DomainError | None]], ...] = (
    (asyncpg.DiskFullError, lambda _: StorageFull()),
    (
        (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError),
        lambda _: Invalid("The character U+0000 is not allowed in text."),
    ),
    (asyncpg.DataError, lambda _: Invalid("A value is outside the range that can be stored.")),
    (asyncpg.CheckViolationError, _refused_by_check),
    (
        asyncpg.ForeignKeyViolationError,
        lambda error: Conflict(f"It names what does not exist, or something depends on it ({error.constraint_name})."),
    ),
    (asyncpg.UniqueViolationError, lambda error: Conflict(f"There is one already ({error.constraint_name}).")),
    (_UNAVAILABLE, lambda _: Unavailable()),
)


def translate(error: BaseException) -> DomainError | None:
    """The named error that a database failure means for the caller; `None` where it is a fault of ours."""
    for kinds, meaning in _MEANINGS:
        if isinstance(error, kinds):
            return meaning(error)
    return None
