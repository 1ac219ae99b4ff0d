"""Ratings by the rubric, of turns, candidates and the whole dialogue, and passages that are marked with a reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from dialogue import telemetry
from dialogue.errors import BadScore, BadSpan, NoRubric, NoSuchSpan, NoSuchTurn
from dialogue.rubrics import Dimension, RubricView, rubric_by_id
from dialogue.store import choices_of, hold, moved, require_version, reread, turn_of
from dialogue.texts import require_storable
from dialogue.views import ChoiceView, ConversationView, TurnView
from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

MOST_SPANS = 200
"""On one turn: a passage for every other line of a very long reply."""


class ScoreSeen(Struct, frozen=True, kw_only=True):
    value: int
    comment: str = ""


class ScoreIn(Struct, frozen=True, kw_only=True):
    dimension: Annotated[str, Meta(max_length=40)]
    value: int | None
    """None takes the score back."""
    turn_id: UUID | None = None
    """None: the whole dialogue."""
    comment: str = ""
    was: ScoreSeen | UnsetType | None = UNSET
    """The score that the writer saw there, null for none: where another one stands by now, nothing is stored. It asks
    less than the dialogue's version, which moves with every reply that arrives."""


class ScoreView(Struct, frozen=True, kw_only=True):
    turn_id: UUID | None
    dimension: str
    value: int
    comment: str
    changed_at: datetime


class SpanIn(Struct, frozen=True, kw_only=True):
    """Code points of one version of the text, `from_char` included and `to_char` not."""

    text_version: int
    from_char: int
    to_char: int
    label: str
    reason: str = ""


class SpanView(Struct, frozen=True, kw_only=True):
    id: UUID
    turn_id: UUID
    text_version: int
    from_char: int
    to_char: int
    label: str
    reason: str


class Judgement(Struct, frozen=True, kw_only=True):
    """What was rated and chosen in a dialogue, beside its turns."""

    rubric: RubricView | None = None
    scores: list[ScoreView] = []
    spans: list[SpanView] = []
    choices: list[ChoiceView] = []
    """Of the messages on the active path, every round."""

    def as_open(self, *, blind: bool) -> "Judgement":
        """As it goes out: before handing in without what says which bot wrote which candidate."""
        return replace(self, choices=[one.blind() for one in self.choices]) if blind else self


async def judgement_of(conversation: ConversationView | None) -> Judgement:
    """With the models of candidates: blind it before it goes out."""
    if conversation is None:
        return Judgement()
    rated = conversation.rubric_id is not None
    return Judgement(
        rubric=await rubric_by_id(conversation.rubric_id) if conversation.rubric_id else None,
        scores=await db.fetch_as(ScoreView, sql.scores_of_conversation, conversation_id=conversation.id) if rated else [],
        spans=await db.fetch_as(SpanView, sql.spans_of_conversation, conversation_id=conversation.id),
        choices=await choices_of([turn.id for turn in conversation.turns if turn.role == "user"]),
    )  # fmt: skip


async def score(
    assignment_id: UUID,
    annotator_id: UUID,
    epoch: int,
    given: Sequence[ScoreIn],
    *,
    settings: Settings,
    seen: int | None = None,
) -> ConversationView:
    """All of them or none; the same again changes nothing. Raises `NoRubric`, `BadScore`, `ConversationMoved`."""
    _, conversation = await hold(assignment_id, annotator_id, epoch)
    if conversation.rubric_id is None:
        raise NoRubric
    rubric = await rubric_by_id(conversation.rubric_id)
    require_version(conversation, seen)
    await _require_as_seen(conversation, given)
    places = {one.turn_id: await _places(conversation, one.turn_id) for one in given}
    for one in given:
        require_storable(one.comment, settings.comment_text_limit, "The comment")
        _judge(one, rubric, places[one.turn_id])
    kept = {(one.turn_id, one.dimension): one for one in given if one.value is not None}
    gone = {(one.turn_id, one.dimension) for one in given if one.value is None} - kept.keys()
    await db.execute(
        sql.drop_scores, conversation_id=conversation.id, turns=[turn for turn, _ in gone],
        dimensions=[dimension for _, dimension in gone],
    )  # fmt: skip
    await db.execute(
        sql.put_scores, conversation_id=conversation.id, ids=[uuid7() for _ in kept], turns=[turn for turn, _ in kept],
        dimensions=[dimension for _, dimension in kept], values=[one.value for one in kept.values()],
        comments=[one.comment for one in kept.values()], annotator_id=annotator_id, assignment_id=assignment_id,
    )  # fmt: skip
    rated = next((one.turn_id for one in given if one.turn_id is not None), None)
    if rated is not None:
        await telemetry.note(assignment_id, rated, settings)
    return (await reread(conversation)).blind()


async def _require_as_seen(conversation: ConversationView, given: Sequence[ScoreIn]) -> None:
    """Raises `ConversationMoved` where a score is neither as its writer saw it nor already what it shall be."""
    if all(one.was is UNSET for one in given):
        return
    there = {(one.turn_id, one.dimension): one for one in await db.fetch_as(
        ScoreView, sql.scores_of_conversation, conversation_id=conversation.id)}  # fmt: skip
    for one in given:
        if one.was is UNSET:
            continue
        stands = there.get((one.turn_id, one.dimension))
        now = ScoreSeen(value=stands.value, comment=stands.comment) if stands else None
        wanted = None if one.value is None else ScoreSeen(value=one.value, comment=one.comment)
        if now not in (one.was, wanted):
            raise moved(conversation)


async def _places(conversation: ConversationView, turn_id: UUID | None) -> set[str]:
    if turn_id is None:
        return {"dialogue"}
    try:
        turn = await turn_of(conversation, turn_id)
    except NoSuchTurn as error:
        raise BadScore("There is no such turn in this dialogue.") from error
    preferred = turn.choice_id is not None and await db.fetch_value(sql.is_preferred, turn_id=turn_id)
    return places_of(turn, preferred=preferred)


def places_of(turn: TurnView, *, preferred: bool) -> set[str]:
    """Which places of a rubric a turn stands for; none: nobody rates it."""
    if turn.role != "assistant" or turn.by_hand:
        return set()
    if turn.imported:
        return {"imported"}
    if turn.choice_id is None:
        return {"reply", "candidate"}
    return {"reply", "chosen", "candidate"} if preferred else {"candidate"}


def _judge(given: ScoreIn, rubric: RubricView, places: set[str]) -> None:
    dimension = rubric.dimension(given.dimension)
    if dimension is None:
        raise BadScore(f"The rubric of this dialogue has no dimension {given.dimension!r}.", dimension=given.dimension)
    if not places & set(dimension.applies):
        raise BadScore(f"{given.dimension} is not rated there.", dimension=given.dimension)
    if given.value is not None and not dimension.lowest <= given.value <= dimension.highest:
        raise BadScore(
            f"{given.dimension} is rated from {dimension.lowest} to {dimension.highest}.", dimension=given.dimension
        )


def lacks_comment(score: ScoreView, dimension: Dimension) -> bool:
    return dimension.comment_at is not None and score.value <= dimension.comment_at and not score.comment.strip()


async def mark(
    assignment_id: UUID, annotator_id: UUID, epoch: int, turn_id: UUID, span: SpanIn, *, settings: Settings
) -> SpanView:
    """The passage; marked twice in the same way it stands once. Raises `NoSuchTurn`, `BadSpan`."""
    _, conversation = await hold(assignment_id, annotator_id, epoch)
    turn = await turn_of(conversation, turn_id)
    require_storable(span.reason, settings.comment_text_limit, "The reason")
    require_storable(span.label, 40, "The label")
    text = await _text_of(turn, span.text_version)
    if text is None:
        raise BadSpan(f"This turn has no version {span.text_version} of its text.", text_version=turn.text_version)
    if not 0 <= span.from_char < span.to_char <= len(text):
        raise BadSpan(f"The passage lies between 0 and {len(text)} and has at least one character.", length=len(text))
    await _judge_label(conversation, span)
    standing = [one for one in (await judgement_of(conversation)).spans if one.turn_id == turn_id]
    wanted = (span.text_version, span.from_char, span.to_char, span.label, span.reason)
    for one in standing:
        if (one.text_version, one.from_char, one.to_char, one.label, one.reason) == wanted:
            return one
    if len(standing) >= MOST_SPANS:
        raise BadSpan(f"At most {MOST_SPANS} passages of one turn can be marked.", limit=MOST_SPANS)
    span_id = uuid7()
    await db.execute(
        sql.add_span, id=span_id, turn_id=turn_id, text_version=span.text_version, from_char=span.from_char,
        to_char=span.to_char, label=span.label, reason=span.reason, annotator_id=annotator_id,
        assignment_id=assignment_id,
    )  # fmt: skip
    return SpanView(
        id=span_id, turn_id=turn_id, text_version=span.text_version, from_char=span.from_char, to_char=span.to_char,
        label=span.label, reason=span.reason,
    )  # fmt: skip


async def unmark(assignment_id: UUID, annotator_id: UUID, epoch: int, span_id: UUID) -> None:
    """Doing it again changes nothing. Raises `NoSuchSpan`."""
    _, conversation = await hold(assignment_id, annotator_id, epoch)
    if not await db.execute(sql.remove_span, conversation_id=conversation.id, span_id=span_id):
        raise NoSuchSpan


async def _text_of(turn: TurnView, version: int) -> str | None:
    if version == turn.text_version:
        return turn.text
    found: str | None = await db.fetch_value(sql.text_of_version, turn_id=turn.id, version=version)
    return found


async def _judge_label(conversation: ConversationView, span: SpanIn) -> None:
    if not span.label.strip():
        raise BadSpan("The passage has no label.")
    labels = (await rubric_by_id(conversation.rubric_id)).span_labels if conversation.rubric_id else []
    if not labels:
        return
    known = next((one for one in labels if one.code == span.label), None)
    if known is None:
        raise BadSpan(f"Passages are marked as {', '.join(one.code for one in labels)}.")
    if known.reason_required and not span.reason.strip():
        raise BadSpan(f"A passage that is marked as {span.label} needs a reason.")
