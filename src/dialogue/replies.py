"""A bot's reply: asked for outside any transaction, stored once, whoever asks and however often.

One short transaction reads what the bot is told, a second one stores its reply under the same hold. In between the
reply is under way in a task of its own (`flights`), so that a reader who leaves loses nothing; a process that dies
leaves no reply, and the next request asks again. Where two processes ask at once, the first reply stays for both.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple
from uuid import UUID

import structlog

from dialogue import bot_settings
from dialogue.bots import Ask, Bot, BotConfig, Message, Role, collect
from dialogue.conversations import conversation_of, reply_to, store_reply
from dialogue.errors import BotUnavailable, NoSuchConversation, TurnOutOfOrder
from dialogue.flights import Flight
from dialogue.ground import require_live
from dialogue.views import ConversationView, TurnView
from kernel import db
from kernel.errors import DomainError, StorageFull, Unavailable
from kernel.settings import Settings

log = structlog.get_logger(__name__)

STORE_PAUSES_SECONDS = (0.2, 1.0, 3.0)
"""Between the tries to store a reply that cost half a minute; a database that restarts is back by then."""


class _Key(NamedTuple):
    """Of one flight: a new hold asks for itself, because the old one may store nothing any more."""

    assignment_id: UUID
    annotator_id: UUID
    epoch: int
    user_turn_no: int


_flights: dict[_Key, tuple[Flight, asyncio.Task[None]]] = {}


async def reply_stream(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int, *, settings: Settings
) -> AsyncGenerator[str, None]:
    """The reply to the message in `user_turn_no`, piece by piece; ends when it is stored, `reply` then returns it.

    A reply that is there already comes in one piece. Raises what `reply` raises, also after some pieces.
    """
    found = await _ask(_Key(assignment_id, annotator_id, epoch, user_turn_no), settings)
    if isinstance(found, TurnView):
        yield found.text
        return
    async with aclosing(found.pieces()) as pieces:
        async for piece in pieces:
            yield piece


async def reply(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int, *, settings: Settings
) -> TurnView:
    """The stored reply. Raises `BotUnavailable`, `BotBroken`, `TurnOutOfOrder`, and what a lost hold raises."""
    found = await _ask(_Key(assignment_id, annotator_id, epoch, user_turn_no), settings)
    return found if isinstance(found, TurnView) else await found.turn()


async def stop() -> None:
    """For the end of the process: what is under way is given up, and asked for again by whoever wants it."""
    tasks = [task for _, task in _flights.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(key: _Key, settings: Settings) -> Flight | TurnView:
    if db.in_transaction():
        raise RuntimeError("a bot is never called inside a transaction: it would hold locks while a stranger thinks")
    async with db.transaction(_actor(key)):
        ground = await require_live(key.assignment_id, key.annotator_id, key.epoch)
        conversation = await conversation_of(ground.task_id, key.annotator_id)
        if conversation is None:
            raise NoSuchConversation
        existing = reply_to(conversation, key.user_turn_no)
        if existing is not None:
            return existing
        config = await bot_settings.load_bot(ground.project_id, settings)
    if key not in _flights:
        ask = _tell(conversation, key.user_turn_no, language=ground.language, domain=ground.domain)
        flight = Flight(settings.offline_bot_pause_seconds if config.kind == "offline" else 0.0)
        task = asyncio.create_task(_fly(key, flight, config, ask, settings), name=f"reply to turn {key.user_turn_no}")
        _flights[key] = flight, task
    return _flights[key][0]


def _tell(conversation: ConversationView, user_turn_no: int, *, language: str, domain: str) -> Ask:
    """The dialogue as it reads now: an edited reply is what the bot is told that it said."""
    if conversation.last is None or conversation.last.no != user_turn_no:
        raise TurnOutOfOrder
    messages = [Message(_role(turn), turn.text) for turn in conversation.turns]
    seed = conversation.id.int ^ user_turn_no
    return Ask(messages=messages, language=language, domain=domain, seed=seed)


def _role(turn: TurnView) -> Role:
    if turn.role == "user":
        return "user"
    return "assistant" if turn.role == "assistant" else "system"


async def _fly(key: _Key, flight: Flight, config: BotConfig, ask: Ask, settings: Settings) -> None:
    """Ends the flight in any case, and never raises: nobody may be waiting for this task."""
    try:
        bot = bot_settings.make_bot(config)
        text = await collect(bot, ask, settings=settings, listen=flight.say)
        flight.land(await _store(key, text, bot))
    except asyncio.CancelledError:
        flight.fail(BotUnavailable("The server is being restarted; ask for the reply again."))
        raise
    except DomainError as error:
        log.info("no reply", code=error.code, detail=error.detail, model=config.model, kind=config.kind)
        flight.fail(error)
    except Exception as error:
        log.exception("reply failed", model=config.model, kind=config.kind)
        flight.fail(error)
    finally:
        del _flights[key]


async def _store(key: _Key, text: str, bot: Bot) -> TurnView:
    for pause_seconds in (*STORE_PAUSES_SECONDS, None):
        try:
            async with db.transaction(_actor(key)):
                return await store_reply(*key, text, model=bot.model)
        except Exception as error:
            known = error if isinstance(error, DomainError) else db.translate(error)
            if known is None:
                raise
            if pause_seconds is None or not isinstance(known, Unavailable | StorageFull):
                raise known from error
        await asyncio.sleep(pause_seconds)
    raise AssertionError("the last round returns or raises")


def _actor(key: _Key) -> str:
    return f"annotator:{key.annotator_id}"
