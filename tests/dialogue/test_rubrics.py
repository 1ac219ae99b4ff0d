"""Rubrics: what may stand in them, where each dimension is asked, and what handing in refuses, to the last place."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from dialogue import scoring
from dialogue.checks import ready_to_submit
from dialogue.errors import BadRubric, BadSpan, ConversationMoved, NoRubric, NoSuchSpan
from dialogue.rubric_defaults import DIMENSIONS, SPAN_LABELS
from dialogue.rubrics import Dimension, RubricDraft, RubricView, judge, put_rubric
from dialogue.scoring import Judgement, ScoreIn, ScoreSeen, ScoreView, SpanIn
from dialogue.views import BY_HAND, IMPORTED, ChoiceView, ConversationView, TurnView
from kernel import db
from kernel.settings import Settings
from skills.errors import BadLanguage
from tests.dialogue.factory import Desk, make_desk

AT = datetime(2026, 1, 1, tzinfo=UTC)
CODES = ["helpfulness", "honesty", "harmlessness", "factuality", "fluency", "following_instructions"]


def dimension(code: str = "help", **values: Any) -> Dimension:
    return Dimension(code=code, name={"en": code}, **values)


def test_the_defaults_can_be_used_and_are_whole_in_both_languages() -> None:
    judge(RubricDraft(dimensions=DIMENSIONS, span_labels=SPAN_LABELS))
    assert [one.code for one in DIMENSIONS] == CODES
    for one in DIMENSIONS:
        assert sorted(one.anchors) == ["1", "3", "5"]
        assert all(words.keys() == {"en", "zh"} for words in (one.name, one.description, *one.anchors.values()))


@pytest.mark.parametrize(
    "wrong",
    [
        [dimension(), dimension()],
        [dimension(lowest=3, highest=3)],
        [dimension(anchors={"7": {"en": "x"}})],
        [dimension(comment_at=5)],
        [dimension(applies=["reply", "reply"])],
        [Dimension(code="a", name={})],
    ],
)
def test_what_cannot_be_rated_is_refused(wrong: list[Dimension]) -> None:
    with pytest.raises(BadRubric):
        judge(RubricDraft(dimensions=wrong))


def test_a_language_is_a_tag() -> None:
    with pytest.raises(BadLanguage):
        judge(RubricDraft(dimensions=[Dimension(code="a", name={"english": "A"})]))


def turn(no: int, role: str, **values: Any) -> TurnView:
    return TurnView(id=UUID(int=100 * no + (values.get("slot") or 0)), no=no, role=role, text="x", created_at=AT, changed_at=AT, **values)  # fmt: skip


def test_every_place_of_a_rubric_is_asked_for_by_name() -> None:
    choice_id = UUID(int=7)
    won, lost = (turn(4, "assistant", model="m", choice_id=choice_id, slot=slot) for slot in (1, 2))
    turns = [
        turn(1, "user", model=IMPORTED), turn(2, "assistant", model=IMPORTED), turn(3, "user"), won, turn(5, "user"),
        turn(6, "assistant", model="m"), turn(7, "user"), turn(8, "assistant", model=BY_HAND),
    ]  # fmt: skip
    rubric = RubricView(
        id=UUID(int=1), version=1, span_labels=[], created_at=AT,
        dimensions=[
            dimension("r", applies=["reply"]), dimension("c", applies=["chosen"]), dimension("k", applies=["candidate"]),
            dimension("i", applies=["imported"]), dimension("d", applies=["dialogue"], comment_at=2),
            dimension("o", applies=["reply", "dialogue"], required=False),
        ],
    )  # fmt: skip
    talk = ConversationView(
        id=UUID(int=0),
        task_id=UUID(int=1),
        annotator_id=None,
        topic="T",
        created_at=AT,
        turns=turns,
        rubric_id=rubric.id,
    )
    choice = ChoiceView(
        id=choice_id,
        message_id=turns[2].id,
        round=1,
        wanted=2,
        state="chosen",
        chosen_id=won.id,
        candidates=[won, lost],
    )
    judgement = Judgement(rubric=rubric, choices=[choice])
    found = [(p.code, p.turn_no, p.turn_id, p.dimension) for p in ready_to_submit(talk, 1, 9, judgement)]
    assert found == [
        ("score_missing", 2, turns[1].id, "i"),
        ("score_missing", 4, won.id, "r"),
        ("score_missing", 4, won.id, "c"),
        ("score_missing", 4, won.id, "k"),
        ("score_missing", 4, lost.id, "k"),
        ("score_missing", 6, turns[5].id, "r"),
        ("score_missing", 6, turns[5].id, "k"),
        ("score_missing", None, None, "d"),
    ]
    given = [ScoreView(turn_id=t, dimension=d or "", value=2, comment="", changed_at=AT) for _, _, t, d in found]
    left = ready_to_submit(talk, 1, 9, replace(judgement, scores=given))
    assert [(p.code, p.dimension) for p in left] == [("comment_missing", "d")]


@pytest.fixture
async def desk(settings: Settings) -> Desk:
    desk = await make_desk(settings)
    async with db.transaction("test"):
        await put_rubric(desk.project_id, RubricDraft(dimensions=[dimension(), dimension("all", applies=["dialogue"])]))
    return desk


async def score(desk: Desk, *given: ScoreIn) -> ConversationView:
    async with db.transaction("test"):
        return await scoring.score(*desk.hold, list(given), settings=desk.settings)


async def mark(desk: Desk, turn_id: UUID, start: int, end: int, version: int = 1) -> scoring.SpanView:
    span = SpanIn(text_version=version, from_char=start, to_char=end, label="odd")
    async with db.transaction("test"):
        return await scoring.mark(*desk.hold, turn_id, span, settings=desk.settings)


@pytest.mark.usefixtures("pool")
async def test_a_dialogue_keeps_the_rubric_that_it_was_opened_with(desk: Desk) -> None:
    await desk.open()
    async with db.transaction("test"):
        await put_rubric(desk.project_id, RubricDraft(dimensions=[dimension("new")]))
    reply = await desk.hear(1)
    await desk.say("Next, without stars")  # what the rubric asks is asked at the end
    before = (await desk.see()).version
    after = await score(desk, ScoreIn(dimension="help", value=4, turn_id=reply.id), ScoreIn(dimension="all", value=1))
    assert after.version > before
    assert (await score(desk, ScoreIn(dimension="all", value=1))).version == after.version
    gone = await score(desk, ScoreIn(dimension="all", value=None))
    assert gone.version > after.version
    found = await scoring.judgement_of(await desk.see())
    assert [(one.dimension, one.value) for one in found.scores] == [("help", 4)]


@pytest.mark.usefixtures("pool")
async def test_without_a_rubric_there_are_no_scores(settings: Settings) -> None:
    desk = await make_desk(settings)
    await desk.open()
    with pytest.raises(NoRubric):
        await score(desk, ScoreIn(dimension="help", value=4))


@pytest.mark.usefixtures("pool")
async def test_a_score_is_not_written_over_one_that_was_not_seen(desk: Desk) -> None:
    await desk.open()
    await score(desk, ScoreIn(dimension="all", value=2, was=None))
    await desk.hear(1)  # the dialogue moves on, the score does not
    await score(desk, ScoreIn(dimension="all", value=3, comment="better", was=ScoreSeen(value=2)))
    stands = (await desk.see()).version
    await score(
        desk, ScoreIn(dimension="all", value=3, comment="better", was=ScoreSeen(value=2))
    )  # its answer was lost
    for other in (None, ScoreSeen(value=2), ScoreSeen(value=3)):
        with pytest.raises(ConversationMoved):
            await score(desk, ScoreIn(dimension="all", value=5, was=other))
    assert (await desk.see()).version == stands


@pytest.mark.usefixtures("pool")
async def test_passages_count_code_points_of_one_version(desk: Desk) -> None:
    await desk.open()
    reply = await desk.edit(await desk.hear(1), "a\U0001f600e\u0301 ש")
    marked = await mark(desk, reply.id, 1, 6, version=2)
    assert reply.text[marked.from_char : marked.to_char] == "\U0001f600e\u0301 ש"
    assert await mark(desk, reply.id, 1, 6, version=2) == marked
    for wrong in ((6, 7, 2), (3, 3, 2), (0, 1, 3), (4, 2, 2)):
        with pytest.raises(BadSpan):
            await mark(desk, reply.id, *wrong)
    await mark(desk, reply.id, 0, 1, version=1)
    async with db.transaction("test"):
        await scoring.unmark(*desk.hold, marked.id)
        await scoring.unmark(*desk.hold, marked.id)
    assert [one.text_version for one in (await scoring.judgement_of(await desk.see())).spans] == [1]
    with pytest.raises(NoSuchSpan):
        async with db.transaction("test"):
            await scoring.unmark(*desk.hold, uuid4())
