"""Whether a dialogue can be handed in, and what is handed in. Pure: both take what was read and return values."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from dialogue.rubrics import Dimension, RubricView
from dialogue.scoring import Judgement, ScoreView, lacks_comment, places_of
from dialogue.texts import is_blank
from dialogue.views import Awaited, ConversationView, TurnView

NOTHING = Judgement()


class Problem(Struct, frozen=True):
    """One thing to mend before handing in. `turn_no` is none where it concerns the whole dialogue."""

    code: str
    turn_no: int | None
    message: str
    dimension: str | None = None
    """Of the rubric, where a score or its comment is missing."""
    turn_id: UUID | None = None
    """Of a candidate that is not on the active path, too."""


def ready_to_submit(
    conversation: ConversationView | None, min_turns: int, max_turns: int, judgement: Judgement = NOTHING
) -> list[Problem]:
    """All problems, in the order of the turns; none: it can be handed in. The limits count exchanges."""
    if conversation is None:
        return [Problem("not_begun", None, "The dialogue has not begun.")]
    rated = conversation.rubric_id is None
    problems = [problem for turn in conversation.turns for problem in _faults(turn, by_number=rated)]
    if judgement.rubric is not None:
        problems += _missing_scores(conversation, judgement, judgement.rubric)
        problems.sort(key=lambda problem: (problem.turn_no is None, problem.turn_no or 0))
    problems += _open_end(conversation)
    count = conversation.exchanges
    if count < min_turns:
        problems.append(Problem("too_few_exchanges", None, f"{count} of at least {min_turns} exchanges are done."))
    if count > max_turns:
        problems.append(Problem("too_many_exchanges", None, f"{count} exchanges; at most {max_turns} are wanted."))
    return problems


def _faults(turn: TurnView, *, by_number: bool) -> Iterator[Problem]:
    if by_number and turn.lacks_rating:
        yield Problem("rating_missing", turn.no, f"The reply in turn {turn.no} is not rated.")
    if not turn.imported and is_blank(turn.text):
        yield Problem("text_empty", turn.no, f"Turn {turn.no} is empty.")


def _open_end(conversation: ConversationView) -> Iterator[Problem]:
    if conversation.awaited is Awaited.CHOICE:
        assert conversation.last is not None
        yield Problem("choice_missing", conversation.last.no, "Choose between the candidates of the last reply.")
    elif conversation.last is None or conversation.awaited is Awaited.REPLY:
        number = conversation.last.no if conversation.last else None
        yield Problem("reply_missing", number, "The last message has no reply yet.")


def _missing_scores(conversation: ConversationView, judgement: Judgement, rubric: RubricView) -> Iterator[Problem]:
    scores = {(score.turn_id, score.dimension): score for score in judgement.scores}
    for turn, places in rated_turns(conversation, judgement):
        for dimension in rubric.dimensions:
            if places & set(dimension.applies):
                name = (
                    f"the reply in turn {turn.no}" if turn.slot is None else f"candidate {turn.slot} in turn {turn.no}"
                )
                yield from _missing(dimension, scores.get((turn.id, dimension.code)), turn, name)
    for dimension in rubric.dimensions:
        if "dialogue" in dimension.applies:
            yield from _missing(dimension, scores.get((None, dimension.code)), None, "the whole dialogue")


def rated_turns(conversation: ConversationView, judgement: Judgement) -> Iterator[tuple[TurnView, set[str]]]:
    """What the rubric may ask about: the replies on the active path, each with its rivals."""
    rivals = {choice.id: choice.candidates for choice in judgement.choices}
    for turn in conversation.turns:
        if turn.choice_id is None:
            yield turn, places_of(turn, preferred=False)
            continue
        for candidate in rivals.get(turn.choice_id, [turn]):
            yield candidate, places_of(candidate, preferred=candidate.id == turn.id)


def _missing(dimension: Dimension, score: ScoreView | None, turn: TurnView | None, name: str) -> Iterator[Problem]:
    no, turn_id = (turn.no, turn.id) if turn else (None, None)
    if score is None:
        if dimension.required:
            yield Problem("score_missing", no, f"{dimension.code} of {name} is not rated.", dimension.code, turn_id)
    elif lacks_comment(score, dimension):
        sentence = f"{dimension.code} of {name} is {score.value}; say why in the comment."
        yield Problem("comment_missing", no, sentence, dimension.code, turn_id)


def submission_payload(conversation: ConversationView, judgement: Judgement = NOTHING) -> dict[str, Any]:
    """What routing stores as the submission; `original_text` and `text_version` stand only in edited replies.

    `turns` is the active path. Where there were choices, scores or marked passages they stand beside it and name
    turns by their ids.
    """
    payload: dict[str, Any] = {"topic": conversation.topic, "turns": [_handed_in(turn) for turn in conversation.turns]}
    numbers = {turn.id: turn.no for turn in conversation.turns}
    if judgement.choices:
        payload["choices"] = [
            {
                "message_no": numbers[choice.message_id],
                "round": choice.round,
                "state": choice.state,
                "reason": choice.reason,
                "candidates": [_candidate(one, chosen=one.id == choice.chosen_id) for one in choice.candidates],
            }
            for choice in judgement.choices
        ]
    if judgement.rubric is not None:
        payload["rubric"] = {"version": judgement.rubric.version, "scores": _plain(judgement.scores)}
    if judgement.spans:
        payload["spans"] = _plain(judgement.spans)
    return payload


def _plain(values: Any) -> Any:
    return msgspec.to_builtins(values)


def _candidate(turn: TurnView, *, chosen: bool) -> dict[str, Any]:
    return {
        "id": str(turn.id), "slot": turn.slot, "chosen": chosen, "rank": turn.rank, "model": turn.model,
        "text": turn.original_text or turn.text,
    }  # fmt: skip


def _handed_in(turn: TurnView) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": str(turn.id), "no": turn.no, "role": turn.role, "text": turn.text}
    if turn.original_text is not None:
        fields |= {"original_text": turn.original_text, "text_version": turn.text_version}
    return fields | {"model": turn.model, "rating": turn.rating, "comment": turn.comment}
