"""What managers see adds up, and a vendor's manager sees that vendor alone."""

from datetime import timedelta

import pytest

from kernel import clock, db
from kernel.settings import Settings
from routing import changes, reports
from routing.intake import TaskDraft, import_tasks
from routing.reports import TaskFilter
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

pytestmark = pytest.mark.usefixtures("pool")


async def test_the_matrix_counts_every_place_once(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 4)
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    held = [await claim_one(settings, author) for _ in range(3)]
    await submit(settings, held[0])
    await submit(settings, held[1])
    await verdict(settings, await claim_one(settings, reviewer), "accept")
    (cell,) = await reports.queue(project)
    assert (cell.waiting, cell.in_work, cell.review_waiting, cell.in_review, cell.accepted) == (1, 1, 1, 0, 1)
    totals = await reports.floor_totals(project)
    assert (totals.accepted_today, totals.rejected_today) == (1, 0)
    minutes = await reports.throughput(60, project)
    assert (len(minutes), sum(m.submitted for m in minutes), sum(m.accepted for m in minutes)) == (60, 2, 1)
    (row,) = await reports.quality(clock.now() - timedelta(hours=1), project)
    assert (row.verdicts, row.first_looks, row.first_pass) == (1, 1, 1)


async def test_a_vendor_sees_its_own_people_alone(settings: Settings) -> None:
    project = await make_project(settings)
    await make_tasks(project, 4)
    acme, bravo = (
        await make_annotator(settings, "A", vendor="Acme"),
        await make_annotator(settings, "B", vendor="Bravo"),
    )
    reviewer = await make_reviewer(settings)
    await submit(settings, await claim_one(settings, acme))
    await claim_one(settings, bravo)
    await verdict(settings, await claim_one(settings, reviewer), "accept")
    vendor = await db.fetch_value("SELECT vendor FROM annotator WHERE id = :id", id=bravo)
    (cell,) = await reports.queue(None, vendor)
    assert (cell.waiting, cell.in_work, cell.accepted) == (0, 1, 0)
    assert (await reports.floor_totals(None, vendor)).accepted_today == 0
    assert sum(minute.submitted for minute in await reports.throughput(60, None, vendor)) == 0
    assert await reports.quality(clock.now() - timedelta(hours=1), None, vendor) == []
    assert [hold.annotator for hold in await reports.live_holds(vendor_id=vendor)] == ["B"]


async def test_a_story_names_every_step(settings: Settings) -> None:
    (task,) = await make_tasks(await make_project(settings))
    await submit(settings, await claim_one(settings, await make_annotator(settings)))
    await verdict(settings, await claim_one(settings, await make_reviewer(settings)), "reject")
    steps = [line.what for line in await reports.history(task)]
    for step in (
        "task.created",
        "annotation.claimed",
        "annotation.submitted",
        "review.claimed",
        "verdict.reject",
        "task.open",
    ):
        assert step in steps


async def test_tasks_are_found_by_any_piece_of_name_and_title(settings: Settings) -> None:
    project, other = await make_project(settings), await make_project(settings, name="Other")
    drafts = [
        TaskDraft(external_id=name, domain="law", language="en", payload={"title": title})
        for name, title in (
            ("batch-0042", "How is paper made?"),
            ("batch-0043", "造纸的工序是怎样的"),
            ("percent_100%", "ÜBUNG macht den Meister"),
        )
    ]
    async with db.transaction("person:test"):
        await import_tasks(project, drafts)
        await import_tasks(other, drafts[:1])
    for text, names in (
        ("BATCH-", {"batch-0042", "batch-0043"}), ("42", {"batch-0042"}), ("aper mad", {"batch-0042"}), ("?", {"batch-0042"}),
        ("纸的", {"batch-0043"}), ("怎", {"batch-0043"}), ("工序是怎样", {"batch-0043"}), ("übung", {"percent_100%"}), ("_100%", {"percent_100%"}),
        ("batch_", set()), ("paper is", set()), ("0042\nhow", {"batch-0042"}), ("的的", set()),
    ):  # fmt: skip
        found = {row.external_id for row in await reports.tasks(TaskFilter(project_id=project, search=text))}
        assert (text, found) == (text, names)
        assert len(await changes.found(TaskFilter(project_id=project, search=text))) == len(names)
    everywhere = await reports.tasks(TaskFilter(search="paper"))
    assert len(everywhere) == 2
    (older,) = await reports.tasks(TaskFilter(search="paper"), before=everywhere[0].id)
    assert older.id == everywhere[1].id


async def test_every_piece_of_a_text_asks_for_what_its_grams_hold() -> None:
    """Whatever is cut out of a text, by the index it is found there again."""
    for text in ("batch-0042\nhow is paper made?", "row 7\n造纸的工序 step 2 是怎样的", "ab"):
        missed = await db.fetch(
            "SELECT part FROM generate_series(1, length(:text::text)) AS i, generate_series(1, length(:text)) AS n, substr(:text, i, n) AS part"
            " WHERE NOT EXISTS (SELECT FROM generate_series(0, 2) AS shift WHERE search_grams(:text) @> search_asked(part, shift))",
            text=text,
        )
        assert not missed
    assert not await db.fetch_value("SELECT search_grams('batch-0042') @> search_asked('batch-0142', 0)")
