"""Whoever had a part in a task has no other one in it, whatever became of their work: distinct people give its answers and look at them."""

from uuid import UUID

import pytest

from callboard.checks import all_invariants
from callboard.wiring import wire
from kernel import db, invariants
from kernel.settings import Settings
from routing import by_hand, explain, leases
from routing.errors import NotEligible
from routing.memory import Memory
from routing.presence import set_presence
from tests.routing.factory import (
    WORK,
    claim,
    claim_one,
    lapse,
    make_annotator,
    make_project,
    make_tasks,
    submit,
    verdict,
)
from tests.routing.test_together import together

pytestmark = pytest.mark.usefixtures("pool")
BOTH = {"roles": ["annotator", "reviewer"], "skills": {"general": 5}}


@pytest.fixture(autouse=True)
def wired() -> None:
    wire()


async def nothing_for(settings: Settings, person: UUID, task: UUID) -> None:
    """By no door: alone, together, by hand; and the explanation says why."""
    got = await claim(settings, person)
    assert got.assignments == [], got
    assert got.counts == {"own_place": got.counts["own_place"]}
    failing = {
        (one.stage, one.no): {failure.predicate for failure in one.failures}
        for one in (await explain.explain(task, person, settings)).places
        if one.state == "free"
    }
    assert all("one_place_per_person" in failures for failures in failing.values()), failing
    async with db.transaction("person:manager"):
        await set_presence(person, "available", settings, by_manager=True)
    with pytest.raises(NotEligible, match="one_place_per_person"):
        async with db.transaction("person:manager"):
            await by_hand.assign(task, person, settings, reason="try", override=("preference", "cap", "ladder"))


async def test_parts_outlast_the_places_that_are_opened_again(settings: Settings) -> None:
    project = await make_project(settings, overlap=2, lease_grace_minutes=0)
    (task,) = await make_tasks(project)
    ann, bob, rev, other = [await make_annotator(settings, name, **BOTH) for name in ("Ann", "Bob", "Rev", "Oth")]
    await submit(settings, await claim_one(settings, ann, kinds=["annotation"]))
    await verdict(settings, await claim_one(settings, rev, kinds=["review"]), "rework")
    # The author's rework is for everybody again; Ann had a part in it, and Rev in the look at it.
    await db.execute("UPDATE slot SET reserved_for = NULL WHERE reserved_for = :ann", ann=ann)
    own = await db.fetch_value("SELECT slot FROM submission WHERE author = :ann", ann=ann)
    await db.execute("UPDATE slot SET rank = rank + 1 WHERE id = :own", own=own)
    first = await claim_one(settings, ann)
    assert first.epoch == 2, "the place of one's own, although the other comes first"
    async with db.transaction():
        await leases.release(first.id, ann, first.epoch, settings, reason="later")
    taken = await claim_one(settings, bob, kinds=["annotation"])
    again = await claim_one(settings, other, kinds=["annotation"])
    assert {taken.epoch, again.epoch} == {1, 3}
    bobs, others = await submit(settings, taken), await submit(settings, again, WORK | {"n": 2})
    await nothing_for(settings, ann, task)
    seen = await claim_one(settings, rev)
    at = await db.fetch_value("SELECT slot FROM submission WHERE id = :id", id=seen.submission_id)
    assert at == own, "the place that was looked at before"
    assert seen.submission_id in (bobs.submission_id, others.submission_id)
    await verdict(settings, seen, "accept")
    await nothing_for(settings, rev, task)
    assert [one.name for one in await invariants.run(all_invariants()) if one.violations] == []


async def test_claims_that_share_a_transaction_and_late_work_know_of_parts(settings: Settings) -> None:
    project = await make_project(settings, overlap=2, lease_grace_minutes=0)
    await make_tasks(project)
    ann, rev = [await make_annotator(settings, name, **BOTH) for name in ("Ann", "Rev")]
    lost = await claim_one(settings, rev, kinds=["annotation"])
    await lapse(lost.id)
    async with db.transaction():
        await leases.sweep(settings)
    await submit(settings, await claim_one(settings, ann, kinds=["annotation"]))
    await verdict(settings, await claim_one(settings, rev, kinds=["review"]), "rework")
    assert await together(settings, Memory(), rev) == [None], "they looked at the other answer"
    assert (await submit(settings, lost)).state == "surplus"
    assert [one.name for one in await invariants.run(all_invariants()) if one.violations] == []
