"""Rules of a project that change while work is under way, and what people would fit if it asked something else."""

from datetime import timedelta
from uuid import UUID

import pytest

from kernel import clock, db
from kernel.errors import Invalid, PreconditionFailed
from kernel.settings import Settings
from routing import calendar_store, fitting, invariants, projects
from routing.calendars import Hours
from routing.errors import BadRequirement
from routing.ladder import parse
from routing.projects import ProjectChange, ProjectView
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")


async def change(project: UUID, **wish: object) -> ProjectView:
    async with db.transaction("person:manager"):
        return await projects.change_project(project, ProjectChange(**wish))  # type: ignore[arg-type]


async def test_only_what_is_named_changes_and_only_that_is_audited(settings: Settings) -> None:
    project = await make_project(settings)
    view = await change(project, push=True, overlap=2, lease_seconds=600, reason="pilot")
    assert (view.push, view.overlap, view.lease_seconds, view.most_answers) == (True, 2, 600, 5)
    same = await change(project, push=True)
    assert same.version == view.version, "nothing changed, so nothing is a new version"
    rows = await db.fetch("SELECT before, after, reason FROM audit_entry WHERE action = 'project.changed'")
    assert [(row["before"]["push"], sorted(row["after"]), row["reason"]) for row in rows] == [
        (False, ["lease_seconds", "overlap", "push"], "pilot")
    ]


@pytest.mark.parametrize(
    "wish",
    [{"lease_seconds": 86_400, "deadline_seconds": 60}, {"consensus_target": 0.9, "overlap": 4, "most_answers": 3}],
)
async def test_rules_that_contradict_each_other_are_refused(settings: Settings, wish: dict[str, object]) -> None:
    project = await make_project(settings)
    with pytest.raises(Invalid):
        await change(project, **wish)


async def test_another_sla_moves_what_is_due(settings: Settings) -> None:
    project = await make_project(settings, sla_seconds=3600)
    due = clock.now() + timedelta(hours=2)
    await make_tasks(project, 1, due_at=due)
    await make_tasks(project, 1, domain="law")
    before = await db.fetch_value("SELECT array_agg(rank ORDER BY id) FROM slot")
    await change(project, sla_seconds=36_000)
    ranks = await db.fetch(
        "SELECT s.rank, task_rank(t.created_at, t.priority, t.due_at, 36000) AS rule FROM slot s JOIN task t ON t.id = s.task ORDER BY s.id"
    )
    assert all(abs(row["rank"] - row["rule"]) < 1000 for row in ranks), "the clocks of two machines may differ a little"
    assert [row["rank"] for row in ranks] != before


async def test_vendors_are_apart_from_the_moment_it_is_asked_for(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 1)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    await submit(settings, await claim_one(settings, author))
    await verdict(settings, await claim_one(settings, reviewer), "accept")
    rule = next(one for one in invariants.INVARIANTS if one.name == "vendors_apart")
    await change(project, review_other_vendor=True)
    assert not await db.fetch(rule.sql), "it was reviewed before"
    await db.execute(
        "UPDATE assignment SET claimed_at = clock_timestamp() + interval '1 minute' WHERE kind = 'review' AND project = :project",
        project=project,
    )
    assert await db.fetch(rule.sql)


async def test_how_many_people_would_fit_is_what_a_claim_would_say(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 3)
    await make_annotator(settings, "Novice", skills={"general": 1})
    await make_annotator(settings, "Master", skills={"general": 5})
    await make_annotator(settings, "Silent", languages={"zh-CN": 5})
    view = await projects.project(project)
    fit = await fitting.try_requirements(view, "general >= 4 and general >= 2", settings)
    assert (fit.requirement, fit.active, fit.people, fit.left_out) == ("general >= 4", 3, 2, 0)
    (lane,) = fit.lanes
    assert (lane.waiting, lane.before, lane.after) == (3, 2, 1)
    assert "general >= 4" in lane.asks
    assert (await projects.project(project)).requirements == {}, "looking changes nothing"
    steps = parse([{"after_minutes": 5, "relax": {"min_level": -3}}], set())
    harder = await make_project(settings, name="Hard")
    await make_tasks(harder, 1, difficulty=5)
    (seen,) = await fitting.try_ladder(await projects.project(harder), steps, settings)
    assert seen.people == [1, 2]


async def test_an_unknown_name_is_shown_where_it_stands(settings: Settings) -> None:
    view = await projects.project(await make_project(settings))
    with pytest.raises(BadRequirement) as caught:
        await fitting.try_requirements(view, "language en >= 2 and role e", settings)
    assert (caught.value.extra["at"], caught.value.extra["unknown"]) == ("character 27", "e")


async def test_a_calendar_is_changed_under_the_version_that_was_read(settings: Settings) -> None:
    hours = Hours("UTC", {"mon": [("09:00", "17:00")]})
    async with db.transaction("person:manager"):
        made = await calendar_store.put_calendar("office", hours, version=0, reason="new")
    with pytest.raises(PreconditionFailed):
        async with db.transaction("person:manager"):
            await calendar_store.put_calendar("office", hours, version=made.version + 1)
