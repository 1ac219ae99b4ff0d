import asyncio
from pathlib import Path

import asyncpg
import pytest
from piccolo.engine.exceptions import TransactionError

from kernel import db, idempotency
from kernel.errors import Invalid, Unavailable
from kernel.settings import Settings
from kernel.sql import compile_sql, parse

pytestmark = pytest.mark.usefixtures("pool")


async def test_nested_transactions_are_refused() -> None:
    async with db.transaction():
        with pytest.raises(TransactionError):
            db.transaction()


async def test_a_failed_commit_gives_the_connection_back() -> None:
    assert db.engine.pool is not None
    await db.execute("CREATE TABLE parent (id int PRIMARY KEY)")
    await db.execute("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    for _ in range(40):  # more often than the pool has connections
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.transaction():
                await db.execute("INSERT INTO child VALUES (1)")
        assert not db.in_transaction()
    assert await db.fetch_value("SELECT 1") == 1


async def test_a_connection_that_dies_inside_a_transaction_does_not_hang() -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)) as caught:
        async with db.transaction():
            pid = await db.fetch_value("SELECT pg_backend_pid()")
            killer = asyncio.create_task(_terminate(pid))
            await killer
            await db.fetch_value("SELECT 1")
    assert isinstance(db.translate(caught.value), Unavailable)
    assert await db.fetch_value("SELECT 1") == 1


async def _terminate(pid: int) -> None:
    db.engine.current_transaction.set(None)
    await db.fetch_value("SELECT pg_terminate_backend(:pid)", pid=pid)


async def test_actor_is_known_to_triggers_for_one_transaction_only() -> None:
    async with db.transaction("person:o'neil"):
        assert await db.fetch_value("SELECT current_setting('callboard.actor', true)") == "person:o'neil"
    assert await db.fetch_value("SELECT current_setting('callboard.actor', true)") in (None, "")


async def test_named_parameters_leave_casts_and_quotes_alone() -> None:
    query = compile_sql("q", "SELECT ':no', :a::int, '12:30'::time, :b -- :c\n WHERE :a > 0")
    assert query.text == "SELECT ':no', $1::int, '12:30'::time, $2 -- :c\n WHERE $1 > 0"
    assert query.parameters == ("a", "b")
    with pytest.raises(TypeError, match="b"):
        query.bind({"a": 1})
    with pytest.raises(ValueError, match="two queries"):
        parse("-- name: x\nSELECT 1\n-- name: x\nSELECT 2")


async def test_nul_in_json_is_refused_and_backslash_text_is_kept() -> None:
    with pytest.raises(Invalid):
        db.jsonb({"a": ["x\x00y"]})
    text = "\\u0000 is how NUL is written"
    assert await db.fetch_value("SELECT :v::jsonb", v=db.jsonb({"a": text})) == {"a": text}


async def test_same_key_replays_and_another_request_is_refused() -> None:
    first = idempotency.fingerprint("POST", "/x", b"1")
    async with db.transaction():
        assert await idempotency.begin("a", "key", first) is None
        await idempotency.store("a", "key", idempotency.Reply(201, b"{}"))
    async with db.transaction():
        assert await idempotency.begin("a", "key", first) == idempotency.Reply(201, b"{}")
        assert await idempotency.begin("b", "key", first) is None
    with pytest.raises(idempotency.KeyReused):
        async with db.transaction():
            await idempotency.begin("a", "key", idempotency.fingerprint("POST", "/x", b"2"))


async def test_a_key_of_a_failed_request_is_free_again() -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await idempotency.begin("a", "k", b"h")
            raise ZeroDivisionError
    async with db.transaction():
        assert await idempotency.begin("a", "k", b"h") is None


async def test_a_socket_that_is_gone_is_a_server_that_is_away(settings: Settings, tmp_path: Path) -> None:
    """Between a killed server and the next one its socket has no file."""
    engine = db.SafeEngine()
    await engine.open(f"postgresql://callboard@/none?host={tmp_path}", settings, min_size=0)
    with pytest.raises(ConnectionRefusedError) as caught:
        await engine.acquire()
    await engine.close()
    assert isinstance(db.translate(caught.value), Unavailable)
