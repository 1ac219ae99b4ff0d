"""A bot's reply to a message on the active path: asked for outside any transaction, stored once, whoever asks.

One short transaction reads what the bot is told, a second one stores its reply under the same hold. In between the
reply is under way in a task of its own (`calls`), so that a reader who leaves loses nothing. A process that dies leaves
what came by then, and the next request asks again. Two processes that are asked at once fetch one reply.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from dialogue import call_store, calls
from dialogue.bots import Ask, Message, Role
from dialogue.calls import Landed, Question
from dialogue.conversations import (
    conversation_of,
    message_at,
    replies_to,
    reply_to,
    require_single,
    store_reply,
)
from dialogue.errors import BotRestarted, NoSuchConversation, TurnOutOfOrder
from dialogue.flights import Flight
from dialogue.ground import require_live
from dialogue.views import ConversationView, TurnView
from kernel import db
from kernel.settings import Settings

stop = calls.stop


class Words(NamedTuple):
    """A piece of a reply as it comes. `mark` is what a reader says who comes back, to go on behind this piece."""

    text: str
    mark: str
    again: bool = False
    """Whether what was read before belongs to a call that is over: this piece begins a reply anew."""


class ReplyAttempt(Struct, frozen=True):
    """The last call for one reply, as the annotator may see it: without the bot's name."""

    place: int
    attempt: int
    state: str
    code: str | None
    partial: str
    first_token_seconds: float | None
    """Of a candidate none until the work is handed in."""


class _Hold(NamedTuple):
    assignment_id: UUID
    annotator_id: UUID
    epoch: int

    @property
    def actor(self) -> str:
        return f"annotator:{self.annotator_id}"


async def reply_stream(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int, *, settings: Settings
) -> AsyncGenerator[str, None]:
    """The texts of `reply_words`, from the beginning."""
    words = reply_words(assignment_id, annotator_id, epoch, user_turn_no, settings=settings)
    async with aclosing(words) as pieces:
        async for piece in pieces:
            yield piece.text


async def reply_words(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    user_turn_no: int,
    *,
    settings: Settings,
    heard: str | None = None,
) -> AsyncGenerator[Words, None]:
    """The reply to the message in `user_turn_no`, piece by piece; ends when it is stored, `reply` then returns it.

    `heard` is the mark of the last piece that the reader has; with it, the stream goes on behind. A reply that is there
    already comes in one piece. Raises what `reply` raises, also after some pieces.
    """
    hold = _Hold(assignment_id, annotator_id, epoch)
    call, after = _read_mark(heard)
    while True:
        found = await _ask(hold, user_turn_no, settings)
        if isinstance(found, TurnView):
            yield Words(found.text, "", again=True)
            return
        resumed = call == found.call_id
        upto, again = (after, False) if resumed else (0, True)
        try:
            async with aclosing(found.pieces(upto)) as pieces:
                async for piece in pieces:
                    upto += len(piece)
                    yield Words(piece, f"{found.call_id.hex}:{upto}", again)
                    again = False
        except BotRestarted:
            if not found.followed:
                raise  # this very process is ending
            continue
        await _kept(hold, found, settings)
        return


async def reply(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int, *, settings: Settings
) -> TurnView:
    """The stored reply. Raises `BotUnavailable` and its kinds, `TurnOutOfOrder`, and what a lost hold raises."""
    hold = _Hold(assignment_id, annotator_id, epoch)
    while True:
        found = await _ask(hold, user_turn_no, settings)
        try:
            return found if isinstance(found, TurnView) else await _kept(hold, found, settings)
        except BotRestarted:
            if not (isinstance(found, Flight) and found.followed):
                raise


async def attempts(task_id: UUID, annotator_id: UUID, user_turn_no: int, *, blind: bool = True) -> list[ReplyAttempt]:
    """How asking for the reply to a message went, the last call of each place. Raises `NoSuchConversation`, `NoSuchTurn`.

    `blind`: of candidates without how fast they came, which over some messages would tell one bot from another.
    """
    conversation = await conversation_of(task_id, annotator_id)
    if conversation is None:
        raise NoSuchConversation
    found = await call_store.newest_calls(message_at(conversation, user_turn_no).id)
    return [
        ReplyAttempt(
            call.place,
            call.attempt,
            call.state,
            call.code,
            call.text,
            None if blind and call.place >= call_store.PLACES_PER_ROUND else call.first_token_seconds,
        )
        for call in found
    ]


async def _kept(hold: _Hold, flight: Flight, settings: Settings) -> TurnView:
    """The turn of a reply that has arrived; where whoever asked first lost the hold, this one stores it."""
    text = await flight.landed()
    if flight.kept is not None:
        return flight.kept
    call = await call_store.read(flight.call_id)
    assert call is not None, "calls are never deleted"
    async with db.transaction(hold.actor):
        return await store_reply(
            *hold, call.turn_id, replies_before=call.place, text=text, model=call.model, bot_id=call.bot_id, parameters=call.params,
            settings=settings,
        )  # fmt: skip


async def _ask(hold: _Hold, user_turn_no: int, settings: Settings) -> Flight | TurnView:
    if db.in_transaction():
        raise RuntimeError("a bot is never called inside a transaction: it would hold locks while a stranger thinks")
    async with db.transaction(hold.actor):
        ground = await require_live(*hold)
        conversation = await conversation_of(ground.task_id, hold.annotator_id)
        if conversation is None:
            raise NoSuchConversation
        existing = reply_to(conversation, user_turn_no)
        if existing is not None:
            return existing.blind()
        await require_single(ground)
        message = message_at(conversation, user_turn_no)
        place = len(await replies_to(message.id))
        ask = tell(conversation, message, language=ground.language, domain=ground.domain)
        question = Question(turn_id=message.id, project_id=ground.project_id, ask=ask)

    async def keep(landed: Landed) -> TurnView:
        return await store_reply(
            *hold, landed.turn_id, replies_before=landed.place, text=landed.text, model=landed.model, bot_id=landed.bot_id,
            parameters=landed.params, settings=settings,
        )  # fmt: skip

    async def check() -> None:
        await require_live(*hold)

    (flight,) = await calls.replies_for(question, [place], actor=hold.actor, keep=keep, settings=settings, check=check)
    return flight


def tell(conversation: ConversationView, message: TurnView, *, language: str, domain: str) -> Ask:
    """The dialogue as it reads now: an edited reply is what the bot is told that it said."""
    if conversation.last is None or conversation.last.id != message.id:
        raise TurnOutOfOrder
    messages = [Message(_role(turn), turn.text) for turn in conversation.turns]
    seed = conversation.id.int ^ message.no
    return Ask(messages=messages, language=language, domain=domain, seed=seed)


def _role(turn: TurnView) -> Role:
    if turn.role == "user":
        return "user"
    return "assistant" if turn.role == "assistant" else "system"


def _read_mark(mark: str | None) -> tuple[UUID | None, int]:
    """Nonsense in a mark means: from the beginning."""
    call, _, count = (mark or "").partition(":")
    try:
        return UUID(hex=call), max(0, int(count[:9]))
    except ValueError:
        return None, 0
