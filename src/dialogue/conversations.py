"""The dialogue of one person about one task: opened, continued, rated, edited, read.

A conversation belongs to the person and the task, not to the hold: after a release, an expiry or rework the same person
finds it again. Whoever writes must hold the task at that moment with the newest epoch. Every writing function needs the
caller's transaction, and doing the same again has no further effect, so a request may be repeated.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from dialogue.errors import (
    BadRating,
    ConversationExists,
    NoSuchConversation,
    NoSuchTurn,
    NotEditable,
    NotRateable,
    RatingRequired,
    TextTooLong,
    TurnChanged,
    TurnLimit,
    TurnOutOfOrder,
)
from dialogue.ground import Ground, ground_of, require_live
from dialogue.texts import require_storable, require_text
from dialogue.views import BY_HAND, IMPORTED, Awaited, ConversationView, TurnView, Workspace
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import Sql, load
from routing.errors import NoSuchAssignment

sql = load(__package__)

TOPIC_CHARACTERS = 300
"""The width of the column; a topic is a headline."""

RATINGS = range(1, 6)


class _Head(Struct, frozen=True):
    id: UUID
    task_id: UUID
    annotator_id: UUID
    topic: str
    created_at: datetime


class _NewTurn(Struct, frozen=True):
    role: str
    text: str
    model: str | None = None


async def open_conversation(
    assignment_id: UUID, annotator_id: UUID, epoch: int, topic: str, text: str | None, *, settings: Settings
) -> ConversationView:
    """The topic and the first message; what came with the task is put before it.

    Without `text` only where the imported part ends with a question. Raises `ConversationExists` when it was opened
    with something else, `TextEmpty`, `TextTooLong`, `TextUnstorable`, `SeedUnusable`.
    """
    ground = await require_live(assignment_id, annotator_id, epoch)
    start = ground.start(settings)
    require_text(topic, TOPIC_CHARACTERS, "The topic")
    if start.begins_with_reply and text is not None:
        raise TurnOutOfOrder("The imported dialogue ends with a question; the bot's reply comes first.")
    if not start.begins_with_reply:
        require_text(text or "", settings.turn_text_limit, "The message")
    existing = await _load(sql.lock_conversation, ground.task_id, annotator_id)
    if existing is not None:
        return _require_same_beginning(existing, topic, text)
    conversation_id = uuid7()
    await db.execute(
        sql.add_conversation, id=conversation_id, task_id=ground.task_id, annotator_id=annotator_id, topic=topic
    )
    turns = [_NewTurn(seed.role, seed.text, IMPORTED) for seed in start.seeds]
    if text is not None:
        turns.append(_NewTurn("user", text))
    await _append(conversation_id, None, turns)
    return _require_found(await _load(sql.conversation_of_person, ground.task_id, annotator_id))


async def add_user_turn(
    assignment_id: UUID, annotator_id: UUID, epoch: int, text: str, *, settings: Settings, no: int | None = None
) -> TurnView:
    """The annotator's next message. `no` is the place that the writer saw free; none: the end.

    Raises `RatingRequired`, `TurnLimit`, `TurnOutOfOrder` (a reply is awaited, or the place was taken in another tab).
    """
    ground, conversation = await _hold(assignment_id, annotator_id, epoch)
    require_text(text, settings.turn_text_limit, "The message")
    repeated = _find_repeated(conversation, text, no)
    if repeated is not None:
        return repeated
    _require_place(conversation, no)
    if conversation.awaited is Awaited.REPLY:
        raise TurnOutOfOrder("The last message has no reply yet.")
    if conversation.awaited is Awaited.RATING:
        assert conversation.last is not None
        raise RatingRequired(f"Rate the reply in turn {conversation.last.no} first.", turn_no=conversation.last.no)
    most = ground.most_exchanges(settings)
    if conversation.exchanges >= most:
        raise TurnLimit(f"The dialogue has {most} exchanges, which is the limit; hand it in.", limit=most)
    _require_room(conversation.own_characters + len(text), settings)
    return await _append_one(conversation, _NewTurn("user", text))


async def store_reply(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int, text: str, *, model: str
) -> TurnView:
    """What a bot answered to the message in `user_turn_no`. The first reply stays: a later one changes nothing."""
    _, conversation = await _hold(assignment_id, annotator_id, epoch)
    existing = reply_to(conversation, user_turn_no)
    return existing or await _append_one(conversation, _NewTurn("assistant", text, model))


async def write_reply_myself(
    assignment_id: UUID, annotator_id: UUID, epoch: int, user_turn_no: int, text: str, *, settings: Settings
) -> TurnView:
    """The reply by hand, where no bot answered. Raises `TurnOutOfOrder` when there is another reply by now."""
    _, conversation = await _hold(assignment_id, annotator_id, epoch)
    require_text(text, settings.turn_text_limit, "The reply")
    existing = reply_to(conversation, user_turn_no)
    if existing is None:
        _require_room(conversation.own_characters + len(text), settings)
        return await _append_one(conversation, _NewTurn("assistant", text, BY_HAND))
    if existing.by_hand and existing.text == text:
        return existing
    raise TurnOutOfOrder("This message has a reply by now; reload to see it, and edit it there.")


async def rate(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    turn_id: UUID,
    *,
    rating: int,
    comment: str | None = None,
    settings: Settings,
) -> TurnView:
    """1 (useless) to 5 (could not be better), as often as the mind changes; without `comment` the old one stays.

    Raises `BadRating`, `NotRateable`.
    """
    ground = await require_live(assignment_id, annotator_id, epoch)
    if rating not in RATINGS:
        raise BadRating
    if comment is not None:
        require_storable(comment, settings.comment_text_limit, "The comment")
    turn = await _lock_turn(turn_id, ground, annotator_id)
    if turn.role != "assistant" or turn.by_hand:
        raise NotRateable
    return await _change(turn, text=turn.text, rating=rating, comment=turn.comment if comment is None else comment)


async def edit_reply(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    turn_id: UUID,
    text: str,
    *,
    settings: Settings,
    seen_at: datetime | None = None,
) -> TurnView:
    """The reply as the annotator would have it; the bot's own words are kept, and restoring them ends the edit.

    `seen_at` is the `changed_at` that the writer saw: where it differs, `TurnChanged` is raised instead of overwriting
    what another tab wrote. Raises `NotEditable` for messages and for what was imported.
    """
    ground = await require_live(assignment_id, annotator_id, epoch)
    require_text(text, settings.turn_text_limit, "The reply")
    turn = await _lock_turn(turn_id, ground, annotator_id)
    if turn.role != "assistant" or turn.imported:
        raise NotEditable
    if turn.text == text:
        return turn
    if seen_at is not None and seen_at != turn.changed_at:
        raise TurnChanged
    replaced = len(turn.text) if turn.edited or turn.by_hand else 0  # else it is kept as the original
    _require_room(await db.fetch_value(sql.own_characters, turn_id=turn_id) - replaced + len(text), settings)
    return await _change(turn, text=text, rating=turn.rating, comment=turn.comment)


async def conversation_of(task_id: UUID, annotator_id: UUID) -> ConversationView | None:
    """None: it has not begun."""
    return await _load(sql.conversation_of_person, task_id, annotator_id)


async def workspace_of(assignment_id: UUID, annotator_id: UUID, *, settings: Settings) -> Workspace:
    """Everything that the workspace shows, also after the hold has ended. Raises `NoSuchAssignment`, `NoDialogue`."""
    row = await db.fetch_one(sql.own_assignment, assignment_id=assignment_id, annotator_id=annotator_id)
    if row is None:
        raise NoSuchAssignment
    ground = await ground_of(row["task_id"], row["kind"])
    return Workspace(
        assignment_id=assignment_id,
        task_id=ground.task_id,
        project_id=ground.project_id,
        domain=ground.domain,
        language=ground.language,
        min_turns=ground.min_turns,
        max_turns=ground.most_exchanges(settings),
        start=ground.start(settings),
        conversation=await conversation_of(ground.task_id, annotator_id),
    )


def reply_to(conversation: ConversationView, user_turn_no: int) -> TurnView | None:
    """The reply that stands after the message; none: it is awaited. Raises `NoSuchTurn`, `TurnOutOfOrder`."""
    message = _turn_at(conversation, user_turn_no)
    if message is None:
        raise NoSuchTurn
    if message.role != "user":
        raise TurnOutOfOrder(f"Turn {user_turn_no} is no message of the annotator.")
    following = _turn_at(conversation, user_turn_no + 1)
    if following is not None and following.role != "assistant":
        raise TurnOutOfOrder(f"Turn {user_turn_no} is followed by another message.")
    return following


def _turn_at(conversation: ConversationView, no: int) -> TurnView | None:
    return next((turn for turn in conversation.turns if turn.no == no), None)


async def _hold(assignment_id: UUID, annotator_id: UUID, epoch: int) -> tuple[Ground, ConversationView]:
    ground = await require_live(assignment_id, annotator_id, epoch)
    return ground, _require_found(await _load(sql.lock_conversation, ground.task_id, annotator_id))


async def _load(query: Sql, task_id: UUID, annotator_id: UUID) -> ConversationView | None:
    head = await db.fetch_one_as(_Head, query, task_id=task_id, annotator_id=annotator_id)
    if head is None:
        return None
    return ConversationView(
        id=head.id,
        task_id=head.task_id,
        annotator_id=head.annotator_id,
        topic=head.topic,
        created_at=head.created_at,
        turns=await db.fetch_as(TurnView, sql.turns_of_conversation, conversation_id=head.id),
    )


def _require_found(conversation: ConversationView | None) -> ConversationView:
    if conversation is None:
        raise NoSuchConversation
    return conversation


def _require_same_beginning(existing: ConversationView, topic: str, text: str | None) -> ConversationView:
    first = next((turn.text for turn in existing.turns if turn.role == "user" and not turn.imported), None)
    if existing.topic != topic or (text is not None and first != text):
        raise ConversationExists
    return existing


def _find_repeated(conversation: ConversationView, text: str, no: int | None) -> TurnView | None:
    """The message that this request, or one just like it, has written already."""
    candidate = conversation.last if no is None else _turn_at(conversation, no)
    if candidate is None or candidate.role != "user" or candidate.imported or candidate.text != text:
        return None
    return candidate


def _require_place(conversation: ConversationView, no: int | None) -> None:
    free = len(conversation.turns) + 1
    if no is not None and no != free:
        raise TurnOutOfOrder(f"The next free turn is {free}, not {no}; reload to see the dialogue.", next_no=free)


def _require_room(characters: int, settings: Settings) -> None:
    limit = settings.dialogue_text_limit
    if characters > limit:
        raise TextTooLong(f"The whole dialogue may have {limit:,} characters; hand it in.", limit=limit)


async def _append_one(conversation: ConversationView, turn: _NewTurn) -> TurnView:
    (added,) = await _append(conversation.id, conversation.last, [turn])
    return added


async def _append(conversation_id: UUID, last: TurnView | None, turns: Sequence[_NewTurn]) -> list[TurnView]:
    ids = [uuid7() for _ in turns]
    first_no = last.no + 1 if last else 1
    return await db.fetch_as(
        TurnView, sql.add_turns, conversation_id=conversation_id, ids=ids,
        parents=[last.id if last else None, *ids[:-1]], nos=list(range(first_no, first_no + len(turns))),
        roles=[turn.role for turn in turns], texts=[turn.text for turn in turns], models=[turn.model for turn in turns],
    )  # fmt: skip


async def _lock_turn(turn_id: UUID, ground: Ground, annotator_id: UUID) -> TurnView:
    turn = await db.fetch_one_as(
        TurnView, sql.lock_turn_of_person, turn_id=turn_id, task_id=ground.task_id, annotator_id=annotator_id
    )
    if turn is None:
        raise NoSuchTurn
    return turn


async def _change(turn: TurnView, *, text: str, rating: int | None, comment: str) -> TurnView:
    original = None if turn.by_hand else (turn.original_text if turn.edited else turn.text)
    changed = await db.fetch_one_as(
        TurnView, sql.change_turn, turn_id=turn.id, text=text, original_text=None if original == text else original,
        rating=rating, comment=comment,
    )  # fmt: skip
    assert changed is not None, "the row was locked a moment ago"
    return changed
