"""One more answer is asked for where those that came do not agree enough, up to the project's limit, and it is on record."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from kernel import db
from kernel.errors import Invalid
from kernel.settings import Settings
from routing.asking import agreed
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

pytestmark = pytest.mark.usefixtures("pool")

CHOICES = {"choices": ["yes", "no"]}


async def decisions() -> list[tuple[str, dict[str, Any]]]:
    rows = await db.fetch(
        "SELECT type, data FROM event WHERE type IN ('task.answer_wanted', 'task.answers_suffice') ORDER BY seq"
    )
    return [(row["type"], row["data"]) for row in rows]


async def places(task: UUID) -> int:
    return int(await db.fetch_value("SELECT count(*) FROM slot WHERE task = :task AND stage = 0", task=task))


async def task_state(task: UUID) -> str:
    return str(await db.fetch_value("SELECT state FROM task WHERE id = :task", task=task))


async def answered(settings: Settings, name: str, label: str | None) -> None:
    held = await claim_one(settings, await make_annotator(settings, name), kinds=["annotation"])
    await submit(settings, held, {"label": label} if label else None)


async def test_two_who_agree_suffice(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, consensus_target=0.8, most_answers=4), payload=CHOICES)
    await answered(settings, "A", "yes")
    assert await places(task) == 2, "one person alone is right in four cases of five, and claims less"
    assert await task_state(task) == "open"
    await answered(settings, "B", "yes")
    assert await places(task) == 2
    (wanted, first), (suffice, second) = await decisions()
    assert (wanted, first["why"], first["places"]) == ("task.answer_wanted", "unsure", 1)
    assert (suffice, second["why"], second["places"]) == ("task.answers_suffice", "sure", 2)
    assert first["sure"] < 0.8 <= second["sure"]
    assert second["posterior"]["yes"] > first["posterior"]["yes"] > 0.5
    assert sum(second["posterior"].values()) == pytest.approx(1, abs=1e-3)


async def test_who_differ_go_on_to_the_limit_and_no_further(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, consensus_target=0.95, most_answers=3), payload=CHOICES)
    for name, label in (("A", "yes"), ("B", "no"), ("C", "yes")):
        await answered(settings, name, label)
    assert await places(task) == 3
    assert [data["why"] for _, data in await decisions()] == ["unsure", "unsure", "most_answers"]
    assert await task_state(task) == "in_review"


async def test_the_overlap_is_the_least_and_nobody_is_asked_while_a_place_is_open(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, consensus_target=0.5, overlap=2), payload=CHOICES)
    await answered(settings, "A", "yes")
    assert await decisions() == []
    await answered(settings, "B", "yes")
    assert [data["why"] for _, data in await decisions()] == ["sure"]
    assert await places(task) == 2


async def test_other_projects_and_other_work_keep_to_their_overlap(settings: Settings) -> None:
    (fixed,) = await make_tasks(await make_project(settings), payload=CHOICES)
    await answered(settings, "A", "yes")
    (talk,) = await make_tasks(await make_project(settings, name="Talk", consensus_target=0.99))
    await answered(settings, "B", None)
    assert (await places(fixed), await places(talk)) == (1, 1)
    assert await decisions() == []


async def test_what_a_reviewer_let_stand_is_not_asked_again(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, consensus_target=0.99, most_answers=1), payload=CHOICES)
    await answered(settings, "A", "yes")
    reviewer = await make_reviewer(settings)
    await verdict(settings, await claim_one(settings, reviewer, kinds=["review"]), "accept")
    assert await places(task) == 1
    assert await task_state(task) == "accepted"
    assert [data["why"] for _, data in await decisions()] == ["most_answers"]


async def test_two_who_finish_at_once_open_one_place(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings, consensus_target=0.99, overlap=2), payload=CHOICES)
    held = [await claim_one(settings, await make_annotator(settings, name)) for name in ("A", "B")]
    await asyncio.gather(*(submit(settings, one, {"label": "yes"}) for one in held))
    assert await places(task) == 3
    assert len(await decisions()) == 1
    assert (await claim(settings, held[0].annotator_id, kinds=["annotation"])).assignments == [], "nobody answers twice"
    assert (await claim(settings, await make_annotator(settings, "C"))).assignments


async def test_a_limit_below_the_overlap_is_refused(settings: Settings) -> None:
    with pytest.raises(Invalid, match=r"most_answers \(2\) is below overlap \(3\)"):
        await make_project(settings, consensus_target=0.9, overlap=3, most_answers=2)


def test_the_posterior_by_hand() -> None:
    found = agreed([("yes", 0.8), ("no", 0.6)], ["yes", "no"])
    assert found == pytest.approx({"yes": 0.32 / 0.44, "no": 0.12 / 0.44})
    assert sum(agreed([("a", 0.3)], []).values()) == pytest.approx(1)
    assert agreed([("a", 0.1), ("a", 0.1)], ["a", "b", "c"])["a"] == pytest.approx(1 / 3), (
        "nobody is worse than a guess"
    )
    assert list(agreed([("d", 0.9)], ["a", "b"])) == ["a", "b", "d"]
