"""One task through routing: claim, submit, review, and every way in which that can turn."""

import pytest

from kernel import db
from kernel.settings import Settings
from routing import leases, projects
from routing.errors import (
    AlreadySubmitted,
    BadCorrection,
    LeaseLost,
    NoSuchAssignment,
    ReasonRequired,
    ReworkLimit,
    StaleEpoch,
)
from tests.routing.factory import (
    WORK,
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


async def task_state(task_id: object) -> str:
    return str(await db.fetch_value("SELECT state FROM task WHERE id = :id", id=task_id))


async def holds() -> dict[str, int]:
    rows = await db.fetch(
        """SELECT coalesce(r.kind, 'held') AS state, count(*) AS n FROM transfer t LEFT JOIN transfer r ON r.pending = t.id
           WHERE t.kind = 'pending' GROUP BY 1"""
    )
    return {row["state"]: row["n"] for row in rows}


async def test_accepted_work_is_paid_and_both_learn(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    (task,) = await make_tasks(project)
    held = await claim_one(settings, author)
    assert (held.kind, held.epoch, held.price_micros, held.task_id) == ("annotation", 1, 2_500_000, task)
    assert await task_state(task) == "in_progress"
    assert await holds() == {"held": 1}
    await submit(settings, held)
    assert await task_state(task) == "in_review"
    review = await claim_one(settings, reviewer)
    assert (review.kind, review.price_micros) == ("review", 400_000)
    assert (await verdict(settings, review, "accept")).task_state == "accepted"
    assert await holds() == {"post": 2}
    kinds = await db.fetch("SELECT kind, annotator FROM evidence WHERE kind LIKE 'review%' ORDER BY kind")
    assert [(row["kind"], row["annotator"]) for row in kinds] == [
        ("review_given", reviewer),
        ("review_verdict", author),
    ]
    assert await db.fetch_value("SELECT sum(live) FROM holder") == 0


async def test_author_is_never_offered_the_review_of_their_own_work(settings: Settings) -> None:
    project = await make_project(settings)
    both = await make_annotator(settings, roles=["annotator", "reviewer"], skills={"general": 5})
    await make_tasks(project)
    await submit(settings, await claim_one(settings, both))
    assert (await claim(settings, both)).assignments == []
    other = await make_reviewer(settings)
    assert (await claim_one(settings, other)).kind == "review"


async def test_rework_returns_to_its_author_first_at_the_price_that_was_seen(settings: Settings) -> None:
    project = await make_project(settings, rework_limit=1)
    author, other, reviewer = (
        await make_annotator(settings),
        await make_annotator(settings, "Bo"),
        await make_reviewer(settings),
    )
    (task,) = await make_tasks(project)
    await submit(settings, await claim_one(settings, author))
    with pytest.raises(ReasonRequired):
        await verdict(settings, await claim_one(settings, reviewer), "rework", reasons=[])
    (review,) = [view for view in await _live(reviewer) if view.kind == "review"]
    await verdict(settings, review, "rework")
    assert await task_state(task) == "rework"
    assert await holds() == {"void": 1, "post": 1}
    assert (await claim(settings, other)).assignments == []
    again = await claim_one(settings, author)
    assert (again.epoch, again.price_micros, again.rework_rounds) == (2, 2_500_000, 1)
    await submit(settings, again, {"turns": ["better"]})
    second = await claim_one(settings, reviewer)
    with pytest.raises(ReworkLimit):
        await verdict(settings, second, "rework")
    await verdict(settings, second, "accept")
    assert await task_state(task) == "accepted"
    assert await holds() == {"void": 1, "post": 3}


async def _live(annotator_id: object) -> list[object]:
    from routing.assignments import assignments

    return list(await assignments(annotator_id=annotator_id, state="live"))  # type: ignore[arg-type]


async def test_an_author_may_mend_work_whose_verdict_cost_them_the_level(settings: Settings) -> None:
    project = await make_project(settings)
    author, reviewer = await make_annotator(settings, skills={"general": 3}), await make_reviewer(settings)
    (task,) = await make_tasks(project, difficulty=1, requirements={"min_level": 3})
    await submit(settings, await claim_one(settings, author))
    await verdict(settings, await claim_one(settings, reviewer), "rework")
    await make_tasks(project, 2, difficulty=1, requirements={"min_level": 3})
    got = await claim(settings, author, limit=3)
    assert [held.task_id for held in got.assignments] == [task], "their own, and nothing else of that level any more"
    assert got.counts == {"level": 1}


async def test_rejected_work_is_not_paid_and_somebody_else_is_asked(settings: Settings) -> None:
    project = await make_project(settings, answer_limit=2)
    people = [await make_annotator(settings, f"A{n}") for n in range(3)]
    reviewers = [await make_reviewer(settings, f"R{n}") for n in range(2)]
    (task,) = await make_tasks(project)
    await submit(settings, await claim_one(settings, people[0]))
    await verdict(settings, await claim_one(settings, reviewers[0]), "reject")
    assert await task_state(task) == "open"
    assert (await claim(settings, people[0])).assignments == []
    await submit(settings, await claim_one(settings, people[1]))
    assert (await claim(settings, reviewers[0])).assignments == [], (
        "one place per person and task, over all its answers"
    )
    await verdict(settings, await claim_one(settings, reviewers[1]), "reject")
    assert await task_state(task) == "rejected"
    assert await holds() == {"void": 2, "post": 2}


async def test_stale_epoch_and_strangers_are_refused(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    author, stranger = await make_annotator(settings), await make_annotator(settings, "Bo")
    held = await claim_one(settings, author)
    async with db.transaction():
        with pytest.raises(StaleEpoch):
            await leases.heartbeat(held.id, author, held.epoch + 1, settings)
        with pytest.raises(NoSuchAssignment):
            await leases.heartbeat(held.id, stranger, held.epoch, settings)
    async with db.transaction():
        assert (await leases.heartbeat(held.id, author, held.epoch, settings)).lease_until > held.claimed_at


async def test_released_work_goes_back_and_may_return_declined_work_may_not(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    author = await make_annotator(settings)
    held = await claim_one(settings, author)
    async with db.transaction():
        await leases.release(held.id, author, held.epoch, settings, reason="lunch")
    assert await task_state(task) == "open"
    again = await claim_one(settings, author)
    assert again.epoch == 2
    async with db.transaction():
        await leases.decline(again.id, author, again.epoch, settings, reason="not my field")
    assert (await claim(settings, author)).reason == "nothing_waiting"
    assert await holds() == {"void": 2}


async def test_a_fix_without_corrected_work_is_refused(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await submit(settings, await claim_one(settings, author))
    held = await claim_one(settings, reviewer, kinds=["review"])
    for nothing in (None, {}):
        with pytest.raises(ReasonRequired):
            await verdict(settings, held, "fix", corrected=nothing)


async def test_late_work_counts_when_nobody_took_the_task(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    author = await make_annotator(settings)
    held = await claim_one(settings, author)
    await lapse(held.id)
    async with db.transaction():
        with pytest.raises(LeaseLost):
            await leases.heartbeat(held.id, author, held.epoch, settings)
    done = await submit(settings, held)
    assert (done.late, done.state) == (True, "pending")
    assert done.assignment_id != held.id
    assert await task_state(task) == "in_review"
    assert await holds() == {"void": 1, "held": 1}
    assert await db.fetch_value("SELECT live FROM holder") == 0
    assert await submit(settings, held) == done, "the answer was lost on the way, and the same work is sent again"
    with pytest.raises(AlreadySubmitted):
        await submit(settings, held, {"turns": ["other"]})
    assert await db.fetch_value("SELECT count(*) FROM submission") == 1


async def test_late_work_is_kept_when_somebody_else_has_the_task(settings: Settings) -> None:
    await make_tasks(await make_project(settings, lease_grace_minutes=0))
    author, other = await make_annotator(settings), await make_annotator(settings, "Bo")
    held = await claim_one(settings, author)
    await lapse(held.id)
    async with db.transaction():
        assert await leases.sweep(settings) == 1
    taken = await claim_one(settings, other)
    late = await submit(settings, held, {"turns": ["precious"]})
    assert (late.state, late.late) == ("surplus", True)
    assert await db.fetch_value("SELECT payload FROM submission WHERE id = :id", id=late.submission_id) == {
        "turns": ["precious"]
    }
    assert await submit(settings, held, {"turns": ["precious"]}) == late
    assert (await submit(settings, taken)).state == "pending"


async def test_submitting_twice_is_once_and_other_content_is_refused(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    held = await claim_one(settings, await make_annotator(settings))
    first = await submit(settings, held)
    assert (await submit(settings, held)).submission_id == first.submission_id
    with pytest.raises(AlreadySubmitted):
        await submit(settings, held, {"turns": ["other"]})


async def test_budget_is_a_cap_and_the_reason_is_given(settings: Settings) -> None:
    await make_tasks(await make_project(settings, budget="6"), 5)
    author = await make_annotator(settings, capacity=5)
    got = await claim(settings, author, limit=5)
    assert len(got.assignments) == 2
    assert got.reason == "budget_exhausted"
    assert await db.fetch_value("SELECT live FROM holder") == 2


async def test_a_claim_that_finds_nothing_says_why(settings: Settings) -> None:
    project = await make_project(settings)
    author = await make_annotator(settings, skills={"general": 2})
    assert (await claim(settings, author)).reason == "nothing_waiting"
    await make_tasks(project, domain="law", difficulty=5)
    refused = await claim(settings, author)
    assert (refused.reason, refused.counts) == ("not_eligible", {"level": 1})
    await make_tasks(project, 2, difficulty=1)
    full = await make_annotator(settings, "Full", capacity=1)
    await claim_one(settings, full)
    assert (await claim(settings, full)).reason == "at_capacity"


async def test_a_claim_says_what_keeps_somebody_from_work_that_fits(settings: Settings) -> None:
    project = await make_project(settings)
    both = await make_annotator(settings, "Both", roles=["annotator", "reviewer"], skills={"general": 5})
    await make_tasks(project)
    held = await claim_one(settings, both)
    async with db.transaction():
        await leases.decline(held.id, both, held.epoch, settings, reason="not today")
    assert (await claim(settings, both)).counts == {"declined": 1}
    other = await make_annotator(settings, "Other")
    await submit(settings, await claim_one(settings, other))
    assert (await claim(settings, both, kinds=["annotation"])).counts == {}
    author = await make_reviewer(settings, "Author", roles=["annotator", "reviewer"])
    await make_tasks(project, difficulty=3)
    await submit(settings, await claim_one(settings, author, kinds=["annotation"]))
    await verdict(settings, await claim_one(settings, both, kinds=["review"]), "accept")
    got = await claim(settings, author, kinds=["review"], limit=2)
    assert got.counts in ({"own_place": 1}, {}), got
    async with db.transaction("person:manager"):
        await projects.change_state(project, "paused")
    await make_tasks(project, 2, difficulty=1)
    paused = await claim(settings, other)
    assert (paused.reason, paused.counts["paused"]) == ("nothing_waiting", 2)
    assert "paused" in str(paused.detail)


async def test_a_correction_has_the_shape_of_the_work(settings: Settings) -> None:
    await make_tasks(await make_project(settings))
    await submit(settings, await claim_one(settings, await make_annotator(settings)))
    held = await claim_one(settings, await make_reviewer(settings))
    for wrong in ({"turns": "zz"}, {"turns": [1, 2]}, {"other": 1}):
        with pytest.raises(BadCorrection):
            await verdict(settings, held, "fix", corrected=wrong)
    better = {"turns": [*WORK["turns"], {"role": "user", "text": "more"}], "note": "one turn added"}
    assert (await verdict(settings, held, "fix", corrected=better)).task_state == "accepted"
