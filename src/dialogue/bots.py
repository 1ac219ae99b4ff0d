"""Who answers: one protocol, the built-in offline bot and any OpenAI-compatible endpoint."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Literal, Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from dialogue import offline_bot
from dialogue.errors import BotBroken, BotEmpty, BotSlow, BotTooLong, BotUnavailable
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
    id: UUID | None = None
    """None: the built-in bot, where nothing was set up."""
    name: str = ""
    kind: str
    model: str
    base_url: str | None = None
    api_key: str | None = None
    sealed_key: bytes | None = None
    """The key as it is stored; opened into `api_key` for the call alone."""
    system_prompt: str = ""
    temperature: float = 0.7
    top_p: float | None = None
    max_tokens: int = 1024
    connect_seconds: float | None = None
    first_token_seconds: float | None = None
    between_tokens_seconds: float | None = None
    total_seconds: float | None = None
    retries: int | None = None
    """Of these five none means: as the installation has it."""
    candidates: int = 1
    """Its share where several replies are asked for one message."""

    def limits(self, settings: Settings) -> Settings:
        """The installation's settings with this bot's own limits in their places."""
        own = {
            "bot_connect_seconds": self.connect_seconds,
            "bot_reply_seconds": self.first_token_seconds,
            "bot_between_seconds": self.between_tokens_seconds,
            "bot_total_seconds": self.total_seconds,
            "bot_retries": self.retries,
        }
        return replace(settings, **{name: value for name, value in own.items() if value is not None})

    def params(self) -> dict[str, Any]:
        """What is written beside its replies; says nothing of address or key."""
        given = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        said = {name: value for name, value in given.items() if value is not None} if self.kind == "openai" else {}
        return {"bot": self.name, "kind": self.kind} | said

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
        raise _with_partial(BotSlow("The bot's reply took too long; try again."), pieces) from error
    except BotUnavailable as error:
        _with_partial(error, pieces)
        raise
    text = "".join(pieces)
    if is_blank(text):
        raise BotEmpty("The bot sent an empty reply.")
    return text


def _require_usable(piece: str, length: int, settings: Settings) -> None:
    if length > settings.turn_text_limit:
        raise BotTooLong(f"The bot's reply is longer than {settings.turn_text_limit:,} characters.")
    if find_unstorable(piece):
        raise BotBroken("The bot's reply holds characters that cannot be stored.")


def _with_partial(error: BotUnavailable, pieces: list[str]) -> BotUnavailable:
    if pieces:
        error.extra["partial"] = "".join(pieces)
    return error
