"""Opening, continuing, rating and editing on the real tables: in order, fenced, repeatable, found again."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import uuid4

import pytest
from msgspec.structs import replace

from dialogue import conversations
from dialogue.errors import (
    BadRating,
    ConversationExists,
    NoSuchConversation,
    NoSuchTurn,
    NotEditable,
    NotRateable,
    RatingRequired,
    SeedUnusable,
    TextEmpty,
    TextTooLong,
    TextUnstorable,
    TurnChanged,
    TurnLimit,
    TurnOutOfOrder,
)
from dialogue.views import BY_HAND, IMPORTED, Awaited, TurnView
from kernel import db
from kernel.settings import Settings
from routing import leases
from routing.errors import LeaseLost, NoSuchAssignment, StaleEpoch
from tests.dialogue.factory import OPENING, Desk, make_desk
from tests.routing.factory import claim_one, lapse, make_annotator

pytestmark = pytest.mark.usefixtures("pool")

SEEDS = [
    {"role": "system", "text": "Be brief."},
    {"role": "user", "text": "Hi"},
    {"role": "assistant", "text": "Hello!"},
]


@pytest.fixture
async def desk(settings: Settings) -> Desk:
    return await make_desk(settings)


async def test_three_rounds_from_topic_to_rating(desk: Desk) -> None:
    opened = await desk.open()
    assert (opened.topic, [turn.text for turn in opened.turns], opened.awaited) == (
        "Buybacks",
        [OPENING],
        Awaited.REPLY,
    )
    await desk.exchange()
    await desk.exchange("And who gains?")
    await desk.exchange("Is it taxed?", rating=2)
    seen = await desk.see()
    assert [(turn.no, turn.role) for turn in seen.turns] == [(n, ("assistant", "user")[n % 2]) for n in range(1, 7)]
    assert [turn.rating for turn in seen.turns] == [None, 4, None, 4, None, 2]
    assert {turn.model for turn in seen.turns if turn.role == "assistant"} == {"callboard-offline"}
    assert (seen.exchanges, seen.awaited) == (3, Awaited.MESSAGE)
    parents = await db.fetch("SELECT id, parent FROM turn ORDER BY no")
    assert [row["parent"] for row in parents] == [None, *(row["id"] for row in parents[:-1])]


async def test_repeating_a_request_changes_nothing(desk: Desk) -> None:
    first = await desk.open()
    assert await desk.open() == first
    reply = await desk.exchange()
    assert (await desk.rate(reply, 4)).rating == 4
    second = await desk.say("More?", no=3)
    assert await desk.say("More?", no=3) == second
    assert await desk.say("More?") == second
    assert len((await desk.see()).turns) == 3
    with pytest.raises(ConversationExists):
        await desk.open(topic="Dividends")
    with pytest.raises(ConversationExists):
        await desk.open(text="Something else")


async def test_roles_alternate_and_the_last_reply_is_rated_first(desk: Desk) -> None:
    with pytest.raises(NoSuchConversation):
        await desk.say("Too early")
    await desk.open()
    with pytest.raises(TurnOutOfOrder, match="no reply yet"):
        await desk.say("Are you there?")
    reply = await desk.hear(1)
    with pytest.raises(RatingRequired) as refused:
        await desk.say("Next")
    assert refused.value.extra == {"turn_no": 2}
    await desk.rate(reply)
    with pytest.raises(TurnOutOfOrder) as taken:
        await desk.say("Next", no=2)
    assert taken.value.extra == {"next_no": 3}
    assert (await desk.say("Next", no=3)).no == 3
    with pytest.raises(TurnOutOfOrder):
        await desk.hear(2)  # a reply is no question
    with pytest.raises(NoSuchTurn):
        await desk.hear(9)


async def test_two_tabs_one_message_each_place(desk: Desk) -> None:
    await desk.open()
    await desk.exchange()
    results = await asyncio.gather(
        *(desk.say(f"Tab {n}", no=3) for n in range(6)),
        *(desk.say("Tab 0", no=3) for _ in range(3)),
        return_exceptions=True,
    )
    turns = [turn for turn in (await desk.see()).turns if turn.no == 3]
    assert len(turns) == 1
    for result in results:
        if isinstance(result, BaseException):
            assert isinstance(result, TurnOutOfOrder)
        else:
            assert result == turns[0]


async def test_a_rating_may_change_and_only_a_bots_reply_has_one(desk: Desk) -> None:
    opened = await desk.open()
    reply = await desk.hear(1)
    assert (await desk.rate(reply, 1, "Wrong year.")).comment == "Wrong year."
    assert (await desk.rate(reply, 2)).comment == "Wrong year."
    rated = await desk.rate(reply, 5, "")
    assert (rated.rating, rated.comment, rated.text) == (5, "", reply.text)
    for rating in (0, 6, -1):
        with pytest.raises(BadRating):
            await desk.rate(reply, rating)
    with pytest.raises(NotRateable):
        await desk.rate(opened.turns[0])
    with pytest.raises(TextTooLong):
        await desk.rate(reply, 5, "x" * (desk.settings.comment_text_limit + 1))
    assert (await desk.see()).turns[1].rating == 5


async def test_an_edit_keeps_the_original_until_it_is_restored(desk: Desk) -> None:
    opened = await desk.open()
    reply = await desk.rate(await desk.hear(1), 2, "Too certain.")
    edited = await desk.edit(reply, "Better.")
    assert (edited.text, edited.original_text, edited.rating, edited.comment) == (
        "Better.",
        reply.text,
        2,
        "Too certain.",
    )
    again = await desk.edit(reply, "Best.")
    assert (again.text, again.original_text) == ("Best.", reply.text)
    restored = await desk.edit(reply, reply.text)
    assert (restored.text, restored.original_text, restored.edited) == (reply.text, None, False)
    with pytest.raises(NotEditable):
        await desk.edit(opened.turns[0], "Another question")
    with pytest.raises(NoSuchTurn):
        async with db.transaction():
            await conversations.edit_reply(*desk.hold, uuid4(), "x", settings=desk.settings)


async def test_two_tabs_do_not_overwrite_each_others_edit(desk: Desk) -> None:
    await desk.open()
    reply = await desk.hear(1)
    first = await desk.edit(reply, "From the first tab", seen_at=reply.changed_at)
    with pytest.raises(TurnChanged):
        await desk.edit(reply, "From the second tab", seen_at=reply.changed_at)
    assert await desk.edit(reply, "From the first tab", seen_at=reply.changed_at) == first  # a repeated request
    assert (await desk.edit(reply, "Later", seen_at=first.changed_at)).text == "Later"


async def test_a_reply_by_hand_needs_no_rating_and_has_no_original(desk: Desk) -> None:
    await desk.open()
    written = await desk.write(1, "My own answer.")
    assert (written.model, written.no, written.by_hand) == (BY_HAND, 2, True)
    assert await desk.write(1, "My own answer.") == written
    assert await desk.hear(1) == written  # asked too late: the first reply stays
    with pytest.raises(TurnOutOfOrder, match="reply by now"):
        await desk.write(1, "Another")
    with pytest.raises(NotRateable):
        await desk.rate(written)
    assert (await desk.edit(written, "Mended.")).original_text is None
    assert (await desk.say("Next")).no == 3


@dataclass
class Bad:
    text: str
    error: type[Exception]


@pytest.mark.parametrize(
    "bad",
    [
        Bad("", TextEmpty), Bad(" \n\t\u3000\u200b\ufeff", TextEmpty), Bad("a\x00b", TextUnstorable), Bad("a\ud800b", TextUnstorable),
        Bad("\udc00", TextUnstorable), Bad("x" * 32_001, TextTooLong), Bad("字" * 200_000, TextTooLong),
    ],
    ids=["empty", "blank", "nul", "high surrogate", "low surrogate", "one too many", "600 kB"],
)  # fmt: skip
async def test_unusable_text_is_refused_everywhere_and_changes_nothing(desk: Desk, bad: Bad) -> None:
    with pytest.raises(bad.error):
        await desk.open(text=bad.text)
    with pytest.raises(bad.error):
        await desk.open(topic=bad.text)
    await desk.open()
    with pytest.raises(bad.error):
        await desk.write(1, bad.text)
    reply = await desk.hear(1)
    with pytest.raises(bad.error):
        await desk.edit(reply, bad.text)
    if bad.error is not TextEmpty:  # a comment may be empty
        with pytest.raises(bad.error):
            await desk.rate(reply, 3, bad.text)
    await desk.rate(reply)
    with pytest.raises(bad.error):
        await desk.say(bad.text)
    assert [turn.text for turn in (await desk.see()).turns] == [OPENING, reply.text]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 32_000, "<script>alert(1)</script>", '=HYPERLINK("http://x")', "عربي \u202e evil \u202c", "e\u0301 vs é",
        "👩‍👩‍👧‍👦 𠀀", "tab\tcr\r\nline", "line\u2028and\u2029paragraph", "\\u0000 is text", "  kept as it is  ", "'; DROP TABLE turn; --",
    ],
    ids=range(11),
)  # fmt: skip
async def test_every_other_text_comes_back_as_it_went_in(desk: Desk, text: str) -> None:
    await desk.open(text=text)
    reply = await desk.hear(1)
    await desk.edit(reply, text)
    seen = await desk.see()
    assert [turn.text for turn in seen.turns] == [text, text]


async def test_the_whole_dialogue_has_a_limit(settings: Settings) -> None:
    small = replace(settings, dialogue_text_limit=4000)
    desk = (await make_desk(small))._replace(settings=small)
    await desk.open()
    await desk.write(1, "x" * 2000)
    with pytest.raises(TextTooLong, match="whole dialogue"):
        await desk.say("y" * 2000)
    await desk.say("y" * 1000)
    with pytest.raises(TextTooLong, match="whole dialogue"):
        await desk.write(3, "z" * 1000)


async def test_exchanges_are_limited_by_the_project(settings: Settings) -> None:
    desk = await make_desk(settings, min_turns=1, max_turns=2)
    await desk.open()
    await desk.exchange()
    await desk.exchange("Two")
    with pytest.raises(TurnLimit):
        await desk.say("Three")


async def test_an_old_epoch_a_stranger_and_a_lapsed_lease_write_nothing(desk: Desk, settings: Settings) -> None:
    await desk.open()
    reply = await desk.hear(1)
    before = await desk.see()
    old = desk._replace(held=replace(desk.held, epoch=desk.held.epoch - 1))
    stranger = desk._replace(held=replace(desk.held, annotator_id=await make_annotator(settings, "Eve")))
    for who, error in ((old, StaleEpoch), (stranger, NoSuchAssignment)):
        for attempt in _writes(who, reply):
            with pytest.raises(error):
                await attempt
    await lapse(desk.held.id)
    for attempt in _writes(desk, reply):
        with pytest.raises(LeaseLost):
            await attempt
    assert await desk.see() == before
    with pytest.raises(NoSuchAssignment):
        await conversations.workspace_of(desk.held.id, stranger.held.annotator_id, settings=settings)


def _writes(desk: Desk, reply: TurnView) -> list[Awaitable[object]]:
    return [desk.open(), desk.say("x"), desk.write(1, "x"), desk.hear(1), desk.rate(reply, 1), desk.edit(reply, "x")]


async def test_a_hold_opens_no_turn_of_another_dialogue(desk: Desk, settings: Settings) -> None:
    await desk.open()
    mine = await desk.hear(1)
    other = await make_desk(settings, name="Other")
    await other.open()
    for attempt in (other.rate(mine, 1), other.edit(mine, "Not yours")):
        with pytest.raises(NoSuchTurn):
            await attempt
    assert (await desk.see()).turns[1] == mine


async def test_two_tabs_open_one_dialogue(desk: Desk) -> None:
    results = await asyncio.gather(*(desk.open() for _ in range(4)), desk.open(text="Other"), return_exceptions=True)
    seen = await desk.see()
    assert len(seen.turns) == 1
    for result in results:
        assert isinstance(result, ConversationExists) or result == seen


async def test_work_is_found_again_after_release_and_a_second_claim(desk: Desk, settings: Settings) -> None:
    await desk.open()
    reply = await desk.exchange()
    await desk.edit(reply, "Mended before the break.")
    before = await desk.see()
    async with db.transaction("test"):
        await leases.release(*desk.hold, settings)
    with pytest.raises(LeaseLost):
        await desk.say("After the end")
    assert (
        await conversations.workspace_of(desk.held.id, desk.held.annotator_id, settings=settings)
    ).conversation == before
    back = desk._replace(held=await claim_one(settings, desk.held.annotator_id))
    assert (back.held.task_id, back.held.epoch) == (desk.held.task_id, desk.held.epoch + 1)
    assert await back.see() == before
    assert await back.open() == before
    assert (await back.say("Going on", no=3)).no == 3
    with pytest.raises(LeaseLost):
        await desk.say("From the old tab", no=5)


async def test_another_person_begins_anew(desk: Desk, settings: Settings) -> None:
    await desk.open()
    async with db.transaction("test"):
        await leases.decline(*desk.hold, settings, reason="not my field")
    other = desk._replace(held=await claim_one(settings, await make_annotator(settings, "Bo")))
    assert other.held.task_id == desk.held.task_id
    opened = await other.open(topic="Mine", text="My question")
    assert [turn.text for turn in opened.turns] == ["My question"]


async def test_imported_turns_come_first_and_stay_as_they_are(settings: Settings) -> None:
    desk = await make_desk(
        settings, payload={"turns": SEEDS, "opening": "Go on", "brief": "Be kind", "follow_ups": ["And?", 7]}
    )
    work = await conversations.workspace_of(*desk.hold[:2], settings=settings)
    assert work.conversation is None
    assert (work.start.opening, work.start.brief, work.start.follow_ups) == ("Go on", "Be kind", ["And?"])
    opened = await desk.open(text="Go on")
    assert [(turn.role, turn.model) for turn in opened.turns] == [
        ("system", IMPORTED), ("user", IMPORTED), ("assistant", IMPORTED), ("user", None),
    ]  # fmt: skip
    assert await desk.open(text="Go on") == opened
    assert opened.exchanges == 0
    with pytest.raises(NotEditable):
        await desk.edit(opened.turns[2], "Rewritten")
    assert (await desk.rate(opened.turns[2], 3)).rating == 3  # may be judged, need not
    assert (await desk.exchange()).no == 5
    assert (await desk.see()).exchanges == 1


async def test_an_import_that_ends_with_a_question_begins_with_the_reply(settings: Settings) -> None:
    desk = await make_desk(settings, payload={"turns": [{"role": "user", "text": "What is law?"}]})
    with pytest.raises(TurnOutOfOrder):
        await desk.open(text="Something before")
    opened = await desk.open(text=None)
    assert opened.awaited is Awaited.REPLY
    assert await desk.open(text=None) == opened
    assert (await desk.exchange()).no == 2


@pytest.mark.parametrize(
    "turns",
    ["no list", [{"role": "robot", "text": "x"}], [{"role": "user"}], ["x"], [{"role": "user", "text": "x" * 32_001}]],
    ids=["text", "role", "no text", "no object", "too long"],
)  # fmt: skip
async def test_a_broken_import_is_named_and_stores_nothing(settings: Settings, turns: object) -> None:
    desk = await make_desk(settings, payload={"turns": turns})
    with pytest.raises(SeedUnusable):
        await desk.open()
    assert await db.fetch_value("SELECT count(*) FROM conversation") == 0
