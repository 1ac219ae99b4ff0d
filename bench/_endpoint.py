"""A chat endpoint for benchmarks, on a real socket: it behaves as the last message tells it to, and notes when it sent what."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

TOKENS = 20
PAUSE_SECONDS = 0.03
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Endpoint:
    """`sent` holds the moment of every token, by its text: each is sent once. `asked` counts requests by their order."""

    def __init__(self) -> None:
        self.port = 0
        self.sent: dict[str, float] = {}
        self.asked: Counter[str] = Counter()
        self.endless_bytes = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length: ")[2].split("\r\n")[0])
            message = json.loads(await reader.readexactly(length))["messages"][-1]["content"]
            self.asked[message] += 1
            await self._answer(message, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, message: str, writer: asyncio.StreamWriter) -> None:
        """The order is the first word; what only fails once answers well when it is asked again."""
        order = message.split(maxsplit=1)[0]
        if order.endswith("-once"):
            order = order.removesuffix("-once") if self.asked[message] == 1 else "well"
        if order in ("429", "500"):
            writer.write(f"HTTP/1.1 {order} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        elif order == "garbage":
            writer.write(HEAD + b"data: \xff\xfe{nonsense\n\n")
        elif order == "silent":
            await asyncio.sleep(30)
        elif order == "endless":
            await self._endless(writer)
        else:
            await self._tokens(message, order, writer)
        await writer.drain()

    async def _tokens(self, message: str, order: str, writer: asyncio.StreamWriter) -> None:
        name = f"{abs(hash((message, self.asked[message]))):x}"  # of this call: candidates are asked for at once
        writer.write(HEAD)
        for number in range(TOKENS):
            if order == "cut" and number == TOKENS // 2:
                return
            token = f"{name}.{number} "
            chunk = {"choices": [{"index": 0, "delta": {"content": token}}]}
            self.sent[token] = perf_counter()
            writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            await writer.drain()
            await asyncio.sleep(PAUSE_SECONDS * (4 if order == "slow" else 1))
        writer.write(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')

    async def _endless(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while True:
            writer.write(b"data: " + b"x" * 60_000)  # one line that never ends
            await writer.drain()
            self.endless_bytes += 60_000


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    fake = Endpoint()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
