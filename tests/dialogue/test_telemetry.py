"""What is measured of turns: time by the server's clock with an idle cut, pastes as the page tells them, edits, waits."""

from pathlib import Path

import pytest

from dialogue import conversations
from dialogue.telemetry import Pasted, edit_distance, times_of_assignment, times_of_task
from kernel import db
from kernel.settings import Settings
from routing import leases
from tests.dialogue.factory import Desk, make_desk

pytestmark = pytest.mark.usefixtures("pool")
SRC = Path(__file__).parents[2] / "src"


async def pass_time(desk: Desk, seconds: int) -> None:
    """As if the last sign of life had been so long ago."""
    await db.execute(
        "UPDATE assignment SET heartbeat_at = heartbeat_at - make_interval(secs => :seconds) WHERE id = :id",
        seconds=float(seconds), id=desk.held.id,
    )  # fmt: skip


async def seconds_of(desk: Desk) -> list[int]:
    return [one.active_seconds for one in await times_of_assignment(desk.held.id)]


async def test_time_goes_to_the_turn_that_was_worked_on_and_idleness_to_none(settings: Settings) -> None:
    desk = await make_desk(settings)
    await pass_time(desk, 20)
    await desk.open()
    reply = await desk.hear(1)
    await pass_time(desk, 7)
    await desk.rate(reply, 3)
    await pass_time(desk, 11)
    async with db.transaction("test"):
        await leases.heartbeat(*desk.hold, settings)
    await pass_time(desk, 4)
    await desk.say("More?")
    assert await seconds_of(desk) == [20, 7, 15]
    total = await db.fetch_value("SELECT active_seconds FROM assignment WHERE id = :id", id=desk.held.id)
    assert sum(await seconds_of(desk)) == total
    await pass_time(desk, 100_000)
    await desk.rate(reply, 4)
    assert (await seconds_of(desk))[1] == 7 + settings.heartbeat_idle_cut_seconds, "a silence is cut"
    before = await seconds_of(desk)
    await desk.say("More?", no=3)
    assert await seconds_of(desk) == before, "a repeat is no work"


async def test_pastes_edits_and_waits_are_kept_by_turn(settings: Settings) -> None:
    desk = await make_desk(settings)
    await desk.open()
    reply = await desk.hear(1)
    edited = reply.text + " And more."
    async with db.transaction("test"):
        await conversations.edit_reply(
            *desk.hold, reply.id, edited, settings=settings, pasted=Pasted(count=1, characters=9)
        )
    await desk.rate(reply, 4)
    async with db.transaction("test"):
        await conversations.add_user_turn(
            *desk.hold, "0123456789", settings=settings, pasted=Pasted(count=2, characters=4)
        )
    first, answer, second = await times_of_task(desk.held.task_id)
    assert first.waited_seconds is None
    assert (first.pastes, first.pasted_share) == (0, 0.0)
    assert answer.changed_characters == edit_distance(reply.text, edited) > 0
    assert (answer.pastes, answer.pasted_characters) == (1, 9)
    assert (second.pastes, second.pasted_share, second.characters) == (2, 0.4, 10)
    assert second.waited_seconds is not None
    assert second.waited_seconds >= 0
    assert {one.annotator_id for one in (first, answer, second)} == {desk.held.annotator_id}


def test_edit_distance_counts_what_was_taken_out_and_put_in() -> None:
    assert edit_distance("a good day", "a good day") == 0
    assert edit_distance("a good day", "a bad day") == 7
    assert edit_distance("", "abc") == 3


def test_nothing_is_decided_by_what_is_measured() -> None:
    """Who reads the table: the one query that shows it. Pay, skills, routing and review know nothing of it."""
    users = {
        file.relative_to(SRC).as_posix()
        for file in [*SRC.rglob("*.sql"), *SRC.rglob("*.py")]
        if "turn_time" in file.read_text()
    }
    assert users == {"dialogue/queries.sql", "dialogue/tables.py", "dialogue/telemetry.py"}
    for package in ("routing", "payments", "skills"):
        assert not [file for file in (SRC / package).rglob("*.py") if "telemetry" in file.read_text()]
