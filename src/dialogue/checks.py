"""Whether a dialogue can be handed in, and what is handed in. Pure: both take what was read and return values."""

from typing import Any

from msgspec import Struct

from dialogue.texts import is_blank
from dialogue.views import Awaited, ConversationView, TurnView


class Problem(Struct, frozen=True):
    """One thing to mend before handing in. `turn_no` is none where it concerns the whole dialogue."""

    code: str
    turn_no: int | None
    message: str


def ready_to_submit(conversation: ConversationView | None, min_turns: int, max_turns: int) -> list[Problem]:
    """All problems, in the order of the turns; none: it can be handed in. The limits count exchanges."""
    if conversation is None:
        return [Problem("not_begun", None, "The dialogue has not begun.")]
    problems = [problem for turn in conversation.turns for problem in _faults(turn)]
    if conversation.last is None or conversation.awaited is Awaited.REPLY:
        number = conversation.last.no if conversation.last else None
        problems.append(Problem("reply_missing", number, "The last message has no reply yet."))
    count = conversation.exchanges
    if count < min_turns:
        problems.append(Problem("too_few_exchanges", None, f"{count} of at least {min_turns} exchanges are done."))
    if count > max_turns:
        problems.append(Problem("too_many_exchanges", None, f"{count} exchanges; at most {max_turns} are wanted."))
    return problems


def _faults(turn: TurnView) -> list[Problem]:
    faults = []
    if turn.lacks_rating:
        faults.append(Problem("rating_missing", turn.no, f"The reply in turn {turn.no} is not rated."))
    if not turn.imported and is_blank(turn.text):
        faults.append(Problem("text_empty", turn.no, f"Turn {turn.no} is empty."))
    return faults


def submission_payload(conversation: ConversationView) -> dict[str, Any]:
    """What routing stores as the submission; `original_text` stands only in edited replies."""
    return {"topic": conversation.topic, "turns": [_handed_in(turn) for turn in conversation.turns]}


def _handed_in(turn: TurnView) -> dict[str, Any]:
    fields: dict[str, Any] = {"no": turn.no, "role": turn.role, "text": turn.text}
    if turn.original_text is not None:
        fields["original_text"] = turn.original_text
    return fields | {"model": turn.model, "rating": turn.rating, "comment": turn.comment}
