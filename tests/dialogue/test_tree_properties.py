"""Whatever people do to a dialogue, no turn is lost, the active path is a path, and every invariant holds."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.wiring import wire
from dialogue import candidates, choosing, moving
from dialogue.choosing import Decision
from dialogue.invariants import INVARIANTS
from dialogue.rules import RulesDraft, put_rules
from dialogue.views import Awaited
from kernel import db
from kernel.errors import DomainError
from kernel.invariants import run
from kernel.settings import Settings
from tests.dialogue.factory import Desk, make_desk

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["go_on", "choose", "edit", "restart", "rank", "undo", "all_bad", "write"]),
        st.integers(0, 50),
    ),
    min_size=1,
    max_size=14,
)  # fmt: skip


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_lost_and_the_path_is_a_path(steps: list[tuple[str, int]], fresh_settings: Settings) -> None:
    asyncio.run(_play(steps, fresh_settings))


@pytest.fixture
def fresh_settings(settings: Settings) -> Settings:
    """The examples share one database; each plays on a project of its own."""
    return settings


async def _play(steps: list[tuple[str, int]], known: Settings) -> None:
    assert known.database_url is not None
    wire()
    async with db.pool(known.database_url, known):
        desk = await make_desk(known, name=uuid4().hex)
        async with db.transaction("test"):
            await put_rules(desk.project_id, RulesDraft(candidates=2))
        await desk.open()
        await _go_on(desk, 0)
        await _act(desk, "choose", 0)
        texts: dict[Any, str] = {}
        for action, number in steps:
            try:
                await _act(desk, action, number)
            except DomainError:
                continue  # refused is fine: it changed nothing, as the check below sees
            finally:
                await _check(desk, texts)


async def _act(desk: Desk, action: str, number: int) -> None:
    talk = await desk.see()
    last = talk.turns[-1]
    if action == "go_on":
        await _go_on(desk, number)
        return
    if action == "edit":
        replies = [turn for turn in talk.turns if turn.role == "assistant"]
        await desk.edit(replies[number % len(replies)] if replies else last, f"Edited {number}")
        return
    if action == "write":
        await desk.write(last.no, f"By hand {number}")
        return
    turns = await db.fetch("SELECT id FROM turn WHERE conversation = :id ORDER BY id", id=talk.id)
    choices = await db.fetch("SELECT id FROM choice WHERE conversation = :id ORDER BY id", id=talk.id)
    async with db.transaction("test"):
        if action == "restart":
            await moving.restart(*desk.hold, turns[number % len(turns)]["id"])
        elif action == "undo":
            await choosing.undo(*desk.hold)
        elif choices:
            choice_id = choices[number % len(choices)]["id"]
            rows = await db.fetch("SELECT id FROM turn WHERE choice_id = :id ORDER BY slot", id=choice_id)
            decision = _decision(action, number, [row["id"] for row in rows])
            await choosing.decide(*desk.hold, choice_id, decision, settings=desk.settings)


def _decision(action: str, number: int, ids: list[Any]) -> Decision:
    if action == "all_bad":
        return Decision(outcome="all_bad")
    if action == "choose":
        return Decision(outcome="chosen", chosen=ids[number % len(ids)])
    return Decision(
        outcome="ranked", ranking=[ids] if number % 3 == 0 else [[one] for one in ids[:: 1 - number % 2 * 2]]
    )


async def _go_on(desk: Desk, number: int) -> None:
    talk = await desk.see()
    if talk.awaited is Awaited.REPLY:
        await candidates.candidates(*desk.hold, talk.turns[-1].no, settings=desk.settings)
    elif talk.awaited is Awaited.RATING:
        await desk.rate(talk.turns[-1])
    elif talk.awaited is Awaited.MESSAGE:
        await desk.say(f"Message {number}")


async def _check(desk: Desk, texts: dict[Any, str]) -> None:
    talk = await desk.see()
    rows = await db.fetch("SELECT id, text, original_text FROM turn WHERE conversation = :id", id=talk.id)
    now = {row["id"]: row["original_text"] or row["text"] for row in rows}
    assert texts.keys() <= now.keys(), "a turn was lost"
    texts.update({one: now[one] for one in now.keys() - texts.keys()})
    assert [turn.no for turn in talk.turns] == list(range(1, len(talk.turns) + 1))
    assert [turn.parent for turn in talk.turns] == [None, *(turn.id for turn in talk.turns[:-1])]
    broken = [result for result in await run(INVARIANTS) if result.violations]
    assert not broken
