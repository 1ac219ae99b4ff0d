"""What a reviewer is shown beside the turns: rivals by place, scores and marks, and nothing that names a bot."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from callboard.pages.handed_in import handed_in
from callboard.pages.render import render
from dialogue.rubric_defaults import DIMENSIONS, SPAN_LABELS
from dialogue.rubrics import RubricDraft, put_rubric
from kernel import db
from kernel.settings import Settings
from tests.pages.samples import REVIEW, shell
from tests.routing.factory import make_project

REPLY, RIVAL = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def work(**changes: Any) -> dict[str, Any]:
    mark = {"id": str(uuid4()), "turn_id": REPLY, "label": "error", "reason": "No", "from_char": 4, "to_char": 8}
    return {
        "turns": [
            {"id": str(uuid4()), "no": 1, "role": "user", "text": "Q"},
            {"id": REPLY, "no": 2, "role": "assistant", "text": "All good", "original_text": "Was poor", "text_version": 3,
             "model": "secret-model", "rating": None, "comment": "so"},
        ],
        "choices": [
            {"message_no": 1, "round": 2, "state": "ranked", "reason": "Clear <b>win</b>", "candidates": [
                {"id": RIVAL, "slot": 1, "chosen": False, "rank": 2, "model": "other-model", "text": "Worse"},
                {"id": REPLY, "slot": 2, "chosen": True, "rank": 1, "model": "secret-model", "text": "Was poor"},
                {"id": str(uuid4()), "slot": 3, "chosen": False, "rank": 2, "model": "third-model", "text": "Too"}]},
            {"message_no": 1, "round": 1, "state": "all_bad", "reason": "", "candidates": [
                {"id": str(uuid4()), "slot": 1, "chosen": False, "rank": None, "model": "other-model", "text": "Bad"}]},
        ],
        "rubric": {"version": 1, "scores": [
            {"turn_id": REPLY, "dimension": "honesty", "value": 4, "comment": ""},
            {"turn_id": REPLY, "dimension": "helpfulness", "value": 2, "comment": "Half of it"},
            {"turn_id": RIVAL, "dimension": "helpfulness", "value": 1, "comment": ""},
            {"turn_id": None, "dimension": "helpfulness", "value": 3, "comment": ""}]},
        "spans": [mark | {"text_version": 3}, mark | {"text_version": 1}, mark | {"text_version": 2}],
        **changes,
    }  # fmt: skip


async def test_rivals_scores_and_marks_stand_where_they_belong(pool: None, settings: Settings) -> None:
    project_id = await make_project(settings)
    async with db.transaction("test"):
        await put_rubric(project_id, RubricDraft(dimensions=DIMENSIONS[:2], span_labels=SPAN_LABELS))
    shown = await handed_in(work(), project_id)
    judged = shown.turns[0].more.judged
    assert judged is not None
    assert [(one.state, one.chosen, one.ranking) for one in judged.rounds] == [
        ("all_bad", None, ""), ("ranked", 2, "2 › 1 = 3"),
    ]  # fmt: skip
    assert [(one.code, one.value, one.highest, one.comment) for one in judged.scores] == [
        ("helpfulness", 2, 5, "Half of it"), ("honesty", 4, 5, ""),
    ], "in the rubric's order"  # fmt: skip
    assert judged.rounds[1].rivals[0].scores[0].value == 1
    assert [(one.quote, one.current, one.original) for one in judged.passages] == [
        ("good", True, False), ("poor", False, True), ("", False, False),
    ]  # fmt: skip
    assert [one.value for one in shown.whole] == [3]
    page = render(
        "review.html", _view(shown.turns, shown.whole, shown.labels), shell("/review/1", "reviewer")
    )  # the whole page, as it goes out
    assert "Clear &lt;b&gt;win&lt;/b&gt;" in page
    assert "Half of it" in page
    assert "-model" not in page, "no bot is named"


def _view(turns: Any, whole: Any, labels: Any) -> Any:
    values = {name: getattr(REVIEW, name) for name in REVIEW.__struct_fields__}
    return type(REVIEW)(**values | {"turns": turns, "whole": whole, "span_labels": labels})


@pytest.mark.parametrize(
    "changes",
    [
        {"choices": 7}, {"choices": [{"message_no": "x"}]}, {"spans": [None]}, {"rubric": {"version": 2**70}},
        {"rubric": {"version": 1, "scores": [{"dimension": "x", "value": "high"}]}},
        {"choices": [{"message_no": 1, "state": "undreamt", "candidates": []}]},
    ],
)  # fmt: skip
async def test_the_work_of_any_frontend_is_shown_as_far_as_it_is_understood(
    pool: None, changes: dict[str, Any]
) -> None:
    shown = await handed_in(work(rubric=None, spans=[]) | changes, UUID(int=1))
    assert [turn.reply for turn in shown.turns] == ["All good"]
