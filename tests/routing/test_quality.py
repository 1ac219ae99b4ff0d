"""Figures of quality: folded by day, the same as counted by hand, and the works behind each of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import clock, db
from kernel.settings import Settings
from routing import quality
from routing.quality import WHATS, QualityFilter, WorksWish, estimated
from routing.review import Reason
from routing.review_plans import Share, Stage
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict
from tests.routing.test_overturn import broken, decide, judged
from tests.routing.test_review_plans import put


async def fold() -> int:
    async with db.transaction("system:clock"):
        return await quality.fold()


def wish(project: UUID | None = None, **more: Any) -> QualityFilter:
    today = clock.now().date()
    return QualityFilter(project_id=project, from_day=today - timedelta(days=1), to_day=today, **more)


@pytest.mark.usefixtures("pool")
async def test_figures_are_what_became_of_the_work_also_after_a_second_look(settings: Settings) -> None:
    project = await make_project(settings, answer_limit=1)
    ann, bob = await make_annotator(settings, "Ann", vendor="V"), await make_annotator(settings, "Bob")
    reviewer = await make_reviewer(settings, capacity=50)
    await make_tasks(project, 8)
    for _ in range(2):
        await judged(settings, project, ann, reviewer, "accept")
    wrong = await judged(settings, project, bob, reviewer, "reject")
    back = await judged(settings, project, ann, reviewer, "rework")
    assert back
    await judged(settings, project, ann, reviewer, "accept")  # the second round of it
    await submit(settings, await claim_one(settings, bob, project_ids=[project]))
    assert await fold() == 1
    assert await fold() == 1, "a little before the last look is looked at again"
    (all_in_all,) = await quality.rows_by(wish(project), "all")
    assert (all_in_all.pieces, all_in_all.looked, all_in_all.judged, all_in_all.first_judged) == (6, 6, 5, 4)
    assert (all_in_all.first_pass, all_in_all.accepted, all_in_all.reworked, all_in_all.rejected) == (2, 3, 1, 1)
    assert (all_in_all.counted, all_in_all.rounds, all_in_all.looks, all_in_all.overturned) == (3, 4, 5, 0)
    assert all_in_all.review_micros == 5 * 400_000
    assert {row.name: (row.pieces, row.defects) for row in await quality.rows_by(wish(project), "person")} == {
        "Ann": (4, 1),
        "Bob": (2, 1),
    }
    assert [(one.key, one.pieces) for one in await quality.items(wish(project))] == [("factuality", 2)]
    await decide(wrong, "accept")
    await fold()
    (mended,) = await quality.rows_by(wish(project, annotator_id=bob), "all")
    assert (mended.first_pass, mended.defects, mended.overturned, mended.counted) == (1, 0, 1, 1)
    assert [one.pieces for one in await quality.items(wish())] == [1]
    assert await quality.rows_by(wish(project, domain="law"), "all") == []
    (of_vendor,) = await quality.rows_by(
        wish(vendor_id=await db.fetch_value("SELECT vendor FROM annotator WHERE id = :id", id=ann)), "vendor"
    )
    assert (of_vendor.name, of_vendor.pieces) == ("V", 4)
    told = await quality.report(wish(project))
    assert (told.now.waiting_reviews, told.now.overdue_reviews, told.by_project) == (1, 0, [])
    assert told.folded_at is not None
    # Each figure is as many works as its list has.
    (row,) = told.totals
    counts = {"": row.pieces, "looked": row.looked, "judged": row.judged, "first_pass": row.first_pass, "defect": row.defects,
              "accept": row.accepted, "fix": row.fixed, "rework": row.reworked, "reject": row.rejected, "counted": row.counted,
              "unseen": row.unseen, "overturned": row.overturned, "again": 1, "overdue": 0}  # fmt: skip
    assert set(counts) == set(WHATS)
    for what, count in counts.items():
        assert len(await quality.works(wish(project), WorksWish(what=what))) == count, what
    (named,) = await quality.works(wish(project), WorksWish(item="factuality"))
    assert (named.outcome, named.display_name) == ("rework", "Ann")
    first = await quality.works(wish(project), WorksWish(), limit=4)
    rest = await quality.works(wish(project), WorksWish(), before=(first[-1].submitted_at, first[-1].id))
    assert len({one.id for one in [*first, *rest]}) == 6
    assert await broken() == []


@pytest.mark.usefixtures("pool")
async def test_the_check_compares_folded_days_with_their_work(settings: Settings) -> None:
    """Each wrong figure is found once the day is folded and still; a day that is due is not."""
    project = await make_project(settings)
    ann, reviewer = await make_annotator(settings, vendor="V"), await make_reviewer(settings, capacity=50)
    await make_tasks(project, 3)
    await judged(settings, project, ann, reviewer, "accept")
    wrong = await judged(settings, project, ann, reviewer, "reject")
    await decide(wrong, "fix")
    await submit(settings, await claim_one(settings, ann))
    await fold()
    await db.execute("UPDATE quality_day SET accepted = accepted - 1, fixed = fixed + 1 WHERE stage = 0")
    assert await broken() == [], "something happened after five minutes before the fold: it is folded again"
    await fold()
    later = "UPDATE upkeep SET ran_at = clock_timestamp() + interval '6 minutes' WHERE name = :name"
    await db.execute(later, name=quality.JOB)
    assert await broken() == []
    for change in (
        "UPDATE quality_day SET accepted = accepted - 1, fixed = fixed + 1 WHERE stage = 0",
        "UPDATE quality_day SET work_micros = work_micros - 1 WHERE stage = 0",
        "UPDATE quality_day SET vendor = NULL WHERE stage = 0",
        "DELETE FROM quality_day",
    ):
        await db.execute(change)
        assert await broken() == ["quality_as_folded"], change
        await db.execute(
            "INSERT INTO quality_due (project, day) SELECT DISTINCT project, submitted_at::date FROM submission"
        )
        assert await broken() == [], "due"
        await fold()
        await db.execute(later, name=quality.JOB)
        assert await broken() == [], "folded anew"


@pytest.mark.usefixtures("pool")
async def test_stages_are_told_apart_and_what_nobody_saw_is_estimated(settings: Settings) -> None:
    project = await make_project(settings)
    await put(project, Stage(name="peer"), Stage(name="expert", share=Share(share=0.5)))
    author = await make_annotator(settings, capacity=20)
    peer, expert = await make_reviewer(settings, "P", capacity=20), await make_reviewer(settings, "E", capacity=20)
    await make_tasks(project, 40)
    pieces = waiting = 0
    while pieces < 8 or not waiting:  # whether a piece goes on to the expert is a draw, and eight may all lose
        await submit(settings, await claim_one(settings, author))
        await verdict(settings, await claim_one(settings, peer), "accept")
        pieces += 1
        waiting = await db.fetch_value("SELECT count(*) FROM slot WHERE kind = 'review' AND state = 'free'")
    for n in range(waiting):
        held = await claim_one(settings, expert)
        await verdict(
            settings,
            held,
            "reject" if n == 0 else "accept",
            reasons=[Reason(item="other", text="no")] if n == 0 else [],
        )
    await fold()
    stages = {row.key: (row.pieces, row.looked, row.defects) for row in await quality.rows_by(wish(project), "stage")}
    assert stages == {"1": (pieces, pieces, 0), "2": (pieces, waiting, 1)}
    (second,) = await quality.rows_by(wish(project, stage=2), "all")
    assert (second.judged, second.rejected) == (waiting, 1)
    assert len(await quality.works(wish(project, stage=2), WorksWish(what="judged"))) == waiting
    out = (await quality.report(wish(project))).outgoing
    assert out is not None
    assert (out.unseen, out.estimate) == (0, 0.0), "each piece had a look"


def test_what_went_out_unseen_is_as_what_was_seen() -> None:
    rows = [
        {"author": "a", "domain": "law", "judged": 100, "defects": 0, "unseen": 100, "counted": 200},
        {"author": "b", "domain": "law", "judged": 100, "defects": 40, "unseen": 20, "counted": 80},
    ]
    found = estimated(rows)
    assert found is not None
    assert 0.02 < found.estimate < 0.045, "two in five of twenty, and hardly any of a hundred"
    assert found.lower < found.estimate < found.upper < 120 / 280
    assert estimated([]) is None
    nothing = estimated([{"author": "a", "domain": "law", "judged": 0, "defects": 0, "unseen": 5, "counted": 5}])
    assert nothing is not None
    assert (nothing.lower, nothing.upper) == (0.0, 1.0)
