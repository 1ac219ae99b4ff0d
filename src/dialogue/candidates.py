"""Several candidates for one reply, asked for at once, each arriving and failing for itself.

As with one reply: whoever goes away in the middle loses nothing, and asking again asks only for what has not come.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from dialogue import call_store, calls
from dialogue.calls import Landed, Question
from dialogue.choosing import open_round, place_of, store_candidate
from dialogue.errors import BotUnavailable, NoSuchChoice
from dialogue.flights import Flight
from dialogue.ground import require_live
from dialogue.replies import tell
from dialogue.store import NewTurn, newest_choice
from dialogue.views import ChoiceView, TurnView
from kernel import db
from kernel.errors import DomainError
from kernel.settings import Settings


class Failure(Struct, frozen=True, kw_only=True):
    """Why one candidate did not come; asking again asks for it again."""

    slot: int
    code: str
    detail: str


class Candidates(Struct, frozen=True, kw_only=True):
    choice: ChoiceView
    failures: list[Failure] = []


class Piece(Struct, frozen=True, kw_only=True):
    """Of one candidate's text, as it comes. The last one of each slot is `ended`, with `failure` where it did not come."""

    slot: int
    text: str = ""
    ended: bool = False
    failure: Failure | None = None


class _Hold(NamedTuple):
    assignment_id: UUID
    annotator_id: UUID
    epoch: int

    @property
    def actor(self) -> str:
        return f"annotator:{self.annotator_id}"


async def candidates(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    user_turn_no: int,
    *,
    settings: Settings,
    slots: Collection[int] | None = None,
) -> Candidates:
    """Waits for all of them, or for those of `slots` that are missing. What failed is named by slot; raises its error
    only where none came at all.
    """
    hold = _Hold(assignment_id, annotator_id, epoch)
    choice, flights = await _ask(hold, user_turn_no, settings, slots)
    results = await asyncio.gather(*(_landed(hold, flight, settings) for flight in flights.values()))
    errors = [result for result in results if isinstance(result, DomainError)]
    now = await _again(choice)
    if errors and not now.candidates:
        raise errors[0]
    failures = [
        _failure(slot, result)
        for slot, result in zip(flights, results, strict=True)
        if isinstance(result, DomainError)
    ]  # fmt: skip
    return Candidates(choice=now.blind(), failures=failures)


async def candidate_stream(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    user_turn_no: int,
    *,
    settings: Settings,
    slots: Collection[int] | None = None,
) -> AsyncGenerator[Piece, None]:
    """The texts of all candidates as they come, mixed; those that were there already come in one piece, by slot.

    Raises what `candidates` raises before anything came; later failures are told in the pieces.
    """
    hold = _Hold(assignment_id, annotator_id, epoch)
    choice, flights = await _ask(hold, user_turn_no, settings, slots)
    for candidate in choice.candidates:
        yield Piece(slot=candidate.slot or 0, text=candidate.text, ended=True)
    news: asyncio.Queue[Piece] = asyncio.Queue(maxsize=64)
    tasks = [
        asyncio.create_task(_listen(hold, flight, slot, news, settings), name=f"candidate {slot}")
        for slot, flight in flights.items()
    ]
    try:
        running = len(tasks)
        while running:
            piece = await news.get()
            running -= piece.ended
            yield piece
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def standing(assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int) -> ChoiceView:
    """The choice at that message as it stands now, blinded."""
    async with db.transaction(f"annotator:{annotator_id}"):
        _, choice = await open_round(assignment_id, annotator_id, epoch, user_turn_no)
    return choice.blind()


async def _listen(hold: _Hold, flight: Flight, slot: int, news: "asyncio.Queue[Piece]", settings: Settings) -> None:
    """One candidate's pieces into the common queue; ends with a piece that is `ended`, whatever happens."""
    try:
        async for text in flight.pieces():
            await news.put(Piece(slot=slot, text=text))
    except DomainError as error:
        await news.put(Piece(slot=slot, ended=True, failure=_failure(slot, error)))
        return
    result = await _landed(hold, flight, settings)
    failure = _failure(slot, result) if isinstance(result, DomainError) else None
    await news.put(Piece(slot=slot, ended=True, failure=failure))


async def _landed(hold: _Hold, flight: Flight, settings: Settings) -> TurnView | DomainError:
    """The stored candidate; where whoever asked first lost the hold, this one stores it."""
    try:
        text = await flight.landed()
        if flight.kept is not None:
            return flight.kept
        call = await call_store.read(flight.call_id)
        assert call is not None, "calls are never deleted"
        turn = NewTurn(role="assistant", text=text, model=call.model, bot_id=call.bot_id, parameters=call.params)
        async with db.transaction(hold.actor):
            return await store_candidate(*hold, call.turn_id, place=call.place, turn=turn, settings=settings)
    except DomainError as error:
        return error


async def _ask(
    hold: _Hold, user_turn_no: int, settings: Settings, slots: Collection[int] | None
) -> tuple[ChoiceView, dict[int, Flight]]:
    """The choice, and by slot what is under way for it; without `slots` whatever is missing is asked for."""
    if db.in_transaction():
        raise RuntimeError("a bot is never called inside a transaction: it would hold locks while a stranger thinks")
    async with db.transaction(hold.actor):
        conversation, choice = await open_round(*hold, user_turn_no)
        ground = await require_live(*hold)
    missing = [slot for slot in choice.missing if slots is None or slot in slots]
    if choice.state != "open" or not missing:
        return choice, {}
    message = next(turn for turn in conversation.turns if turn.id == choice.message_id)
    question = Question(
        turn_id=choice.message_id,
        project_id=ground.project_id,
        ask=tell(conversation, message, language=ground.language, domain=ground.domain),
    )

    async def keep(landed: Landed) -> TurnView:
        turn = NewTurn(
            role="assistant", text=landed.text, model=landed.model, bot_id=landed.bot_id, parameters=landed.params
        )
        return await store_candidate(*hold, landed.turn_id, place=landed.place, turn=turn, settings=settings)

    async def check() -> None:
        await require_live(*hold)

    places = [place_of(choice, slot) for slot in missing]
    flights = await calls.replies_for(question, places, actor=hold.actor, keep=keep, settings=settings, check=check)
    return choice, dict(zip(missing, flights, strict=True))


async def _again(choice: ChoiceView) -> ChoiceView:
    now = await newest_choice(choice.message_id)
    if now is None or now.id != choice.id:
        raise NoSuchChoice
    return now


def _failure(slot: int, error: DomainError) -> Failure:
    shown = error.detail if isinstance(error, BotUnavailable) else error.title
    return Failure(slot=slot, code=error.code, detail=shown)
