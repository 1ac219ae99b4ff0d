"""Who answers: one protocol, the built-in offline bot and any OpenAI-compatible endpoint."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct

from dialogue import offline_bot
from dialogue.errors import BotBroken, BotUnavailable
from dialogue.texts import find_unstorable, is_blank
from kernel.settings import Settings

Role = Literal["system", "user", "assistant"]


class Message(Struct, frozen=True):
    role: Role
    content: str


class Ask(Struct, frozen=True, kw_only=True):
    """Everything that a bot is told. Nothing here says who is asking, and nothing of this may be added.

    An endpoint elsewhere is sent the messages alone. `seed` lets the built-in bot, which answers by rule, say different
    things to two people who ask the same.
    """

    messages: list[Message]
    language: str
    domain: str
    seed: int


class BotConfig(Struct, frozen=True, kw_only=True):
    """How a project's bot is set up, with its key: never leaves the server. Printing it shows no key."""

    project_id: UUID
    kind: str
    model: str
    base_url: str | None = None
    api_key: str | None = None
    system_prompt: str = ""
    temperature: float = 0.7
    max_tokens: int = 1024

    def __repr__(self) -> str:
        return f"BotConfig(project_id={self.project_id}, kind={self.kind!r}, model={self.model!r})"


class Bot(Protocol):
    model: str
    """What is written beside its replies."""

    def stream(self, ask: Ask, *, settings: Settings) -> AsyncGenerator[str, None]:
        """The reply in pieces as they come. Raises `BotUnavailable` or `BotBroken`, also after some pieces."""
        ...


class OfflineBot:
    """Answers at once, without any network, and says in every line of `model` that it is the built-in one."""

    model = offline_bot.MODEL_NAME

    async def stream(self, ask: Ask, *, settings: Settings) -> AsyncGenerator[str, None]:  # noqa: ARG002  the protocol's
        history = [offline_bot.BotMessage(message.role, message.content) for message in ask.messages]
        for piece in offline_bot.stream(offline_bot.BotRequest(history, ask.language, ask.domain, ask.seed)):
            yield piece


def nobody_listens(_: str) -> None:
    """For a caller who wants the whole reply only."""


async def collect(bot: Bot, ask: Ask, *, settings: Settings, listen: Callable[[str], None] = nobody_listens) -> str:
    """The whole reply; each piece is passed on as it comes. Bounded in time and length.

    Raises `BotUnavailable` or `BotBroken`; its `partial` holds what had come by then.
    """
    pieces: list[str] = []
    length = 0
    try:
        async with asyncio.timeout(settings.bot_total_seconds), aclosing(bot.stream(ask, settings=settings)) as stream:
            async for piece in stream:
                length += len(piece)
                _require_usable(piece, length, settings)
                pieces.append(piece)
                listen(piece)
    except TimeoutError as error:
        raise _with_partial(BotUnavailable("The bot's reply took too long; try again."), pieces) from error
    except BotUnavailable as error:
        _with_partial(error, pieces)
        raise
    text = "".join(pieces)
    if is_blank(text):
        raise BotBroken("The bot sent an empty reply.")
    return text


def _require_usable(piece: str, length: int, settings: Settings) -> None:
    if length > settings.turn_text_limit:
        raise BotBroken(f"The bot's reply is longer than {settings.turn_text_limit:,} characters.")
    if find_unstorable(piece):
        raise BotBroken("The bot's reply holds characters that cannot be stored.")


def _with_partial(error: BotUnavailable, pieces: list[str]) -> BotUnavailable:
    if pieces:
        error.extra["partial"] = "".join(pieces)
    return error
