"""A manager tries a bot: one short question, and how long its first word took."""

from uuid import UUID

from msgspec import Struct

from dialogue import bot_settings
from dialogue.bots import Ask, Message, collect
from kernel import db
from kernel.clock import monotonic
from kernel.errors import DomainError
from kernel.settings import Settings

QUESTION = "Say hello in one short sentence."


class BotTrial(Struct, frozen=True, kw_only=True):
    """`text` is the answer, or what came of it; `code` and `detail` say what went wrong, none where nothing did."""

    ok: bool
    text: str
    first_token_ms: float | None
    total_ms: float
    code: str | None = None
    detail: str | None = None


async def try_bot(project_id: UUID, bot_id: UUID | None, *, settings: Settings) -> BotTrial:
    """Asks the bot as it is set up, switched on or not. A failure is a result. Raises `NoSuchBot`."""
    if db.in_transaction():
        raise RuntimeError("a bot is never called inside a transaction: it would hold locks while a stranger thinks")
    config = await bot_settings.load_bot(project_id, bot_id)
    ask = Ask(messages=[Message("user", QUESTION)], language="en", domain="general", seed=0)
    began = monotonic()
    first: list[float] = []
    pieces: list[str] = []

    def listen(piece: str) -> None:
        if not first:
            first.append(monotonic() - began)
        pieces.append(piece)

    fault: DomainError | None = None
    try:
        bot = bot_settings.make_bot(bot_settings.with_key(config, settings))
        await collect(bot, ask, settings=config.limits(settings), listen=listen)
    except DomainError as error:
        fault = error
    return BotTrial(
        ok=fault is None,
        text="".join(pieces),
        first_token_ms=round(first[0] * 1000, 1) if first else None,
        total_ms=round((monotonic() - began) * 1000, 1),
        code=fault.code if fault else None,
        detail=fault.detail if fault else None,
    )
