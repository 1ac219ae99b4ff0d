"""A full operation made by SQL: so many waiting tasks in 300 lanes, a seventh as many finished, with everything that they left.

A few tasks are taken through the product's own functions; their rows are then copied with ids of their own (md5 of the
old id and the number of the copy), whatever columns they have.
"""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import asyncpg

from kernel import db
from kernel.settings import Settings
from routing import intake
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, submit, verdict

DOMAINS, LANGUAGES, LEVELS, PROJECTS = ("general", "finance", "law", "medicine", "technology"), ("en", "zh-CN"), 5, 6
LANES = len(DOMAINS) * len(LANGUAGES) * LEVELS * PROJECTS
PAIRS = 12
"""Authors, and reviewers as many, who share what is finished among them."""
SHARE_FINISHED = 0.15
RARE = "造纸的工序"
"""The title of one task alone."""
AT_ONCE = 1000
"""Copies per statement."""
VISIBLE, SETTLED_WITHIN = 0.98, 60
"""Share of the pages of tasks and slots that must be visible to all, and how many times that is tried."""

OWN: Mapping[str, tuple[str, ...]] = {
    "task": ("id",),
    "slot": ("id", "task", "assignment_id", "answers_slot", "submission_id"),
    "assignment": ("id", "slot", "task"),
    "submission": ("id", "assignment", "slot", "task"),
    "verdict": ("id", "submission", "assignment"),
    "evidence": ("id", "source_id"),
    "transfer": ("id", "pending", "assignment_id", "task_id"),
    "event": ("id", "subject_id"),
    "job": ("id",),
}
"""By table, the columns that name copied rows; everything else is as it was."""
NAMES = ("external_id", "business_key", "key")


async def build(settings: Settings, dsn: str, waiting: int) -> None:
    """`dsn` of a superuser: the copies are right by construction, and their foreign keys need not be looked up one by one."""
    projects = [await make_project(settings, name=f"P{n}", budget="100000000") for n in range(PROJECTS)]
    people = [
        (await make_annotator(settings, f"A{n}", **_everything()), await make_reviewer(settings, f"R{n}", **_everything()))
        for n in range(PAIRS)
    ]  # fmt: skip
    for number, (author, reviewer) in enumerate(people):
        await _finish_one(settings, projects[number % PROJECTS], number, author, reviewer)
    await _some_at_work(settings, projects[0], people)
    for project in projects:
        async with db.transaction("person:test"):
            await intake.import_tasks(project, _seeds())
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await connection.execute("CREATE TEMP TABLE done AS SELECT id FROM task WHERE state = 'accepted'")
        await connection.execute("CREATE TEMP TABLE seed AS SELECT id FROM task WHERE external_id LIKE 'seed-%'")
        copies, finished = waiting // LANES - 1, int(waiting * SHARE_FINISHED) // PAIRS
        for table, number, which in (
            ("assignment", finished, "task IN (TABLE done)"),
            ("submission", finished, "task IN (TABLE done)"),
            ("verdict", finished, "submission IN (SELECT id FROM submission WHERE task IN (TABLE done))"),
            ("evidence", finished, "outcome IS NOT NULL"),
            ("transfer", finished, "task_id IN (TABLE done)"),
            ("event", finished // 4, "true"),
            ("job", finished, "true"),
            ("task", finished, "id IN (TABLE done)"),
            ("slot", finished, "task IN (TABLE done)"),
            ("task", copies, "id IN (TABLE seed)"),
            ("slot", copies, "task IN (TABLE seed)"),
        ):
            await _copy(connection, table, number, which)
        await connection.execute(  # no trigger runs for copies
            "INSERT INTO task_words (task, words) SELECT id, search_words(external_id, payload) FROM task ORDER BY id"
            " ON CONFLICT (task) DO NOTHING"
        )
        await _settle(connection)
    finally:
        await connection.close()


async def _settle(connection: asyncpg.Connection) -> None:
    """What is older than everybody's snapshot is marked as visible to all; an ANALYZE of autovacuum that runs meanwhile keeps VACUUM from it."""
    for _ in range(SETTLED_WITHIN):
        await connection.execute("VACUUM (ANALYZE)")
        marked = await connection.fetchval(
            "SELECT min(relallvisible::float8 / relpages) FROM pg_class WHERE relname IN ('slot', 'task')"
        )
        if marked > VISIBLE:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"only {marked:.0%} of the pages are marked as visible to all")


def _everything() -> dict[str, object]:
    return {"skills": dict.fromkeys(DOMAINS, 5), "languages": dict.fromkeys(LANGUAGES, 5), "capacity": 50}


async def _finish_one(settings: Settings, project: UUID, number: int, author: UUID, reviewer: UUID) -> None:
    draft = intake.TaskDraft(
        external_id=f"done-{number}", domain=DOMAINS[number % 5], language=LANGUAGES[number % 2],
        difficulty=1 + number % LEVELS, payload={"title": f"Done {number}", "opening": "What is tea?"},
    )  # fmt: skip
    async with db.transaction("person:test"):
        await intake.import_tasks(project, [draft])
    await submit(settings, await claim_one(settings, author, kinds=["annotation"]))
    await verdict(settings, await claim_one(settings, reviewer, kinds=["review"]), "accept")


async def _some_at_work(settings: Settings, project: UUID, people: list[tuple[UUID, UUID]]) -> None:
    """Everybody holds something."""
    for number, (author, reviewer) in enumerate(people):
        drafts = [
            intake.TaskDraft(
                external_id=f"live-{number}-{n}", domain="law", language="en", difficulty=1 + n,
                payload={"title": RARE if number + n == 0 else "Live"},
            )
            for n in (0, 1)
        ]  # fmt: skip
        async with db.transaction("person:test"):
            await intake.import_tasks(project, drafts)
        await submit(settings, await claim_one(settings, author, kinds=["annotation"]))
        await claim_one(settings, author, kinds=["annotation"])
        await claim_one(settings, reviewer, kinds=["review"])


def _seeds() -> list[intake.TaskDraft]:
    return [
        intake.TaskDraft(
            external_id=f"seed-{domain}-{language}-{level}", domain=domain, language=language, difficulty=level,
            payload={"title": "A question", "opening": "What should a beginner know about tea? " * 8},
        )
        for domain in DOMAINS for language in LANGUAGES for level in range(1, LEVELS + 1)
    ]  # fmt: skip


async def _copy(connection: asyncpg.Connection, table: str, copies: int, which: str) -> None:
    columns = [
        row["name"]
        for row in await connection.fetch(
            "SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attname NOT IN ('seq', 'xid') AND attgenerated = '' ORDER BY attnum",
            table,
        )
    ]
    values = ", ".join(_value(table, name) for name in columns)
    await connection.execute(f"CREATE TEMP TABLE origin AS SELECT * FROM {table} WHERE {which}")  # noqa: S608  our own names
    for first in range(1, copies + 1, AT_ONCE):
        await connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM origin o"  # noqa: S608  as above
            f" CROSS JOIN generate_series({first}, {min(copies, first + AT_ONCE - 1)}) AS n ORDER BY n"
        )
        await asyncio.sleep(0)
    await connection.execute("DROP TABLE origin")


def _value(table: str, column: str) -> str:
    if column in OWN[table]:
        return f"md5(o.{column}::text || n)::uuid"
    if column in NAMES:
        return f"o.{column} || ':' || n"
    if column == "rank":
        return "o.rank + n * 7"
    return f"o.{column}"
