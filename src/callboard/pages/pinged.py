"""Server-sent events to a page that waits for a bot."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

import msgspec

T = TypeVar("T")
PING_SECONDS = 10.0
"""A bot may think for half a minute; proxies cut lines that are silent for longer than that."""
PING = b": ping\n\n"


async def pinged(pieces: AsyncGenerator[T, None]) -> AsyncGenerator[T | None, None]:
    """None now and then while nothing comes, so that nobody in between takes the line for dead."""
    async with aclosing(pieces):
        following: asyncio.Task[T] = asyncio.ensure_future(anext(pieces))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=PING_SECONDS)
                if not done:
                    yield None
                    continue
                try:
                    piece = following.result()
                except StopAsyncIteration:
                    return
                yield piece
                following = asyncio.ensure_future(anext(pieces))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def event(name: str, value: object) -> bytes:
    """As JSON, because a message of the stream may hold no line end."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(value))
