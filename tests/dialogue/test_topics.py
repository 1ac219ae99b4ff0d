"""Topics out of a list: never more begun than are wanted, also when many begin at once; seeds that are locked."""

import asyncio
from typing import Any

import pytest

from dialogue import conversations, topics
from dialogue.errors import BadTopics, TopicFull, TopicNotOffered
from dialogue.ground import ground_of
from dialogue.rules import RulesDraft, put_rules
from dialogue.topics import QuotaDraft, TopicDraft
from kernel import db
from kernel.settings import Settings
from routing import leases
from tests.dialogue.factory import Desk
from tests.routing.factory import claim_one, make_annotator, make_project, make_tasks

pytestmark = pytest.mark.usefixtures("pool")


async def desks(settings: Settings, count: int, **rules: Any) -> list[Desk]:
    project_id = await make_project(settings)
    async with db.transaction("test"):
        await put_rules(project_id, RulesDraft(**({"topics": "quota"} | rules)))
    await make_tasks(project_id, count, payload={"title": "Given"})
    people = [await make_annotator(settings, name=f"person{n}") for n in range(count)]
    return [Desk(settings, project_id, await claim_one(settings, person)) for person in people]


async def offer(desk: Desk, wanted: int, *drafts: TopicDraft, **fields: Any) -> list[topics.QuotaView]:
    ground = await ground_of(desk.held.task_id, "annotation")
    quota = QuotaDraft(domain=ground.domain, language=ground.language, wanted=wanted, topics=list(drafts), **fields)
    async with db.transaction("test"):
        return await topics.put_quotas(desk.project_id, [quota], settings=desk.settings)


async def open_about(desk: Desk, topic_id: Any = None, quota_id: Any = None, topic: str = "") -> Any:
    async with db.transaction("test"):
        return await conversations.open_conversation(
            *desk.hold, topic, "Hello?", settings=desk.settings, topic_id=topic_id, quota_id=quota_id
        )


async def test_no_more_are_begun_than_are_wanted(settings: Settings) -> None:
    several = await desks(settings, 4)
    (quota,) = await offer(several[0], 2, TopicDraft(text="Tea"))
    topic = quota.topics[0].id
    results = await asyncio.gather(*(open_about(desk, topic) for desk in several), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["ConversationView"] * 2 + ["TopicFull"] * 2
    assert [(q.taken, q.open) for q in await topics.quotas(several[0].project_id)] == [(2, 0)]
    begun = next(desk for desk, one in zip(several, results, strict=True) if not isinstance(one, BaseException))
    late = next(desk for desk, one in zip(several, results, strict=True) if isinstance(one, TopicFull))
    assert await topics.topics_for(await ground_of(late.held.task_id, "annotation")) == []
    async with db.transaction("test"):
        await leases.release(*begun.hold, settings)
    assert (await open_about(late, topic)).topic == "Tea", "who puts a dialogue down gives its place free"


async def test_a_topic_of_its_own_limit_words_of_ones_own_and_seeds(settings: Settings) -> None:
    first, second, third = await desks(settings, 3)
    seed = [{"role": "system", "text": "Be brief."}]
    (quota,) = await offer(
        first, 9, TopicDraft(text="Tea", most=1, seed=seed), TopicDraft(text="Coffee"), own_words=False
    )
    tea, coffee = quota.topics
    opened = await open_about(first, tea.id)
    assert [(turn.text, turn.imported) for turn in opened.turns] == [("Be brief.", True), ("Hello?", False)]
    assert await open_about(first, tea.id) == opened
    with pytest.raises(TopicFull):
        await open_about(second, tea.id)
    with pytest.raises(TopicNotOffered):
        await open_about(second, None, quota.id, "My own")
    await offer(first, 9, TopicDraft(text="Coffee"), own_words=True)
    with pytest.raises(TopicNotOffered):
        await open_about(third, tea.id)  # it is archived now
    assert (await open_about(second, None, quota.id, "My own")).topic == "My own"
    assert (await open_about(third, coffee.id)).topic == "Coffee"


async def test_a_given_topic_cannot_be_changed_and_a_free_one_needs_no_list(settings: Settings) -> None:
    (desk,) = await desks(settings, 1, topics="task")
    with pytest.raises(TopicNotOffered):
        await open_about(desk, topic="Another")
    assert (await open_about(desk, topic="Given")).topic == "Given"


async def test_lists_that_cannot_be_used_are_refused(settings: Settings) -> None:
    (desk,) = await desks(settings, 1)
    nobody = [{"role": "nobody", "text": "x"}]
    for drafts in (
        [],
        [TopicDraft(text="Tea"), TopicDraft(text="Tea")],
        [TopicDraft(text="Tea", seed=nobody)],
    ):
        with pytest.raises(BadTopics):
            await offer(desk, 1, *drafts)
