"""A snapshot is the same file for ever, whatever happens afterwards; and it is written in little memory."""

import hashlib
import json
import tracemalloc
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from dialogue import records, snapshot_files, snapshots
from dialogue.errors import (
    BadFilter,
    ExportNotReady,
    ExportNotUnderWay,
    ExportOver,
    NoSuchExport,
    NoSuchFormat,
    ReasonWanted,
)
from dialogue.export import Filters, Pseudonyms, count
from dialogue.snapshots import SnapshotDraft, SnapshotView
from kernel import db
from kernel.settings import Settings
from routing import overturn
from routing.overturn import OverturnDraft
from tests.dialogue.exporting import (
    EVERYTHING,
    download,
    finish_snapshot,
    make_snapshot,
    read_in,
    rich_and_accepted,
    write_lines,
)
from tests.dialogue.test_round_trips import tree
from tests.routing.factory import make_project, make_tasks

pytestmark = pytest.mark.usefixtures("pool")


async def test_work_goes_on_and_the_same_id_gives_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    desk = await rich_and_accepted(settings)
    view = await make_snapshot(settings, desk.project_id)
    first = await download(view.id)
    assert (view.state, view.dialogues, view.done, view.lines, view.size) == ("ready", 1, 1, 1, len(first))
    assert view.sha256 == hashlib.sha256(first).hexdigest()
    # Work goes on: the verdict is overturned, the tree is edited, more comes in.
    verdict_id = await db.fetch_value("SELECT id FROM verdict")
    async with db.transaction("person:boss"):
        await overturn.overturn(verdict_id, OverturnDraft(outcome="reject", reason="Copied from a book"), by=None)
    await db.execute("UPDATE turn SET text = 'changed', text_version = 3 WHERE role = 'assistant'")
    await read_in(write_lines(tmp_path / "t.jsonl", [tree("t1")]), desk.project_id, settings)
    assert await download(view.id) == first
    later = await make_snapshot(settings, desk.project_id, filters=EVERYTHING)
    assert (later.dialogues, (await download(later.id)).splitlines()[0] == first.strip()) == (2, False)
    assert [one.id for one in await snapshots.snapshots(desk.project_id)] == [later.id, view.id]
    for change in (
        "UPDATE export SET lines = 0",
        "UPDATE export SET sha256 = 'x', state = 'removed', built_at = NULL, removed_at = now()",
        "UPDATE export_part SET no = 9",
        "DELETE FROM export_part",
        "DELETE FROM export",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await db.execute(change)


async def test_what_is_accepted_while_it_is_made_is_not_in_it(settings: Settings, tmp_path: Path) -> None:
    desk = await rich_and_accepted(settings)
    async with db.transaction("test"):
        view = await snapshots.make(desk.project_id, SnapshotDraft(format="openai"), made_by="person:x")
    assert (view.state, view.dialogues, view.made_by) == ("making", 1, "person:x")
    with pytest.raises(ExportNotReady):
        async with db.transaction("test"):
            await snapshots.record_download(view)
    await read_in(write_lines(tmp_path / "t.jsonl", [tree("t1")]), desk.project_id, settings)
    view = await finish_snapshot(settings, desk.project_id, view.id)
    assert (view.state, view.lines) == ("ready", 1)
    with pytest.raises(NoSuchExport):
        await snapshots.snapshot(await make_project(settings, name="Other"), view.id)


async def test_a_snapshot_is_audited_with_who_made_it_and_who_took_it(settings: Settings) -> None:
    desk = await rich_and_accepted(settings)
    with pytest.raises(ReasonWanted):
        await make_snapshot(settings, desk.project_id, identities="real")
    view = await make_snapshot(settings, desk.project_id, identities="real", reason="Pay dispute 12")
    async with db.transaction("person:boss"):
        await snapshots.record_download(view)
    (line,) = [json.loads(one) for one in (await download(view.id)).splitlines()]
    assert line["annotator"] == str(desk.held.annotator_id)
    rows = await db.fetch("SELECT actor, action, reason FROM audit_entry WHERE subject_type = 'export' ORDER BY seq")
    assert [tuple(row) for row in rows] == [
        ("test", "export.made", "Pay dispute 12"), ("person:boss", "export.downloaded", None),
    ]  # fmt: skip
    hidden = await make_snapshot(settings, desk.project_id)
    text = (await download(hidden.id)).decode()
    assert str(desk.held.annotator_id) not in text
    assert Pseudonyms(settings).name(desk.held.annotator_id) in text


async def test_filters_find_what_they_say(settings: Settings) -> None:
    desk = await rich_and_accepted(settings)  # helpful: 5 and 2 by the annotator, 4 by the reviewer

    async def found(**filters: object) -> int:
        return (await count(desk.project_id, Filters(**filters))).work  # type: ignore[arg-type]

    now = await db.fetch_value("SELECT clock_timestamp()")
    language = await db.fetch_value("SELECT language FROM task LIMIT 1")
    domain = await db.fetch_value("SELECT domain FROM task LIMIT 1")
    assert await found() == 1
    assert [await found(states=["pending"]), await found(what="imported"), await found(what="work")] == [0, 0, 1]
    assert [await found(since=now), await found(until=now)] == [0, 1]
    assert [
        await found(languages=[language]),
        await found(languages=[language.split("-")[0]]),
        await found(languages=["zu"]),
    ] == [1, 1, 0]
    assert [await found(domains=[domain]), await found(domains=["nowhere"])] == [1, 0]
    assert [await found(verdicts=["accept"]), await found(verdicts=["fix", "reject"])] == [1, 0]
    assert [await found(dimension="helpful", at_least=4), await found(dimension="helpful", at_least=4.5)] == [1, 0]
    assert await found(dimension="unknown", at_least=0) == 0
    with pytest.raises(BadFilter):
        await found(dimension="helpful")
    with pytest.raises(BadFilter):
        await found(since=now, until=now)
    with pytest.raises(NoSuchFormat):
        await make_snapshot(settings, desk.project_id, "excel")


async def test_a_thousand_long_dialogues_take_little_memory_in_many_slices(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some 80 MB of text; what is in memory at once must stay near one slice of them."""
    monkeypatch.setattr(snapshot_files, "SLICE_BYTES", 2_000_000)
    project = await make_project(settings)
    await make_tasks(project, 1)
    await _many_trees(project, 1000, 40_000)
    tracemalloc.start()
    view = await make_snapshot(settings, project, "openai")
    size = 0
    async for piece in snapshot_files.content(view.id):
        size += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (view.dialogues, view.lines, view.size) == (1000, 1000, size)
    assert size > 70_000_000
    assert peak < 30_000_000
    assert await db.fetch_value("SELECT count(*) FROM export_part") > 20


async def _many_trees(project: UUID, number: int, characters: int) -> None:
    """Straight into the tables: importing as many would test something else."""
    await db.execute(
        """WITH one AS (SELECT * FROM task WHERE project = :project LIMIT 1), new AS (
             INSERT INTO task (id, project, external_id, kind, domain, language, difficulty_mean, difficulty_variance, requirements, payload, lane)
             SELECT gen_random_uuid(), project, 'many ' || n, kind, domain, language, 0, 1, '{}', '{}', lane FROM one, generate_series(1, :number::int) n RETURNING id)
           INSERT INTO conversation (id, task, annotator, topic) SELECT gen_random_uuid(), id, NULL, 'many' FROM new""",
        project=project, number=number,
    )  # fmt: skip
    for role, no in (("user", 1), ("assistant", 2)):
        await db.execute(
            """INSERT INTO turn (id, conversation, parent, no, role, text, model)
               SELECT gen_random_uuid(), c.id, (SELECT id FROM turn WHERE conversation = c.id), :no, :role, c.id || repeat('x', :characters::int), 'import'
               FROM conversation c WHERE topic = 'many'""",
            no=no, role=role, characters=characters,
        )  # fmt: skip
    await db.execute(
        "UPDATE conversation SET head_id = (SELECT id FROM turn t WHERE t.conversation = conversation.id AND no = 2) WHERE topic = 'many'"
    )


async def test_a_broken_dialogue_fails_the_snapshot_and_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await rich_and_accepted(settings)

    async def broken(*_: object, **__: object) -> None:
        raise ValueError("no way")

    monkeypatch.setattr(records, "works", broken)
    view = await make_snapshot(settings, desk.project_id)
    assert (view.state, view.failure, view.sha256) == ("failed", "ValueError: no way", None)


async def removed(settings: Settings, export_id: UUID) -> None:
    """As after its time, and never one that is young."""
    assert await remove(settings) == 0
    await db.execute("ALTER TABLE export DISABLE TRIGGER export_stays")
    await db.execute("UPDATE export SET built_at = built_at - interval '181 days' WHERE id = :id", id=export_id)
    await db.execute("ALTER TABLE export ENABLE TRIGGER export_stays")
    assert await remove(settings) == 1


async def remove(settings: Settings) -> int:
    async with db.transaction("test"):
        return await snapshot_files.remove_old(settings)


async def rebuilt(settings: Settings, view: SnapshotView) -> SnapshotView:
    async with db.transaction("test"):
        await snapshot_files.rebuild(view.project_id, view.id)
    return await finish_snapshot(settings, view.project_id, view.id)


async def test_a_removed_file_comes_back_with_the_same_bytes_or_not_at_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await rich_and_accepted(settings)
    view = await make_snapshot(settings, desk.project_id, "dpo")
    first = await download(view.id)
    await removed(settings, view.id)
    gone = await snapshots.snapshot(desk.project_id, view.id)
    assert (gone.state, gone.sha256, gone.size, gone.built_at) == ("removed", view.sha256, view.size, None)
    assert await db.fetch_value("SELECT count(*) FROM export_part") == 0
    with pytest.raises(ExportNotReady):
        await download(view.id)
    # A second look at the work changes what later snapshots say, and nothing of this one. Each dialogue in a slice of its own.
    verdict_id = await db.fetch_value("SELECT id FROM verdict")
    async with db.transaction("person:boss"):
        await overturn.overturn(verdict_id, OverturnDraft(outcome="reject", reason="Copied from a book"), by=None)
    monkeypatch.setattr(snapshot_files, "SLICE_BYTES", 1)
    again = await rebuilt(settings, view)
    assert (again.state, again.sha256, again.ready_at) == ("ready", view.sha256, view.ready_at)
    assert await download(view.id) == first
    await removed(settings, view.id)
    await db.execute("UPDATE turn SET text = 'changed', text_version = 3 WHERE role = 'assistant'")
    changed = await rebuilt(settings, view)
    assert (changed.state, changed.failure, changed.sha256) == ("removed", "changed", view.sha256)
    await remove(settings)
    assert await db.fetch_value("SELECT count(*) FROM export_part") == 0


async def test_who_takes_over_reads_what_was_written_piece_by_piece(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every slice by another process, which knows no checksum: it catches up, and the file has the right one."""
    project = await make_project(settings)
    await read_in(write_lines(tmp_path / "t.jsonl", [tree(f"t{n}") for n in range(5)]), project, settings)
    monkeypatch.setattr(snapshot_files, "SLICE_DIALOGUES", 1)
    monkeypatch.setattr(snapshot_files, "CATCH_UP_PARTS", 2)
    async with db.transaction("test"):
        view = await snapshots.make(project, SnapshotDraft(format="sharegpt"), made_by="person:x")
    jobs = 0
    while view.state == "making":
        if jobs in {1, 4}:
            snapshot_files._digests.clear()  # another process
        async with db.transaction("test"):
            await snapshot_files.advance(view.id, settings)
        view, jobs = await snapshots.snapshot(project, view.id), jobs + 1
    assert await db.fetch_value("SELECT count(*) FROM export_part") == 5
    assert view.sha256 == hashlib.sha256(await download(view.id)).hexdigest()
    assert jobs == 6, "two of four pieces were read by a job that wrote nothing"


async def test_a_snapshot_is_cancelled_and_leaves_nothing(settings: Settings) -> None:
    desk = await rich_and_accepted(settings)
    async with db.transaction("test"):
        view = await snapshots.make(desk.project_id, SnapshotDraft(format="openai"), made_by="person:x")
        await snapshot_files.cancel(desk.project_id, view.id)
    view = await finish_snapshot(settings, desk.project_id, view.id)
    assert (view.state, view.sha256, view.done) == ("cancelled", None, 0)
    with pytest.raises(ExportOver):
        await rebuilt(settings, view)
    ready = await make_snapshot(settings, desk.project_id)
    with pytest.raises(ExportNotUnderWay):
        async with db.transaction("test"):
            await snapshot_files.cancel(desk.project_id, ready.id)
