"""Disputes: once, within the window, decided by somebody else who is able to; an overturn restores what it took."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from callboard.wiring import wire
from kernel import db
from kernel.settings import Settings
from routing import disputes
from routing.disputes import DisputeDecision, DisputeDraft
from routing.errors import (
    DisputeLate,
    DisputeMade,
    DisputeOver,
    LessQualified,
    NoSuchDispute,
    NoSuchVerdict,
    OwnVerdict,
    WrongState,
)
from skills import standing_judging
from skills.profiles import load_profile
from skills.standing_conditions import Rejected
from skills.standing_rules import RuleDraft, create_rule, switch_rule
from tests.routing.factory import make_annotator, make_project, make_reviewer, make_tasks
from tests.routing.test_overturn import World, broken, decide, judged, one, paid, record

WORD = DisputeDraft("The year is right: page 12.")
pytestmark = pytest.mark.usefixtures("pool")


async def dispute(verdict: UUID, author: UUID, settings: Settings) -> UUID:
    async with db.transaction(f"annotator:{author}"):
        return await disputes.open_dispute(verdict, author, WORD, settings)


async def settle(dispute_id: UUID, outcome: str, settings: Settings, by: UUID | None = None) -> None:
    async with db.transaction("person:manager"):
        decision = DisputeDecision(outcome, "I read the page.")  # type: ignore[arg-type]
        await disputes.decide(dispute_id, decision, by=by, settings=settings)


async def test_an_overturned_dispute_pays_and_stands_on_the_reviewers_record(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer, weaker = [
        await make_annotator(settings),
        await make_reviewer(settings),
        await make_annotator(settings, skills={"general": 2}),
    ]
    await make_tasks(project, 2)
    given = await judged(settings, project, author, reviewer, "reject")
    low = (await load_profile(author)).belief("general").mean
    for who in (reviewer, weaker):
        with pytest.raises(NoSuchVerdict):
            await dispute(given, who, settings)
    made = await dispute(given, author, settings)
    with pytest.raises(DisputeMade):
        await dispute(given, author, settings)
    for who in (author, reviewer, weaker):
        with pytest.raises((OwnVerdict, LessQualified)):
            await settle(made, "overturn", settings, by=who)
    assert await paid(author) == []
    await settle(made, "overturn", settings)
    assert await paid(author) == [2_500_000]
    assert await record(reviewer) == (0.0, 1.0)
    assert (await load_profile(author)).belief("general").mean > low
    with pytest.raises(DisputeOver):
        await settle(made, "uphold", settings)
    (shown,) = await disputes.verdicts_on(author, settings)
    assert (shown.given, shown.outcome, shown.dispute_state, shown.disputable) == (
        "reject",
        "accept",
        "overturned",
        False,
    )
    assert await broken() == []


async def test_time_and_other_doors(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await make_tasks(project, 4)
    good = await judged(settings, project, author, reviewer, "accept")
    with pytest.raises(WrongState):
        await dispute(good, author, settings)
    first, second, third = [await judged(settings, project, author, reviewer, "reject") for _ in range(3)]
    made = await dispute(first, author, settings)
    await db.execute("UPDATE dispute SET due_at = clock_timestamp() - interval '1 minute'")
    async with db.transaction("system:clock"):
        assert (await disputes.tell_overdue(), await disputes.tell_overdue()) == (1, 0)
    assert [row.overdue for row in await disputes.disputes(state="open", limit=9)] == [True]
    await decide(first, "accept")
    assert await one("SELECT state FROM dispute WHERE id = :id", id=made) == "overturned", (
        "a second look by another door"
    )
    upheld = await dispute(second, author, settings)
    await settle(upheld, "uphold", settings)
    assert (
        await one("SELECT state || ' ' || decision FROM dispute WHERE id = :id", id=upheld) == "upheld I read the page."
    )
    with pytest.raises(DisputeLate):
        async with db.transaction("person:test"):
            closed = msgspec.structs.replace(settings, dispute_window_days=0)
            await disputes.open_dispute(third, author, WORD, closed)
    back = await dispute(third, author, settings)
    async with db.transaction("person:test"):
        with pytest.raises(NoSuchDispute):
            await disputes.withdraw(back, reviewer)
        await disputes.withdraw(back, author)
    assert await broken() == []


async def in_force(author: UUID) -> int:
    """Restrictions, as the worker's job leaves them."""
    async with db.transaction("system:worker"):
        await standing_judging.judge(author)
    return int(await one("SELECT count(*) FROM standing WHERE annotator = :id AND state = 'active'", id=author))


async def lives(world: World, said: str, settings: Settings) -> dict[str, Any]:
    """The first verdict should accept; where it does not, its author disputes it after the next one, and is right."""
    await world.build()
    author, reviewer = world.authors[0], world.reviewers[0]
    given = await world.say(0, 0, said)
    if said == "accept":
        await world.looked_at(0)
    assert await in_force(author) == int(said == "reject")
    await world.say(1, 1, "reject")
    if said == "reject":
        await settle(await dispute(given, author, settings), "overturn", settings)
    await world.say(2, 2, "accept")
    people = [*world.authors, *world.reviewers]
    return await world.end() | {
        "pay": [await paid(person) for person in people],
        "standing": [await in_force(person) for person in people],
        "record": await record(reviewer),
    }


async def test_after_an_overturn_all_is_as_if_the_wrong_verdict_had_not_been(settings: Settings) -> None:
    wire()
    async with db.transaction("person:boss"):
        draft = RuleDraft(name="One", condition=Rejected(count=1, last=3), action="ask_manager", reason_en="Too many.")
        await switch_rule(await create_rule(draft), on=True)
    hour = datetime.now(UTC).hour
    right = await lives(World(settings), "accept", settings)
    mended = await lives(World(settings), "reject", settings)
    assert right["standing"][:3] == [0, 1, 0], "the second author's work was rejected, and rightly"
    assert right["pay"][0] == [2_500_000]
    assert right["record"] == (0.0, 1.0), "it counts against the reviewer"
    if datetime.now(UTC).hour == hour:  # across a full hour the two worlds are not equally old
        assert right == mended
    assert await broken() == []
