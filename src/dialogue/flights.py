"""A reply that is under way, heard by any number of readers, each from its beginning.

The reply belongs to nobody's request: whoever goes away in the middle does not stop it, and whoever comes back hears
the rest of the same one.
"""

import asyncio
from collections.abc import AsyncGenerator

from dialogue.errors import BotUnavailable
from dialogue.views import TurnView


class Flight:
    """`pause_seconds` stands between the pieces that a reader gets, for a bot that has all of them at once."""

    def __init__(self, pause_seconds: float = 0.0) -> None:
        self._pause_seconds = pause_seconds
        self._pieces: list[str] = []
        self._turn: TurnView | None = None
        self._error: BaseException | None = None
        self._news = asyncio.Event()

    def say(self, piece: str) -> None:
        self._pieces.append(piece)
        self._wake()

    def land(self, turn: TurnView) -> None:
        self._turn = turn
        self._wake()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    @property
    def _ended(self) -> bool:
        return self._turn is not None or self._error is not None

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Ends when the reply is stored. Raises what went wrong, after the pieces that came before it."""
        heard = 0
        while True:
            news = self._news
            while heard < len(self._pieces):
                yield self._pieces[heard]
                heard += 1
                if self._pause_seconds:
                    await asyncio.sleep(self._pause_seconds)
            if self._ended and heard == len(self._pieces):
                break
            await news.wait()
        await self.turn()

    async def turn(self) -> TurnView:
        """The stored reply, once it is. Raises what went wrong."""
        while not self._ended:
            await self._news.wait()
        if self._turn is not None:
            return self._turn
        raise self._error or BotUnavailable
