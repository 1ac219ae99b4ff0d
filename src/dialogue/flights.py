"""A reply that is under way, heard by any number of readers, each from its beginning or from where it broke off.

The reply belongs to nobody's request: whoever goes away in the middle does not stop it, and whoever comes back hears
the rest of the same one.
"""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from dialogue.errors import BotUnavailable
from dialogue.views import TurnView


class Flight:
    """`pause_seconds` stands between the pieces that a reader gets, for a bot that has all of them at once.

    `place` counts from 0 where several replies are asked for one message. Its memory is bounded by whoever feeds it.
    """

    def __init__(self, call_id: UUID, place: int = 0, *, model: str = "", pause_seconds: float = 0.0) -> None:
        self.call_id = call_id
        self.place = place
        self.model = model
        self.kept: TurnView | None = None
        """The turn that was made of it, where whoever asked for it could store it."""
        self.followed = False
        """Whether another process fetches it."""
        self.began = asyncio.Event()
        self._pause_seconds = pause_seconds
        self._pieces: list[str] = []
        self._text: str | None = None
        self._error: BaseException | None = None
        self._news = asyncio.Event()

    def say(self, piece: str) -> None:
        self._pieces.append(piece)
        self._wake()

    def land(self, text: str, kept: TurnView | None = None) -> None:
        self._text, self.kept = text, kept
        self._wake()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._wake()

    def _wake(self) -> None:
        self.began.set()
        news, self._news = self._news, asyncio.Event()
        news.set()

    @property
    def said(self) -> str:
        """What has come so far."""
        return "".join(self._pieces)

    @property
    def ended(self) -> bool:
        return self._text is not None or self._error is not None

    async def pieces(self, after: int = 0) -> AsyncGenerator[str, None]:
        """From the character `after` on. Raises what went wrong, after the pieces that came before it."""
        said = self.said if after else ""
        heard = len(self._pieces) if said else 0
        if said[after:]:
            yield said[after:]
        while True:
            news = self._news
            while heard < len(self._pieces):
                yield self._pieces[heard]
                heard += 1
                if self._pause_seconds:
                    await asyncio.sleep(self._pause_seconds)
            if self.ended and heard == len(self._pieces):
                break
            await news.wait()
        await self.landed()

    async def landed(self) -> str:
        """The whole text, once it is there. Raises what went wrong."""
        while not self.ended:
            await self._news.wait()
        if self._text is not None:
            return self._text
        raise self._error or BotUnavailable
