"""One request is one transaction: what it changed, its stored reply and its events commit together or not at all."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import asyncpg
from litestar import Response

from callboard.api.request import Call
from callboard.api.wire import encode
from kernel import db, idempotency
from kernel.errors import Invalid, PreconditionFailed
from kernel.idempotency import Reply

T = TypeVar("T")
TRIES = 3
"""Of a transaction that a deadlock or a serialization failure ended: it changed nothing and may run again."""
NO_CONTENT = 204
IDEMPOTENCY_KEY = "idempotency-key"


class _Unit(NamedTuple):
    """One request's work, which may have to run again."""

    act: Callable[[], Awaitable[Any]]
    status: int
    key: str | None
    request_hash: bytes
    stored: Callable[[Any], Any] | None
    headers: Callable[[Any], dict[str, str]] | None


async def unit_of_work(
    request: Call,
    act: Callable[[], Awaitable[T]],
    *,
    status: int = 200,
    stored: Callable[[T], Any] | None = None,
    headers: Callable[[T], dict[str, str]] | None = None,
) -> Response[T]:
    """Runs `act` in a transaction in the actor's name and answers with its result.

    With an Idempotency-Key a second request gets the first one's reply again. `stored` is what is kept for that where
    the reply itself must not be kept, because it shows a secret once.
    """
    key = request.headers.get(IDEMPOTENCY_KEY) if request.method == "POST" else None
    unit = _Unit(act, status, key, b"" if key is None else await fingerprint_of(request), stored, headers)
    for attempt in range(1, TRIES + 1):
        try:
            return await _once(request.actor.label, unit)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            if attempt == TRIES:
                raise
    raise AssertionError


async def _once(actor: str, unit: _Unit) -> Response[Any]:
    async with db.transaction(actor):
        if unit.key is not None:
            first = await _begin(actor, unit.key, unit.request_hash)
            if first is not None:
                return answer(first.status, first.body, {"idempotent-replay": "true"})
        result = await unit.act()
        body = b"" if unit.status == NO_CONTENT else encode(result)
        if unit.key is not None:
            kept = body if unit.stored is None else encode(unit.stored(result))
            await idempotency.store(actor, unit.key, Reply(unit.status, kept))
    return answer(unit.status, body, {} if unit.headers is None else unit.headers(result))


async def _begin(actor: str, key: str, request_hash: bytes) -> Reply | None:
    try:
        return await idempotency.begin(actor, key, request_hash)
    except asyncpg.LockNotAvailableError as error:
        raise idempotency.StillRunning(retry_after_seconds=1) from error


async def fingerprint_of(request: Call) -> bytes:
    query = request.scope["query_string"].decode("latin-1")
    return idempotency.fingerprint(request.method, f"{request.scope['path']}?{query}", await request.body())


def answer(status: int, body: bytes, headers: dict[str, str]) -> Response[Any]:
    return Response(
        content=body,
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"} | headers,
    )


def reply(value: T, headers: dict[str, str] | None = None) -> Response[T]:
    """The answer of a read."""
    return answer(200, encode(value), headers or {})


def etag(version: int) -> dict[str, str]:
    return {"etag": f'"{version}"'}


def if_match(request: Call) -> int | None:
    """The version that the caller read; none: whatever it is now. Raises `PreconditionFailed`, `Invalid`."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    text = given.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit():
        raise Invalid('If-Match is the ETag of the last read, for example "3".')
    if len(text) > 9:  # noqa: PLR2004  no version has ten digits
        raise PreconditionFailed
    return int(text)
