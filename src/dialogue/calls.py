"""Bots are asked: one reply for a message or several at once, each in a task of its own, each failing for itself.

`replies_for` is the door. Whatever is known already is used before anything is asked anew: a reply that runs in this
process is joined, one that runs in another is followed, one that has arrived and could not be stored is taken up. So a
request that is repeated, in two tabs or after a crash, neither costs twice nor answers twice.
"""

import asyncio
import hmac
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import structlog
from msgspec import Struct

from dialogue import bot_settings, call_store
from dialogue.bots import Ask, BotConfig, collect
from dialogue.call_store import PLACES_PER_ROUND, Call
from dialogue.errors import BotRestarted, BotsOff, BotUnavailable, known_failure
from dialogue.flights import Flight
from dialogue.views import TurnView
from kernel import db
from kernel.errors import DomainError, Invalid, StorageFull, Unavailable
from kernel.secrets import keyring
from kernel.settings import Settings

T = TypeVar("T")
log = structlog.get_logger(__name__)

STORE_PAUSES_SECONDS = (0.2, 1.0, 3.0)
"""Between the tries to store a reply that cost half a minute; a database that restarts is back by then."""

REPORT_SECONDS = 1.0
"""Between two reports of a running call: what a killed process takes along is at most what came since."""

FOLLOW_SECONDS = 0.25
"""Between two looks at a call that another process fetches."""

END_SECONDS = 2.0
"""Longest wait for the last report of a process that is asked to end."""


class Question(Struct, frozen=True, kw_only=True):
    """What is asked: the message `turn_id`, and the dialogue up to it."""

    turn_id: UUID
    project_id: UUID
    ask: Ask


class Landed(Struct, frozen=True, kw_only=True):
    """A whole reply, to be stored as a turn. `bot_id` is none for the built-in bot where nothing was set up."""

    call_id: UUID
    turn_id: UUID
    place: int
    text: str
    bot_id: UUID | None
    model: str
    params: dict[str, Any]


Keep = Callable[[Landed], Awaitable[TurnView]]
"""Stores a reply inside the transaction that it is called in. Doing it again must return the same turn."""


class _Key(NamedTuple):
    turn_id: UUID
    place: int


class _Job(NamedTuple):
    """All that a flight needs besides itself."""

    call: Call
    bot: BotConfig
    question: Question
    actor: str
    keep: Keep
    settings: Settings


_flights: dict[_Key, tuple[Flight, asyncio.Task[None]]] = {}


async def replies_for(
    question: Question,
    places: Sequence[int],
    *,
    actor: str,
    keep: Keep,
    settings: Settings,
    check: Callable[[], Awaitable[object]] | None = None,
) -> list[Flight]:
    """One flight for each of `places`, in their order; returns at once, the replies come by themselves.

    `check` runs first in the same transaction and may refuse (a lost hold). Each reply that arrives is given to `keep`
    in a transaction of its own. A flight that fails ends with its error; the others stay. A place whose last call failed
    is asked again, where possible of another bot. Raises `BotsOff`, `Invalid` for too many places, and what `check` raises.
    """
    if db.in_transaction():
        raise RuntimeError("a bot is never called inside a transaction: it would hold locks while a stranger thinks")
    if not 1 <= len(places) <= settings.bot_candidates_limit or min(places) < 0:
        raise Invalid(f"One to {settings.bot_candidates_limit} replies can be asked for one message.")
    async with db.transaction(actor):
        if check is not None:
            await check()
        await call_store.lock(question.turn_id)
        known = {call.place: call for call in await call_store.newest_calls(question.turn_id)}
        bots = await bot_settings.load_bots(question.project_id, settings)
        rings = {
            draw: _ring(bots, question, draw, settings) for draw in {place // PLACES_PER_ROUND for place in places}
        }
        begun = [
            await _begin(known.get(place), place, rings[place // PLACES_PER_ROUND], question, settings)
            for place in places
        ]
    found = []
    for call, bot in begun:
        found.append(_launch(_Job(call, bot, question, actor, keep, settings)) if bot else _join(call, settings))
    return found


async def places_of(project_id: UUID, settings: Settings) -> int:
    """How many replies a message gets in all where every bot gives as many candidates as it is set to."""
    bots = await bot_settings.load_bots(project_id, settings)
    return min(sum(bot.candidates for bot in bots), settings.bot_candidates_limit)


async def settled(flights: Sequence[Flight]) -> list[str | DomainError]:
    """Waits for all of them: the text of each, or why there is none."""
    found = await asyncio.gather(*(flight.landed() for flight in flights), return_exceptions=True)
    texts: list[str | DomainError] = []
    for result in found:
        if isinstance(result, BaseException) and not isinstance(result, DomainError):
            raise result
        texts.append(result)
    return texts


async def stop() -> None:
    """For the end of the process: what is under way is given up with what came of it, and asked again by whoever wants it."""
    tasks = [task for _, task in _flights.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _ring(bots: Sequence[BotConfig], question: Question, draw: int, settings: Settings) -> list[BotConfig]:
    """Each bot as often as it gives candidates, in an order that belongs to this message and round.

    It is drawn with a secret of the installation: from ids, which go out, nobody can reckon which bot is where.
    """
    if not bots:
        raise BotsOff
    ring = [bot for bot in bots for _ in range(bot.candidates)]
    drawn = hmac.digest(keyring(settings).derive("order of bots"), b"%b %d" % (question.turn_id.bytes, draw), "sha256")
    random.Random(drawn).shuffle(ring)  # noqa: S311  the secret is in its seed
    return ring


async def _begin(
    known: Call | None, place: int, ring: Sequence[BotConfig], question: Question, settings: Settings
) -> tuple[Call, BotConfig | None]:
    """The call at this place; with a bot where it must be asked now."""
    if known is not None and call_store.is_lost(known, settings):
        await db.execute(call_store.sql.cut_call, id=known.id)
    elif known is not None and known.state in ("running", "arrived"):
        return known, None
    attempt = known.attempt + 1 if known else 1
    bot = ring[(place + attempt - 1) % len(ring)]
    return await call_store.begin(question.turn_id, place, attempt, bot), bot


def _launch(job: _Job) -> Flight:
    pause = job.settings.offline_bot_pause_seconds if job.bot.kind == "offline" else 0.0
    flight = Flight(job.call.id, job.call.place, model=job.call.model, pause_seconds=pause)
    return _register(job.call, flight, _fly(job, flight))


def _join(call: Call, settings: Settings) -> Flight:
    existing = _flights.get(_Key(call.turn_id, call.place))
    if existing is not None and existing[0].call_id == call.id:
        return existing[0]
    flight = Flight(call.id, call.place, model=call.model)
    flight.followed = True
    if call.state == "arrived":
        flight.say(call.text)
        flight.land(call.text)
        return flight
    return _register(call, flight, _follow(call, flight, settings))


def _register(call: Call, flight: Flight, work: Any) -> Flight:
    key = _Key(call.turn_id, call.place)
    task = asyncio.create_task(work, name=f"reply {call.place} to {call.turn_id}")
    _flights[key] = flight, task

    def forget(done: asyncio.Task[None]) -> None:
        if not flight.ended:  # cancelled before its first step
            flight.fail(BotRestarted())
        if _flights.get(key, (None, None))[1] is done:
            del _flights[key]

    task.add_done_callback(forget)
    return flight


async def _fly(job: _Job, flight: Flight) -> None:
    """Ends the flight in any case, and never raises: nobody may be waiting for this task."""
    reports = asyncio.create_task(_report(job.call.id, flight), name="report of a reply")
    try:
        ask = _prompted(job)
        bot = bot_settings.make_bot(bot_settings.with_key(job.bot, job.settings))
        text = await collect(bot, ask, settings=job.bot.limits(job.settings), listen=flight.say)
        flight.land(text, await _arrive(job, text))
    except asyncio.CancelledError:
        await _end_quietly(job.call.id, "cut", flight.said, BotRestarted.code)
        flight.fail(_with_partial(BotRestarted("The server is being restarted; ask for the reply again."), flight.said))
        raise
    except DomainError as error:
        log.info("no reply", code=error.code, detail=error.detail, model=job.bot.model, kind=job.bot.kind)
        await _end_quietly(job.call.id, "failed", flight.said, error.code)
        flight.fail(error)
    except Exception as error:
        log.exception("reply failed", model=job.bot.model, kind=job.bot.kind)
        await _end_quietly(job.call.id, "failed", flight.said, "internal")
        flight.fail(error)
    finally:
        reports.cancel()


def _prompted(job: _Job) -> Ask:
    """Each place of the built-in bot says something else."""
    ask = job.question.ask
    return Ask(messages=ask.messages, language=ask.language, domain=ask.domain, seed=ask.seed ^ (job.call.place << 32))


async def _report(call_id: UUID, flight: Flight) -> None:
    """The first report when the first token comes, so that the stored wait is the real one."""
    while not flight.ended:
        if flight.began.is_set():
            await asyncio.sleep(REPORT_SECONDS)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS):
                    await flight.began.wait()
        try:
            await call_store.report(call_id, flight.said)
        except Exception as error:  # noqa: BLE001  a report that fails is followed by another one
            log.info("report of a reply failed", reason=repr(error))


async def _arrive(job: _Job, text: str) -> TurnView | None:
    """Stored as a turn and as what came of the call, together. None: the hold is gone; the text waits for the next one."""
    landed = Landed(
        call_id=job.call.id, turn_id=job.call.turn_id, place=job.call.place, text=text, bot_id=job.bot.id,
        model=job.bot.model, params=job.call.params,
    )  # fmt: skip

    async def both() -> TurnView:
        async with db.transaction(job.actor):
            kept = await job.keep(landed)
            await call_store.end(job.call.id, "arrived", text)
            return kept

    try:
        return await _persist(both)
    except (Unavailable, StorageFull):
        raise
    except DomainError as error:
        log.info("a reply came too late for its hold", code=error.code)
        await _persist(lambda: call_store.end(job.call.id, "arrived", text))
        return None


async def _persist(act: Callable[[], Awaitable[T]]) -> T:
    for pause_seconds in (*STORE_PAUSES_SECONDS, None):
        try:
            return await act()
        except Exception as error:
            known = error if isinstance(error, DomainError) else db.translate(error)
            if known is None:
                raise
            if pause_seconds is None or not isinstance(known, Unavailable | StorageFull):
                raise known from error
        await asyncio.sleep(pause_seconds)
    raise AssertionError("the last round returns or raises")


async def _end_quietly(call_id: UUID, state: str, text: str, code: str) -> None:
    """Where it cannot be written, the silence of the call says the same some seconds later."""
    try:
        async with asyncio.timeout(END_SECONDS):
            await asyncio.shield(call_store.end(call_id, state, text, code))
    except Exception as error:  # noqa: BLE001
        log.warning("the end of a call to a bot could not be stored", reason=repr(error))


async def _follow(call: Call, flight: Flight, settings: Settings) -> None:
    """A reply that another process fetches, or was fetching when it died."""
    heard = ""
    try:
        while True:
            now = await call_store.read(call.id)
            assert now is not None, "calls are never deleted"
            if now.text.startswith(heard) and len(now.text) > len(heard):
                flight.say(now.text[len(heard) :])
                heard = now.text
            if now.state == "arrived":
                flight.land(now.text)
                return
            if now.state != "running" or call_store.is_lost(now, settings):
                error = known_failure(now.code if now.state != "running" else BotRestarted.code)
                flight.fail(_with_partial(error, now.text))
                return
            await asyncio.sleep(FOLLOW_SECONDS)
    except Exception as error:  # noqa: BLE001  nobody may be waiting for this task
        log.warning("a reply of another process cannot be followed", reason=repr(error))
        flight.fail(db.translate(error) or error)


def _with_partial(error: BotUnavailable, text: str) -> BotUnavailable:
    if text:
        error.extra["partial"] = text
    return error
