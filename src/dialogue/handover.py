"""Dialogues that go on in other hands: who had them, whose turns are whose, and who wrote most.

The passing itself is done by the database with the claim (`assignment_takes_dialogue`), whichever door the claim came by:
it is true in the same moment as the claim, or not at all.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from dialogue.views import TurnView, Writers
from kernel import db
from kernel.sql import load

sql = load(__package__)


class Part(Struct, frozen=True):
    """What one person has in a dialogue that was handed in: turns of its active path."""

    annotator_id: UUID
    turns: int


class Passing(Struct, frozen=True, kw_only=True):
    at: datetime
    way: str
    """`release` or `expiry`."""
    from_id: UUID
    to_id: UUID


class _Owner(Struct, frozen=True):
    turn_id: UUID
    annotator_id: UUID | None


class _Writer(Struct, frozen=True):
    annotator_id: UUID


async def writers_of(conversation_id: UUID, reader_id: UUID) -> Writers | None:
    """As the reader may know them: by number. None where the dialogue never changed hands."""
    people = await db.fetch_as(_Writer, sql.writers_of_conversation, conversation_id=conversation_id)
    if not people:
        return None
    numbers = {one.annotator_id: n for n, one in enumerate(people, 1)}
    owners = await db.fetch_as(_Owner, sql.hands_on_path, conversation_id=conversation_id)
    return Writers(
        you=numbers.get(reader_id, 0), count=len(numbers),
        by_turn={one.turn_id: numbers[one.annotator_id] for one in owners if one.annotator_id in numbers},
    )  # fmt: skip


async def was_handed_on(assignment_id: UUID) -> bool:
    return bool(await db.fetch_value(sql.was_handed_on, assignment_id=assignment_id))


class Left(Struct, frozen=True, kw_only=True):
    """What stood there when a dialogue went on in other hands: for whoever put it down."""

    turns: list[TurnView] = []
    writers: Writers | None = None


class _LeftTurn(Struct, frozen=True, kw_only=True):
    id: UUID
    conversation_id: UUID
    no: int
    parent: UUID | None
    role: str
    language: str | None
    model: str | None
    choice_id: UUID | None
    slot: int | None
    author: UUID | None
    text: str
    text_version: int
    original_text: str | None
    at: datetime


async def left_behind(assignment_id: UUID, annotator_id: UUID) -> Left:
    """Blinded, and nothing of what others made of it since. Empty where it did not go on in other hands."""
    found = await db.fetch_as(_LeftTurn, sql.left_behind, assignment_id=assignment_id, annotator_id=annotator_id)
    if not found:
        return Left()
    people = await db.fetch_as(_Writer, sql.writers_of_conversation, conversation_id=found[0].conversation_id)
    numbers = {one.annotator_id: n for n, one in enumerate(people, 1)}
    mine = numbers.get(annotator_id, 0)
    by_turn = {one.id: numbers[one.author] for one in found if one.author in numbers}
    return Left(turns=[_view(one).blind() for one in found], writers=Writers(you=mine, count=mine, by_turn=by_turn))


def _view(one: _LeftTurn) -> TurnView:
    return TurnView(
        id=one.id, no=one.no, parent=one.parent, role=one.role, text=one.text, text_version=one.text_version,
        original_text=one.original_text, language=one.language, model=one.model, choice_id=one.choice_id, slot=one.slot,
        created_at=one.at, changed_at=one.at,
    )  # fmt: skip


async def parts_of(assignment_id: UUID) -> list[Part]:
    """In the order of their first turn; empty where the work that was handed in is one person's alone.

    Whoever handed it in without a turn of their own has read, rated and answered for the whole: that counts as one.
    """
    found = await db.fetch_as(Part, sql.hands_of_work, assignment_id=assignment_id)
    if not found:
        return []
    holder = await db.fetch_value("SELECT annotator FROM assignment WHERE id = :id", id=assignment_id)
    last = UUID(int=holder.int)
    if last not in {part.annotator_id for part in found}:
        found.append(Part(last, 1))
    return found if len(found) > 1 else []


async def shares_of(assignment_id: UUID) -> list[tuple[UUID, int]]:
    """What the pay of a piece of work is split by: person and turns (`payments.sharing`)."""
    return [(one.annotator_id, one.turns) for one in await parts_of(assignment_id)]


async def main_writer(assignment_id: UUID) -> UUID | None:
    """Who wrote most of it, and so learns from its verdict; None: whoever handed it in, also where two wrote as much."""
    parts = await parts_of(assignment_id)
    if not parts:
        return None
    most = max(part.turns for part in parts)
    first = [part.annotator_id for part in parts if part.turns == most]
    return first[0] if len(first) == 1 else None


async def passings(task_id: UUID) -> list[Passing]:
    """Every time that a dialogue about this task changed hands, oldest first."""
    return await db.fetch_as(Passing, sql.handovers_of_task, task_id=task_id)
