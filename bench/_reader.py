"""A browser's EventSource, as far as a reply needs it: it notes when each piece came, and comes back with the last id."""

import asyncio
import json
from time import perf_counter
from typing import NamedTuple

COME_BACK_SECONDS = 0.5
PATIENCE_SECONDS = 60.0


class Heard(NamedTuple):
    text: str
    """What stands on the page when the reply ends: a `start` clears what came before."""
    pieces: list[tuple[str, float]]
    end: str
    """The finished exchange, as HTML."""
    breaks: int


class _Page:
    def __init__(self) -> None:
        self.last_id = ""
        self.text = ""
        self.end: str | None = None
        self.pieces: list[tuple[str, float]] = []

    def take(self, block: bytes, at: float) -> None:
        fields = dict(
            line.split(b": ", 1) for line in block.split(b"\n") if b": " in line and not line.startswith(b":")
        )
        if b"id" in fields:
            self.last_id = fields[b"id"].decode()
        event = fields.get(b"event")
        if event == b"start":
            self.text = ""
        elif event == b"words":
            said = json.loads(fields[b"data"])
            piece = said["text"] if isinstance(said, dict) else said  # of candidates with its slot
            self.text += piece
            self.pieces.append((piece, at))
        elif event == b"end":
            self.end = json.loads(fields[b"data"]) or ""  # candidates end without a word


async def listen(port: int, path: str, cookie: str) -> Heard:
    """Until the reply ends, over any number of connections. Raises `TimeoutError`."""
    page, breaks = _Page(), 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while page.end is None:
            try:
                await _connection(port, path, cookie, page)
            except (OSError, EOFError, ValueError):
                breaks += 1
                await asyncio.sleep(COME_BACK_SECONDS)
    return Heard(page.text, page.pieces, page.end, breaks)


async def _connection(port: int, path: str, cookie: str, page: _Page) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        resume = f"last-event-id: {page.last_id}\r\n" if page.last_id else ""
        head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/event-stream\r\ncookie: {cookie}\r\n{resume}\r\n"
        writer.write(head.encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
        if status != b"200":
            raise ValueError(status)
        rest = b""
        while page.end is None:
            size = int((await reader.readline()).strip() or b"0", 16)
            if size == 0:
                raise EOFError
            rest += await reader.readexactly(size)
            at = perf_counter()
            await reader.readline()
            *blocks, rest = rest.split(b"\n\n")
            for block in blocks:
                page.take(block, at)
    finally:
        writer.close()
