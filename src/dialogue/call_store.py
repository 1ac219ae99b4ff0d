"""What is known of each call to a bot: rows, so that a process that dies takes nothing along and nobody pays twice.

A call stands at a message (`turn`) and a place (0 upwards, where several replies are asked for it). While it runs, the
process that fetches it reports every second what has come; a call that is silent for `bot_call_lost_seconds` counts as cut.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from dialogue.bots import BotConfig
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)


PLACES_PER_ROUND = 100
"""Distance between the places of two rounds among the calls for one message; single replies stand below the first."""


class Call(Struct, frozen=True, kw_only=True):
    """`state` is running, arrived, failed or cut; `code` says why it failed, `text` is what came of it."""

    id: UUID
    turn_id: UUID
    place: int
    attempt: int
    bot_id: UUID | None
    model: str
    params: dict[str, Any]
    state: str
    code: str | None
    text: str
    started_at: datetime
    first_at: datetime | None
    ended_at: datetime | None
    silent_seconds: float

    @property
    def first_token_seconds(self) -> float | None:
        return (self.first_at - self.started_at).total_seconds() if self.first_at else None


async def newest_calls(turn_id: UUID) -> list[Call]:
    """The last call of every place, in the order of the places."""
    return await db.fetch_as(Call, sql.newest_calls, turn_id=turn_id)


async def lock(turn_id: UUID) -> None:
    """Whoever asks for replies to one message goes after the other."""
    db.require_transaction()
    await db.execute(sql.lock_turn_of_calls, turn_id=turn_id)


async def begin(turn_id: UUID, place: int, attempt: int, bot: BotConfig) -> Call:
    """Under `lock`. A second one at the same place while one runs is refused by the database."""
    db.require_transaction()
    begun = await db.fetch_one_as(
        Call, sql.begin_call, id=uuid7(), turn_id=turn_id, place=place, attempt=attempt, bot_id=bot.id, model=bot.model,
        params=db.jsonb(bot.params()),
    )  # fmt: skip
    assert begun is not None, "INSERT returns its row"
    return begun


async def report(call_id: UUID, text: str) -> None:
    """What has come so far. Changes nothing once the call has ended."""
    await db.execute(sql.report_call, id=call_id, text=text)


async def end(call_id: UUID, state: str, text: str, code: str | None = None) -> None:
    """Ends it; an earlier end stays, but for one that was cut by mistake."""
    await db.execute(sql.end_call, id=call_id, state=state, text=text, code=code)


async def read(call_id: UUID) -> Call | None:
    return await db.fetch_one_as(Call, sql.call_of_id, id=call_id)


def is_lost(call: Call, settings: Settings) -> bool:
    return call.state == "running" and call.silent_seconds > settings.bot_call_lost_seconds
