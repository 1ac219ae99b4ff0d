"""Who is welcome, who goes on with a topic, and who reviews an author again: parts of the score that a project asks for."""

import math
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kernel import db
from kernel.settings import Settings
from routing import offers, presence, projects
from routing.choice import Trait, Waiting, columns, extra, known_of, lot, ranked, scored
from routing.explain import explain
from routing.memory import Memory
from routing.scoring import NEVER, topic_bonus
from routing.situation import Situation, Stock
from routing.together import Ask, claim_together
from routing.weights import POLICY
from tests.routing.factory import (
    claim,
    claim_one,
    make_annotator,
    make_project,
    make_reviewer,
    make_tasks,
    submit,
    verdict,
)
from tests.routing.test_together import at_work

PLAIN = Trait(0.7, 1.0, 0.0, 0.0, 0.2)


async def ask_alone_or_together(settings: Settings, who: UUID, *, together: bool) -> Any:
    if not together:
        return await claim_one(settings, who)
    ask = Ask(who, frozenset({"annotation", "review"}), None, f"annotator:{who}", everybody=False, own=True)
    async with db.transaction(f"annotator:{who}"):
        (got,) = await claim_together([ask], settings, Memory())
    assert got is not None
    return got


async def older(*tasks: UUID) -> None:
    """By an hour, which is worth 0.04 here with an SLA of a day."""
    await db.execute(
        "UPDATE slot SET waits_since = waits_since - interval '1 hour' WHERE task = ANY (:tasks)", tasks=list(tasks)
    )


def test_every_bonus_is_a_part_of_the_score_and_fades_as_it_says() -> None:
    situation = Situation(POLICY, 1, Stock(people=5), 0.0)
    one = lot(0, "l", 3600, Waiting(0, 600.0, 3), situation)
    for what, name, bonus in (
        (msgspec.structs.replace(PLAIN, welcome=True), "welcome", POLICY.welcome_bonus),
        (msgspec.structs.replace(PLAIN, topic_minutes=0.0), "topic", POLICY.topic_bonus),
        (msgspec.structs.replace(PLAIN, topic_minutes=POLICY.topic_fade_minutes), "topic", POLICY.topic_bonus / math.e),
    ):
        before, after = scored(one, PLAIN, POLICY), scored(one, what, POLICY)
        assert getattr(after, name) == pytest.approx(bonus)
        assert after.total - before.total == pytest.approx(bonus)
        ((score, _),) = ranked(known_of([what], POLICY), columns([one]), 1)
        assert score == pytest.approx(after.total), "what is explained is what decides"
    assert topic_bonus(NEVER) == 0.0
    for says in (1, -1):
        mine = scored(one.by_author(says, POLICY), PLAIN, POLICY)
        assert mine.author == pytest.approx(says * POLICY.author_bonus)
        assert mine.ageing == pytest.approx(scored(one, PLAIN, POLICY).ageing)
        assert mine.total == pytest.approx(scored(one, PLAIN, POLICY).total + mine.author)
    assert extra(msgspec.structs.replace(PLAIN, welcome=True), POLICY) == pytest.approx(
        POLICY.welcome_bonus - POLICY.pay_weight
    )


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("together", [False, True])
async def test_who_is_welcome_gets_the_work_that_names_them(settings: Settings, *, together: bool) -> None:
    project = await make_project(settings)
    named, other = [
        await make_annotator(settings, name, skills={"general": 4, "law": 4, "finance": 4})
        for name in ("Named", "Other")
    ]
    await make_tasks(project, 2, domain="general", difficulty=1)
    await at_work(settings, named, other)
    await older(*await make_tasks(project, 2, domain="law", difficulty=3))
    (wanted,) = await make_tasks(
        project, domain="finance", difficulty=3, requirements={"prefer": {"people": [str(named)]}}
    )
    assert (await ask_alone_or_together(settings, other, together=together)).task_id != wanted
    told = (await explain(wanted, named, settings)).places[0]
    assert told.score["welcome"] == POLICY.welcome_bonus
    held = await ask_alone_or_together(settings, named, together=together)
    assert held.task_id == wanted
    assert held.why["score"]["welcome"] == POLICY.welcome_bonus
    assert held.why["inputs"]["welcome"] is True
    assert (await explain(wanted, other, settings)).places[0].score["welcome"] == 0.0


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("sticks", [False, True])
async def test_a_topic_is_gone_on_with_where_the_project_asks(
    settings: Settings, *, together: bool, sticks: bool
) -> None:
    project = await make_project(settings, stick_to_topic=sticks)
    who = await make_annotator(settings, skills={"general": 4, "law": 4, "finance": 4})
    await make_tasks(project, 1, domain="law", difficulty=3)
    await at_work(settings, who)
    await make_tasks(project, 2, domain="law", difficulty=2)
    await older(*await make_tasks(project, 2, domain="finance", difficulty=2))
    held = await ask_alone_or_together(settings, who, together=together)
    assert held.domain == ("law" if sticks else "finance"), "what is older comes first but for that"
    assert held.why["score"]["topic"] == pytest.approx(POLICY.topic_bonus if sticks else 0.0, abs=0.01)
    assert ("topic_minutes" in held.why["inputs"]) is sticks
    await db.execute("UPDATE holder SET worked_at = clock_timestamp() - interval '10 hours'")
    assert (await ask_alone_or_together(settings, who, together=together)).domain == "finance", "it is forgotten"


async def reviewed(settings: Settings, author: UUID, outcome: str = "accept") -> UUID:
    """Their next task, judged by whoever comes: the reviewer."""
    await submit(settings, await claim_one(settings, author))
    return await judged(settings, await make_reviewer(settings, f"Rev {outcome}"), outcome)


async def judged(settings: Settings, reviewer: UUID, outcome: str) -> UUID:
    await verdict(settings, await claim_one(settings, reviewer), outcome)
    return reviewer


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize(("mode", "of_known"), [("same", True), ("different", False), (None, False)])
async def test_a_review_goes_to_who_judged_the_author_or_to_somebody_else(
    settings: Settings, mode: str | None, *, of_known: bool
) -> None:
    project = await make_project(settings, stick_to_author=mode)
    known, fresh = await make_annotator(settings, "Known"), await make_annotator(settings, "Fresh")
    await make_tasks(project, 4)
    reviewer = await reviewed(settings, known)
    # With `same` the other author's work is older, with `different` the known one's.
    order = (known, fresh) if mode == "different" else (fresh, known)
    for author in order:
        await submit(settings, await claim_one(settings, author))
    held = await claim_one(settings, reviewer)
    author = await db.fetch_value("SELECT author_id FROM slot WHERE id = :id", id=held.slot_id)
    assert author == (known if of_known else fresh)
    bonus = {"same": POLICY.author_bonus, "different": 0.0, None: 0.0}[mode]
    assert held.why["score"]["author"] == bonus
    second = await claim_one(settings, reviewer)
    assert second.task_id != held.task_id, "a preference keeps nothing from anybody"
    assert second.why["score"]["author"] == (-POLICY.author_bonus if mode == "different" else 0.0)
    other = await make_reviewer(settings, "Other")
    told = (await explain(held.task_id, other, settings)).places
    assert all(place.score["author"] == 0.0 for place in told)


@pytest.mark.usefixtures("pool")
async def test_rework_comes_back_to_its_reviewer(settings: Settings) -> None:
    project = await make_project(settings, stick_to_author="same")
    author, other = await make_annotator(settings, "A"), await make_annotator(settings, "B")
    await make_tasks(project, 2)
    reviewer = await reviewed(settings, author, "rework")
    await submit(settings, await claim_one(settings, other))
    again = await claim_one(settings, author)
    await submit(settings, again)
    assert (await explain(again.task_id, reviewer, settings)).places[1].score["author"] == POLICY.author_bonus
    assert (await claim_one(settings, reviewer)).task_id == again.task_id


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("mode", ["same", "different"])
async def test_offers_go_by_it_too(settings: Settings, mode: str) -> None:
    settings = msgspec.structs.replace(settings, offer_parallel=1)
    project = await make_project(settings, stick_to_author=mode, push=True)
    author = await make_annotator(settings, "A")
    await make_tasks(project, 2)
    reviewer = await reviewed(settings, author)
    other = await make_reviewer(settings, "Other")
    await submit(settings, await claim_one(settings, author))
    async with db.transaction("system:worker"):
        for person in (reviewer, other):
            await presence.set_presence(person, "available", settings)
        await presence.set_presence(author, "offline", settings)
        assert await offers.make_round(settings) == 1
    offered = await db.fetch_value("SELECT annotator FROM offer WHERE state = 'open'")
    assert offered == (reviewer if mode == "same" else other)


@pytest.mark.usefixtures("pool")
async def test_both_settings_are_changed_and_audited(settings: Settings) -> None:
    project = await make_project(settings)
    before = await projects.project(project)
    assert (before.stick_to_topic, before.stick_to_author) == (False, None)
    async with db.transaction("person:test"):
        wish = projects.ProjectChange(stick_to_topic=True, stick_to_author="same", reason="long dialogues")
        after = await projects.change_project(project, wish)
    assert (after.stick_to_topic, after.stick_to_author, after.version) == (True, "same", before.version + 1)
    row = await db.fetch_one("SELECT after, reason FROM audit_entry WHERE action = 'project.changed'")
    assert row is not None
    assert (row["after"], row["reason"]) == ({"stick_to_topic": True, "stick_to_author": "same"}, "long dialogues")


@pytest.mark.usefixtures("pool")
async def test_several_at_once_are_the_best_each_time(settings: Settings) -> None:
    """Two lanes whose heads take turns in age: whoever takes four gets them in that order, not one lane after the other."""
    project = await make_project(settings)
    law, finance = [await make_tasks(project, 3, domain=domain, difficulty=2) for domain in ("law", "finance")]
    for hours, task in enumerate([law[0], finance[0], law[1], finance[1], law[2], finance[2]]):
        await db.execute(
            "UPDATE slot SET waits_since = waits_since - make_interval(hours => :hours::int), rank = rank - :hours::int * 3600000 WHERE task = :task",
            hours=20 - 3 * hours, task=task,
        )  # fmt: skip
    who = await make_annotator(settings, skills={"general": 4, "law": 4, "finance": 4}, capacity=6)
    got = await claim(settings, who, limit=4)
    assert [one.task_id for one in got.assignments] == [law[0], finance[0], law[1], finance[1]]
