"""What is measured of each turn, told to whoever is measured (docs/dialogue.md). Nothing is decided by it.

Time is the server's alone: each write to a dialogue closes the interval since the last sign of life of its hold, cut where it
is idleness, and what has gathered since the write before counts for the turn that is written. So the seconds of all turns of
a hold sum to its active time up to the last write. What a page tells is how often and how much was pasted, never what.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from dialogue.diffs import difference
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import leases

sql = load(__package__)


class Pasted(Struct, frozen=True, forbid_unknown_fields=True):
    """As the page counted while the text was written; characters are cut to the length of the text where it is shown."""

    count: Annotated[int, Meta(ge=0, le=10_000)] = 0
    characters: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class TurnTimes(Struct, frozen=True, kw_only=True):
    """Of one turn under one hold."""

    turn_id: UUID
    no: int
    role: str
    assignment_id: UUID
    annotator_id: UUID
    active_seconds: int
    waited_seconds: float | None
    """From the turn before it until it was written: how long its writer took to answer; none: nothing stood before it."""
    characters: int
    """Of the text as it stands, in code points."""
    pastes: int
    pasted_characters: int
    pasted_share: float | None
    """Of the characters, 0 to 1; none where nothing is written by hand."""
    changed_characters: int | None
    """Taken out and put in by edits, against what the bot wrote; none: never edited."""
    measured_at: datetime


NOTHING = Pasted()


async def note(
    assignment_id: UUID,
    turn_id: UUID,
    settings: Settings,
    *,
    pasted: Pasted = NOTHING,
    edited: tuple[str, str] | None = None,
) -> None:
    """Counts what has passed for this turn. `edited` is what the bot wrote and what stands now. The caller holds the assignment."""
    total = await leases.worked(assignment_id, settings)
    await db.execute(
        sql.note_turn_time, id=uuid7(), turn_id=turn_id, assignment_id=assignment_id, total_seconds=total,
        pastes=pasted.count, pasted_characters=pasted.characters,
        changed_characters=None if edited is None else edit_distance(*edited),
    )  # fmt: skip


def edit_distance(before: str, after: str) -> int:
    """Code points that were taken out or put in, word by word as the difference is shown."""
    return sum(len(part.text) for part in difference(before, after) if part.op != "same")


async def times_of_assignment(assignment_id: UUID) -> list[TurnTimes]:
    """Of one hold, in the order of the turns."""
    return await db.fetch_as(TurnTimes, sql.turn_times, assignment_id=assignment_id, task_id=None)


async def times_of_task(task_id: UUID) -> list[TurnTimes]:
    """Of everybody who worked on a task's dialogues, hold by hold."""
    return await db.fetch_as(TurnTimes, sql.turn_times, assignment_id=None, task_id=task_id)
