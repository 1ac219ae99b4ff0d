"""What a whole exported dialogue looks like to its reader, and what must hold in it before anything is stored."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from dialogue.errors import BadTree
from dialogue.texts import find_unstorable
from kernel.settings import Settings
from skills.errors import BadLanguage
from skills.languages import check_language

Small = Annotated[int, Meta(ge=1, le=32_767)]
Moment = Annotated[datetime, Meta(tz=True)]
Key = Annotated[str, Meta(min_length=1, max_length=200)]


class By(Struct, frozen=True):
    person: Key
    hold: str | None = None


class EditDoc(Struct, frozen=True, kw_only=True):
    version: Small
    text: str
    by: By | None = None
    at: Moment


class TurnDoc(Struct, frozen=True, kw_only=True):
    id: Key
    parent: str | None
    no: Small
    position: Small
    role: Literal["system", "user", "assistant"]
    text: str
    text_version: Small
    original_text: str | None
    language: Annotated[str, Meta(max_length=35)] | None
    model: str | None
    parameters: dict[str, Any] | None
    round: Small | None
    slot: Small | None
    rank: Small | None
    rating: Annotated[int, Meta(ge=1, le=5)] | None
    comment: str
    labels: dict[str, Any]
    source: dict[str, Any] | None
    by: By | None
    created_at: Moment
    changed_at: Moment
    edits: list[EditDoc]


class ChoiceDoc(Struct, frozen=True, kw_only=True):
    message: str
    round: Small
    wanted: Annotated[int, Meta(ge=1, le=8)]
    position: Annotated[int, Meta(ge=0, le=32_000)]
    state: Literal["open", "chosen", "ranked", "all_bad", "set_aside"]
    chosen: str | None
    reason: str
    by: By | None
    created_at: Moment
    decided_at: Moment | None


class ScoreDoc(Struct, frozen=True, kw_only=True):
    turn: str | None
    dimension: Annotated[str, Meta(min_length=1, max_length=40)]
    value: Annotated[int, Meta(ge=-32_768, le=32_767)]
    comment: str
    by: By | None
    at: Moment


class SpanDoc(Struct, frozen=True, kw_only=True):
    turn: str
    text_version: Small
    from_char: Annotated[int, Meta(ge=0)]
    to_char: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    label: Annotated[str, Meta(max_length=40)]
    reason: str
    by: By | None
    at: Moment


class ScaleDoc(Struct, frozen=True):
    code: str
    lowest: int = 1
    highest: int = 5


class RubricDoc(Struct, frozen=True):
    version: int
    dimensions: list[ScaleDoc]


class Document(Struct, frozen=True, kw_only=True):
    topic: str
    head: str | None
    created_at: Moment
    rubric: RubricDoc | None
    turns: list[TurnDoc]
    choices: list[ChoiceDoc]
    scores: list[ScoreDoc]
    spans: list[SpanDoc]


def judge(document: Document, settings: Settings) -> None:
    """Raises `BadTree` for all that the tables would refuse, so that a bad line is named and not a chunk of them."""
    turns = {turn.id: turn for turn in document.turns}
    if len(turns) < len(document.turns):
        raise BadTree("Two turns have the same id.")
    if len(turns) > settings.import_tree_turns:
        raise BadTree(f"A tree has at most {settings.import_tree_turns:,} turns; this one has {len(turns):,}.")
    if (document.head is None) != (not turns) or (document.head is not None and document.head not in turns):
        raise BadTree("The head is no turn of this dialogue.")
    if turns and sum(turn.parent is None for turn in document.turns) != 1:
        raise BadTree("A tree has one root.")
    _judge_places(document, turns)
    for turn in document.turns:
        _judge_turn(turn, settings)
    _judge_choices(document, turns)
    _judge_path(document, turns)
    _judge_scores(document, turns, settings)


def _judge_places(document: Document, turns: dict[str, TurnDoc]) -> None:
    for turn in document.turns:
        parent = turns.get(turn.parent) if turn.parent is not None else None
        if turn.parent is not None and parent is None:
            raise BadTree(f"The parent of the turn {turn.id!r} is not in the tree.")
        if turn.no != 1 + (parent.no if parent else 0):
            raise BadTree(f"The turn {turn.id!r} does not stand one below its parent.")
    places = Counter((turn.parent, turn.position) for turn in document.turns)
    slots = Counter((turn.parent, turn.round, turn.slot) for turn in document.turns if turn.round is not None)
    if any(count > 1 for counter in (places, slots) for count in counter.values()):
        raise BadTree("Two turns stand at the same place below their parent.")


def _judge_turn(turn: TurnDoc, settings: Settings) -> None:
    texts = [turn.text, turn.original_text or "", *(edit.text for edit in turn.edits)]
    if any(len(text) > settings.turn_text_limit for text in texts):
        raise BadTree(f"The text of the turn {turn.id!r} is longer than {settings.turn_text_limit:,} characters.")
    if any(find_unstorable(text) for text in (*texts, turn.comment)):
        raise BadTree(f"The text of the turn {turn.id!r} cannot be stored.")
    _judge_versions(turn)
    if turn.rating is not None and turn.role != "assistant":
        raise BadTree(f"The turn {turn.id!r} has a rating, but only replies are rated.")
    if (turn.round is None) != (turn.slot is None) or (turn.round is not None and turn.role != "assistant"):
        raise BadTree(f"The turn {turn.id!r} is no whole candidate: round and slot belong together, and to replies.")
    if turn.language is not None:
        try:
            check_language(turn.language)
        except BadLanguage as error:
            raise BadTree(f"The turn {turn.id!r}: {error.detail}") from error


def _judge_versions(turn: TurnDoc) -> None:
    versions = {edit.version: edit.text for edit in turn.edits}
    whole = list(range(1, turn.text_version + 1)) if turn.text_version > 1 else []
    if sorted(edit.version for edit in turn.edits) != whole or versions.get(turn.text_version, turn.text) != turn.text:
        raise BadTree(f"The edits of the turn {turn.id!r} are not every text that it had up to the one that stands.")
    if turn.original_text is not None and versions.get(1) != turn.original_text:
        raise BadTree(f"The original text of the turn {turn.id!r} is not its first version.")


def _judge_choices(document: Document, turns: dict[str, TurnDoc]) -> None:
    choices = {(one.message, one.round): one for one in document.choices}
    if len(choices) < len(document.choices):
        raise BadTree("Two choices are of the same round of one message.")
    candidates: dict[tuple[str, int], list[TurnDoc]] = {}
    for turn in document.turns:
        if turn.round is not None:
            if turn.parent is None or (turn.parent, turn.round) not in choices:
                raise BadTree(f"The turn {turn.id!r} is a candidate of no choice.")
            candidates.setdefault((turn.parent, turn.round), []).append(turn)
    for key, choice in choices.items():
        if choice.message not in turns:
            raise BadTree("A choice is about a message that is not in the tree.")
        if (choice.chosen is not None) != (choice.state in {"chosen", "ranked"}) or (choice.decided_at is None) != (
            choice.state == "open"
        ):
            raise BadTree(f"The choice at {choice.message!r} does not fit its state.")
        _judge_slots(choice, candidates.get(key, []))
        _judge_ranks(choice, candidates.get(key, []))


def _judge_slots(choice: ChoiceDoc, candidates: list[TurnDoc]) -> None:
    for one in candidates:
        if one.slot is None or one.slot > choice.wanted or one.position != choice.position + one.slot:
            raise BadTree(f"The candidate {one.id!r} does not stand at the place of its slot.")


def _judge_ranks(choice: ChoiceDoc, candidates: list[TurnDoc]) -> None:
    ranks = [one.rank for one in candidates if one.rank is not None]
    whole, none = len(ranks) == len(candidates), not ranks
    chosen = next((one for one in candidates if one.id == choice.chosen), None)
    fits = {"ranked": whole, "all_bad": whole or none}.get(choice.state, none)
    if not fits or sorted(set(ranks)) != list(range(1, len(set(ranks)) + 1)):
        raise BadTree(f"The ranks of the choice at {choice.message!r} have a gap, or do not fit its state.")
    if choice.chosen is not None and (chosen is None or chosen.rank not in {None, 1}):
        raise BadTree(f"The preferred one of the choice at {choice.message!r} is none of its best candidates.")


def _judge_path(document: Document, turns: dict[str, TurnDoc]) -> None:
    chosen = {one.chosen for one in document.choices}
    here = turns[document.head] if document.head is not None else None
    while here is not None:
        if here.round is not None and here.id not in chosen:
            raise BadTree("The active path leads over a candidate that was not preferred.")
        here = turns[here.parent] if here.parent is not None else None


def _judge_scores(document: Document, turns: dict[str, TurnDoc], settings: Settings) -> None:
    places = Counter((one.turn, one.dimension) for one in document.scores)
    if any(count > 1 for count in places.values()):
        raise BadTree("One turn has two scores of the same dimension.")
    named = {one.turn for one in document.scores} | {one.turn for one in document.spans}
    if named - {None} - turns.keys():
        raise BadTree("A score or a passage is about a turn that is not in the tree.")
    scales = {one.code: one for one in (document.rubric.dimensions if document.rubric else [])}
    for score in document.scores:
        scale = scales.get(score.dimension)
        if scale is None or not scale.lowest <= score.value <= scale.highest:
            raise BadTree(f"The rubric that came along does not have the score {score.dimension} {score.value}.")
    for span in document.spans:
        turn = turns[span.turn]
        texts = {edit.version: edit.text for edit in turn.edits} | {turn.text_version: turn.text}
        if not span.from_char < span.to_char <= len(texts.get(span.text_version, "")):
            raise BadTree(f"A passage of the turn {span.turn!r} does not lie in its text.")
    words = [one.comment for one in document.scores] + [one.reason for one in document.spans]
    words += [one.reason for one in document.choices]
    if any(len(text) > settings.dialogue_text_limit or find_unstorable(text) for text in words):
        raise BadTree("A comment or a reason is too long or cannot be stored.")
