"""The dialogue of one person about one task: opened, continued, rated, edited, read.

A conversation belongs to the person and the task, not to the hold: after a release, an expiry or rework the same person
finds it again. Whoever writes must hold the task at that moment with the newest epoch. Every writing function needs the
caller's transaction, and doing the same again has no further effect, so a request may be repeated.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from dialogue import handover, telemetry, topics
from dialogue.errors import (
    BadRating,
    CandidatesWanted,
    ChoiceMissing,
    NoSuchTurn,
    NotEditable,
    NotPreferred,
    NotRateable,
    RatingRequired,
    TooManyEdits,
    TurnChanged,
    TurnLimit,
    TurnOutOfOrder,
)
from dialogue.ground import Ground, ground_of, require_live
from dialogue.opening import require_first_message, require_same_beginning
from dialogue.rubrics import newest_rubric_id
from dialogue.rules import rules_of
from dialogue.store import (
    Hand,
    NewTurn,
    append,
    hold,
    load_conversation,
    require_found,
    require_room,
    require_version,
    turn_of,
)
from dialogue.telemetry import NOTHING, Pasted
from dialogue.texts import require_storable, require_text
from dialogue.views import BY_HAND, IMPORTED, Awaited, ConversationView, Start, TurnView, Workspace
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import NoSuchAssignment

sql = load(__package__)

TOPIC_CHARACTERS = 300
"""The width of the column; a topic is a headline."""

RATINGS = range(1, 6)

MOST_VERSIONS = 500
"""Of one text: someone who saves after every word of a long reply stays below."""


async def open_conversation(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    topic: str,
    text: str | None,
    *,
    settings: Settings,
    topic_id: UUID | None = None,
    quota_id: UUID | None = None,
    pasted: Pasted = NOTHING,
) -> ConversationView:
    """The topic and the first message; what came with the task or the topic is put before it.

    Where the project lists its topics, `topic_id` names one of them, or `quota_id` a place for a topic in own words.
    Without `text` only where the imported part ends with a question. Raises `ConversationExists` when it was opened
    with something else, `TextEmpty`, `TextTooLong`, `TextUnstorable`, `SeedUnusable`, `TopicNotOffered`, `TopicFull`.
    """
    ground = await require_live(assignment_id, annotator_id, epoch)
    start = ground.start(settings)
    if topic_id is None:
        require_text(topic, TOPIC_CHARACTERS, "The topic")
    existing = await load_conversation(sql.lock_conversation, ground.task_id, annotator_id)
    if existing is not None:
        return require_same_beginning(existing, topic, topic_id, text)
    pick = await topics.pick(ground, start, topic, settings, topic_id=topic_id, quota_id=quota_id)
    seeds = start.seeds or pick.seeds
    require_first_message(Start(seeds=seeds), text, settings)
    conversation_id = uuid7()
    await db.execute(
        sql.add_conversation, id=conversation_id, task_id=ground.task_id, annotator_id=annotator_id, topic=pick.text,
        rubric_id=await newest_rubric_id(ground.project_id), quota_id=pick.quota_id, topic_id=pick.topic_id, source=None,
    )  # fmt: skip
    turns = [NewTurn(role=seed.role, text=seed.text, model=IMPORTED, language=ground.language) for seed in seeds]
    if text is not None:
        turns.append(_by(ground, assignment_id, annotator_id, "user", text))
    added = await append(conversation_id, None, turns, settings)
    if text is not None:
        await telemetry.note(assignment_id, added[-1].id, settings, pasted=pasted)
    return require_found(await conversation_of(ground.task_id, annotator_id))


async def add_user_turn(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    text: str,
    *,
    settings: Settings,
    no: int | None = None,
    seen: int | None = None,
    pasted: Pasted = NOTHING,
) -> TurnView:
    """The annotator's next message. `no` is the place that the writer saw free; none: the end.

    `seen` is the version of the dialogue that the writer saw. Raises `RatingRequired`, `ChoiceMissing`, `TurnLimit`,
    `TurnOutOfOrder` (a reply is awaited, or the place was taken in another tab), `ConversationMoved`.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    require_text(text, settings.turn_text_limit, "The message")
    repeated = _find_repeated(conversation, text, no)
    if repeated is not None:
        return repeated
    require_version(conversation, seen)
    _require_place(conversation, no)
    if conversation.awaited is Awaited.CHOICE:
        raise ChoiceMissing
    if conversation.awaited is Awaited.REPLY:
        raise TurnOutOfOrder("The last message has no reply yet.")
    if conversation.awaited is Awaited.RATING:
        assert conversation.last is not None
        raise RatingRequired(f"Rate the reply in turn {conversation.last.no} first.", turn_no=conversation.last.no)
    most = ground.most_exchanges(settings)
    if conversation.exchanges >= most:
        raise TurnLimit(f"The dialogue has {most} exchanges, which is the limit; hand it in.", limit=most)
    require_room(conversation.own_characters + len(text), settings)
    turn = _by(ground, assignment_id, annotator_id, "user", text)
    return await _append_one(conversation, turn, settings, pasted)


async def store_reply(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    message_id: UUID,
    *,
    replies_before: int,
    text: str,
    model: str,
    settings: Settings,
    bot_id: UUID | None = None,
    parameters: dict[str, Any] | None = None,
) -> TurnView:
    """What a bot answered to that message, when it had `replies_before` others on other branches.

    The first answer to one question stays: a later one changes nothing. The dialogue goes on behind it unless the
    annotator went elsewhere meanwhile; then it stays as a branch.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    message = await turn_of(conversation, message_id)
    others = await replies_to(message_id)
    if len(others) > replies_before:
        return others[replies_before]
    turn = NewTurn(
        role="assistant", text=text, model=model, bot_id=bot_id, language=ground.language, parameters=parameters
    )
    waiting = conversation.last is not None and conversation.last.id == message_id
    (added,) = await append(conversation.id, message, [turn], settings, forward=waiting)
    return added


async def replies_to(message_id: UUID) -> list[TurnView]:
    """Oldest first, on the active path or not; candidates of a choice are not among them."""
    return await db.fetch_as(TurnView, sql.replies_to, message_id=message_id)


async def write_reply_myself(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    user_turn_no: int,
    text: str,
    *,
    settings: Settings,
    pasted: Pasted = NOTHING,
) -> TurnView:
    """The reply by hand, where no bot answered well. A choice that is open there is set aside.

    Raises `TurnOutOfOrder` when there is another reply by now.
    """
    ground, conversation = await hold(assignment_id, annotator_id, epoch)
    require_text(text, settings.turn_text_limit, "The reply")
    existing = reply_to(conversation, user_turn_no)
    if existing is None:
        require_room(conversation.own_characters + len(text), settings)
        if conversation.choice is not None and conversation.choice.state == "open":
            await db.execute(
                sql.decide_choice, choice_id=conversation.choice.id, state="set_aside", chosen_id=None, reason="",
                annotator_id=annotator_id, assignment_id=assignment_id,
            )  # fmt: skip
        turn = _by(ground, assignment_id, annotator_id, "assistant", text)
        return await _append_one(conversation, turn, settings, pasted)
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
    if rating not in RATINGS:
        raise BadRating
    if comment is not None:
        require_storable(comment, settings.comment_text_limit, "The comment")
    turn = await turn_of(await _written(assignment_id, annotator_id, epoch), turn_id)
    if turn.role != "assistant" or turn.by_hand:
        raise NotRateable
    changed = await _change(
        turn, text=turn.text, text_version=turn.text_version, rating=rating,
        comment=turn.comment if comment is None else comment,
    )  # fmt: skip
    await telemetry.note(assignment_id, turn_id, settings)
    return changed.blind()


async def edit_reply(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    turn_id: UUID,
    text: str,
    *,
    settings: Settings,
    seen_at: datetime | None = None,
    pasted: Pasted = NOTHING,
) -> TurnView:
    """The reply as the annotator would have it; the bot's own words are kept, and restoring them ends the edit.

    `seen_at` is the `changed_at` that the writer saw: where it differs, `TurnChanged` is raised instead of overwriting
    what another tab wrote. Raises `NotEditable` for messages and for what was imported, `NotPreferred` for a candidate
    that was not chosen: what candidates are compared by stays as the bots wrote it.
    """
    conversation = await _written(assignment_id, annotator_id, epoch)
    require_text(text, settings.turn_text_limit, "The reply")
    turn = await turn_of(conversation, turn_id)
    if turn.role != "assistant" or turn.imported:
        raise NotEditable
    if turn.choice_id is not None and not await db.fetch_value(sql.is_preferred, turn_id=turn_id):
        raise NotPreferred("Only the candidate that was preferred can be edited; choose it first.")
    if turn.text == text:
        return turn.blind()
    if seen_at is not None and seen_at != turn.changed_at:
        raise TurnChanged
    if turn.text_version >= MOST_VERSIONS:
        raise TooManyEdits(limit=MOST_VERSIONS)
    replaced = len(turn.text) if turn.edited or turn.by_hand else 0  # else it is kept as the original
    own = await db.fetch_value(sql.own_characters, conversation_id=conversation.id)
    require_room(own - replaced + len(text), settings)
    await db.execute(
        sql.add_edit, first_id=uuid7(), id=uuid7(), turn_id=turn_id, text=text, annotator_id=annotator_id,
        assignment_id=assignment_id,
    )  # fmt: skip
    changed = await _change(
        turn, text=text, text_version=turn.text_version + 1, rating=turn.rating, comment=turn.comment
    )
    original = turn.original_text or turn.text
    await telemetry.note(assignment_id, turn_id, settings, pasted=pasted, edited=(original, text))
    return changed.blind()


async def conversation_of(task_id: UUID, annotator_id: UUID) -> ConversationView | None:
    """With the models of candidates: blind it before it goes out. None: it has not begun."""
    return await load_conversation(sql.conversation_of_person, task_id, annotator_id)


async def workspace_of(assignment_id: UUID, annotator_id: UUID, *, settings: Settings, blind: bool = True) -> Workspace:
    """Everything that the workspace shows, also after the hold has ended. Raises `NoSuchAssignment`, `NoDialogue`.

    Which bot wrote which candidate is in it after the work was handed in, or where it does not go out (`blind` false).
    """
    row = await db.fetch_one(sql.own_assignment, assignment_id=assignment_id, annotator_id=annotator_id)
    if row is None:
        raise NoSuchAssignment
    ground = await ground_of(row["task_id"], row["kind"])
    conversation = await conversation_of(ground.task_id, annotator_id)
    handed_in = row["state"] == "submitted"
    if conversation is not None and blind and not handed_in:
        conversation = conversation.blind()
    handed_on = conversation is None and await handover.was_handed_on(assignment_id)
    left = await handover.left_behind(assignment_id, annotator_id) if handed_on else handover.Left()
    return Workspace(
        assignment_id=assignment_id,
        task_id=ground.task_id,
        project_id=ground.project_id,
        domain=ground.domain,
        language=ground.language,
        min_turns=ground.min_turns,
        max_turns=ground.most_exchanges(settings),
        start=ground.start(settings),
        rules=await rules_of(ground.project_id),
        conversation=conversation,
        handed_in=handed_in,
        writers=await handover.writers_of(conversation.id, annotator_id) if conversation else left.writers,
        handed_on=handed_on,
        left=left.turns,
    )


async def require_single(ground: Ground) -> None:
    """Raises `CandidatesWanted` where one reply alone may not be asked for."""
    if (await rules_of(ground.project_id)).candidates > 1:
        raise CandidatesWanted


def reply_to(conversation: ConversationView, user_turn_no: int) -> TurnView | None:
    """The reply that stands after the message; none: it is awaited. Raises `NoSuchTurn`, `TurnOutOfOrder`."""
    message = message_at(conversation, user_turn_no)
    following = _turn_at(conversation, message.no + 1)
    if following is not None and following.role != "assistant":
        raise TurnOutOfOrder(f"Turn {user_turn_no} is followed by another message.")
    return following


def message_at(conversation: ConversationView, user_turn_no: int) -> TurnView:
    """On the active path. Raises `NoSuchTurn`, `TurnOutOfOrder`."""
    message = _turn_at(conversation, user_turn_no)
    if message is None:
        raise NoSuchTurn
    if message.role != "user":
        raise TurnOutOfOrder(f"Turn {user_turn_no} is no message of the annotator.")
    return message


def _turn_at(conversation: ConversationView, no: int) -> TurnView | None:
    return next((turn for turn in conversation.turns if turn.no == no), None)


async def _written(assignment_id: UUID, annotator_id: UUID, epoch: int) -> ConversationView:
    """As `hold`; of a dialogue that has not begun, it is the turn that is not there."""
    ground = await require_live(assignment_id, annotator_id, epoch)
    conversation = await load_conversation(sql.lock_conversation, ground.task_id, annotator_id)
    if conversation is None:
        raise NoSuchTurn
    return conversation


def _by(ground: Ground, assignment_id: UUID, annotator_id: UUID, role: str, text: str) -> NewTurn:
    return NewTurn(
        role=role, text=text, model=BY_HAND if role == "assistant" else None, language=ground.language,
        hand=Hand(annotator_id, assignment_id),
    )  # fmt: skip


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


async def _append_one(conversation: ConversationView, turn: NewTurn, settings: Settings, pasted: Pasted) -> TurnView:
    (added,) = await append(conversation.id, conversation.last, [turn], settings)
    assert turn.hand is not None, "what a person writes is somebody's"
    await telemetry.note(turn.hand.assignment_id, added.id, settings, pasted=pasted)
    return added


async def _change(turn: TurnView, *, text: str, text_version: int, rating: int | None, comment: str) -> TurnView:
    original = None if turn.by_hand else (turn.original_text if turn.edited else turn.text)
    changed = await db.fetch_one_as(
        TurnView, sql.change_turn, turn_id=turn.id, text=text, text_version=text_version,
        original_text=None if original == text else original, rating=rating, comment=comment,
    )  # fmt: skip
    assert changed is not None, "the row was locked a moment ago"
    return changed
