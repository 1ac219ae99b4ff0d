from datetime import UTC, datetime
from uuid import UUID

import pytest

from dialogue.checks import ready_to_submit, submission_payload
from dialogue.views import BY_HAND, IMPORTED, ConversationView, TurnView

AT = datetime(2026, 1, 1, tzinfo=UTC)


def turn(no: int, role: str, text: str = "x", **values: object) -> TurnView:
    if role == "assistant":
        values = {"model": "m", "rating": 4} | values
    return TurnView(id=UUID(int=no), no=no, role=role, text=text, created_at=AT, changed_at=AT, **values)  # type: ignore[arg-type]


def dialogue(*turns: TurnView) -> ConversationView:
    return ConversationView(
        id=UUID(int=0), task_id=UUID(int=1), annotator_id=UUID(int=2), topic="T", created_at=AT, turns=list(turns)
    )


def exchanges(count: int) -> list[TurnView]:
    return [turn(no, "user" if no % 2 else "assistant") for no in range(1, 2 * count + 1)]


@pytest.mark.parametrize(
    ("conversation", "codes"),
    [
        (None, [("not_begun", None)]),
        (dialogue(), [("reply_missing", None), ("too_few_exchanges", None)]),
        (dialogue(*exchanges(2)), []),
        (dialogue(*exchanges(3)), []),
        (dialogue(*exchanges(1)), [("too_few_exchanges", None)]),
        (dialogue(*exchanges(4)), [("too_many_exchanges", None)]),
        (dialogue(*exchanges(2), turn(5, "user")), [("reply_missing", 5)]),
        (dialogue(*exchanges(2), turn(5, "user"), turn(6, "assistant", rating=None)), [("rating_missing", 6)]),
        (
            dialogue(*exchanges(2), turn(5, "user", " "), turn(6, "assistant", "\u200b")),
            [("text_empty", 5), ("text_empty", 6)],
        ),
        (dialogue(*exchanges(2), turn(5, "user"), turn(6, "assistant", model=BY_HAND, rating=None)), []),
        (
            dialogue(turn(1, "user", model=IMPORTED), turn(2, "assistant", "", model=IMPORTED, rating=None)),
            [("too_few_exchanges", None)],
        ),
    ],
)
def test_what_is_missing_is_named_turn_by_turn(
    conversation: ConversationView | None, codes: list[tuple[str, int | None]]
) -> None:
    assert [(problem.code, problem.turn_no) for problem in ready_to_submit(conversation, 2, 3)] == codes


def test_what_is_handed_in_holds_the_original_where_there_is_one() -> None:
    work = dialogue(
        turn(1, "user", "Q"),
        turn(2, "assistant", "B", original_text="A", rating=2, comment="c"),
        turn(3, "assistant", "C"),
    )
    assert submission_payload(work) == {
        "topic": "T",
        "turns": [
            {
                "id": str(UUID(int=1)),
                "no": 1,
                "role": "user",
                "text": "Q",
                "model": None,
                "rating": None,
                "comment": "",
            },
            {
                "id": str(UUID(int=2)),
                "no": 2,
                "role": "assistant",
                "text": "B",
                "original_text": "A",
                "text_version": 1,
                "model": "m",
                "rating": 2,
                "comment": "c",
            },
            {
                "id": str(UUID(int=3)),
                "no": 3,
                "role": "assistant",
                "text": "C",
                "model": "m",
                "rating": 4,
                "comment": "",
            },
        ],
    }
