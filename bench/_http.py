"""A small HTTP/1.1 client: one connection that stays open, JSON both ways.

A general client takes a core for about 400 requests a second, and on a small machine it would be measured instead of
the server. This one knows only what our server sends: a length or chunks, never compressed, no redirects.
"""

import asyncio
import json
from typing import Any, NamedTuple

CALL_SECONDS = 30.0
"""Longest wait for an answer: a server that hangs must end the run, not prolong it."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class UnexpectedStatusError(RuntimeError):
    """The server answered something else than the benchmark can go on with."""


class Client:
    """Not to be shared: one call at a time. `headers` go with every request."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.headers: dict[str, str] = {}
        self.calls = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """The decoded answer. Raises `UnexpectedStatusError` with the answer's text."""
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.send(method, path, content, "application/json")
        if answer.status != expect:
            raise UnexpectedStatusError(
                f"{method} {path}: {answer.status} {answer.body[:2000].decode(errors='replace')}"
            )
        return answer.json()

    async def send(self, method: str, path: str, content: bytes, media_type: str) -> Answer:
        self.calls += 1
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}:{self._port}", f"content-length: {len(content)}"]
        if content:
            lines.append(f"content-type: {media_type}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        async with asyncio.timeout(CALL_SECONDS):
            reader, writer = await self._connected()
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            return await _read(reader)

    async def close(self) -> None:
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            await writer.wait_closed()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        return self._streams


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(status_line.split(" ")[1]), headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)
