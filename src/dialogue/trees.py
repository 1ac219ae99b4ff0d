"""A dialogue read whole: every turn over all branches, every choice, and every text that an edited turn ever had."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from dialogue.conversations import conversation_of
from dialogue.diffs import Part, difference
from dialogue.errors import NoSuchConversation, NoSuchTurn
from dialogue.scoring import ScoreView, SpanView
from dialogue.store import choices_of
from dialogue.views import ChoiceView, TurnView
from kernel import db
from kernel.sql import load
from routing.errors import NoSuchAssignment

sql = load(__package__)


class TreeView(Struct, frozen=True, kw_only=True):
    """Parents stand before their children, siblings in their order; the active path ends at `head_id`."""

    conversation_id: UUID
    topic: str
    version: int
    head_id: UUID | None
    turns: list[TurnView]
    choices: list[ChoiceView]
    scores: list[ScoreView]
    spans: list[SpanView]


class TextVersion(Struct, frozen=True, kw_only=True):
    """`changes` against the version before; empty for the first. `by_person` is false for what a bot wrote."""

    version: int
    text: str
    by_person: bool
    at: datetime | None
    """None: which candidate came when is not told before handing in."""
    changes: list[Part] = []


class Credit(Struct, frozen=True, kw_only=True):
    """What one person did in a dialogue under one hold, over all branches; characters are code points of `turns`."""

    author_id: UUID
    assignment_id: UUID | None
    turns: int
    characters: int
    edits: int
    choices: int
    scores: int


class _Edit(Struct, frozen=True):
    version: int
    text: str
    author_id: UUID | None
    at: datetime


async def tree_of(assignment_id: UUID, annotator_id: UUID) -> TreeView:
    """Candidates blinded until the work is handed in. Raises `NoSuchAssignment`, `NoSuchConversation`."""
    row = await db.fetch_one(sql.own_assignment, assignment_id=assignment_id, annotator_id=annotator_id)
    if row is None:
        raise NoSuchAssignment
    talk = await conversation_of(row["task_id"], annotator_id)
    if talk is None:
        raise NoSuchConversation
    turns = await db.fetch_as(TurnView, sql.turns_of_tree, conversation_id=talk.id)
    choices = await choices_of([turn.id for turn in turns if turn.role == "user"])
    blind = row["state"] != "submitted"
    return TreeView(
        conversation_id=talk.id,
        topic=talk.topic,
        version=talk.version,
        head_id=talk.last.id if talk.last else None,
        turns=[turn.blind() for turn in turns] if blind else turns,
        choices=[choice.blind() for choice in choices] if blind else choices,
        scores=await db.fetch_as(ScoreView, sql.scores_of_conversation, conversation_id=talk.id),
        spans=await db.fetch_as(SpanView, sql.spans_of_conversation, conversation_id=talk.id),
    )


async def versions_of(assignment_id: UUID, annotator_id: UUID, turn_id: UUID) -> list[TextVersion]:
    """Every text of a turn, oldest first; one that was never edited has one. Raises `NoSuchTurn` and what `tree_of` does."""
    tree = await tree_of(assignment_id, annotator_id)
    turn = next((one for one in tree.turns if one.id == turn_id), None)
    if turn is None:
        raise NoSuchTurn
    edits = await db.fetch_as(_Edit, sql.versions_of_turn, conversation_id=tree.conversation_id, turn_id=turn_id)
    if not edits:
        hand = turn.role == "user" or turn.by_hand
        at = None if turn.choice_id else turn.created_at
        return [TextVersion(version=1, text=turn.text, by_person=hand and not turn.imported, at=at)]
    before = [None, *(edit.text for edit in edits)]
    return [
        TextVersion(
            version=edit.version,
            text=edit.text,
            by_person=edit.author_id is not None,
            at=None if turn.choice_id and edit.version == 1 else edit.at,
            changes=[] if old is None else difference(old, edit.text),
        )
        for old, edit in zip(before, edits, strict=False)
    ]


async def credits_of(conversation_id: UUID) -> list[Credit]:
    """By person and hold: what a split of the pay goes by when a dialogue passes through several hands."""
    return await db.fetch_as(Credit, sql.credits_of_conversation, conversation_id=conversation_id)
