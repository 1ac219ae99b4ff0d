"""The stored estimate of a project's crowd: made from its answers, read where answers are weighed, and late without harm."""

import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest

from callboard.chores import NAMES
from callboard.clock import TIMED
from kernel import db
from kernel.settings import Settings
from routing import refitting
from routing.errors import NoSuchProject
from routing.overlap import in_sample
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")

CHOICES = {"choices": ["yes", "no"]}


async def crowd_of(settings: Settings, *, tasks: int = 20, **changes: Any) -> tuple[UUID, list[UUID]]:
    """Two who agree on each task and one who says the contrary; `most_answers` ends it there."""
    project = await make_project(settings, consensus_target=0.99, overlap=3, most_answers=3, **changes)
    await make_tasks(project, tasks, payload=CHOICES)
    people = [await make_annotator(settings, name) for name in ("A", "B", "C")]
    for person, contrary in zip(people, (0, 0, 1), strict=True):
        for _ in range(tasks):
            held = await claim_one(settings, person, kinds=["annotation"])
            odd = int(held.external_id.split("-")[0][1:]) + contrary
            await submit(settings, held, {"label": CHOICES["choices"][odd % 2]})
    return project, people


async def refit(settings: Settings, project: UUID) -> int | None:
    async with db.transaction("system"):
        return await refitting.refit(project, settings)


async def asked() -> list[str]:
    """Projects for which a refit is put into the table."""
    async with db.transaction("system"):
        await refitting.ask_all()
    rows = await db.fetch(
        "SELECT payload ->> 'project_id' AS id FROM job WHERE name = :name AND done_at IS NULL", name=refitting.FIT
    )
    return [row["id"] for row in rows]


async def test_whoever_differs_from_the_crowd_counts_less(settings: Settings) -> None:
    project, (first, _, odd) = await crowd_of(settings)
    assert await refitting.beliefs(project, [first]) is None
    before = await refitting.report(project)
    assert (before.version, before.errors) == (None, None)
    assert before.lag_seconds > 0
    assert await refit(settings, project) == 1
    found = await refitting.beliefs(project, [first, odd])
    assert found is not None
    assert set(found.people) == {str(first), str(odd)}, "of nobody else"
    assert found.chance(first, "general", 0.7) > found.chance(odd, "general", 0.7) + 0.2
    report = await refitting.report(project)
    assert (report.version, report.answers, report.tasks, report.people, report.lag_seconds) == (1, 60, 20, 3, 0)
    assert report.expected_accuracy is not None
    assert 0.5 < report.expected_accuracy <= 1


async def test_the_estimate_weighs_the_next_answers_and_is_on_record(settings: Settings) -> None:
    project, (_, _, odd) = await crowd_of(settings)
    await refit(settings, project)
    (task,) = await make_tasks(project, 1, payload=CHOICES, domain="general", difficulty=3)
    fresh = await make_annotator(settings, "D")
    for person, label in ((odd, "no"), (fresh, "yes")):
        await submit(settings, await claim_one(settings, person, kinds=["annotation"]), {"label": label})
    third = await make_annotator(settings, "E")
    await submit(settings, await claim_one(settings, third, kinds=["annotation"]), {"label": "no"})
    data = await db.fetch_value(
        "SELECT data FROM event WHERE type LIKE 'task.answer%' AND subject_id = :task ORDER BY seq DESC LIMIT 1",
        task=task,
    )
    assert (data["estimate"], data["temperature"]) == (1, pytest.approx(0.7, abs=0.001))
    assert data["posterior"]["no"] < 0.7, "with the beliefs of before it would be two against one"


async def test_only_what_is_new_is_fitted_again_and_a_late_fit_harms_nothing(settings: Settings) -> None:
    project, (first, _, odd) = await crowd_of(settings)
    other = await make_project(settings, name="Fixed overlap")
    assert await asked() == [str(project)]
    assert await asked() == [str(project)], "asked again, it is still one job"
    assert await refit(settings, project) == 1
    await db.execute("UPDATE job SET done_at = clock_timestamp()")
    assert await asked() == []
    assert await refitting.lag() == 0
    assert await refit(settings, other) is None
    reviewer = await make_reviewer(settings)
    await verdict(settings, await claim_one(settings, reviewer, kinds=["review"]), "accept")
    assert await refitting.lag() > 0
    late = await refitting.beliefs(project, [first, odd])
    assert late is not None
    assert late.version == 1, "the last values go on"
    assert await asked() == [str(project)]
    await db.execute("ALTER TABLE consensus_model ADD CONSTRAINT broken CHECK (version < 2)")
    with pytest.raises(Exception, match="broken"):
        await refit(settings, project)
    assert await refitting.beliefs(project, [first, odd]) == late, "a fit that fails leaves what there was"
    await db.execute("ALTER TABLE consensus_model DROP CONSTRAINT broken")
    assert await refit(settings, project) == 2
    assert await refitting.lag() == 0


async def test_reviews_set_the_temperature_and_show_the_error(settings: Settings) -> None:
    project, _ = await crowd_of(settings)
    reviewer = await make_reviewer(settings)
    for _ in range(20):
        held = await claim_one(settings, reviewer, kinds=["review"])
        other = int(held.external_id.split("-")[0][1:]) // 2 % 2
        await verdict(settings, held, "fix", corrected={"label": CHOICES["choices"][other]})
    await refit(settings, project)
    report = await refitting.report(project)
    assert report.errors is not None
    assert report.errors.tasks > 5
    assert 0 <= report.errors.right < 0.85, "half of what the crowd agreed on was corrected"
    assert report.temperature is not None
    assert report.temperature != 0.7, "where it begins without any review"


async def test_a_sample_of_the_tasks_has_more_answers_while_nobody_is_known(settings: Settings) -> None:
    project = await make_project(settings, consensus_target=0.5, most_answers=5)
    tasks = await make_tasks(project, 100, payload=CHOICES) + await make_tasks(
        project, 100, payload=CHOICES, difficulty=3
    )
    await refit(settings, project)
    report = await refitting.report(project)
    assert (report.version, report.domains, report.answers) == (1, 1, None)
    await db.execute("UPDATE consensus_model SET domains = 2")
    for _ in range(len(tasks)):
        held = await claim_one(settings, await make_annotator(settings, "A"), kinds=["annotation"])
        await submit(settings, held, {"label": "yes"})
        if in_sample(str(held.task_id)):
            break
    why = await db.fetch_value(
        "SELECT data ->> 'why' FROM event WHERE type LIKE 'task.answer%' ORDER BY seq DESC LIMIT 1"
    )
    assert why == "below_least"
    before = "SELECT data ->> 'why' FROM event WHERE type LIKE 'task.answer%' ORDER BY seq LIMIT 1"
    if not in_sample(str(tasks[0])):
        assert await db.fetch_value(before) == "sure", "other tasks keep to the project's overlap"


async def test_no_such_project(settings: Settings) -> None:
    with pytest.raises(NoSuchProject):
        await refitting.report(UUID(int=1))
    assert await refit(settings, UUID(int=1)) is None


def test_the_clock_asks_for_it_and_numpy_stays_out_of_processes_that_only_ask() -> None:
    assert {refitting.JOB, refitting.FIT} <= set(NAMES)
    assert next(timed.seconds for timed in TIMED if timed.job == refitting.JOB) <= 300
    code = "import sys, callboard.chores, callboard.app; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
