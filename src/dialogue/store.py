"""Dialogues as they are kept: trees of turns of which one path is active. Read whole, written one turn at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct

from dialogue.errors import (
    ConversationMoved,
    NoSuchChoice,
    NoSuchConversation,
    NoSuchTurn,
    TextTooLong,
    TooManyBranches,
)
from dialogue.ground import Ground, require_live
from dialogue.views import ChoiceView, ConversationView, TurnView
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import Sql, load

sql = load(__package__)


class Hand(Struct, frozen=True):
    """Whose doing it is: the person and the hold under which it was done. Without: a bot, or an import."""

    annotator_id: UUID
    assignment_id: UUID


class NewTurn(Struct, frozen=True, kw_only=True):
    role: str
    text: str
    model: str | None = None
    bot_id: UUID | None = None
    language: str | None = None
    hand: Hand | None = None
    parameters: dict[str, Any] | None = None
    """What the bot was set to, beside its model."""
    choice_id: UUID | None = None
    slot: int | None = None


class _Head(Struct, frozen=True):
    id: UUID
    task_id: UUID
    annotator_id: UUID | None
    topic: str
    version: int
    rubric_id: UUID | None
    topic_id: UUID | None
    created_at: datetime


async def load_conversation(query: Sql, task_id: UUID, annotator_id: UUID) -> ConversationView | None:
    """`query` is `conversation_of_person` or `lock_conversation`."""
    head = await db.fetch_one_as(_Head, query, task_id=task_id, annotator_id=annotator_id)
    return None if head is None else await _whole(head)


async def _whole(head: _Head) -> ConversationView:
    turns = await db.fetch_as(TurnView, sql.active_path, conversation_id=head.id)
    choice = await newest_choice(turns[-1].id) if turns and turns[-1].role == "user" else None
    return ConversationView(turns=turns, choice=choice, **msgspec.structs.asdict(head))


def require_found(conversation: ConversationView | None) -> ConversationView:
    if conversation is None:
        raise NoSuchConversation
    return conversation


async def hold(assignment_id: UUID, annotator_id: UUID, epoch: int) -> tuple[Ground, ConversationView]:
    """The dialogue, locked, for a person who may write it now. Raises what `require_live` does, `NoSuchConversation`."""
    ground = await require_live(assignment_id, annotator_id, epoch)
    return ground, require_found(await load_conversation(sql.lock_conversation, ground.task_id, annotator_id))


async def reread(conversation: ConversationView) -> ConversationView:
    """After a change in the same transaction."""
    head = await db.fetch_one_as(_Head, sql.conversation_by_id, conversation_id=conversation.id)
    assert head is not None, "dialogues are never removed"
    return await _whole(head)


def require_version(conversation: ConversationView, seen: int | None) -> None:
    """Raises `ConversationMoved`. None: the writer does not mind."""
    if seen is not None and seen != conversation.version:
        raise moved(conversation)


def moved(conversation: ConversationView) -> ConversationMoved:
    """With the dialogue as it stands, blinded."""
    return ConversationMoved(version=conversation.version, current=msgspec.to_builtins(conversation.blind()))


async def newest_choice(message_id: UUID) -> ChoiceView | None:
    found = await db.fetch_as(_ChoiceRow, sql.choices_of_messages, message_ids=[message_id])
    return await _with_candidates(found[-1]) if found else None


class _ChoiceRow(Struct, frozen=True):
    id: UUID
    message_id: UUID
    round: int
    wanted: int
    state: str
    chosen_id: UUID | None
    reason: str


async def lock_choice(conversation: ConversationView, choice_id: UUID) -> ChoiceView:
    """Raises `NoSuchChoice` for those of other dialogues."""
    row = await db.fetch_one_as(_ChoiceRow, sql.lock_choice, conversation_id=conversation.id, choice_id=choice_id)
    if row is None:
        raise NoSuchChoice
    return await _with_candidates(row)


async def _with_candidates(row: _ChoiceRow) -> ChoiceView:
    candidates = await db.fetch_as(TurnView, sql.candidates_of_choices, choice_ids=[row.id])
    return ChoiceView(candidates=candidates, **msgspec.structs.asdict(row))


async def choices_of(message_ids: Sequence[UUID]) -> list[ChoiceView]:
    """All rounds of these messages, by message and round."""
    rows = await db.fetch_as(_ChoiceRow, sql.choices_of_messages, message_ids=list(message_ids))
    if not rows:
        return []
    candidates = await db.fetch_as(TurnView, sql.candidates_of_choices, choice_ids=[row.id for row in rows])
    return [
        ChoiceView(candidates=[one for one in candidates if one.choice_id == row.id], **msgspec.structs.asdict(row))
        for row in rows
    ]


async def turn_of(conversation: ConversationView, turn_id: UUID) -> TurnView:
    """Locked; on the active path or not. Raises `NoSuchTurn` for turns of other dialogues."""
    turn = await db.fetch_one_as(TurnView, sql.lock_turn, conversation_id=conversation.id, turn_id=turn_id)
    if turn is None:
        raise NoSuchTurn
    return turn


async def append(
    conversation_id: UUID,
    parent: TurnView | None,
    turns: Sequence[NewTurn],
    settings: Settings,
    *,
    forward: bool = True,
) -> list[TurnView]:
    """One below the other, the first one as a new child of `parent`. `forward`: the dialogue goes on behind the last.

    Ids of candidates are drawn at random: one that holds its time would tell how fast which bot was.
    """
    count = await db.fetch_value(sql.count_turns, conversation_id=conversation_id)
    if count + len(turns) > settings.dialogue_tree_turns:
        limit = settings.dialogue_tree_turns
        raise TooManyBranches(f"A dialogue may have {limit:,} turns over all of its branches; hand it in.", limit=limit)
    ids = [uuid7() if turn.choice_id is None else uuid4() for turn in turns]
    first_no = parent.no + 1 if parent else 1
    added = await db.fetch_as(
        TurnView, sql.add_turns, conversation_id=conversation_id, ids=ids,
        parents=[parent.id if parent else None, *ids[:-1]], nos=list(range(first_no, first_no + len(turns))),
        roles=[turn.role for turn in turns], texts=[turn.text for turn in turns], models=[turn.model for turn in turns],
        bots=[turn.bot_id for turn in turns], languages=[turn.language for turn in turns], authors=[turn.hand and turn.hand.annotator_id for turn in turns],
        assignments=[turn.hand and turn.hand.assignment_id for turn in turns],
        parameters=[None if turn.parameters is None else db.jsonb(turn.parameters) for turn in turns],
        choices=[turn.choice_id for turn in turns], slots=[turn.slot for turn in turns],
    )  # fmt: skip
    if forward:
        await move_head(conversation_id, ids[-1])
    return added


async def move_head(conversation_id: UUID, turn_id: UUID) -> None:
    await db.execute(sql.move_head, conversation_id=conversation_id, turn_id=turn_id)


def require_room(characters: int, settings: Settings) -> None:
    limit = settings.dialogue_text_limit
    if characters > limit:
        raise TextTooLong(f"The whole dialogue may have {limit:,} characters; hand it in.", limit=limit)
