"""Dialogues that pass from one person to another: who goes on with what, who is paid what for it, and who learns from the verdict."""

import asyncio
import random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from callboard.checks import all_invariants
from callboard.handing_in import submit_dialogue
from callboard.pages.queue import queue_view
from callboard.pages.render import render
from callboard.pages.work_view import work_view
from callboard.wiring import wire
from dialogue import conversations, moving
from dialogue.errors import HandedOn
from dialogue.handover import main_writer, parts_of, passings
from dialogue.rules import RulesDraft, put_rules
from kernel import db, invariants
from kernel.settings import Settings
from payments import earnings, sharing
from payments.accrual import pay
from routing import leases
from routing.assignments import AssignmentView
from routing.errors import LeaseLost
from routing.events import WorkAccepted
from routing.explain import explain
from tests.dialogue.factory import OPENING, Desk, make_desk
from tests.pages.samples import shell
from tests.routing.factory import (
    claim,
    claim_one,
    lapse,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)

pytestmark = pytest.mark.usefixtures("pool")
PRICE = 2_500_000


@pytest.fixture(autouse=True)
def wired() -> None:
    wire()


async def set_way(project_id: UUID, way: str) -> None:
    async with db.transaction("test"):
        await put_rules(project_id, RulesDraft(handover=way))  # type: ignore[arg-type]


async def begin(settings: Settings, way: str, **changes: Any) -> Desk:
    """Somebody opened a dialogue, heard one reply and rated it: two turns."""
    desk = await make_desk(settings, **{"min_turns": 1, "lease_grace_minutes": 0, **changes})
    await set_way(desk.project_id, way)
    await desk.open()
    await desk.exchange()
    return desk


async def put_down(desk: Desk, state: str) -> None:
    if state == "expired":
        await lapse(desk.held.id)
        async with db.transaction("test"):
            assert await leases.sweep(desk.settings) == 1
        return
    async with db.transaction("test"):
        if state == "declined":
            await leases.decline(*desk.hold, desk.settings, reason="not mine")
        else:
            await leases.release(*desk.hold, desk.settings)


async def take_up(desk: Desk, name: str = "Bea") -> Desk:
    held = await claim_one(desk.settings, await make_annotator(desk.settings, name))
    assert held.task_id == desk.held.task_id
    return Desk(desk.settings, desk.project_id, held)


async def hand_in(desk: Desk) -> None:
    async with db.transaction("test"):
        await submit_dialogue(*desk.hold, desk.settings)


async def judged(desk: Desk, outcome: str = "accept") -> AssignmentView:
    review = await claim_one(desk.settings, await make_reviewer(desk.settings), kinds=["review"])
    await verdict(desk.settings, review, outcome)
    return review


async def earned(annotator_id: UUID) -> int:
    found = await earnings.earnings(annotator_id, limit=10)
    return sum(total.posted.micros for total in found.totals)


async def check() -> None:
    broken = [one for one in await invariants.run(all_invariants()) if one.violations]
    assert not broken


@pytest.mark.parametrize(
    ("way", "end", "passes"),
    [
        ("never", "released", False), ("never", "expired", False),
        ("release", "released", True), ("release", "declined", True), ("release", "expired", False),
        ("expiry", "released", False), ("expiry", "expired", True),
        ("both", "released", True), ("both", "expired", True),
    ],
)  # fmt: skip
async def test_the_next_one_goes_on_where_the_project_says_so(
    settings: Settings, way: str, end: str, passes: bool
) -> None:
    first = await begin(settings, way)
    async with db.transaction("test"):
        await leases.save_draft(first.held.id, first.held.annotator_id, {"message": "half a se"}, version=None)
    await put_down(first, end)
    second = await take_up(first)
    space = await conversations.workspace_of(second.held.id, second.held.annotator_id, settings=settings)
    draft = await leases.draft_of(second.held.task_id, second.held.annotator_id)
    if not passes:
        assert space.conversation is None
        assert draft is None, "a draft goes along with its dialogue alone"
        assert (await first.see()).exchanges == 1, "it stays with whoever began it"
        return
    assert space.conversation is not None
    assert draft is not None
    assert draft.payload == {"message": "half a se"}
    assert space.conversation.exchanges == 1
    assert space.writers is not None
    assert (space.writers.you, space.writers.count) == (2, 2)
    assert space.writers.by_turn == {space.conversation.turns[0].id: 1}
    mine = await second.say("And now?")
    again = await conversations.workspace_of(second.held.id, second.held.annotator_id, settings=settings)
    assert again.writers is not None
    assert again.writers.by_turn[mine.id] == 2
    page = await work_view(second.held.id, second.held.annotator_id, settings)
    assert ([turn.writer for turn in page.turns], page.you) == ([1, 2], 2)
    assert (await work_view(first.held.id, first.held.annotator_id, settings)).handed_on
    before = await conversations.workspace_of(first.held.id, first.held.annotator_id, settings=settings)
    assert (before.conversation, before.handed_on) == (None, True)
    (passing,) = await passings(first.held.task_id)
    assert (passing.from_id, passing.to_id) == (first.held.annotator_id, second.held.annotator_id)
    assert passing.way == ("expiry" if end == "expired" else "release")


async def test_whoever_wrote_in_it_is_not_given_its_task_again(settings: Settings) -> None:
    desk = await make_desk(settings, min_turns=1, overlap=2)
    await set_way(desk.project_id, "release")
    reviewer = await make_reviewer(settings, "Wrote a part", roles=["annotator", "reviewer"])
    await desk.open()
    await desk.exchange()
    await put_down(desk, "released")
    second = await take_up(desk)
    assert not (await claim(settings, desk.held.annotator_id)).assignments, "the other place of the task is for others"
    await put_down(second, "released")
    held = await claim_one(settings, reviewer, kinds=["annotation"])
    third = Desk(settings, desk.project_id, held)
    await third.say("More")
    await put_down(third, "released")
    fourth = await take_up(desk, "Dan")
    await fourth.exchange()
    await hand_in(fourth)
    assert not (await claim(settings, reviewer, kinds=["review"])).assignments
    said = await explain(desk.held.task_id, reviewer, settings)
    assert "not_own_work" in msgspec.json.encode(said).decode(), "a manager's hand cannot pass over it either"


async def test_pay_is_split_by_turns_and_sums_to_the_price(settings: Settings) -> None:
    first = await begin(settings, "release", price="0.000010")
    await put_down(first, "released")
    second = await take_up(first)
    await second.exchange("Second?")
    await second.exchange("Third?")
    (line,) = (await queue_view(first.held.annotator_id, "annotation", settings)).put_down
    assert (line.assignment_id, line.state) == (first.held.id, "released")
    assert (await queue_view(second.held.annotator_id, "annotation", settings)).put_down == [], "it is in their hands"
    await put_down(second, "released")
    third = await take_up(first, "Cid")
    await third.exchange("Fourth?")
    await hand_in(third)
    review = await judged(third)
    people = [one.held.annotator_id for one in (first, second, third)]
    # 2, 4 and 2 of 8 turns of 10 micros: 2.5, 5, 2.5, and what is left over goes to the first of equals.
    assert [await earned(one) for one in people] == [3, 5, 2]
    await check()
    accepted = WorkAccepted(third.held.id, third.held.task_id, third.project_id, people[2], "annotation", None)
    async with db.transaction("test"):
        await pay(accepted)
    assert [await earned(one) for one in people] == [3, 5, 2], "a repeat pays nobody again"
    rows = await db.fetch(
        "SELECT seq FROM event WHERE type = 'accrual.posted' AND data->>'assignment_id' = :id", id=str(third.held.id)
    )
    assert len(rows) == 3
    lines = (await earnings.earnings(people[0], limit=10)).lines
    shared = [line.shared for line in lines if line.state == "posted"]
    assert [(one.turns, one.of, one.whole.micros) for one in shared if one] == [(2, 8, 10)]
    last = [line for line in (await earnings.earnings(people[2], limit=10)).lines if line.state == "posted"]
    assert [(line.amount.micros, line.shared and line.shared.turns) for line in last] == [(2, 2)]
    learned = await db.fetch("SELECT annotator FROM evidence WHERE kind = 'review_verdict'")
    assert [UUID(int=row["annotator"].int) for row in learned] == [people[1]], "who wrote most learns"
    assert review.annotator_id not in people


async def test_whoever_only_finishes_has_a_turn_and_branches_that_were_left_count_nothing(settings: Settings) -> None:
    first = await begin(settings, "release")
    told = await first.exchange("A second one")
    await put_down(first, "released")
    second = await take_up(first)
    async with db.transaction("test"):
        seen = await second.see()
        await moving.restart(*second.hold, seen.turns[1].id)
    await hand_in(second)
    assert told.no == 4
    parts = await parts_of(second.held.id)
    assert [part.turns for part in parts] == [2, 1]
    assert await main_writer(second.held.id) == first.held.annotator_id
    await judged(second)
    assert [await earned(one.held.annotator_id) for one in (first, second)] == [1_666_667, 833_333]
    await check()


async def test_work_of_another_frontend_is_whole(settings: Settings) -> None:
    """What was handed in does not hold the turns that were passed on: nobody is paid for what does not count."""
    first = await begin(settings, "release")
    await put_down(first, "released")
    second = await take_up(first)
    await submit(settings, second.held)
    assert await parts_of(second.held.id) == []
    await judged(second)
    assert await earned(second.held.annotator_id) == PRICE
    await check()


async def test_rework_and_a_second_look_pay_once(settings: Settings) -> None:
    first = await begin(settings, "release")
    await put_down(first, "released")
    second = await take_up(first)
    await second.exchange("More?")
    await hand_in(second)
    await judged(second, "rework")
    held = await claim_one(settings, second.held.annotator_id)
    again = Desk(settings, second.project_id, held)
    await again.exchange("Better?")
    await hand_in(again)
    await judged(again)
    assert [await earned(one.held.annotator_id) for one in (first, second)] == [833_333, 1_666_667]
    await check()


async def test_who_comes_late_is_told_that_somebody_else_goes_on(settings: Settings) -> None:
    first = await begin(settings, "expiry")
    await put_down(first, "expired")
    await take_up(first)
    with pytest.raises(HandedOn):
        await hand_in(first)
    with pytest.raises(LeaseLost):
        await first.say("Too late")


async def test_whoever_put_it_down_still_reads_what_stood_there_and_nothing_later(settings: Settings) -> None:
    first = await begin(settings, "release")
    reply = (await first.see()).turns[-1]
    await first.edit(reply, "My words")
    await put_down(first, "released")
    space = await conversations.workspace_of(first.held.id, first.held.annotator_id, settings=settings)
    assert space.conversation is not None, "as long as nobody goes on, it is theirs"
    second = await take_up(first)
    await second.edit(reply, "Words of Bea")
    await second.exchange("A question of Bea")
    space = await conversations.workspace_of(first.held.id, first.held.annotator_id, settings=settings)
    assert (space.conversation, space.handed_on) == (None, True)
    assert [turn.text for turn in space.left] == [OPENING, "My words"]
    assert (space.left[-1].original_text, space.left[-1].rating) == (reply.text, None)
    assert space.writers is not None
    assert (space.writers.you, set(space.writers.by_turn.values())) == (1, {1})
    view = await work_view(first.held.id, first.held.annotator_id, settings)
    page = render("work.html", view, shell("/work/1", "annotator"))
    assert "My words" in page
    assert "Bea" not in page
    assert "data-stream" not in page
    await put_down(second, "released")
    third = await take_up(second, "Cem")
    seen = await conversations.workspace_of(third.held.id, third.held.annotator_id, settings=settings)
    assert (len(seen.left), seen.handed_on) == (0, False)
    space = await conversations.workspace_of(second.held.id, second.held.annotator_id, settings=settings)
    assert [turn.text for turn in space.left][1:3] == ["Words of Bea", "A question of Bea"]
    assert space.writers is not None
    assert [space.writers.by_turn[turn.id] for turn in space.left if turn.role == "user"] == [1, 2]


async def test_of_many_who_take_it_up_one_goes_on(settings: Settings) -> None:
    """Two places of one task that the same person had one after the other: one dialogue, one heir."""
    project_id = await make_project(settings, min_turns=1, lease_grace_minutes=0)
    await make_tasks(project_id)
    await set_way(project_id, "both")
    people = [await make_annotator(settings, f"P{n}") for n in range(8)]
    ann = await make_annotator(settings)
    desk = Desk(settings, project_id, await claim_one(settings, ann))
    await desk.open()
    await desk.exchange()
    await put_down(desk, "released")
    got = await asyncio.gather(*[claim(settings, one) for one in people])
    winners = [one.assignments[0] for one in got if one.assignments]
    assert len(winners) == 1
    assert len(await passings(desk.held.task_id)) == 1
    owners = await db.fetch("SELECT annotator FROM conversation WHERE task = :task", task=desk.held.task_id)
    assert [UUID(int=row["annotator"].int) for row in owners] == [winners[0].annotator_id]


async def test_verdicts_at_once_pay_everybody_once(settings: Settings) -> None:
    """Two dialogues, each begun by one and finished by the other, judged at the same moment: no deadlock, no second pay."""
    a, b = await make_annotator(settings, "A"), await make_annotator(settings, "B")
    reviews = []
    for one, other in ((a, b), (b, a)):
        project_id = await make_project(settings, name=f"P {one}", min_turns=1)
        await set_way(project_id, "release")
        await make_tasks(project_id)
        first = Desk(settings, project_id, await claim_one(settings, one))
        await first.open()
        await first.exchange()
        await put_down(first, "released")
        second = Desk(settings, project_id, await claim_one(settings, other))
        await second.exchange("More?")
        await hand_in(second)
        reviews.append(await claim_one(settings, await make_reviewer(settings, f"R {one}"), kinds=["review"]))
    await asyncio.gather(*[verdict(settings, one, "accept") for one in reviews])
    assert [await earned(one) for one in (a, b)] == [PRICE, PRICE]
    await check()


def test_a_split_is_exact_and_fair() -> None:
    dice = random.Random(11)
    for _ in range(2000):
        micros = dice.choice([1, 2, 7, 10, 999_999, 2_500_000, 10**12 + dice.randint(0, 99)])
        weights = [dice.randint(0, 40) for _ in range(dice.randint(1, 7))]
        weights[dice.randrange(len(weights))] += 1
        shares = sharing.split(micros, weights)
        assert sum(shares) == micros
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share * sum(weights) - micros * weight) < sum(weights)
            assert weight or not share
        assert sharing.split(micros, [2 * weight for weight in weights]) == shares


async def test_any_way_through_many_hands_pays_the_price(settings: Settings) -> None:
    """Random dialogues, put down and taken up in random ways: the shares follow the turns, and sum to the price."""
    dice = random.Random(5)
    for number in range(6):
        price = dice.choice(["0.000001", "0.000007", "1.000003"])
        project_id = await make_project(settings, name=f"Q{number}", price=price, min_turns=1, lease_grace_minutes=0)
        await set_way(project_id, "both")
        await make_tasks(project_id)
        wrote: dict[UUID, int] = {}
        for hand in range(hands := dice.randint(2, 4)):
            ann = await make_annotator(settings, f"H{hand}")
            desk = Desk(settings, project_id, await claim_one(settings, ann, project_ids=[project_id]))
            if hand == 0:
                await desk.open()
                await desk.exchange()
            rounds = dice.randint(0, 2)
            for _ in range(rounds):
                await desk.exchange("More?")
            wrote[desk.held.annotator_id] = 2 * rounds + (2 if hand == 0 else 0)
            if hand + 1 < hands:
                await put_down(desk, dice.choice(["released", "declined", "expired"]))
        await hand_in(desk)
        last = desk.held.annotator_id
        wrote[last] = wrote[last] or 1
        await judged(desk)
        micros = desk.held.price_micros
        got = [await earned(one) for one in wrote]
        assert sum(got) == micros
        assert got == sharing.split(micros, list(wrote.values()))
        await check()
