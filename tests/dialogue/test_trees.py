"""Dialogues that branch: candidates that are blinded, chosen, ranked and turned down; restarts, undo, edits; nothing is lost."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from dialogue import candidates, choosing, conversations, moving, replies
from dialogue.choosing import Decision
from dialogue.errors import (
    BadDecision,
    CandidatesWanted,
    ChoiceMissing,
    ConversationMoved,
    NoBranches,
    NothingToUndo,
    NotPreferred,
    TurnOutOfOrder,
)
from dialogue.rules import RulesDraft, put_rules, rules_of
from dialogue.store import choices_of
from dialogue.trees import credits_of
from dialogue.views import BLINDED, Awaited, ChoiceView, ConversationView
from kernel import db
from kernel.settings import Settings
from tests.dialogue.factory import OPENING, Desk, make_desk

pytestmark = pytest.mark.usefixtures("pool")


async def set_rules(desk: Desk, **rules: Any) -> None:
    async with db.transaction("test"):
        await put_rules(desk.project_id, RulesDraft(**rules))


async def ask(desk: Desk, no: int = 1) -> ChoiceView:
    return (await candidates.candidates(*desk.hold, no, settings=desk.settings)).choice


async def decide(desk: Desk, choice: ChoiceView, *, seen: int | None = None, **decision: Any) -> ConversationView:
    async with db.transaction("test"):
        return await choosing.decide(
            *desk.hold, choice.id, Decision(**decision), settings=desk.settings, seen=seen
        )  # fmt: skip


async def undo(desk: Desk, seen: int | None = None) -> ConversationView:
    async with db.transaction("test"):
        return await choosing.undo(*desk.hold, seen=seen)


async def restart(desk: Desk, turn_id: UUID, seen: int | None = None) -> ConversationView:
    async with db.transaction("test"):
        return await moving.restart(*desk.hold, turn_id, seen=seen)


@pytest.fixture
async def desk(settings: Settings) -> Desk:
    """A project that wants three candidates for each reply, its dialogue opened."""
    desk = await make_desk(settings)
    await set_rules(desk, candidates=3)
    await desk.open()
    return desk


async def test_candidates_come_blinded_and_the_preferred_one_goes_on(desk: Desk) -> None:
    choice = await ask(desk)
    assert [one.slot for one in choice.candidates] == [1, 2, 3]
    assert {one.model for one in choice.candidates} == {BLINDED}
    assert await ask(desk) == choice, "asking again gives the same ones, in the same order"
    assert (await desk.see()).awaited is Awaited.CHOICE
    with pytest.raises(ChoiceMissing):
        await desk.say("Too early")
    after = await decide(desk, choice, outcome="chosen", chosen=choice.candidates[1].id)
    assert [turn.id for turn in after.turns] == [choice.message_id, choice.candidates[1].id]
    assert after.turns[-1].model == BLINDED
    assert (await desk.see()).turns[-1].model == "callboard-offline", "it is known to the server"
    await desk.rate(after.turns[-1])
    await desk.say("More?", no=3)
    with pytest.raises(CandidatesWanted):
        await desk.hear(3)


async def test_nothing_that_goes_out_says_who_is_which_before_handing_in(desk: Desk) -> None:
    choice = await ask(desk)
    decided = await decide(desk, choice, outcome="chosen", chosen=choice.candidates[0].id)
    await desk.rate(decided.turns[-1])
    space = await conversations.workspace_of(desk.held.id, desk.held.annotator_id, settings=desk.settings)
    for seen in (choice, decided, space, await desk.open()):
        text = msgspec.json.encode(seen).decode()
        assert "callboard-offline" not in text
        assert "bot_id" not in text
    for attempt in await replies.attempts(desk.held.task_id, desk.held.annotator_id, 1):
        assert attempt.first_token_seconds is None, "nor how fast which place was answered"
    moments = {(one.created_at, one.changed_at) for one in choice.candidates}
    assert len(moments) == 1, "no candidate tells how fast it came"
    raw = await conversations.workspace_of(
        desk.held.id, desk.held.annotator_id, settings=desk.settings, blind=False
    )  # fmt: skip
    assert "callboard-offline" in msgspec.json.encode(raw).decode()


async def test_one_missing_candidate_is_asked_for_by_itself(desk: Desk) -> None:
    found = await candidates.candidates(*desk.hold, 1, settings=desk.settings, slots={2})
    assert [one.slot for one in found.choice.candidates] == [2]
    pieces = [
        piece async for piece in candidates.candidate_stream(*desk.hold, 1, settings=desk.settings, slots={1})
    ]  # fmt: skip
    assert [piece.slot for piece in pieces if piece.ended] == [2, 1], "what is there comes at once"
    assert (await ask(desk)).missing == []


async def test_ranks_are_dense_with_ties_and_the_best_goes_on(desk: Desk) -> None:
    choice = await ask(desk)
    a, b, c = (one.id for one in choice.candidates)
    for wrong in ([[a, b]], [[a], [a, b, c]], [[a, b], [], [c]], [[a, b, c, desk.held.id]]):
        with pytest.raises(BadDecision):
            await decide(desk, choice, outcome="ranked", ranking=wrong)
    with pytest.raises(BadDecision):
        await decide(desk, choice, outcome="ranked", ranking=[[b], [a, c]], chosen=a)
    after = await decide(desk, choice, outcome="ranked", ranking=[[c, b], [a]], chosen=c)
    assert after.turns[-1].id == c
    rows = await db.fetch("SELECT id, rank FROM turn WHERE choice_id = :id ORDER BY slot", id=choice.id)
    assert [row["rank"] for row in rows] == [2, 1, 1]
    assert await decide(desk, choice, outcome="ranked", ranking=[[c, b], [a]], chosen=c) == after
    await set_rules(desk, candidates=3, decision="rank", ties=False, all_bad=False)
    for refused in (
        {"outcome": "chosen", "chosen": a},
        {"outcome": "all_bad"},
        {"outcome": "ranked", "ranking": [[a, b], [c]]},
    ):
        with pytest.raises(BadDecision):
            await decide(desk, choice, **refused)


async def test_all_bad_asks_for_others_or_for_a_reply_by_hand(desk: Desk) -> None:
    first = await ask(desk)
    after = await decide(desk, first, outcome="all_bad", reason="Every one is wrong")
    assert after.awaited is Awaited.REPLY
    second = await ask(desk)
    assert (second.round, second.id != first.id, len(second.candidates)) == (2, True, 3)
    with pytest.raises(TurnOutOfOrder):
        await decide(desk, first, outcome="chosen", chosen=first.candidates[0].id)
    own = await desk.write(1, "As I would put it.")
    see = await desk.see()
    assert [turn.id for turn in see.turns][1:] == [own.id]
    state = await db.fetch_value("SELECT state FROM choice WHERE id = :id", id=second.id)
    assert state == "set_aside"
    with pytest.raises(TurnOutOfOrder):
        await decide(desk, second, outcome="chosen", chosen=second.candidates[0].id)
    again = await undo(desk)
    assert (again.awaited, again.choice and again.choice.id) == (Awaited.CHOICE, second.id)
    assert await db.fetch_value("SELECT count(*) FROM turn") == 8, "nothing is lost"


async def test_undo_takes_back_the_last_choice_and_keeps_what_followed(desk: Desk) -> None:
    with pytest.raises(NothingToUndo):
        await undo(desk)
    choice = await ask(desk)
    a, b, _ = (one.id for one in choice.candidates)
    chosen = await decide(desk, choice, outcome="ranked", ranking=[[a], [b], [choice.candidates[2].id]])
    await desk.rate(chosen.turns[-1])
    followed = await desk.say("And then?")
    back = await undo(desk)
    assert [turn.id for turn in back.turns] == [choice.message_id]
    assert back.awaited is Awaited.CHOICE
    assert await db.fetch_value("SELECT count(*) FROM turn WHERE rank IS NOT NULL") == 0
    with pytest.raises(NotPreferred):
        await restart(desk, followed.id)
    await decide(desk, choice, outcome="chosen", chosen=b)
    with pytest.raises(NotPreferred):
        await restart(desk, followed.id)
    await decide(desk, choice, outcome="chosen", chosen=a)
    there = await restart(desk, followed.id)
    assert [turn.id for turn in there.turns] == [choice.message_id, a, followed.id]


async def test_a_restart_makes_a_branch_and_one_can_go_back(settings: Settings) -> None:
    desk = await make_desk(settings)
    await desk.open()
    first = await desk.exchange()
    second = await desk.exchange("And who gains?")
    back = await restart(desk, first.id)
    assert [turn.no for turn in back.turns] == [1, 2]
    other = await desk.exchange("Who loses?")
    see = await desk.see()
    assert [turn.text for turn in see.turns if turn.role == "user"][1:] == ["Who loses?"]
    assert (other.no, other.position) == (4, 1)
    assert [turn.id for turn in (await restart(desk, second.id)).turns][-1] == second.id
    asked = await restart(desk, see.turns[0].id)
    assert asked.awaited is Awaited.REPLY
    regenerated = await desk.hear(1)
    assert (regenerated.id != first.id, regenerated.position) == (True, 2)
    assert await desk.hear(1) == regenerated
    await set_rules(desk, branches=False)
    with pytest.raises(NoBranches):
        await restart(desk, first.id)


async def test_what_came_with_the_task_is_not_left_out(settings: Settings) -> None:
    seeds = [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello!"}]
    desk = await make_desk(settings, payload={"turns": seeds})
    opened = await desk.open()
    await desk.exchange()
    with pytest.raises(NoBranches):
        await restart(desk, opened.turns[0].id)
    assert len((await restart(desk, opened.turns[1].id)).turns) == 2


async def test_two_tabs_do_not_overwrite_each_other(desk: Desk) -> None:
    choice = await ask(desk)
    version = (await desk.see()).version
    a, b, _ = (one.id for one in choice.candidates)
    after = await decide(desk, choice, outcome="chosen", chosen=a, seen=version)
    assert after.version > version
    with pytest.raises(ConversationMoved) as refused:
        await decide(desk, choice, outcome="chosen", chosen=b, seen=version)
    assert refused.value.extra["version"] == after.version
    assert refused.value.extra["current"]["turns"][-1]["id"] == str(a)
    assert "callboard-offline" not in str(refused.value.extra)
    again = await decide(desk, choice, outcome="chosen", chosen=a, seen=version)
    assert again == after, "a repeated request has its answer again"
    with pytest.raises(ConversationMoved):
        await undo(desk, seen=version)


async def test_two_tabs_that_ask_and_decide_at_once_get_one_round_and_one_decision(desk: Desk) -> None:
    first, second, third = await asyncio.gather(*(ask(desk) for _ in range(3)))
    assert first == second == third
    assert await db.fetch_value("SELECT count(*) FROM turn WHERE choice_id IS NOT NULL") == 3
    version = (await desk.see()).version
    results = await asyncio.gather(
        *(decide(desk, first, outcome="chosen", chosen=one.id, seen=version) for one in first.candidates),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in results) == [
        "ConversationMoved",
        "ConversationMoved",
        "ConversationView",
    ]


async def test_an_edit_keeps_every_version_and_its_writer(desk: Desk) -> None:
    choice = await ask(desk)
    loser, winner = choice.candidates[0], choice.candidates[1]
    with pytest.raises(NotPreferred):
        await desk.edit(loser, "Better?")
    await decide(desk, choice, outcome="chosen", chosen=winner.id)
    edited = await desk.edit(winner, "Second text.")
    edited = await desk.edit(edited, "Third text.")
    assert (edited.text_version, edited.original_text) == (3, winner.text)
    rows = await db.fetch("SELECT version, text, author FROM turn_edit WHERE turn = :id ORDER BY version", id=winner.id)
    assert [(row["version"], row["text"]) for row in rows] == [
        (1, winner.text),
        (2, "Second text."),
        (3, "Third text."),
    ]
    assert [row["author"] for row in rows] == [None, desk.held.annotator_id, desk.held.annotator_id]


async def test_each_turn_knows_its_author_and_the_hold(desk: Desk) -> None:
    await ask(desk)
    rows = await db.fetch("SELECT role, author, assignment, language FROM turn ORDER BY no, position")
    assert (rows[0]["author"], rows[0]["assignment"]) == (desk.held.annotator_id, desk.held.id)
    assert {(row["author"], row["assignment"]) for row in rows[1:]} == {(None, None)}
    assert len({row["language"] for row in rows} - {None}) == 1
    (choice,) = await choices_of([(await desk.see()).turns[0].id])
    after = await decide(desk, choice, outcome="chosen", chosen=choice.candidates[0].id)
    await desk.edit(after.turns[-1], "Better.")
    (credit,) = await credits_of(after.id)
    assert (credit.author_id, credit.assignment_id) == (desk.held.annotator_id, desk.held.id)
    assert (credit.turns, credit.characters, credit.edits, credit.choices) == (1, len(OPENING), 1, 1)


async def test_the_database_itself_holds_the_tree_together(desk: Desk) -> None:
    choice = await ask(desk)
    a, b, _ = (one.id for one in choice.candidates)
    await decide(desk, choice, outcome="ranked", ranking=[[a], [b], [choice.candidates[2].id]])
    talk = (await desk.see()).id
    add = "INSERT INTO turn (id, conversation, parent, no, position, role, text) VALUES (gen_random_uuid(), :talk, "
    for broken, values in (
        ("UPDATE turn SET rank = 3 WHERE id = :b", {"b": b}),
        ("UPDATE turn SET rank = NULL WHERE id = :b", {"b": b}),
        ("UPDATE choice SET chosen_id = :b WHERE id = :choice", {"b": b, "choice": choice.id}),
        ("UPDATE conversation SET head_id = :b WHERE id = :talk", {"b": b, "talk": talk}),
        ("UPDATE turn SET parent = NULL WHERE id = :b", {"b": b}),
        ("UPDATE turn SET author = :who WHERE id = :b", {"b": b, "who": desk.held.annotator_id}),
        ("DELETE FROM turn WHERE id = :b", {"b": b}),
        (add + ":a, 5, 1, 'user', 'x')", {"a": a, "talk": talk}),
        (add + "NULL, 1, 1, 'user', 'x')", {"talk": talk}),
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with db.transaction("test"):
                await db.execute(broken, **values)


async def test_rules_are_the_plain_form_until_they_are_set(settings: Settings) -> None:
    desk = await make_desk(settings)
    assert ((await rules_of(desk.project_id)).candidates, (await rules_of(desk.project_id)).version) == (1, 0)
    await desk.open()
    with pytest.raises(CandidatesWanted):
        await ask(desk)
