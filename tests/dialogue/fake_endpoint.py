"""A chat endpoint on a real socket that answers each request as its script says, well or badly."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Seen(NamedTuple):
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FakeEndpoint:
    """`script` holds one answer a request; the last one is repeated."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.seen: list[Seen] = []
        self.open = 0
        self.port = 0
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.seen.append(Seen(head[0], headers, body))
            await (self.script.pop(0) if len(self.script) > 1 else self.script[0])(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._serving.discard(task)
            writer.close()

    async def stop(self) -> None:
        tasks = list(self._serving)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def endpoint(*script: Answer, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[FakeEndpoint]:
    fake = FakeEndpoint(*script)
    server = await asyncio.start_server(fake._serve, "127.0.0.1", port, ssl=tls)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        await fake.stop()


def head(status: str = "200 OK", kind: str = "text/event-stream", *more: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *more, "", ""]).encode()


def chunk(text: str | None = None, **choice: Any) -> bytes:
    delta = {} if text is None else {"content": text}
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, **choice}]}).encode() + b"\n\n"


END = chunk(finish_reason="stop") + b"data: [DONE]\n\n"


def streams(*pieces: str, pause_seconds: float = 0.0, end: bytes = END, gate: asyncio.Event | None = None) -> Answer:
    """`gate` holds the answer back after its first piece."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head() + chunk(role="assistant"))
        for number, piece in enumerate(pieces):
            writer.write(chunk(piece))
            await writer.drain()
            if number == 0 and gate is not None:
                await gate.wait()
            await asyncio.sleep(pause_seconds)
        writer.write(end)
        await writer.drain()

    return answer


def sends(*blocks: bytes, pause_seconds: float = 0.0) -> Answer:
    """Exactly these bytes."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for block in blocks:
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(pause_seconds)

    return answer


def refuses(status: str, *more: str, body: bytes = b"{}") -> Answer:
    return sends(head(status, "application/json", *more) + body)


async def never_ends(writer: asyncio.StreamWriter) -> None:
    writer.write(head())
    while True:
        writer.write(b": " + b"x" * 60_000)
        await writer.drain()


async def hangs(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def trickles(writer: asyncio.StreamWriter) -> None:
    """Something every moment, so that no silence is ever long, and never an end."""
    writer.write(head())
    while True:
        writer.write(chunk("x "))
        await writer.drain()
        await asyncio.sleep(0.05)
