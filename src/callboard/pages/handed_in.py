"""Work as whoever judges it reads it: exchanges, and beside each what its author rated, compared and marked."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from callboard.pages.verdict_form import SCORES
from callboard.pages.views import Turn
from callboard.pages.views_judged import Judged, Passage, Rival, Round, Score
from dialogue.diffs import difference
from dialogue.rubrics import RubricView, SpanLabel, rubric_at
from dialogue.views import BY_HAND, IMPORTED

DECIDED = ("chosen", "ranked", "all_bad", "set_aside")
MOST_RIVALS = 9


class _Mark(Struct):
    id: UUID
    turn_id: str
    text_version: int
    from_char: int
    to_char: int
    label: str
    reason: str = ""


class _Given(Struct):
    dimension: str
    value: int
    turn_id: str | None = None
    comment: str = ""


class _Rubric(Struct):
    version: Annotated[int, Meta(ge=1, lt=2**31)]
    scores: list[_Given] = []


class _Candidate(Struct):
    text: str
    id: str = ""
    slot: int = 0
    chosen: bool = False
    rank: int | None = None


class _Choice(Struct):
    message_no: int
    state: str
    round: int = 1
    reason: str = ""
    candidates: list[_Candidate] = []


class _Beside(Struct):
    """What stands beside the turns of work that was made here."""

    choices: list[_Choice] = []
    rubric: _Rubric | None = None
    spans: list[_Mark] = []


class HandedIn(Struct, kw_only=True):
    turns: list[Turn]
    whole: list[Score] = field(default_factory=list)
    """Of the dialogue as a whole."""
    labels: list[SpanLabel] = field(default_factory=list)


class _Scene(Struct):
    beside: _Beside
    rubric: RubricView | None

    def scores(self, turn_id: str | None) -> list[Score]:
        given = self.beside.rubric.scores if self.beside.rubric else []
        order = [one.code for one in self.rubric.dimensions] if self.rubric else []
        mine = [one for one in given if one.turn_id == turn_id]
        mine.sort(key=lambda one: order.index(one.dimension) if one.dimension in order else len(order))
        return [_score(one, self.rubric) for one in mine]

    def passages(self, turn_id: str, texts: dict[int, str]) -> list[Passage]:
        """`texts`: of this turn, by version, as far as it was handed in; the last is the one that is shown first."""
        shown = max(texts, default=0)
        return [_passage(one, texts, shown) for one in self.beside.spans if one.turn_id == turn_id]


async def handed_in(payload: dict[str, Any], project_id: UUID) -> HandedIn:
    """What is not understood, because another frontend made it, is shown as nothing."""
    turns = turns_of(payload)
    try:
        beside = msgspec.convert(payload, _Beside)
    except msgspec.ValidationError:
        return HandedIn(turns=turns)
    rubric = await rubric_at(project_id, beside.rubric.version) if beside.rubric else None
    scene = _Scene(beside, rubric)
    for turn in turns:
        turn.more.judged = _judged(turn, payload["turns"], scene)
    return HandedIn(turns=turns, whole=scene.scores(None), labels=rubric.span_labels if rubric else [])


def turns_of(payload: dict[str, Any]) -> list[Turn]:
    """Exchanges of what was handed in, which may come from any frontend: what is not understood is shown as nothing."""
    found: list[Turn] = []
    messages = payload.get("turns")
    for no, message in enumerate(messages if isinstance(messages, list) else [], 1):
        if not isinstance(message, dict) or not isinstance(message.get("text"), str):
            continue
        author = {IMPORTED: "import", BY_HAND: "person"}.get(str(message.get("model")), "bot")
        if message.get("role") == "user":
            found.append(
                Turn(number=len(found) + 1, prompt=message["text"], state="ready", message_no=no, author=author)
            )
        elif message.get("role") == "assistant":
            if not found or found[-1].reply:
                found.append(Turn(number=len(found) + 1, prompt="", state="ready", message_no=no))
            _answered(found[-1], no, message, author)
    return found


def _answered(turn: Turn, no: int, message: dict[str, Any], author: str) -> None:
    original, rating = message.get("original_text"), message.get("rating")
    turn.author, turn.reply, turn.reply_no = author, message["text"], no
    turn.original = original if isinstance(original, str) else turn.reply
    turn.diff = difference(turn.original, turn.reply) if turn.edited else []
    turn.rating = rating if isinstance(rating, int) and rating in SCORES else None


def _judged(turn: Turn, messages: Sequence[Any], scene: _Scene) -> Judged:
    rounds = [one for one in scene.beside.choices if one.message_no == turn.message_no and one.state in DECIDED]
    found = Judged(rounds=[_round(one, scene) for one in sorted(rounds, key=lambda one: one.round)])
    if turn.reply:
        message = messages[turn.reply_no - 1]
        turn_id, version, comment = message.get("id"), message.get("text_version", 1), message.get("comment")
        found.comment = comment if isinstance(comment, str) else ""
        if isinstance(turn_id, str) and isinstance(version, int):
            found.scores = scene.scores(turn_id)
            found.passages = scene.passages(turn_id, {1: turn.original, version: turn.reply})
    return found


def _round(choice: _Choice, scene: _Scene) -> Round:
    preferred = next((one for one in choice.candidates if one.chosen), None)
    rivals = sorted((one for one in choice.candidates if not one.chosen), key=lambda one: one.slot)[:MOST_RIVALS]
    return Round(
        state=choice.state, reason=choice.reason, chosen=preferred.slot if preferred else None,
        rank=preferred.rank if preferred else None, ranking=_ranking(choice.candidates),
        rivals=[
            Rival(
                slot=one.slot, text=one.text, rank=one.rank, scores=scene.scores(one.id),
                passages=scene.passages(one.id, {1: one.text}),
            )
            for one in rivals
        ],
    )  # fmt: skip


def _ranking(candidates: Iterable[_Candidate]) -> str:
    places: dict[int, list[int]] = {}
    for one in sorted(candidates, key=lambda one: one.slot):
        if one.rank is not None:
            places.setdefault(one.rank, []).append(one.slot)
    return " › ".join(" = ".join(map(str, places[rank])) for rank in sorted(places))


def _score(given: _Given, rubric: RubricView | None) -> Score:
    known = rubric.dimension(given.dimension) if rubric else None
    return Score(
        code=given.dimension, name=dict(known.name) if known else {}, value=given.value,
        highest=known.highest if known else None, comment=given.comment,
        means=dict(known.anchors.get(str(given.value), {})) if known else {},
    )  # fmt: skip


def _passage(mark: _Mark, texts: dict[int, str], shown: int) -> Passage:
    text = texts.get(mark.text_version, "")
    begin, end = max(0, mark.from_char), max(0, mark.to_char)
    quote = text[begin:end]
    return Passage(
        id=mark.id, quote=quote, label=mark.label, reason=mark.reason, current=mark.text_version == shown,
        original=mark.text_version == 1 != shown, occurrence=text[:begin].count(quote) if quote else 0,
    )  # fmt: skip
