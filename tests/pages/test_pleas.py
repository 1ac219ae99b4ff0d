"""More time asked for and granted; a task that is wrong, told and kept or given back: all of it in the task's history."""

from datetime import timedelta

import pytest

from kernel import db
from kernel.errors import Invalid
from kernel.settings import Settings
from routing import pleas, reports
from routing.assignments import assignment
from routing.errors import LeaseLost, NoSuchAssignment
from tests.dialogue.factory import Desk
from tests.routing.factory import claim_one, make_annotator, make_project, make_tasks


async def sit_down(settings: Settings) -> Desk:
    project = await make_project(settings)
    await make_tasks(project, 2)
    return Desk(settings, project, await claim_one(settings, await make_annotator(settings)))


async def test_more_time_is_asked_for_and_granted(pool: None, settings: Settings) -> None:
    held = (await sit_down(settings)).held
    async with db.transaction("test"):
        await pleas.ask_extension(held.id, held.annotator_id, held.epoch, minutes=60, reason="The source is long")
    assert (await assignment(held.id)).deadline == held.deadline, "asking moves no clock"
    async with db.transaction("test"):
        await pleas.extend(held.task_id, held.id, minutes=60, reason="Fair enough")
    assert (await assignment(held.id)).deadline == held.deadline + timedelta(hours=1)
    slot = await db.fetch_value("SELECT deadline FROM slot WHERE assignment_id = :id", id=held.id)
    assert slot == held.deadline + timedelta(hours=1)
    told = [
        (line.what, line.detail["reason"]) for line in await reports.history(held.task_id) if "reason" in line.detail
    ]
    assert told[-2:] == [
        ("task.extension_asked", "+60 min: The source is long"),
        ("task.extended", "+60 min: Fair enough"),
    ]
    with pytest.raises(NoSuchAssignment):
        async with db.transaction("test"):
            await pleas.extend(held.project_id, held.id, minutes=60, reason="Another task's page")
    with pytest.raises(Invalid):
        async with db.transaction("test"):
            await pleas.ask_extension(held.id, held.annotator_id, held.epoch, minutes=60, reason=" ")


async def test_a_wrong_task_is_told_of_and_kept_or_given_back(pool: None, settings: Settings) -> None:
    held = (await sit_down(settings)).held
    who = (held.id, held.annotator_id, held.epoch)
    async with db.transaction("test"):
        await pleas.report_trouble(*who, settings, reason="The brief is empty", keep=True)
    assert (await assignment(held.id)).state == "live"
    async with db.transaction("test"):
        await pleas.report_trouble(*who, settings, reason="Nothing can be done", keep=False)
    assert (await assignment(held.id)).state == "declined"
    whats = [line.what for line in await reports.history(held.task_id)]
    assert whats.count("task.trouble") == 2
    assert await db.fetch_value("SELECT count(*) FROM event WHERE type = 'task.trouble'") == 2
    with pytest.raises(LeaseLost):
        async with db.transaction("test"):
            await pleas.ask_extension(*who, minutes=60, reason="Too late")
