"""A reviewer who turns everything down is held, and the second looks at a sample decide."""

from uuid import UUID

import pytest

from callboard.breaking import breaker
from kernel import db
from kernel.settings import Settings
from routing import holds, overturn
from routing.errors import OwnVerdict, ReviewerHeld
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict
from tests.routing.test_overturn import broken, decide, judged


async def moved() -> list[tuple[object, ...]]:
    """What a verdict moves: states, verdicts, evidence, money."""
    rows = await db.fetch(
        "SELECT (SELECT count(*) FROM verdict) AS a, (SELECT count(*) FROM evidence) AS b, (SELECT count(*) FROM transfer) AS c, "
        "(SELECT md5(string_agg(id || state, ' ' ORDER BY id)) FROM submission) AS d, "
        "(SELECT md5(string_agg(id || state || epoch, ' ' ORDER BY id)) FROM slot) AS e"
    )
    return [tuple(row.values()) for row in rows]


@pytest.mark.usefixtures("pool")
async def test_a_rogue_is_held_and_a_second_sample_decides(settings: Settings) -> None:
    project = await make_project(settings, answer_limit=1)
    author = await make_annotator(settings, capacity=50)
    honest, rogue = await make_reviewer(settings, "H"), await make_reviewer(settings, "R")
    await make_tasks(project, 40)
    for _ in range(6):
        await judged(settings, project, author, honest, "accept")
    given: list[UUID] = []
    with pytest.raises(ReviewerHeld):
        while len(given) < 30:
            await submit(settings, await claim_one(settings, author, project_ids=[project]))
            looked = await claim_one(settings, rogue, project_ids=[project])
            before = await moved()
            async with breaker("test"):
                given.append((await verdict(settings, looked, "reject")).verdict_id)
    assert await moved() == before, "the one too many moves nothing"
    (hold,) = await holds.holds()
    assert (hold.annotator_id, hold.state, len(hold.waiting)) == (rogue, "open", min(len(given), holds.SAMPLE))
    assert set(hold.waiting) == set(given[-holds.SAMPLE :])
    with pytest.raises(ReviewerHeld):
        await verdict(settings, looked, "reject")
    await verdict(settings, looked, "accept")
    first, *others = hold.waiting
    async with db.transaction("person:manager"):
        await overturn.uphold(first, "So it is.", by=None)
    for one in others:
        await decide(one, "accept")
    (after,) = await holds.holds()
    assert (after.state, after.waiting) == ("confirmed", [])
    assert after.reason == f"{len(others)} of {len(hold.waiting)} were overturned"
    async with db.transaction("person:manager"):
        assert (await holds.lift(hold.id, "They have read the guidelines again.")).state == "lifted"
    await judged(settings, project, author, rogue, "reject")
    assert len(await holds.holds()) == 1
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_somebody_who_overturns_acceptances_in_bulk_is_held_by_the_same_limit(settings: Settings) -> None:
    project = await make_project(settings, answer_limit=1)
    author, honest = await make_annotator(settings, capacity=50), await make_reviewer(settings, "H")
    await make_tasks(project, 30)
    accepted = [await judged(settings, project, author, honest, "accept") for _ in range(20)]
    done = 0
    with pytest.raises(ReviewerHeld):
        for one in accepted:
            before = await moved()
            async with breaker("person:manager"):
                await decide(one, "reject")
            done += 1
    assert await moved() == before, "the one too many moves nothing"
    (hold,) = await holds.holds()
    assert (hold.kind, hold.display_name, set(hold.waiting)) == (
        "manager",
        "person:manager",
        set(accepted[max(0, done - holds.SAMPLE) : done]),
    )
    with pytest.raises(ReviewerHeld):
        await decide(accepted[-1], "reject")
    with pytest.raises(OwnVerdict):
        await decide(hold.waiting[0], "accept")
    for one in hold.waiting:
        async with db.transaction("person:somebody else"):
            await overturn.overturn(one, overturn.OverturnDraft(outcome="accept", reason="It was good."), by=None)
    assert [(one.state, one.waiting) for one in await holds.holds()] == [("confirmed", [])]
    assert await broken() == []
